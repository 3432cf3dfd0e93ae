"""One timeline of everything that happened with a debtor, newest first, put together from sources.

Each source is one file here with `selects(scope)`, its questions by group, and `tell(row)`, its words; the file's name
is the beginning of its rows' `source`. A feature joins by adding a file. All sources are asked in one query, and the
next page begins where this one ends, so that the thousandth page costs what the first does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from portal.models import AuditEvent, Staff
from portal.services.timeline.entry import GROUPS, Entry, Row, Scope

PAGE = 25
# Counting stops here: "1,000 or more" is as good to know as the exact number, and costs always the same.
MOST_COUNTED = 1_000
NOT_SOURCES = {"entry"}
REASON = "notes:reason"
# Moves that an act brings about by itself; its reason belongs to the act.
FOLLOWING = ("credit_used", "credit_returned", "discount", "discount_unearned", "settled", "settled_unearned",
             "tax_credit")


@dataclass(frozen=True)
class Timeline:
    """One page: its entries, how many there are in each group, and the mark the older page begins at."""

    entries: Sequence[Entry]
    counts: Mapping[str, int]
    chosen: str
    older: str
    is_newest: bool

    @property
    def total(self) -> int:
        """How many there are in all groups."""
        return sum(self.counts.values())


def page(session: Session, scope: Scope, *, group: str = "", before: str = "") -> Timeline:
    """Give one page of a debtor's timeline: all of it or one group, the newest or what came before a mark.

    A group or a mark that is none of ours is passed over.
    """
    chosen = group if group in GROUPS else ""
    mark = _read(before)
    rows = _rows(session, scope, chosen, mark)
    shown = rows[:PAGE]
    older = _written(shown[-1]) if len(rows) > PAGE else ""
    return Timeline(_entries(session, scope, shown), _counts(session, scope), chosen, older, mark is None)


def is_mark(text: str) -> bool:
    """Say whether a text from an address is the beginning of a page."""
    return _read(text) is not None


@cache
def _sources() -> Mapping[str, ModuleType]:
    return {module.name: import_module(f"{__name__}.{module.name}")
            for module in iter_modules(__path__) if module.name not in NOT_SOURCES}


def _selects(scope: Scope, group: str) -> list[tuple[str, Select[*tuple[Any, ...]]]]:
    found = []
    for module in _sources().values():
        for name, selects in module.selects(scope).items():
            if group in ("", name):
                found += [(name, one) for one in selects]
    return found


def _rows(session: Session, scope: Scope, group: str, mark: tuple[datetime, str, int] | None) -> list[Row]:
    parts = []
    for _, one in _selects(scope, group):
        source = one.subquery()
        newest = select(source).order_by(source.c.at.desc(), source.c.id.desc()).limit(PAGE + 1)
        if mark is not None:
            newest = newest.where(_older_than(source.c, mark))
        parts.append(select(newest.subquery()))
    if not parts:
        return []
    both = union_all(*parts).subquery()
    query = select(both).order_by(both.c.at.desc(), both.c.source.desc(), both.c.id.desc()).limit(PAGE + 1)
    return [Row.of(row) for row in session.execute(query)]


def _older_than(columns: Any, mark: tuple[datetime, str, int]) -> ColumnElement[bool]:
    at, source, id = mark
    return or_(columns.at < at, and_(columns.at == at, or_(
        columns.source < source, and_(columns.source == source, columns.id < id))))


def _counts(session: Session, scope: Scope) -> dict[str, int]:
    counted = []
    for name, one in _selects(scope, ""):
        few = select(one.subquery().c.id).limit(MOST_COUNTED).subquery()
        counted.append(select(literal(name).label("name"), func.count().label("n")).select_from(few))
    whole = union_all(*counted).subquery()
    found = dict(session.execute(select(whole.c.name, func.sum(whole.c.n)).group_by(whole.c.name)).all())
    return {name: min(MOST_COUNTED, int(found.get(name) or 0)) for name in GROUPS}


def _entries(session: Session, scope: Scope, rows: Sequence[Row]) -> list[Entry]:
    """Tell each row by its source, and join to an act the reason that was written with it at the same moment."""
    reasons = {row.made_at: row for row in rows if row.source == REASON}
    chiefs = _chiefs(rows)
    people = _people(session, scope, rows)
    entries = []
    for row in rows:
        if row.source == REASON and row.made_at in chiefs:
            continue
        told: Entry = _sources()[row.source.partition(":")[0]].tell(row)
        if chiefs.get(row.made_at) is row:
            reason = reasons.get(row.made_at)
            told = _joined(told, _sources()["notes"].tell(reason)) if reason is not None else told
            told = replace(told, by=told.by or people.get(row.made_at, ""))
        entries.append(told)
    return entries


def _chiefs(rows: Sequence[Row]) -> dict[datetime, Row]:
    """Choose for each moment the row that names the act itself, among those of what followed from it."""
    found: dict[datetime, Row] = {}
    for row in rows:
        if row.source != REASON and (row.made_at not in found or (_follows(found[row.made_at]) and not _follows(row))):
            found[row.made_at] = row
    return found


def _follows(row: Row) -> bool:
    return row.code in FOLLOWING or row.source.startswith(("messages:", "visits:"))


def _joined(act: Entry, reason: Entry) -> Entry:
    return replace(act, lines=(*act.lines, *reason.lines), quote=act.quote or reason.quote, by=act.by or reason.by)


def _people(session: Session, scope: Scope, rows: Sequence[Row]) -> dict[datetime, str]:
    """Tell who of the staff acted at the moments of a page, from the audit trail."""
    if not rows:
        return {}
    moments = [row.made_at for row in rows]
    query = (
        select(AuditEvent.at, Staff.name).join(Staff, Staff.public_id == AuditEvent.actor_id)
        .where(AuditEvent.debtor_id == scope.debtor_id, AuditEvent.business_id == scope.business_id,
               AuditEvent.actor_kind == "staff", AuditEvent.at.between(min(moments), max(moments))))
    return dict(session.execute(query).all())


def _written(row: Row) -> str:
    return f"{row.at.astimezone(UTC):%Y%m%dT%H%M%S%f}.{row.source}.{row.id}"


def _read(text: str) -> tuple[datetime, str, int] | None:
    parts = text.split(".")
    if len(text) > 80 or len(parts) != 3 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 19):
        return None
    try:
        at = datetime.strptime(parts[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return at, parts[1], int(parts[2])
