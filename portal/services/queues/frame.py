"""What a queue is: which items wait, how one is shown, and what staff can do about it. Each queue is one file beside.

Whether an item waits is one query along an index; whether staff have put it off or dealt with it is a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal.domain.money import Mark
from portal.domain.roles import StaffAccess
from portal.runtime import Runtime
from portal.words.core import Words
from portal.words.said import Said, Sayable, Sum

# The one name under which any item is put off until a day.
LATER = "later"


@dataclass(frozen=True)
class Typed:
    """What came with an answer: own words, a pick from what was shown, and the last thing that was read."""

    words: str = ""
    pick: str = ""
    seen: str = ""
    until: date | None = None
    # A sum as it was typed, and the decimal mark of whoever typed it.
    amount: str = ""
    mark: Mark = "."


@dataclass(frozen=True)
class Act:
    """One answer to an item. `takes` says what it reads: own words, a pick, a day, an amount.

    `do` does it and says what was done. One that `stays` does not solve the item; one with `proof` asks for a code.
    """

    code: str
    label: str
    do: Callable[[Runtime, StaffAccess, str, Typed], Sayable]
    key: str = ""
    look: str = ""
    takes: frozenset[str] = frozenset()
    stays: bool = False
    proof: bool = False


@dataclass(frozen=True)
class Line:
    """An item in a few words, as lists show it."""

    who: str
    gist: Sayable
    amount: Sum | None = None


@dataclass(frozen=True)
class Waiting:
    """A line with its place: waiting since, to be dealt with by."""

    queue: str
    label: str
    item: str
    since: datetime
    due: datetime
    line: Line


@dataclass(frozen=True)
class Quote:
    """Words somebody said. `by` is theirs, unchecked (theirs, if the address is true), ours, internal or unproven."""

    by: str
    who: Sayable
    words: str
    at: datetime


@dataclass(frozen=True)
class Fact:
    """One thing that is known, under its name; `where` is (endpoint, values) of the page that shows more.

    `dial` is a number that one press calls.
    """

    label: str
    value: Sayable
    where: tuple[str, Mapping[str, str]] | None = None
    dial: str = ""


@dataclass(frozen=True)
class Option:
    """One thing to pick: its value, what it is called, and what is known of it."""

    value: str
    label: Sayable
    hint: Sayable


@dataclass(frozen=True)
class Finder:
    """What can be picked on the page of an item: found by a search (None: nothing typed yet), or listed by itself."""

    label: str
    hint: str
    typed: str = ""
    found: tuple[Option, ...] | None = None
    # The question above what can be picked, and what is said when there is nothing.
    pick: str = ""
    none_found: str = ""
    searches: bool = True


class Scripted(Protocol):
    """What can be said on the phone, in the words of the person at the desk."""

    def paragraphs(self, words: Words) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Case:
    """One item in full: what they ask, what is known, what can be answered now.

    `closed` says what became of it when it no longer waits; then nothing can be done.
    """

    item: str
    title: Sayable
    about: Sayable
    debtor_id: str = ""
    quotes: tuple[Quote, ...] = ()
    facts: tuple[Fact, ...] = ()
    # What can be handed in elsewhere, ready to be copied.
    evidence: tuple[Sayable, ...] = ()
    finder: Finder | None = None
    script: Scripted | None = None
    acts: tuple[str, ...] = ()
    words_label: str = ""
    words_hint: str = ""
    advice: str = ""
    seen: str = ""
    closed: Sayable | None = None


@dataclass(frozen=True)
class Queue:
    """One kind of requests.

    `waiting` selects (item, since, due_from) of all that wait for a business, due `within` that time. `lines` words
    items by their names; `view` shows one and raises Refusal not_found for what is not this business's.
    """

    name: str
    label: str
    none_left: str
    permission: str
    place: int
    waiting: Callable[[int, datetime], Select[str, datetime, datetime]]
    lines: Callable[[Session, int, Sequence[str]], Mapping[str, Line]]
    view: Callable[[Session, StaffAccess, str, datetime, str], Case]
    acts: tuple[Act, ...]
    within: timedelta = timedelta()
    # Where a mark alone says that an item is dealt with; elsewhere the thing itself says so.
    marks_close: bool = True

    def act(self, code: str) -> Act | None:
        """Find an act by its code."""
        return next((act for act in self.acts if act.code == code), None)


@dataclass(frozen=True)
class Count:
    """How many wait in a queue; at most MOST_COUNTED are counted. `due` is the soonest deadline of those."""

    name: str
    label: str
    count: int
    more: bool
    due: datetime | None
    due_today: bool


@dataclass(frozen=True)
class Page:
    """A part of the line, and the names of the parts around it."""

    lines: tuple[Waiting, ...]
    after: str = ""
    first: bool = True


@dataclass(frozen=True)
class Solved:
    """What an answer led to: what is said about it, and the item that comes up next ("" when none is left)."""

    said: Sayable = field(default_factory=lambda: Said(""))
    next_item: str = ""
