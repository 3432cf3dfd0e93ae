"""Bank statements that were handed in: their lines, each kept once, and how a bank's columns were read last time."""

from __future__ import annotations

from datetime import date, datetime

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

from portal.models.base import Base, JsonData, Keyed, Public, UtcDateTime


class BankMapping(Keyed, Base):
    """Which column of a bank's file is what, as somebody confirmed it; found again by the file's headers."""

    __tablename__ = "bank_mapping"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    # A hash of the headers in their order.
    headers: Mapped[str] = mapped_column(String(64))
    # Field to header, and date_order, decimal and delimiter where a person stated them.
    reading: Mapped[dict[str, str]] = mapped_column(JsonData)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("business_id", "headers"),)


class BankStatement(Public, Base):
    """One file of a bank that was taken in."""

    __tablename__ = "bank_statement"

    business_id: Mapped[int] = mapped_column(BigInteger)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    lines_new: Mapped[int] = mapped_column(Integer)
    lines_known: Mapped[int] = mapped_column(Integer)
    taken_in_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_bank_statement_business_id_taken_in_at", "business_id", "taken_in_at"),
    )


class BankLine(Public, Base):
    """One line of a bank statement. Money in waits until somebody says whose it is, or that it is nobody's."""

    __tablename__ = "bank_line"

    business_id: Mapped[int] = mapped_column(BigInteger)
    statement_id: Mapped[int] = mapped_column(BigInteger)
    # What makes it this line and no other; the same line in a later file is not stored again.
    fingerprint: Mapped[str] = mapped_column(String(64))
    booked_on: Mapped[date] = mapped_column(Date)
    # Signed: what left the account is negative.
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    payer: Mapped[str] = mapped_column(String(140), default="")
    reference: Mapped[str] = mapped_column(String(500), default="")
    # waiting: money in that nobody has looked at.  matched: it is a payment, or a payout of Stripe.
    # ignored: it is nothing of ours, and why.     out: money that left; kept, never matched.
    state: Mapped[str] = mapped_column(String(8))
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    payout_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("payout.id"))
    # Whether saying whose it is recorded the payment; else it had been recorded by hand before.
    recorded: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(200), default="")
    # How often an answer was taken back, so that each answer is an act of its own.
    undone: Mapped[int] = mapped_column(Integer, default=0)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "statement_id"], ["bank_statement.business_id", "bank_statement.id"]),
        ForeignKeyConstraint(["business_id", "payment_id"], ["payment.business_id", "payment.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("business_id", "fingerprint"),
        Index("ix_bank_line_waiting", "business_id", "added_at", postgresql_where=text("state = 'waiting'"),
              sqlite_where=text("state = 'waiting'")),
        Index("ix_bank_line_business_id_booked_on", "business_id", "booked_on", "id"),
        Index("uq_bank_line_payment_id", "payment_id", unique=True, postgresql_where=text("payment_id IS NOT NULL"),
              sqlite_where=text("payment_id IS NOT NULL")),
        Index("uq_bank_line_payout_id", "payout_id", unique=True, postgresql_where=text("payout_id IS NOT NULL"),
              sqlite_where=text("payout_id IS NOT NULL")),
        CheckConstraint("state IN ('waiting', 'matched', 'ignored', 'out')", name="state"),
        CheckConstraint("(state = 'out') = (amount_minor < 0)", name="out_is_negative"),
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint("(state = 'matched') = (payment_id IS NOT NULL OR payout_id IS NOT NULL)",
                        name="matched_names_what"),
        CheckConstraint("(state = 'ignored') = (reason <> '')", name="ignored_has_reason"),
    )
