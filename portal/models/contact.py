"""What debtors allow and what their mail servers say: consent per channel, delivery reports, feedback after paying."""

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
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Keyed, Public, UtcDateTime


class Consent(Keyed, Base):
    """What a debtor said about one channel, and where; the newest word counts."""

    __tablename__ = "consent"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(8))
    given: Mapped[bool]
    # one_click, page, reply, complaint, by_phone, by_email, by_letter, in_person, wrong_number, new_number, before …
    source: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        Index("ix_consent_debtor_id", "debtor_id", "channel", "id"),
        CheckConstraint("channel IN ('email', 'letter', 'phone')", name="channel"),
    )


class DeliveryReport(Keyed, Base):
    """What a mail provider or a mail server told about one of our messages; the same report twice counts once."""

    __tablename__ = "delivery_report"

    source: Mapped[str] = mapped_column(String(20))
    report: Mapped[str] = mapped_column(String(120))
    # Our Message-ID it speaks of.
    message_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    outcome: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("source", "report"),
        Index("ix_delivery_report_message_id", "message_id"),
        CheckConstraint("kind IN ('bounce', 'soft_bounce', 'complaint', 'other')", name="kind"),
    )


class Feedback(Public, Base):
    """One press after paying: how was this? With words, if they like."""

    __tablename__ = "feedback"

    business_id: Mapped[int] = mapped_column(BigInteger)
    debtor_id: Mapped[int] = mapped_column(BigInteger)
    payment_id: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id", "payment_id"],
                             ["payment.business_id", "payment.debtor_id", "payment.id"]),
        UniqueConstraint("payment_id"),
        Index("ix_feedback_business_id_at", "business_id", "at"),
        CheckConstraint("score BETWEEN 1 AND 3", name="score"),
    )


class FeeTrack(Base):
    """When the next late fee or interest of an invoice is to be looked at; the ledger knows what was charged."""

    __tablename__ = "fee_track"

    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    business_id: Mapped[int] = mapped_column(BigInteger)
    look_on: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "invoice_id"], ["invoice.business_id", "invoice.id"]),
        Index("ix_fee_track_look_on", "look_on", "invoice_id",
              postgresql_where=text("look_on IS NOT NULL"), sqlite_where=text("look_on IS NOT NULL")),
    )


class JobState(Base):
    """How a job last fared: for the status page and the lag metric."""

    __tablename__ = "job_state"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handled: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    # The kind of the last error, never its words: they may name a person.
    error: Mapped[str] = mapped_column(String(80), default="")


class SendingWindow(Base):
    """How many emails left in one stretch of time, so that all workers together keep a provider's limit."""

    __tablename__ = "sending_window"

    sender: Mapped[str] = mapped_column(String(80), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    sent: Mapped[int] = mapped_column(Integer, default=0)


class Holiday(Keyed, Base):
    """A day of its own on which a business writes to nobody, beside the public holidays."""

    __tablename__ = "holiday"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(80), default="")

    __table_args__ = (UniqueConstraint("business_id", "day"),)
