"""Holds: what pauses pressure on a part of a debt, from every feature, in one table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Public, UtcDateTime


class Hold(Public, Base):
    """A pause on reminders, fees, autopay or the discount's clock, for a debtor, an invoice, a line or an amount."""

    __tablename__ = "hold"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # Without an invoice it covers the whole account; with a line or an amount, that part only.
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    reminders: Mapped[bool] = mapped_column(default=False)
    fees: Mapped[bool] = mapped_column(default=False)
    autopay: Mapped[bool] = mapped_column(default=False)
    discount_clock: Mapped[bool] = mapped_column(default=False)
    cause: Mapped[str] = mapped_column(String(20))
    cause_id: Mapped[str] = mapped_column(String(40), default="")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "line_id"], ["invoice_line.business_id", "invoice_line.id"]),
        Index("ix_hold_debtor_id", "debtor_id", postgresql_where=text("released_at IS NULL"),
              sqlite_where=text("released_at IS NULL")),
        Index("uq_hold_cause", "business_id", "cause", "cause_id", "invoice_id", unique=True,
              postgresql_where=text("released_at IS NULL AND cause_id <> ''"),
              sqlite_where=text("released_at IS NULL AND cause_id <> ''")),
        CheckConstraint("reminders OR fees OR autopay OR discount_clock", name="holds_something"),
        CheckConstraint("until IS NULL OR until > starts_at", name="ends_after_start"),
        CheckConstraint("amount_minor IS NULL OR (amount_minor > 0 AND invoice_id IS NOT NULL)", name="amount"),
        CheckConstraint(
            "cause IN ('dispute', 'deferral', 'promise', 'plan', 'already_paid', 'staff', 'chargeback', "
            "'transfer', 'import', 'payment', 'hand_over', 'settlement')", name="cause"),
    )
