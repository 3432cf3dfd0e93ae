"""Of what a list is made: orders along an index, filters, columns; and what a page of it is once it was asked for.

Nothing here asks the database: walking.py does, and shown.py puts a page together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.domain.listing import Edge, Kind
from portal.services.lists.cells import Cell
from portal.words.core import Words
from portal.words.said import Said

Expression = ColumnElement[Any] | InstrumentedAttribute[Any]
# The columns of the rows that are walked, by the names filters know them by.
Columns = Mapping[str, Expression]
# What one column of an export holds.
Plain = str | int | Decimal | date | datetime | None
# A choice of a filter: its value in the address, and its text; marked for translation, or somebody's own words.
Option = tuple[str, str]


@dataclass(frozen=True)
class Context:
    """For whom, where and when a list is made: one business, in the words of the person at the desk."""

    business_id: int
    staff_id: int
    currency: str
    currencies: tuple[str, ...]
    people: tuple[Option, ...]
    words: Words
    now: datetime

    @property
    def today(self) -> date:
        """The business's day."""
        return self.words.local_date(self.now)


@dataclass(frozen=True)
class Walk:
    """An index to walk along: its columns by name, and the sets of conditions it answers by itself (one per branch)."""

    columns: Columns
    branches: Sequence[Sequence[ColumnElement[bool]]]
    # Names of the filters that the branches have answered already.
    answers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Order:
    """One way to sort: by a column of the walk that an index is in the order of. `key` names that column."""

    name: str
    kind: Kind
    key: str
    walk: Callable[[Context, Ask], Walk]
    # Which way it goes unless turned around.
    descending: bool
    # "Due %(first)s to %(last)s", and where the next and the previous page begin.
    span: str
    onward: str
    # Sums are of one currency then.
    one_currency: bool = False
    # Values of filters it goes with; the first is taken when nothing else was chosen.
    implies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Sorted by what a job keeps, which may be some minutes old.
    kept: bool = False
    # What it is called where no head of a column offers it.
    label: str = ""


@dataclass(frozen=True)
class Filter:
    """One choice that narrows a list. `test` gives what a row must fulfil; `on` names the one column it looks at."""

    name: str
    label: str
    options: Callable[[Context], Sequence[Option]]
    test: Callable[[Context, str, Columns], ColumnElement[bool] | None]
    on: str = ""
    # The value it has when nothing is chosen; "" shows everything.
    default: str = ""
    kind: Literal["choice", "day"] = "choice"
    # Texts of the options are people's own words.
    own_words: bool = False


@dataclass(frozen=True)
class Column:
    """One column: how it stands on the page, and what a file holds of it (by the names in the file's head)."""

    name: str
    label: str
    cell: Callable[[Context, Any], Cell] | None = None
    order: str = ""
    # Classes of its cells: `num` for figures, `c-a` … `c-e` for the place in a record on a phone.
    classes: str = ""
    # Row heading: the one cell by which a row is called.
    heads: bool = False
    plain: Mapping[str, Callable[[Context, Any], Plain]] = field(default_factory=dict)


@dataclass(frozen=True)
class ListOf:
    """A list: of what, how it is sorted, narrowed, searched, loaded and shown."""

    name: str
    title: str
    find_label: str
    orders: tuple[Order, ...]
    filters: tuple[Filter, ...]
    columns: tuple[Column, ...]
    # Finds by what was typed: sets of conditions on the walk's columns, each answered by an index; None: no such thing.
    hits: Callable[[Session, Context, str], Hits]
    load: Callable[[Session, Context, Sequence[int]], list[Any]]
    # Internal ids by the public ones; those of other businesses are not there.
    ids_of: Callable[[Session, Context, Sequence[str]], dict[str, int]]
    # What the head's sums add up, by currency: a column of the walk.
    sum_of: Callable[[Columns], ColumnElement[int]] | None
    # What a row's total in the table's foot is called, and how it is read off a row: (currency, minor).
    foot: str = ""
    foot_under: str = ""
    foot_sum: Callable[[Any], tuple[str, int]] | None = None
    bulk: tuple[str, ...] = ()
    empty: str = ""
    # The lines a row makes in a file; sums of several currencies never share one.
    lines: Callable[[Any], Sequence[Any]] = lambda row: (row,)

    def order(self, name: str) -> Order | None:
        """Give an order by its name."""
        return next((order for order in self.orders if order.name == name), None)

    def id_of(self, session: Session, context: Context, public_id: str) -> int | None:
        """Give the internal id of one of the business's things."""
        return self.ids_of(session, context, [public_id]).get(public_id)

    def filter(self, name: str) -> Filter | None:
        """Give a filter by its name."""
        return next((one for one in self.filters if one.name == name), None)


@dataclass(frozen=True)
class Hits:
    """What a search found: conditions by column name, each a set of ids; `more` says that not all could be seen."""

    ids: Mapping[str, frozenset[int]]
    more: bool = False

    @property
    def none(self) -> bool:
        """Nothing was found."""
        return not any(self.ids.values())


@dataclass(frozen=True)
class Ask:
    """What was asked for, checked: every value is one the list knows."""

    values: Mapping[str, str]
    q: str
    order: Order
    descending: bool
    after: Edge | None = None
    before: Edge | None = None

    def value(self, name: str) -> str:
        """Give a filter's value; "" when it shows everything."""
        return self.values.get(name, "")


@dataclass(frozen=True)
class Counted:
    """What matches: exactly so many with their sums by currency, or more than were counted."""

    number: int
    sums: Mapping[str, int]
    more: bool = False


@dataclass(frozen=True)
class Shown:
    """One page of a list: rows, what they add up to, and where the pages beside it begin."""

    rows: tuple[Any, ...]
    counted: Counted
    # Addresses' values of the next and the previous page; "" where there is none.
    onward: str
    back: str
    span: Said | None
    onward_text: Said | None
    back_text: Said | None
    # The rows looked at ran out before the page was full.
    cut: bool = False
    # The search found more than could be looked through.
    more_found: bool = False
