"""What Stripe told us and what we still have to ask: events, facts that wait, and fetch rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Keyed, UtcDateTime


class StripeEvent(Keyed, Base):
    """One verified event, stored once; its payload is personal data and expires."""

    __tablename__ = "stripe_event"

    # "" is the installation's own account.
    account: Mapped[str] = mapped_column(String(64), default="")
    event: Mapped[str] = mapped_column(String(80))
    type: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(80))
    livemode: Mapped[bool]
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any] | None] = mapped_column(JsonData)
    # applied, waiting (its predecessor is not there), noted (nothing to book), mismatch (a person must look)
    outcome: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(80), default="")

    __table_args__ = (
        UniqueConstraint("account", "event"),
        Index("ix_stripe_event_object_id", "object_id"),
        Index("ix_stripe_event_received_at", "received_at"),
        Index("ix_stripe_event_mismatch", "received_at", postgresql_where=text("outcome = 'mismatch'"),
              sqlite_where=text("outcome = 'mismatch'")),
        CheckConstraint("outcome IN ('applied', 'waiting', 'noted', 'mismatch')", name="outcome"),
    )


class WaitingFact(Keyed, Base):
    """A true fact that came before the one it builds on; applied in that one's commit."""

    __tablename__ = "waiting_fact"

    account: Mapped[str] = mapped_column(String(64), default="")
    # The Stripe object it waits for, such as a payment intent's id.
    waits_for: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40))
    # One row per fact, however often it is told.
    key: Mapped[str] = mapped_column(String(200))
    fact: Mapped[dict[str, Any]] = mapped_column(JsonData)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("account", "key"),
        Index("ix_waiting_fact_waits_for", "waits_for"),
    )


class StripeFetch(Keyed, Base):
    """One question to Stripe that a job asks outside any transaction."""

    __tablename__ = "stripe_fetch"

    account: Mapped[str] = mapped_column(String(64), default="")
    kind: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Set when it was tried too often; a person must look.
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        UniqueConstraint("account", "kind", "object_id"),
        Index("ix_stripe_fetch_due_at", "due_at",
              postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
              sqlite_where=text("done_at IS NULL AND dead_at IS NULL")),
    )


class SuspenseItem(Keyed, Base):
    """Money we cannot match to what we asked for; it waits for a person."""

    __tablename__ = "suspense_item"

    business_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    payment_intent: Mapped[str] = mapped_column(String(80))
    # The payment it claimed to be, if there is such a one.
    payment_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("business_id", "payment_intent"),
        Index("ix_suspense_item_open", "business_id", "created_at", postgresql_where=text("resolved_at IS NULL"),
              sqlite_where=text("resolved_at IS NULL")),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("returned_minor >= 0 AND returned_minor <= amount_minor", name="returned_within_amount"),
    )
