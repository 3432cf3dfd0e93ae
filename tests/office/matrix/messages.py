"""Borders of the list of messages and of one message."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Message
from tests.office.matrix import OfficePart, OfficeRow


def _one(session: Session, office: OfficePart) -> dict[str, Any]:
    return {"message": session.scalars(
        select(Message).where(Message.business_id == office.part.business.id, Message.debtor_id.is_not(None))
        .order_by(Message.id).limit(1)).one()}


PREPARE = _one
ROWS = {
    ("office.messages", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.message", "GET"): OfficeRow("see", canary=True, target={
        "message_id": lambda office: office.things["message"].public_id}),
}
