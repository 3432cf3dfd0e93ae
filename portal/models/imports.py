"""Imports: one row for each file on its way in, the rows it is staged in, and what it told that a person must confirm.

Staged rows are full of people's data and live as long as their run is under way. Nothing here is the books.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Public, UtcDateTime

# reading: the worker reads a large file.  checked: a person looks at what it would do.  publishing: it goes in.
RUN_STATES = ("reading", "checked", "publishing", "done")
# paid: settled or paid in part elsewhere.  gone: was in the last file, is open, and is in this one no more.
# credit: a credit note.  due: another due date.  disputed, undisputed: the flag came or went.
FINDING_KINDS = ("paid", "gone", "credit", "due", "disputed", "undisputed")
# staged: its run is under way.  void: what it told of came true here meanwhile.
FINDING_STATES = ("staged", "open", "confirmed", "declined", "void")


class ImportRun(Public, Base):
    """One file of invoices on its way into the books of a business, and how far it has come."""

    __tablename__ = "import_run"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    state: Mapped[str] = mapped_column(String(12))
    # Who sent it: a kind of actor and its name, as the audit has them.
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str] = mapped_column(String(40), default="")
    file_key: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(120), default="")
    sha256: Mapped[str] = mapped_column(String(64))
    # A fingerprint of the headers: files of one kind follow each other week by week.
    source: Mapped[str] = mapped_column(String(64), default="")
    # How a person wants it read, and what came of reading it; the errors lie in a file of their own.
    reading: Mapped[dict[str, Any]] = mapped_column(JsonData, default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(JsonData, default=dict)
    # For the progress bar: the step, and how much of it is done.
    step: Mapped[str] = mapped_column(String(12), default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    # How many chunks were staged, once all are, and how many of them are in the books.
    chunks: Mapped[int | None] = mapped_column(Integer)
    published: Mapped[int] = mapped_column(Integer, default=0)
    # Whoever works on it holds a token; one that ran out is given to the next.
    token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("business_id", "id"),
        # Two files at once would both find an invoice missing.
        Index("uq_import_run_one_publishing", "business_id", unique=True,
              postgresql_where=text("state = 'publishing'"), sqlite_where=text("state = 'publishing'")),
        Index("ix_import_run_under_way", "id", postgresql_where=text("state IN ('reading', 'publishing')"),
              sqlite_where=text("state IN ('reading', 'publishing')")),
        Index("ix_import_run_source", "business_id", "source", "id"),
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
    )


class ImportCustomer(Base):
    """A debtor that a file brings and the business does not know yet, staged."""

    __tablename__ = "import_customer"

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("import_run.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    chunk: Mapped[int] = mapped_column(Integer)
    public_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(160))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    postal_address: Mapped[str] = mapped_column(String(300))
    postal_code: Mapped[str | None] = mapped_column(String(16))
    country: Mapped[str | None] = mapped_column(String(2))
    locale: Mapped[str] = mapped_column(String(10))
    identity_fact: Mapped[str] = mapped_column(String(12))
    # The words they are found by.
    words: Mapped[list[str]] = mapped_column(JsonData)

    __table_args__ = (Index("ix_import_customer_chunk", "run_id", "chunk"),)


class ImportRow(Base):
    """One invoice of a file, staged: a new one with all that is booked for it, or a known one with its correction."""

    __tablename__ = "import_row"

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("import_run.id"), primary_key=True)
    chunk: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    # The invoice that the business has under this number; empty for a new one.
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_number: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    # What the file says the invoice comes to, and for a known one by how much that differs; minor units.
    total_minor: Mapped[int] = mapped_column(BigInteger)
    change_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    public_id: Mapped[str] = mapped_column(String(32), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_public_id: Mapped[str | None] = mapped_column(String(32))
    payment_number: Mapped[str | None] = mapped_column(String(24))
    hold_public_id: Mapped[str | None] = mapped_column(String(32))
    words: Mapped[list[str]] = mapped_column(JsonData)


class ImportLine(Base):
    """One line of a new invoice, staged."""

    __tablename__ = "import_line"

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("import_run.id"), primary_key=True)
    chunk: Mapped[int] = mapped_column(Integer, primary_key=True)
    # The invoice's position in the file, and the line's on the invoice.
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    description: Mapped[str] = mapped_column(String(300))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    tax_basis_points: Mapped[int] = mapped_column(Integer)


class ImportedInvoice(Base):
    """An invoice that came by a file: which file had it last, and what the files have said it comes to."""

    __tablename__ = "imported_invoice"

    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    business_id: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(64))
    # The newest run whose file held it.
    run_id: Mapped[int] = mapped_column(BigInteger)
    # The invoice's total with all corrections that files have brought, minor units.
    total_minor: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "run_id"], ["import_run.business_id", "import_run.id"]),
        Index("ix_imported_invoice_run", "business_id", "source", "run_id"),
    )


class ImportFinding(Public, Base):
    """Something a file told that is not assumed: a person confirms it, or leaves the books as they are."""

    __tablename__ = "import_finding"

    business_id: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(BigInteger)
    chunk: Mapped[int] = mapped_column(Integer)
    # The row of the file, as a spreadsheet shows it; 0 for what is in the file no more.
    row: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(10))
    # Empty until its run has made the debtor; a credit note may belong to no invoice.
    debtor_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_number: Mapped[str] = mapped_column(String(64))
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    # The number of a credit note, by which it is known when the next file repeats it.
    reference: Mapped[str] = mapped_column(String(64), default="")
    # The invoice that a credit note names and that came with the same file, until that one has an id.
    invoice_number: Mapped[str] = mapped_column(String(64), default="", server_default="")
    currency: Mapped[str] = mapped_column(String(3))
    # The sum it is about, minor units; 0 where it is about no money.
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # The day it is about: when it was paid or credited, or the new due date.
    day: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What was decided, by whom: a code, and the person.
    decision: Mapped[str] = mapped_column(String(12), default="")
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "run_id"], ["import_run.business_id", "import_run.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        # One question about a thing at a time; a newer file takes the older one's place.
        Index("uq_import_finding_open", "business_id", "kind", "invoice_id", "reference", unique=True,
              postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
        Index("ix_import_finding_open", "business_id", "created_at", "id",
              postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
        Index("ix_import_finding_run", "run_id", "chunk"),
        Index("ix_import_finding_invoice_id", "invoice_id"),
        Index("ix_import_finding_debtor_id", "debtor_id"),
        Index("ix_import_finding_credit", "business_id", "reference", postgresql_where=text("kind = 'credit'"),
              sqlite_where=text("kind = 'credit'")),
        CheckConstraint(f"kind IN {FINDING_KINDS}", name="kind"),
        CheckConstraint(f"state IN {FINDING_STATES}", name="state"),
        CheckConstraint("state <> 'open' OR debtor_id IS NOT NULL", name="open_has_debtor"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
    )


class ImportMapping(Base):
    """How a business had files of one kind read the last time, so that next week nobody chooses again."""

    __tablename__ = "import_mapping"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    reading: Mapped[dict[str, Any]] = mapped_column(JsonData)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
