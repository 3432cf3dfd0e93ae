"""Cadences: series of reminder steps, where each invoice stands in its series, and what became of each step."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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


class Cadence(Public, Base):
    """One series of steps and whom it is for; the first that fits an invoice, by rank, is its cadence."""

    __tablename__ = "cadence"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    name: Mapped[str] = mapped_column(String(80))
    # gentle, standard or firm while it is as it was proposed; own once it was edited.
    preset: Mapped[str] = mapped_column(String(10))
    audience: Mapped[str] = mapped_column(String(10), default="any")
    history: Mapped[str] = mapped_column(String(10), default="any")
    # For invoices of at least so much, in minor units of the business's currency.
    least_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    rank: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)
    # The same for all versions of one cadence: the public id of the first.
    series: Mapped[str] = mapped_column(String(32), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Nothing of it leaves before it was switched on.
    switched_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("business_id", "id"),
        Index("ix_cadence_business_id_rank", "business_id", "rank"),
        CheckConstraint("preset IN ('gentle', 'standard', 'firm', 'own')", name="preset"),
        CheckConstraint("audience IN ('any', 'consumer', 'business')", name="audience"),
        CheckConstraint("history IN ('any', 'first_time', 'repeat')", name="history"),
        CheckConstraint("least_minor >= 0", name="least_not_negative"),
    )


class CadenceStep(Public, Base):
    """One step of a cadence: so many days from the due date, in a tone, by a channel. Removed steps keep their row."""

    __tablename__ = "cadence_step"

    business_id: Mapped[int] = mapped_column(BigInteger)
    cadence_id: Mapped[int] = mapped_column(BigInteger)
    # Days after the due date; before it they are negative.
    day: Mapped[int] = mapped_column(Integer)
    tone: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(8))
    # The business's own words by language: {"en": {"subject": "…", "body": "…"}}; empty: ours.
    own_words: Mapped[dict[str, Any]] = mapped_column(JsonData, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "cadence_id"], ["cadence.business_id", "cadence.id"]),
        UniqueConstraint("business_id", "id"),
        Index("ix_cadence_step_cadence_id", "cadence_id"),
        Index("uq_cadence_step_one_a_day", "cadence_id", "day", unique=True,
              postgresql_where=text("removed_at IS NULL"), sqlite_where=text("removed_at IS NULL")),
        CheckConstraint("tone IN ('note', 'friendly', 'firm', 'formal', 'final')", name="tone"),
        CheckConstraint("channel IN ('email', 'letter', 'call')", name="channel"),
        CheckConstraint("day BETWEEN -60 AND 400", name="day"),
    )


class ReminderTrack(Base):
    """Where one invoice stands in its cadence, and when somebody must look again."""

    __tablename__ = "reminder_track"

    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    cadence_id: Mapped[int | None] = mapped_column(BigInteger)
    # The newest step that was taken, and the debtor's day it was taken on.
    step_id: Mapped[int | None] = mapped_column(BigInteger)
    step_on: Mapped[date | None] = mapped_column(Date)
    # A moment of the debtor's day in which they may be written to; empty while there is nothing to do.
    look_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why it waits or rests, as a code; told once when it changes and not at every look.
    reason: Mapped[str] = mapped_column(String(40), default="")

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "cadence_id"], ["cadence.business_id", "cadence.id"]),
        ForeignKeyConstraint(["business_id", "step_id"], ["cadence_step.business_id", "cadence_step.id"]),
        Index("ix_reminder_track_look_at", "look_at", "debtor_id",
              postgresql_where=text("look_at IS NOT NULL"), sqlite_where=text("look_at IS NOT NULL")),
        Index("ix_reminder_track_resting", "business_id", "reason", "invoice_id",
              postgresql_where=text("look_at IS NULL"), sqlite_where=text("look_at IS NULL")),
        Index("ix_reminder_track_debtor_id", "debtor_id"),
    )


class StepOutcome(Keyed, Base):
    """What became of one step for one invoice: taken, held until, or skipped, always with the reason."""

    __tablename__ = "step_outcome"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    step_id: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(40))
    # What it became: a message, a letter or a call task, by its public id.
    made: Mapped[str] = mapped_column(String(60), default="")
    local_day: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        ForeignKeyConstraint(["business_id", "step_id"], ["cadence_step.business_id", "cadence_step.id"]),
        # Never the same step twice, whatever jobs, clocks and editors do.
        Index("uq_step_outcome_taken_once", "invoice_id", "step_id", unique=True,
              postgresql_where=text("outcome = 'taken'"), sqlite_where=text("outcome = 'taken'")),
        Index("ix_step_outcome_debtor_id_at", "debtor_id", "at"),
        Index("ix_step_outcome_step_id", "step_id", "outcome"),
        # The newest steps of a business, to see what followed them.
        Index("ix_step_outcome_taken", "business_id", "at",
              postgresql_where=text("outcome = 'taken'"), sqlite_where=text("outcome = 'taken'")),
        CheckConstraint("outcome IN ('taken', 'held', 'skipped')", name="outcome"),
    )


class CallTask(Public, Base):
    """A call that a cadence asks staff to make, with a short script in the step's tone."""

    __tablename__ = "call_task"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    step_id: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "step_id"], ["cadence_step.business_id", "cadence_step.id"]),
        Index("uq_call_task_one_open", "debtor_id", unique=True,
              postgresql_where=text("done_at IS NULL"), sqlite_where=text("done_at IS NULL")),
        Index("ix_call_task_open", "business_id", "due_on",
              postgresql_where=text("done_at IS NULL"), sqlite_where=text("done_at IS NULL")),
    )
