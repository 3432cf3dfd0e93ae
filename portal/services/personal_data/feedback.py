"""What they said after paying, with their words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, Feedback

NAME = "feedback"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give every answer, the oldest first."""
    rows = session.scalars(select(Feedback).where(
        Feedback.business_id == debtor.business_id, Feedback.debtor_id == debtor.id).order_by(Feedback.id))
    return [{"score": row.score, "words": row.body, "at": row.at} for row in rows]


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Take the words away; which answer was pressed names nobody and stays in the counts."""
    emptied = session.execute(update(Feedback).where(
        Feedback.business_id == debtor.business_id, Feedback.debtor_id == debtor.id).values(body=""))
    return int(emptied.rowcount)  # type: ignore[attr-defined]
