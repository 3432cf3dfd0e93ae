"""Offers: dated, frozen proposals of the business to take less than the full sum."""

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

from portal.models.base import Base, Public, UtcDateTime


class Offer(Public, Base):
    """An early-pay, prompt-pay or settlement offer on one invoice; its terms never change after creation."""

    __tablename__ = "offer"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(12))
    # What is taken off, in minor units; basis_points tells how it was reckoned (0: a plain amount).
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    basis_points: Mapped[int] = mapped_column(Integer, default=0)
    deadline: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "invoice_id"],
            ["invoice.business_id", "invoice.debtor_id", "invoice.currency", "invoice.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_offer_debtor_id", "debtor_id"),
        Index("uq_offer_one_open", "invoice_id", unique=True,
              postgresql_where=text("withdrawn_at IS NULL"), sqlite_where=text("withdrawn_at IS NULL")),
        CheckConstraint("kind IN ('early_pay', 'prompt_pay', 'settlement')", name="kind"),
        CheckConstraint("discount_minor > 0", name="discount_positive"),
    )
