"""Paper and last resorts: letters to print, and invoices handed over to an agency, a lawyer or a court."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Public, UtcDateTime


class PaperLetter(Public, Base):
    """One letter on paper: what it said when it was made, its PDF, and whether it was printed."""

    __tablename__ = "paper_letter"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    # One cause, one letter: step:<step>:<day>, paid_in_full:<invoice> …
    key: Mapped[str] = mapped_column(String(120))
    # The sums and dates it names, so that the same letter can be printed again.
    contents: Mapped[dict[str, Any]] = mapped_column(JsonData)
    file_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    # Why it was dropped, as a code; empty for all others.
    reason: Mapped[str] = mapped_column(String(40), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    printed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "file_id"], ["stored_file.business_id", "stored_file.id"]),
        UniqueConstraint("business_id", "key"),
        Index("ix_paper_letter_debtor_id", "debtor_id", "created_at"),
        Index("ix_paper_letter_waiting", "business_id", "created_at",
              postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'")),
        CheckConstraint("state IN ('waiting', 'printed', 'dropped')", name="state"),
    )


class HandOver(Public, Base):
    """Invoices given to somebody else to pursue; the portal says whom to pay and stops its checkout for them."""

    __tablename__ = "hand_over"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    to_kind: Mapped[str] = mapped_column(String(10))
    to_name: Mapped[str] = mapped_column(String(160))
    to_contact: Mapped[str] = mapped_column(String(300))
    reference: Mapped[str] = mapped_column(String(80), default="")
    status: Mapped[str] = mapped_column(String(20), default="handed_over")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_hand_over_debtor_id", "debtor_id"),
        CheckConstraint("to_kind IN ('agency', 'lawyer', 'court')", name="to_kind"),
    )


class HandOverInvoice(Base):
    """One invoice of a hand-over; at most one stands for an invoice at a time."""

    __tablename__ = "hand_over_invoice"

    hand_over_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[bool] = mapped_column(default=True)
    # What was open when it was handed over; minor units.
    left_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "hand_over_id"], ["hand_over.business_id", "hand_over.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        Index("uq_hand_over_invoice_one_open", "invoice_id", unique=True,
              postgresql_where=text("open"), sqlite_where=text("open")),
    )
