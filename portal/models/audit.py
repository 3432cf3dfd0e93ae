"""Audit events: who did what, when. Only ever added; ids and codes only, never personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, JsonData, Keyed, UtcDateTime


class AuditEvent(Keyed, Base):
    """One act that changed something."""

    __tablename__ = "audit_event"

    business_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("business.id"))
    debtor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str] = mapped_column(String(40), default="")
    act: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(80), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JsonData, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_audit_event_business_id_at", "business_id", "at"),
        Index("ix_audit_event_debtor_id_at", "debtor_id", "at"),
        Index("ix_audit_event_business_id_actor", "business_id", "actor_kind", "actor_id", "id"),
        Index("ix_audit_event_business_id_act", "business_id", "act", "id"),
        CheckConstraint("actor_kind IN ('debtor', 'staff', 'stripe', 'job', 'cli')", name="actor_kind"),
    )
