"""Messages: every email as it was rendered, with why it was or was not sent."""

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

from portal.models.base import Base, Public, UtcDateTime


class Message(Public, Base):
    """One outgoing email, stored rendered; {{portal_link}} becomes a fresh token only when it is sent."""

    __tablename__ = "message"

    business_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("business.id"))
    debtor_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(30))
    message_class: Mapped[str] = mapped_column(String(10))
    # One cause, one message: reminder:<step>:<day>, receipt:<payment> …
    key: Mapped[str] = mapped_column(String(120))
    to_address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(250))
    body_text: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    link_id: Mapped[int | None] = mapped_column(BigInteger)
    # receipt:<payment public id> and the like; made when it is sent.
    attachment: Mapped[str] = mapped_column(String(80), default="")
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    # Where an answer goes; empty: to the business's own address.
    reply_to: Mapped[str] = mapped_column(String(254), default="", server_default="")
    state: Mapped[str] = mapped_column(String(10))
    # Why it was sent, held or skipped, as a code.
    reason: Mapped[str] = mapped_column(String(40), default="")
    # The debtor's local day a collecting message counts for.
    local_day: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim_token: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        ForeignKeyConstraint(["business_id", "debtor_id"], ["debtor.business_id", "debtor.id"]),
        ForeignKeyConstraint(["business_id", "link_id"], ["portal_link.business_id", "portal_link.id"]),
        UniqueConstraint("business_id", "key"),
        Index("ix_message_debtor_id_created_at", "debtor_id", "created_at"),
        Index("ix_message_business_id_created_at", "business_id", "created_at", "id"),
        Index("ix_message_business_id_state", "business_id", "state", "created_at", "id"),
        Index("ix_message_due_at", "due_at", postgresql_where=text("state = 'queued'"),
              sqlite_where=text("state = 'queued'")),
        Index("ix_message_essential", "due_at", "id",
              postgresql_where=text("state = 'queued' AND message_class = 'essential'"),
              sqlite_where=text("state = 'queued' AND message_class = 'essential'")),
        Index("uq_message_one_collecting_a_day", "debtor_id", "local_day", unique=True,
              postgresql_where=text("message_class = 'collecting' AND state IN ('queued', 'sent')"),
              sqlite_where=text("message_class = 'collecting' AND state IN ('queued', 'sent')")),
        CheckConstraint("message_class IN ('essential', 'collecting', 'courtesy')", name="class"),
        CheckConstraint("state IN ('queued', 'sent', 'skipped', 'failed')", name="state"),
        CheckConstraint("message_class <> 'collecting' OR local_day IS NOT NULL", name="collecting_has_day"),
    )
