"""Saved payment methods, the permission to charge them, and what was asked of Stripe to save them.

Everything hangs on the debtor by composite keys: the database refuses a method, a permission or a charge that would
cross to somebody else.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Keyed, Public, UtcDateTime


class StripeCustomer(Keyed, Base):
    """What Stripe calls the debtor, once for each account of the business; saved methods hang on it."""

    __tablename__ = "stripe_customer"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # "" is the installation's own account.
    account: Mapped[str] = mapped_column(String(64), default="")
    # Empty until Stripe has answered.
    customer: Mapped[str | None] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        UniqueConstraint("business_id", "debtor_id", "id"),
        Index("uq_stripe_customer_one", "debtor_id", "account", unique=True,
              postgresql_where=text("forgotten_at IS NULL"), sqlite_where=text("forgotten_at IS NULL")),
    )


class SavedMethod(Public, Base):
    """A card or bank account that its owner saved for later; numbers are at Stripe, here is how it is recognized."""

    __tablename__ = "saved_method"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    # Stripe's id.
    method: Mapped[str] = mapped_column(String(80), unique=True)
    # As Stripe names it: card, us_bank_account, sepa_debit …
    kind: Mapped[str] = mapped_column(String(30))
    brand: Mapped[str] = mapped_column(String(40), default="")
    last4: Mapped[str] = mapped_column(String(4), default="")
    exp_month: Mapped[int | None] = mapped_column(Integer)
    exp_year: Mapped[int | None] = mapped_column(Integer)
    # Stripe's permission to debit a bank account.
    mandate: Mapped[str | None] = mapped_column(String(80))
    # active.   unusable: its bank will not let it be charged again.   removed: by its owner.   gone: at Stripe.
    state: Mapped[str] = mapped_column(String(8))
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When Stripe last told of a change; what is older changes nothing.
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "customer_id"],
                             ["stripe_customer.business_id", "stripe_customer.debtor_id", "stripe_customer.id"]),
        UniqueConstraint("business_id", "debtor_id", "id"),
        Index("ix_saved_method_debtor_id", "debtor_id", "id"),
        Index("ix_saved_method_mandate", "mandate"),
        CheckConstraint("state IN ('active', 'unusable', 'removed', 'gone')", name="state"),
        CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_has_time"),
        CheckConstraint("(exp_month IS NULL) = (exp_year IS NULL)", name="expiry_whole"),
    )


class AutopayMandate(Public, Base):
    """That a debtor allowed the installments of one plan to be charged: the words, since when, and until when.

    Its text is kept for two years after it ended; it names sums and days, and no person.
    """

    __tablename__ = "autopay_mandate"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    arrangement_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    # Empty until the method is saved.
    saved_method_id: Mapped[int | None] = mapped_column(BigInteger)
    # waiting: allowed, with no method yet.   active.   ended.
    state: Mapped[str] = mapped_column(String(8))
    # What was allowed: the words as they were shown, and days and amounts by installment.
    wording: Mapped[str] = mapped_column(Text)
    text_version: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(20))
    schedule: Mapped[list[list[Any]]] = mapped_column(JsonData)
    # So many days before each debit its notice is sent, at least.
    notice_days: Mapped[int] = mapped_column(Integer)
    link_id: Mapped[int] = mapped_column(BigInteger)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # debtor, staff, plan (it is over), method (it was taken away), bank (it will not pay again), erased
    ended_by: Mapped[str] = mapped_column(String(8), default="")
    keep_until: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "currency", "arrangement_id"],
                             ["plan.business_id", "plan.debtor_id", "plan.currency", "plan.arrangement_id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "saved_method_id"],
                             ["saved_method.business_id", "saved_method.debtor_id", "saved_method.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "link_id"],
                             ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        UniqueConstraint("business_id", "debtor_id", "id"),
        Index("ix_autopay_mandate_debtor_id", "debtor_id", "id"),
        Index("ix_autopay_mandate_keep_until", "keep_until",
              postgresql_where=text("keep_until IS NOT NULL"), sqlite_where=text("keep_until IS NOT NULL")),
        Index("uq_autopay_mandate_one_standing", "arrangement_id", unique=True,
              postgresql_where=text("state <> 'ended'"), sqlite_where=text("state <> 'ended'")),
        CheckConstraint("state IN ('waiting', 'active', 'ended')", name="state"),
        CheckConstraint("state <> 'active' OR saved_method_id IS NOT NULL", name="active_has_method"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_time"),
    )


class MethodSetup(Public, Base):
    """One request to save a payment method on a page of Stripe's; with a payment, it is saved in passing."""

    __tablename__ = "method_setup"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger)
    # The plans whose installments the method is to pay; none: it takes the place of the one before it everywhere.
    arrangement_id: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    payment_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    saved_method_id: Mapped[int | None] = mapped_column(BigInteger)
    # created: our row stands.   unknown: asked, no answer.   open: a page exists.   done, failed, expired
    state: Mapped[str] = mapped_column(String(8))
    # The exact request, so that a retry under the same key sends the same words.
    request: Mapped[dict[str, Any] | None] = mapped_column(JsonData)
    checkout_session: Mapped[str | None] = mapped_column(String(80), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ask_count: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "customer_id"],
                             ["stripe_customer.business_id", "stripe_customer.debtor_id", "stripe_customer.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "currency", "arrangement_id"],
                             ["plan.business_id", "plan.debtor_id", "plan.currency", "plan.arrangement_id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                             ["payment.business_id", "payment.debtor_id", "payment.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "saved_method_id"],
                             ["saved_method.business_id", "saved_method.debtor_id", "saved_method.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "link_id"],
                             ["portal_link.business_id", "portal_link.debtor_id", "portal_link.id"]),
        Index("ix_method_setup_debtor_id", "debtor_id", "id"),
        Index("ix_method_setup_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL"),
              sqlite_where=text("ask_at IS NOT NULL")),
        CheckConstraint("state IN ('created', 'unknown', 'open', 'done', 'failed', 'expired')", name="state"),
        CheckConstraint("payment_id IS NULL OR checkout_session IS NULL", name="page_is_the_payments"),
    )


