"""Arrangements: what a debtor and the business agree on instead of paying now, and every step of how they came to it.

Time, a pause in hard times and a promise are arrangements. That somebody has paid already is a claim.
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


class Arrangement(Public, Base):
    """One thing agreed on or asked for: more time, a pause in hard times, or a promise to pay on a day."""

    __tablename__ = "arrangement"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(10))
    # What was promised, in minor units; a pause covers whatever is owed and has no sum.
    currency: Mapped[str] = mapped_column(String(3), default="")
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    # The day that was asked for, and the one that holds: both are the last day of quiet.
    asked_until: Mapped[date | None] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    # When somebody looks again at hard times.
    review_on: Mapped[date | None] = mapped_column(Date)
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Own words of the debtor: personal, erasable, and for those of the staff who may read about hardship.
    words: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Empty while the rules alone have decided.
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Raised by every step of either side, so that whoever answers an older one is told.
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_arrangement_debtor_id", "debtor_id", "id"),
        Index("ix_arrangement_waiting", "business_id", "asked_at",
              postgresql_where=text("state = 'asked'"), sqlite_where=text("state = 'asked'")),
        Index("ix_arrangement_ends", "until", "id",
              postgresql_where=text("state = 'active'"), sqlite_where=text("state = 'active'")),
        Index("ix_arrangement_review", "business_id", "review_on",
              postgresql_where=text("review_on IS NOT NULL AND reviewed_at IS NULL AND state = 'active'"),
              sqlite_where=text("review_on IS NOT NULL AND reviewed_at IS NULL AND state = 'active'")),
        CheckConstraint("kind IN ('deferral', 'hardship', 'promise', 'settlement', 'plan')", name="kind"),
        CheckConstraint("state IN ('asked', 'countered', 'active', 'kept', 'broken', 'refused', 'withdrawn', 'ended')",
                        name="state"),
        CheckConstraint("(state = 'active') <= (until IS NOT NULL)", name="active_has_end"),
        CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        CheckConstraint("(kind IN ('deferral', 'hardship')) = (amount_minor = 0)", name="pause_has_no_sum"),
    )


class ArrangementInvoice(Base):
    """One invoice an arrangement covers; at most one that binds covers an invoice at a time."""

    __tablename__ = "arrangement_invoice"

    arrangement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    # True while the arrangement is active: what was only asked for binds nobody.
    binding: Mapped[bool] = mapped_column(default=False)
    # What of the invoice a plan covers and what it left out when it was signed; empty: whatever is owed.
    covered_minor: Mapped[int | None] = mapped_column(BigInteger)
    outside_minor: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        Index("uq_arrangement_invoice_one_binding", "invoice_id", unique=True,
              postgresql_where=text("binding"), sqlite_where=text("binding")),
        Index("ix_arrangement_invoice_debtor_id", "debtor_id", "arrangement_id"),
    )


class ArrangementRound(Keyed, Base):
    """One step of a negotiation: what was proposed, by whom, and what came of it. None is ever changed."""

    __tablename__ = "arrangement_round"

    business_id: Mapped[int] = mapped_column(BigInteger)
    arrangement_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer)
    # debtor, staff, or rules: what the business's policy answered by itself.
    said_by: Mapped[str] = mapped_column(String(6))
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    # asked, accepted, countered, referred, refused, withdrawn, ended
    what: Mapped[str] = mapped_column(String(10))
    until: Mapped[date | None] = mapped_column(Date)
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    words: Mapped[str] = mapped_column(Text, default="")
    # What exactly was proposed where a day and a sum do not say it: the days and amounts of a plan.
    terms: Mapped[dict[str, Any] | None] = mapped_column(JsonData)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "arrangement_id"], ["arrangement.business_id", "arrangement.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        UniqueConstraint("arrangement_id", "position"),
        CheckConstraint("said_by IN ('debtor', 'staff', 'rules')", name="said_by"),
        CheckConstraint("(said_by = 'staff') = (staff_id IS NOT NULL)", name="staff_named"),
    )


class PaymentClaim(Public, Base):
    """A debtor says that they paid already: when, how, and how much; somebody looks for it."""

    __tablename__ = "payment_claim"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date] = mapped_column(Date)
    # transfer, card, cash, check, other
    way: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str] = mapped_column(String(80), default="")
    words: Mapped[str] = mapped_column(Text, default="")
    # What staff answered; it stands on the debtor's page.
    answer: Mapped[str] = mapped_column(Text, default="")
    file_id: Mapped[int | None] = mapped_column(BigInteger)
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "file_id"], ["stored_file.business_id", "stored_file.id"]),
        ForeignKeyConstraint(["business_id", "staff_id"], ["membership.business_id", "membership.staff_id"]),
        ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                             ["payment.business_id", "payment.debtor_id", "payment.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_payment_claim_debtor_id", "debtor_id", "id"),
        Index("ix_payment_claim_waiting", "business_id", "claimed_at",
              postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'")),
        CheckConstraint("state IN ('waiting', 'matched', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("way IN ('transfer', 'card', 'cash', 'check', 'other')", name="way"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(state = 'matched') >= (payment_id IS NOT NULL)", name="payment_when_matched"),
    )
