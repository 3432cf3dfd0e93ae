"""The line of a queue: how many wait, who is next, and page by page all of them, the longest waiting first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, QueueMark
from portal.services.fact_lookup import lock_business
from portal.services.queues import marks
from portal.services.queues.frame import Count, Page, Queue, Waiting

MOST_COUNTED = 99
PAGE = 25
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_MOMENT = 17
Place = tuple[datetime, str]


def counts(session: Session, queues: Sequence[Queue], business_id: int, now: datetime) -> list[Count]:
    """Count what waits in each queue, with one question for all of them and never further than needed."""
    zone = zone_of(session, business_id)
    today = now.astimezone(zone).date()
    parts = []
    for queue in queues:
        some = _standing(queue, business_id, now, today).limit(MOST_COUNTED + 1).subquery()
        parts.append(select(literal(queue.name).label("queue"), func.count().label("n"),
                            func.min(some.c.due_from).label("due_from")).select_from(some))
    found = {row.queue: row for row in session.execute(union_all(*parts))}
    return [_count(queue, found[queue.name].n, found[queue.name].due_from, today, zone) for queue in queues]


def page(session: Session, queue: Queue, business_id: int, now: datetime, after: str = "",
         limit: int = PAGE) -> Page:
    """Give a part of the line; `after` is the place where the part before it ended."""
    place = _place(after)
    query = _ordered(queue, business_id, now, today_of(session, business_id, now))
    if place is not None:
        query = _behind(query, place)
    rows = session.execute(query.limit(limit + 1)).all()
    shown = [(str(item), since, due) for item, since, due in rows[:limit]]
    lines = queue.lines(session, business_id, [item for item, _, _ in shown])
    standing = tuple(
        Waiting(queue.name, queue.label, item, since, due + queue.within, lines[item])
        for item, since, due in shown if item in lines)
    more = _named(shown[-1][1], shown[-1][0]) if len(rows) > limit else ""
    return Page(standing, after=more, first=place is None)


def place_of(session: Session, queue: Queue, business_id: int, item: str, now: datetime) -> Place | None:
    """Tell where in the line an item stands; None when it does not wait any more, or not before a later day."""
    line = _standing(queue, business_id, now, today_of(session, business_id, now)).subquery()
    row = session.execute(select(line.c.item, line.c.since).where(line.c.item == item)).first()
    return None if row is None else (row.since, str(row.item))


def next_after(session: Session, queue: Queue, business_id: int, place: Place | None, now: datetime) -> str:
    """Name the item behind a place in the line, else the first of the line; "" when none is left."""
    query = _ordered(queue, business_id, now, today_of(session, business_id, now)).limit(1)
    behind = session.execute(_behind(query, place)).first() if place is not None else None
    row = behind or session.execute(query).first()
    return "" if row is None else str(row.item)


def mark_done(session: Session, access: StaffAccess, queue: Queue, item: str, now: datetime) -> None:
    """Mark an item as dealt with, once: the second of two colleagues is told. Takes the business's lock first.

    Raises Refusal conflict/queue_solved.
    """
    lock_business(session, access.business_id)
    if place_of(session, queue, access.business_id, item, now) is None:
        raise Refusal("conflict", "queue_solved")
    marks.put(session, access, queue.name, item, now)


def today_of(session: Session, business_id: int, now: datetime) -> date:
    """Tell which day it is where the business is."""
    return now.astimezone(zone_of(session, business_id)).date()


def zone_of(session: Session, business_id: int) -> ZoneInfo:
    """Give the zone in which a business counts its days."""
    return ZoneInfo(session.get_one(Business, business_id).timezone)


def _standing(queue: Queue, business_id: int, now: datetime, today: date) -> Select[str, datetime, datetime]:
    """What waits and is neither put off nor dealt with; a mark counts until something new happens to the item."""
    waiting = queue.waiting(business_id, now)
    item, since = waiting.selected_columns["item"], waiting.selected_columns["since"]
    later = and_(QueueMark.state == "later", QueueMark.until > today)
    hides = or_(QueueMark.state == "done", later) if queue.marks_close else later
    return waiting.where(~exists().where(
        QueueMark.business_id == business_id, QueueMark.queue == queue.name, QueueMark.item == item,
        QueueMark.at >= since, hides))


def _ordered(queue: Queue, business_id: int, now: datetime, today: date) -> Select[str, datetime, datetime]:
    query = _standing(queue, business_id, now, today)
    return query.order_by(query.selected_columns["since"], query.selected_columns["item"])


def _behind(query: Select[str, datetime, datetime], place: Place) -> Select[str, datetime, datetime]:
    since, item = query.selected_columns["since"], query.selected_columns["item"]
    return query.where(or_(since > place[0], and_(since == place[0], item > place[1])))


def _count(queue: Queue, n: int, due_from: datetime | None, today: date, zone: ZoneInfo) -> Count:
    due = None if due_from is None else due_from + queue.within
    return Count(queue.name, queue.label, min(n, MOST_COUNTED), n > MOST_COUNTED, due,
                 due is not None and due.astimezone(zone).date() <= today)


def _named(since: datetime, item: str) -> str:
    return f"{(since - EPOCH) // timedelta(microseconds=1)}.{item}"


def _place(after: str) -> Place | None:
    moment, _, item = after.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= LONGEST_MOMENT and item):
        return None
    return EPOCH + timedelta(microseconds=int(moment)), item
