"""What was done: the audit trail of the debtor's account. It holds ids and codes only, and is never erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AuditEvent, Debtor

NAME = "acts"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give who did what and when, the oldest first."""
    rows = session.scalars(select(AuditEvent).where(
        AuditEvent.business_id == debtor.business_id, AuditEvent.debtor_id == debtor.id).order_by(AuditEvent.id))
    return [{"by": row.actor_kind, "act": row.act, "at": row.at} for row in rows]


def erase(_session: Session, _debtor: Debtor, _now: datetime) -> int:
    """Leave it: it names nobody, and proves that the erasure was done."""
    return 0
