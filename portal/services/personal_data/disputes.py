"""What debtors questioned and what came of it; the words are with the conversations, the files beside the export."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.models import Debtor, Dispute
from portal.services import dispute_holds, dispute_views, disputes

NAME = "disputes"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give every dispute with its parts, the oldest first."""
    return [{
        "reason": one.reason, "wants": one.wants, "state": one.state, "opened_at": one.opened_at,
        "decided_at": one.decided_at, "currency": one.currency,
        "parts": [{"invoice": part.number, "line": part.line, "asked_minor": part.asked_minor,
                   "credited_minor": part.credited_minor, "tax_minor": part.tax_minor} for part in shown.parts],
    } for one in _mine(session, debtor) for shown in (dispute_views.view(session, one, with_words=False),)]


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """End what is open; that something was questioned, and what came of it, stays and names nobody."""
    ended = 0
    for one in _mine(session, debtor):
        if one.state == rules.OPEN:
            clocks = dispute_holds.stopped(session, one)
            disputes.close(session, one, rules.WITHDRAWN, now, clocks, notice=False)
            ended += 1
    return ended


def _mine(session: Session, debtor: Debtor) -> list[Dispute]:
    return list(session.scalars(select(Dispute).where(
        Dispute.business_id == debtor.business_id, Dispute.debtor_id == debtor.id).order_by(Dispute.id)))
