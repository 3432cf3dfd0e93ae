"""Puts a page of a list together: what was asked for, the rows, what they add up to, and the ways on and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.listing import BULK_MOST, PAGE, Edge, Key, write_edge
from portal.domain.roles import PERMISSIONS, StaffAccess
from portal.models import LedgerAccount, Membership, Staff
from portal.runtime import Runtime
from portal.services.lists import asking, walking
from portal.services.lists.asking import Asked
from portal.services.lists.cells import At, Short
from portal.services.lists.frame import Ask, Context, ListOf, Order, Shown
from portal.services.lists.walking import Start, Walked
from portal.words.core import Words
from portal.words.said import Plain, Said, Sum

BATCH = 500


def context_of(session: Session, access: StaffAccess, currency: str, words: Words, now: datetime) -> Context:
    """Gather for whom a list is made: the business's currencies and who works there."""
    currencies = session.scalars(
        select(LedgerAccount.currency).where(
            LedgerAccount.business_id == access.business_id, LedgerAccount.kind == "sales",
            LedgerAccount.owner == "").order_by(LedgerAccount.currency)).all()
    people = session.execute(
        select(Staff.public_id, Staff.name).join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.business_id == access.business_id, Membership.ended_at.is_(None),
               Membership.role.in_(sorted(PERMISSIONS["work"])), Staff.disabled_at.is_(None))
        .order_by(Staff.name, Staff.id)).all()
    others = tuple(one for one in currencies if one != currency)
    return Context(access.business_id, access.staff_id, currency, (currency, *others),
                   tuple((person[0], person[1]) for person in people), words, now)


def page(session: Session, context: Context, wanted: ListOf, ask: Ask) -> Shown:
    """Give one page of a list; raises Refusal invalid/list_edge when the row it begins beside is not there."""
    hits = wanted.hits(session, context, ask.q) if ask.q else None
    start = _start(session, context, wanted, ask)
    walked = walking.walk(session, context, wanted, ask, hits, start, PAGE)
    ids = [id_ for id_, _ in walked.rows]
    rows = tuple(wanted.load(session, context, ids)) if ids else ()
    counted = walking.count(session, context, wanted, ask, hits)
    onward, back = _ways(ask, walked, {row.id: row.public_id for row in rows}, start, session, context, wanted)
    first, last = (walked.rows[0][1], walked.rows[-1][1]) if walked.rows else (None, None)
    return Shown(
        rows, counted, onward, back, span=_said(context, ask.order, ask.order.span, first=first, last=last),
        onward_text=_said(context, ask.order, ask.order.onward, edge=walked.cut[1] if walked.cut else last),
        back_text=None, cut=walked.cut is not None, more_found=bool(hits and hits.more))


def matching(session: Session, context: Context, wanted: ListOf, ask: Ask) -> list[int] | None:
    """Give the ids of all that match, as long as one act may take that many; None when there are more."""
    hits = wanted.hits(session, context, ask.q) if ask.q else None
    if hits is not None and hits.more:
        return None
    walked = walking.walk(session, context, wanted, ask, hits, Start(), BULK_MOST)
    return None if walked.more or walked.cut else [id_ for id_, _ in walked.rows]


def batches(rt: Runtime, context: Context, wanted: ListOf, ask: Ask) -> Iterator[list[Any]]:
    """Give all that match in order, some hundreds at a time, each batch from a short transaction of its own.

    Raises Refusal conflict/list_search_wide when a search finds more than it can look through.
    """
    start, hits = Start(), None
    with rt.db.reading() as session:
        if ask.q:
            hits = wanted.hits(session, context, ask.q)
            if hits.more:
                raise Refusal("conflict", "list_search_wide")
    while True:
        with rt.db.reading() as session:
            walked = walking.walk(session, context, wanted, ask, hits, start, BATCH)
            rows = wanted.load(session, context, [id_ for id_, _ in walked.rows])
        if rows:
            yield rows
        if walked.more:
            start = Start(walked.rows[-1][1], walked.rows[-1][0])
        elif walked.cut:
            start = Start(walked.cut[1], walked.cut[0])
        else:
            return


def read(rt: Runtime, access: StaffAccess, currency: str, words: Words, wanted: ListOf,
         raw: Mapping[str, str]) -> tuple[Context, Asked, Shown | None]:
    """Answer an address: who asks, what they ask for, and the page; no page when something in it is wrong."""
    access.require("see")
    with rt.db.reading() as session:
        context = context_of(session, access, currency, words, rt.now())
        asked = asking.read(wanted, context, raw)
        if asked.errors:
            return context, asked, None
        try:
            return context, asked, page(session, context, wanted, asked.ask)
        except Refusal as refusal:
            return context, Asked(asked.ask, asked.typed, {"page": refusal}), None


def _start(session: Session, context: Context, wanted: ListOf, ask: Ask) -> Start:
    edge = ask.after or ask.before
    if edge is None:
        return Start()
    found = wanted.id_of(session, context, edge.public_id)
    if found is None:
        raise Refusal("invalid", "list_edge")
    return Start(edge.key, found, backward=ask.before is not None)


def _ways(ask: Ask, walked: Walked, names: Mapping[int, str], start: Start, session: Session, context: Context,
          wanted: ListOf) -> tuple[str, str]:
    """The edges at which the next and the previous page begin."""
    def edge(row: tuple[int, Key]) -> str:
        public_id = names.get(row[0]) or wanted.load(session, context, [row[0]])[0].public_id
        return write_edge(Edge(asking.spelled(ask), row[1], public_id))

    came_from = ask.before or ask.after
    if not walked.rows and not walked.cut:
        return ("", "") if came_from is None else ("", "") if start.backward else ("", write_edge(came_from))
    on_there = bool(ask.before) or walked.more or walked.cut is not None
    back_there = bool(ask.after) if not start.backward else walked.more or walked.cut is not None
    furthest = walked.cut if walked.cut and not start.backward else (walked.rows[-1] if walked.rows else None)
    nearest = walked.cut if walked.cut and start.backward else (walked.rows[0] if walked.rows else None)
    onward = edge(furthest) if on_there and furthest else write_edge(came_from) if on_there and came_from else ""
    back = edge(nearest) if back_there and nearest else write_edge(came_from) if back_there and came_from else ""
    return onward, back


def _said(context: Context, order: Order, text: str, **keys: Key | None) -> Said | None:
    values = {name: _key(context, order, key) for name, key in keys.items() if key is not None}
    return Said(text, values) if len(values) == len(keys) else None


def _key(context: Context, order: Order, key: Key) -> object:
    if order.kind == "sum" and isinstance(key, int):
        return Sum(key, context.currency).by(context.words)
    if isinstance(key, datetime):
        return At(key).by(context.words)
    return Short(key).by(context.words) if isinstance(key, date) else Plain(str(key)).by(context.words)


