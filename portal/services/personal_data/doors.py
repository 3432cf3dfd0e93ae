"""Links to the debtor's page, and what was opened with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, DebtorSession, IdentityAttempt, OneTimeCode, PortalLink
from portal.services import links

NAME = "visits"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give when links were made, opened and ended, and how often a check was tried."""
    made = session.scalars(select(PortalLink).where(
        PortalLink.business_id == debtor.business_id, PortalLink.debtor_id == debtor.id).order_by(PortalLink.id))
    visits = session.scalars(select(DebtorSession).where(
        DebtorSession.business_id == debtor.business_id, DebtorSession.debtor_id == debtor.id)
        .order_by(DebtorSession.id))
    tries = session.scalars(select(IdentityAttempt).where(
        IdentityAttempt.business_id == debtor.business_id, IdentityAttempt.debtor_id == debtor.id)
        .order_by(IdentityAttempt.id))
    return {
        "links": [{"purpose": link.purpose, "created_at": link.created_at, "expires_at": link.expires_at,
                   "first_opened_at": link.first_opened_at, "ended_at": link.revoked_at,
                   "why_ended": link.revoked_reason} for link in made],
        "visits": [{"level": visit.level, "from": visit.created_at, "last_seen": visit.seen_at,
                    "ended_at": visit.ended_at} for visit in visits],
        "checks": [{"kind": one.kind, "passed": one.passed, "at": one.at} for one in tries],
    }


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """End every link and visit, and forget the tries; nothing that was ever sent opens anything again."""
    ended = links.revoke_all(session, now, debtor, "erased")
    session.execute(update(DebtorSession).where(
        DebtorSession.business_id == debtor.business_id, DebtorSession.debtor_id == debtor.id,
        DebtorSession.ended_at.is_(None)).values(ended_at=now))
    for table in (OneTimeCode, IdentityAttempt):
        session.execute(delete(table).where(
            table.business_id == debtor.business_id, table.debtor_id == debtor.id))
    return ended
