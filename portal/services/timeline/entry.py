"""What every source of the timeline speaks in: the columns it reads, and the entry it tells them as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, String, cast, literal, null, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.models.base import UtcDateTime
from portal.words.refusals import N_
from portal.words.said import Sayable, Sum

# What a reader may choose to see, by the word in the address; a source files each of its questions under one.
GROUPS: Mapping[str, str] = {
    "emails": N_("Emails"), "unsent": N_("Not sent"), "talk": N_("Calls and notes"), "money": N_("Money"),
    "visits": N_("Visits"), "changes": N_("Changes"),
}
NAMES = ("source", "at", "made_at", "id", "code", "word", "extra", "text", "ref", "amount", "currency", "until", "who")
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Scope:
    """Whose timeline it is, the time it is read at, and whether its reader may read why somebody asks for time."""

    business_id: int
    debtor_id: int
    now: datetime
    reads_reasons: bool = False


class Row(NamedTuple):
    """One thing that happened, as its source read it; what a column means is the source's own affair."""

    source: str
    at: datetime
    made_at: datetime
    id: int
    code: str
    word: str
    extra: str
    text: str
    ref: str
    amount: int
    currency: str
    until: datetime | None
    who: str

    @classmethod
    def of(cls, read: Sequence[Any]) -> Row:
        """Take a row as a database gives it; what is unknown becomes empty, so that sources need not ask twice."""
        texts = {"code", "word", "extra", "text", "ref", "currency", "who"}
        known: dict[str, Any] = {
            name: "" if value is None and name in texts else value for name, value in zip(NAMES, read, strict=True)}
        return cls(**known)

    @property
    def sum(self) -> Sum | None:
        """The amount of it, if it has one."""
        return Sum(self.amount, self.currency) if self.amount and self.currency else None


class Lead(NamedTuple):
    """A way on from an entry: an endpoint with its values, what the link says, and who may go there."""

    endpoint: str
    values: Mapping[str, str]
    text: str
    permission: str = "see"


@dataclass(frozen=True)
class Entry:
    """One entry as a page shows it. `kind` is in, bad, held, skip or ""; `quote` is somebody's own words.

    `by` names who of the staff did it; `only_day` says that nobody knows the hour: a day was written down.
    """

    at: datetime
    title: Sayable
    icon: str
    kind: str = ""
    lines: tuple[Sayable, ...] = ()
    amount: Sum | None = None
    quote: str = ""
    by: str = ""
    leads: tuple[Lead, ...] = ()
    only_day: bool = False


def reads(source: str, *, at: Column, id: Column, made_at: Column | None = None, amount: Column | None = None,
          until: Column | None = None, **texts: Column | str | None) -> Select[*tuple[Any, ...]]:
    """Begin a source's question: the columns all sources have, in one order, so that all can be asked as one."""
    given: dict[str, Any] = {"at": at, "made_at": at if made_at is None else made_at, "id": id}
    columns: list[Any] = [cast(literal(source), String).label("source")]
    for name in NAMES[1:]:
        if name in ("at", "made_at", "id"):
            columns.append(given[name].label(name))
        elif name == "amount":
            columns.append(cast(literal(0) if amount is None else amount, BigInteger).label(name))
        elif name == "until":
            columns.append((cast(null(), UtcDateTime()) if until is None else until).label(name))
        else:
            columns.append(_text(texts.pop(name, "")).label(name))
    assert not texts, f"no such column: {sorted(texts)}"
    return select(*columns)


def _text(value: Column | str | None) -> ColumnElement[str]:
    return cast(literal(value or ""), String) if value is None or isinstance(value, str) else cast(value, String)
