"""Emails to the debtor, as they were worded, and whether they were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, Message

NAME = "messages"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give every email with its words, the oldest first."""
    rows = session.scalars(select(Message).where(
        Message.business_id == debtor.business_id, Message.debtor_id == debtor.id).order_by(Message.id))
    return [{"kind": row.kind, "class": row.message_class, "to": row.to_address, "language": row.language,
             "subject": row.subject, "text": row.body_text, "state": row.state, "reason": row.reason,
             "created_at": row.created_at, "sent_at": row.sent_at} for row in rows]


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Empty every email and stop those that wait; what kind it was, when, and what became of it stays."""
    mine = (Message.business_id == debtor.business_id, Message.debtor_id == debtor.id)
    session.execute(update(Message).where(*mine, Message.state == "queued").values(
        state="skipped", reason="erased", claim_token=None, leased_until=None))
    emptied = session.execute(update(Message).where(*mine).values(
        to_address="", subject="", body_text="", body_html=""))
    return int(emptied.rowcount)  # type: ignore[attr-defined]
