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
    # What has to be left for it to be earned, where that is less than the invoice: an answered dispute dates a
    # discount anew on what remains. Empty: the whole invoice.
    base_minor: Mapped[int | None] = mapped_column(BigInteger)
    deadline: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How it was taken off the table: withdrawn or superseded; empty while it stands, whatever its deadline.
    ended_as: Mapped[str] = mapped_column(String(10), default="", server_default="")
    # What a payment of a part does to it, frozen when it was made: ends it, keeps it, or shares it out.
    part_effect: Mapped[str] = mapped_column(String(6), default="ends", server_default="ends")

    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "currency", "invoice_id"],
            ["invoice.business_id", "invoice.debtor_id", "invoice.currency", "invoice.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_offer_debtor_id", "debtor_id"),
        Index("uq_offer_one_open", "invoice_id", unique=True,
              postgresql_where=text("withdrawn_at IS NULL"), sqlite_where=text("withdrawn_at IS NULL")),
        CheckConstraint("kind IN ('early_pay', 'prompt_pay', 'settlement')", name="kind"),
        Index("ix_offer_standing", "business_id", "deadline", "id",
              postgresql_where=text("withdrawn_at IS NULL"), sqlite_where=text("withdrawn_at IS NULL")),
        CheckConstraint("discount_minor > 0", name="discount_positive"),
    )


class SettlementOffer(Base):
    """Says of which accepted settlement an offer is a part: those of one settlement are met by one payment or not."""

    __tablename__ = "settlement_offer"

    offer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    business_id: Mapped[int] = mapped_column(BigInteger)
    arrangement_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "offer_id"], ["offer.business_id", "offer.id"]),
        ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"]),
        Index("ix_settlement_offer_arrangement_id", "arrangement_id"),
    )
