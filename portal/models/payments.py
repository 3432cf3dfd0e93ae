"""Payments with their per-invoice rows, refunds, chargebacks and payouts.

A payment is one attempt to move money. Every attempt keeps its row: a forgotten attempt could still be paid.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Keyed, Public, UtcDateTime

# created: our row stands, Stripe was not asked yet.   unknown: asked, no answer.   open: a page to pay on exists.
# announced: a bank transfer the debtor says is sent.  processing: the bank is moving it.
PAYMENT_STATES = ("created", "unknown", "open", "announced", "processing", "succeeded", "failed", "expired", "canceled")
OPEN_STATES = ("created", "unknown", "open", "processing")


class Payment(Public, Base):
    """One attempt to move money from a debtor to a business."""

    __tablename__ = "payment"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # What people read and quote: P-2026-000123.
    number: Mapped[str] = mapped_column(String(24))
    channel: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    currency: Mapped[str] = mapped_column(String(3))
    # What is to be charged; the discount already taken off.
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    captured_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # Refunds and chargebacks that took money back, less what came home again; can pass what was captured when
    # a refund and a chargeback return the same money twice. That excess lies in suspense.
    returned_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    link_id: Mapped[int | None] = mapped_column(BigInteger)
    # The exact request, so that a retry under the same key sends the same words.
    request: Mapped[dict[str, Any] | None] = mapped_column(JsonData)
    stripe_account: Mapped[str | None] = mapped_column(String(64))
    checkout_session: Mapped[str | None] = mapped_column(String(80), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(String(2000))
    payment_intent: Mapped[str | None] = mapped_column(String(80), unique=True)
    charge: Mapped[str | None] = mapped_column(String(80))
    failure_code: Mapped[str | None] = mapped_column(String(60))
    # "visa", "4242" or "bank debit", "6789": how the debtor would recognize it.
    method_brand: Mapped[str | None] = mapped_column(String(30))
    method_last4: Mapped[str | None] = mapped_column(String(4))
    # The words the debtor is to use for a bank transfer.
    reference: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When Stripe last told of a change; what is older than that changes nothing.
    moved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When a job next asks Stripe about it, should no event come.
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ask_count: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "link_id"], ["portal_link.business_id", "portal_link.id"]),
        UniqueConstraint("business_id", "id"),
        UniqueConstraint("business_id", "debtor_id", "id"),
        UniqueConstraint("business_id", "number"),
        Index("ix_payment_debtor_id_created_at", "debtor_id", "created_at"),
        Index("ix_payment_business_id_created_at", "business_id", "created_at", "id"),
        Index("ix_payment_business_id_state", "business_id", "state", "created_at", "id"),
        Index("ix_payment_business_id_amount", "business_id", "amount_minor", "id"),
        Index("ix_payment_charge", "charge"),
        Index("ix_payment_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL"),
              sqlite_where=text("ask_at IS NOT NULL")),
        CheckConstraint("channel IN ('checkout', 'off_session', 'transfer', 'cash', 'check')", name="channel"),
        CheckConstraint(f"state IN {PAYMENT_STATES}", name="state"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("returned_minor >= 0 AND captured_minor >= 0", name="sums_not_negative"),
        CheckConstraint("state <> 'succeeded' OR received_at IS NOT NULL", name="succeeded_has_time"),
    )


class PaymentInvoice(Base):
    """What one payment means for one invoice: the sum for it and the offer it would earn."""

    __tablename__ = "payment_invoice"

    payment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    offer_id: Mapped[int | None] = mapped_column(BigInteger)
    returned_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # True while this attempt may still be paid: at most one such per invoice.
    open: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        ForeignKeyConstraint(
            ["business_id", "debtor_id", "payment_id"],
            ["payment.business_id", "payment.debtor_id", "payment.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "offer_id"], ["offer.business_id", "offer.id"]),
        Index("uq_payment_invoice_one_open", "invoice_id", unique=True,
              postgresql_where=text("open"), sqlite_where=text("open")),
        Index("ix_payment_invoice_debtor_id", "debtor_id"),
        CheckConstraint("amount_minor > 0 AND discount_minor >= 0", name="amounts"),
        CheckConstraint("(discount_minor = 0) = (offer_id IS NULL)", name="discount_has_offer"),
        CheckConstraint("returned_minor >= 0 AND returned_minor <= amount_minor", name="returned_within_amount"),
    )


class Refund(Public, Base):
    """Money on its way back to a debtor; made by us or seen at Stripe."""

    __tablename__ = "refund"

    business_id: Mapped[int] = mapped_column(BigInteger)
    payment_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    # reopen: what it had paid is owed again.  credit: it comes out of money that paid for nothing.
    mode: Mapped[str] = mapped_column(String(8))
    # requested: our row stands.  unknown: asked, no answer.  pending, succeeded, failed, canceled: as Stripe says.
    state: Mapped[str] = mapped_column(String(12))
    stripe_refund: Mapped[str | None] = mapped_column(String(80), unique=True)
    failure_code: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When the money left, and when it came home because the refund failed.
    booked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reversed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "payment_id"], ["payment.business_id", "payment.id"]),
        Index("ix_refund_payment_id", "payment_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("mode IN ('reopen', 'credit')", name="mode"),
        CheckConstraint(
            "state IN ('requested', 'unknown', 'pending', 'succeeded', 'failed', 'canceled')", name="state"),
    )


class Chargeback(Public, Base):
    """A card dispute or a returned bank debit at Stripe; a dispute in our words is something else."""

    __tablename__ = "chargeback"

    business_id: Mapped[int] = mapped_column(BigInteger)
    payment_id: Mapped[int] = mapped_column(BigInteger)
    stripe_dispute: Mapped[str] = mapped_column(String(80), unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(30))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reinstated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "payment_id"], ["payment.business_id", "payment.id"]),
        Index("ix_chargeback_payment_id", "payment_id"),
        Index("ix_chargeback_business_id_state", "business_id", "state", "created_at"),
    )


class Payout(Keyed, Base):
    """Stripe's transfer of a balance to the business's bank."""

    __tablename__ = "payout"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    stripe_payout: Mapped[str] = mapped_column(String(80), unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(20))
    arrives_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
