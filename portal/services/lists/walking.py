"""Asks for pages of a list along an index: a bounded number of rows, however long the table is.

The rows of an index are walked in a fenced subquery; what no index answers is tested on those rows alone, by
subqueries of one row each, so that no plan ever turns to reading a whole table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select, tuple_, union, union_all
from sqlalchemy.orm import Session

from portal.domain.listing import COUNTED, LOOKED_AT, Key
from portal.services.lists.frame import Ask, Columns, Context, Counted, Expression, Hits, ListOf, Walk


@dataclass(frozen=True)
class Start:
    """Beside which row a walk begins, and which way it goes."""

    key: Key | None = None
    id: int = 0
    backward: bool = False


@dataclass(frozen=True)
class Walked:
    """Ids in order with what they are sorted by; `cut` is the last row that was looked at when the looking stopped."""

    rows: tuple[tuple[int, Key], ...]
    more: bool
    cut: tuple[int, Key] | None = None


def walk(session: Session, context: Context, wanted: ListOf, ask: Ask, hits: Hits | None, start: Start,
         limit: int) -> Walked:
    """Give the next rows that match, in order, and whether there are more."""
    if hits is not None and hits.none:
        return Walked((), more=False)
    falling = ask.descending != start.backward
    road = ask.order.walk(context, ask)
    tests = bool(_tests(context, wanted, ask, road, road.columns))
    reach = LOOKED_AT if tests else limit + 1
    rows = _rows(context, wanted, ask, road, hits, start, falling, reach)
    query = _ordered(
        select(rows.c.id, rows.c[ask.order.key]).where(*_tests(context, wanted, ask, road, _columns(rows))),
        rows.c[ask.order.key], rows.c.id, falling).limit(limit + 1)
    found = [(int(id_), _key(key)) for id_, key in session.execute(query)]
    cut = None
    if tests and len(found) <= limit and hits is None:
        last = session.execute(_ordered(
            select(rows.c.id, rows.c[ask.order.key]), rows.c[ask.order.key], rows.c.id, falling)
            .offset(reach - 1).limit(1)).one_or_none()
        cut = (int(last[0]), _key(last[1])) if last is not None else None
    kept = found[:limit]
    return Walked(tuple(reversed(kept) if start.backward else kept), more=len(found) > limit, cut=cut)


def count(session: Session, context: Context, wanted: ListOf, ask: Ask, hits: Hits | None) -> Counted:
    """Count what matches, with its sums, up to a bound."""
    if hits is not None and hits.none:
        return Counted(0, {})
    road = ask.order.walk(context, ask)
    tests = bool(_tests(context, wanted, ask, road, road.columns))
    reach = LOOKED_AT if tests else COUNTED + 1
    rows = _rows(context, wanted, ask, road, hits, Start(), ask.descending, reach)
    columns = _columns(rows)
    amount: ColumnElement[Any] = wanted.sum_of(columns) if wanted.sum_of else literal(0)
    matching = (
        select(columns["currency"].label("currency") if "currency" in columns else literal("").label("currency"),
               amount.label("amount"))
        # Named, because the tests of a row find their row by it.
        .select_from(rows)
        .where(*_tests(context, wanted, ask, road, columns)).limit(COUNTED + 1)).subquery()
    sums = session.execute(
        select(matching.c.currency, func.count(), func.sum(matching.c.amount)).group_by(matching.c.currency)
        .order_by(matching.c.currency)).all()
    number = sum(int(row[1]) for row in sums)
    more = number > COUNTED
    if tests and not more and hits is None:
        more = session.execute(select(rows.c.id).offset(reach - 1).limit(1)).one_or_none() is not None
    return Counted(min(number, COUNTED), {row[0]: int(row[2]) for row in sums}, more=more)


def _rows(context: Context, wanted: ListOf, ask: Ask, road: Walk, hits: Hits | None, start: Start, falling: bool,
          reach: int) -> Subquery:
    """The rows a page may look at: of the index from where it starts, or all that a search found from there on."""
    key, id_ = road.columns[ask.order.key], road.columns["id"]
    selected = [column.label(name) for name, column in road.columns.items()]
    inner = _inner(context, wanted, ask, road.columns) + _beyond(key, id_, start, falling)
    if hits is not None:
        parts = [
            select(*selected).where(*branch, *inner, road.columns[name].in_(sorted(ids)))
            for branch in road.branches for name, ids in hits.ids.items() if ids]
        return (union(*parts) if len(parts) > 1 else parts[0].distinct()).subquery()
    walks = [_ordered(select(*selected).where(*branch, *inner), key, id_, falling).limit(reach)
             for branch in road.branches]
    if len(walks) == 1:
        return walks[0].subquery()
    merged = union_all(*(select(one.subquery()) for one in walks)).subquery()
    return _ordered(select(merged), merged.c[ask.order.key], merged.c.id, falling).limit(reach).subquery()


def _ordered(query: Select[Any], key: Expression, id_: Expression, falling: bool) -> Select[Any]:
    return query.order_by(key.desc(), id_.desc()) if falling else query.order_by(key, id_)


def _beyond(key: Expression, id_: Expression, start: Start, falling: bool) -> list[ColumnElement[bool]]:
    if start.key is None:
        return []
    here = tuple_(literal(start.key, key.type), literal(start.id, id_.type))
    return [tuple_(key, id_) < here if falling else tuple_(key, id_) > here]


def _inner(context: Context, wanted: ListOf, ask: Ask, columns: Columns) -> list[ColumnElement[bool]]:
    """Filters on what the index is in the order of: they bound the walk itself."""
    return [test for one in wanted.filters if one.on == ask.order.key and ask.value(one.name)
            and (test := one.test(context, ask.value(one.name), columns)) is not None]


def _tests(context: Context, wanted: ListOf, ask: Ask, road: Walk, columns: Columns) -> list[ColumnElement[bool]]:
    """All other filters; tested row by row."""
    mine = [one for one in wanted.filters
            if ask.value(one.name) and one.on != ask.order.key and one.name not in road.answers]
    tests = (one.test(context, ask.value(one.name), columns) for one in mine)
    return [test for test in tests if test is not None]


def _columns(rows: Subquery) -> Columns:
    return dict(rows.c.items())


def _key(key: Any) -> Key:
    found: Key = key
    return found
