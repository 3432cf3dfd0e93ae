"""What they allowed and refused, by channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Consent, Debtor

NAME = "consents"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give every word about a channel, the oldest first."""
    rows = session.scalars(select(Consent).where(
        Consent.business_id == debtor.business_id, Consent.debtor_id == debtor.id).order_by(Consent.id))
    return [{"channel": row.channel, "given": row.given, "source": row.source, "at": row.at} for row in rows]


def erase(_session: Session, _debtor: Debtor, _now: datetime) -> int:
    """Keep them: they name nobody, and prove that a wish was followed."""
    return 0