class DebitNotice(Keyed, Base):
    """That a debtor is told before one debit: which day, how much. Without it, sent in time, nothing is charged."""

    __tablename__ = "debit_notice"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    installment_id: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[date] = mapped_column(Date)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    # What was told changed against what was allowed: amount, day, or nothing of it.
    changed: Mapped[str] = mapped_column(String(6), default="")
    # So many days after the notice was sent the debit may happen.
    days: Mapped[int] = mapped_column(Integer)
    message_id: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "installment_id"],
                             ["installment.business_id", "installment.debtor_id", "installment.id"]),
        ForeignKeyConstraint(["message_id"], ["message.id"]),
        UniqueConstraint("installment_id", "due_on", "amount_minor"),
        CheckConstraint("changed IN ('', 'amount', 'day')", name="changed"),
        CheckConstraint("amount_minor > 0 AND days >= 0", name="amounts"),
    )


class AutopayCharge(Base):
    """One try of the charging job: which method it charged by which permission, and what the bank said."""

    __tablename__ = "autopay_charge"

    payment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    installment_id: Mapped[int] = mapped_column(BigInteger)
    saved_method_id: Mapped[int] = mapped_column(BigInteger)
    mandate_id: Mapped[int] = mapped_column(BigInteger)
    try_no: Mapped[int] = mapped_column(Integer)
    # Empty until decided: later, payer, confirm, never (see domain/declines.py), or untried: Stripe never heard of it.
    outcome: Mapped[str] = mapped_column(String(8), default="")
    code: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                             ["payment.business_id", "payment.debtor_id", "payment.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "installment_id"],
                             ["installment.business_id", "installment.debtor_id", "installment.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "saved_method_id"],
                             ["saved_method.business_id", "saved_method.debtor_id", "saved_method.id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "mandate_id"],
                             ["autopay_mandate.business_id", "autopay_mandate.debtor_id", "autopay_mandate.id"]),
        Index("ix_autopay_charge_installment_id", "installment_id", "payment_id"),
        CheckConstraint("outcome IN ('', 'later', 'payer', 'confirm', 'never', 'untried')", name="outcome"),
        CheckConstraint("try_no >= 1", name="try_no"),
    )


class AutopayStop(Keyed, Base):
    """While one stands, nothing is charged by itself: a backup was restored, or Stripe knows of charges we forgot."""

    __tablename__ = "autopay_stop"

    # restored, forgotten, by_hand
    reason: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("uq_autopay_stop_one", "reason", unique=True,
              postgresql_where=text("released_at IS NULL"), sqlite_where=text("released_at IS NULL")),
        CheckConstraint("reason IN ('restored', 'forgotten', 'by_hand')", name="reason"),
    )
