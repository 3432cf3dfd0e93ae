"""Marks: staff have dealt with an item of a queue, or put it off until a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import QueueMark, Staff


@dataclass(frozen=True)
class MarkView:
    """Who marked an item, how and when."""

    state: str
    until: date | None
    who: str
    at: datetime


def put(session: Session, access: StaffAccess, queue: str, item: str, now: datetime, *,
        until: date | None = None) -> None:
    """Mark an item as dealt with, or as put off until a day. The caller holds the business's lock."""
    mark = _find(session, access.business_id, queue, item)
    if mark is None:
        mark = QueueMark(business_id=access.business_id, queue=queue, item=item)
        session.add(mark)
    mark.state, mark.until = ("later", until) if until is not None else ("done", None)
    mark.staff_id, mark.at = access.staff_id, now
    session.flush()


def take_off(session: Session, business_id: int, queue: str, item: str) -> None:
    """Take a mark away, so that the item waits again."""
    mark = _find(session, business_id, queue, item)
    if mark is not None:
        session.delete(mark)


def of(session: Session, business_id: int, queue: str, item: str) -> MarkView | None:
    """Give the mark of an item, if it has one."""
    mark = _find(session, business_id, queue, item)
    if mark is None:
        return None
    return MarkView(mark.state, mark.until, session.get_one(Staff, mark.staff_id).name, mark.at)


def _find(session: Session, business_id: int, queue: str, item: str) -> QueueMark | None:
    return session.scalars(select(QueueMark).where(
        QueueMark.business_id == business_id, QueueMark.queue == queue, QueueMark.item == item)).one_or_none()
