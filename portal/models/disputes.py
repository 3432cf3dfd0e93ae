"""Disputes: what a debtor questions of which invoices, with the files handed in and what came of each part.

What is said about one is a thread like any question; what rests meanwhile are holds.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Dispute(Public, Base):
    """A debtor says that something they were billed is wrong. A card dispute at Stripe is a Chargeback."""

    __tablename__ = "dispute"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # Everything that is said about it, by either side; its turn tells who has to speak next.
    question_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    state: Mapped[str] = mapped_column(String(14))
    reason: Mapped[str] = mapped_column(String(14))
    wants: Mapped[str] = mapped_column(String(12))
    currency: Mapped[str] = mapped_column(String(3))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # It is decided by then; the debtor's page promises it.
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    # How often it was decided and looked at anew: a second look is asked for once.
    looks: Mapped[int] = mapped_column(Integer, default=1)
    # When the business was reminded of the deadline, and when the owners were told that it has passed.
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "question_id"], ["question.business_id", "question.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_dispute_debtor_id", "debtor_id", "id"),
        Index("ix_dispute_business_id", "business_id", "opened_at"),
        Index("ix_dispute_open", "answer_by",
              postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
        CheckConstraint("state IN ('open', 'upheld', 'partly_upheld', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("reason IN ('not_received', 'wrong_amount', 'duplicate', 'already_paid', 'quality', "
                        "'not_mine', 'other')", name="reason"),
        CheckConstraint("wants IN ('credit', 'document', 'correction', 'call')", name="wants"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("looks IN (1, 2)", name="looks"),
    )


class DisputePart(Keyed, Base):
    """One thing that is questioned: an invoice, a line of it, or a sum of either; minor units, tax included."""

    __tablename__ = "dispute_part"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    dispute_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    # All of the invoice rests, whatever is added to it meanwhile; else the sum that was named.
    whole: Mapped[bool] = mapped_column(default=False)
    asked_minor: Mapped[int] = mapped_column(BigInteger)
    credited_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # While its dispute is open; decided parts stay as they came out.
    open: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "dispute_id"], ["dispute.business_id", "dispute.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "line_id"], ["invoice_line.business_id", "invoice_line.id"]),
        Index("ix_dispute_part_dispute_id", "dispute_id"),
        Index("ix_dispute_part_invoice_id", "invoice_id"),
        Index("uq_dispute_part_one_open_line", "line_id", unique=True,
              postgresql_where=text("open AND line_id IS NOT NULL"),
              sqlite_where=text("open AND line_id IS NOT NULL")),
        Index("uq_dispute_part_one_open_invoice", "invoice_id", unique=True,
              postgresql_where=text("open AND line_id IS NULL"), sqlite_where=text("open AND line_id IS NULL")),
        CheckConstraint("asked_minor > 0", name="asked_positive"),
        CheckConstraint("credited_minor BETWEEN 0 AND asked_minor", name="credited_within"),
        CheckConstraint("tax_minor BETWEEN 0 AND credited_minor", name="tax_within"),
        CheckConstraint("NOT whole OR line_id IS NULL", name="whole_has_no_line"),
    )


class DisputeFile(Keyed, Base):
    """A file a debtor handed in with a dispute, or with what they said later."""

    __tablename__ = "dispute_file"

    business_id: Mapped[int] = mapped_column(BigInteger)
    dispute_id: Mapped[int] = mapped_column(BigInteger)
    file_id: Mapped[int] = mapped_column(BigInteger, unique=True)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "dispute_id"], ["dispute.business_id", "dispute.id"]),
        ForeignKeyConstraint(["business_id", "file_id"], ["stored_file.business_id", "stored_file.id"]),
        Index("ix_dispute_file_dispute_id", "dispute_id"),
    )
