"""What is agreed on or waits to be, as a part of what happens next: installments to come, and wishes for a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import Row

MOST_OF_A_PLAN = 3
Rows = Mapping[str, Sequence[Row[*tuple[Any, ...]]]]


class Days(Protocol):
    """Whoever knows on which day of a reader's a moment lies."""

    def local_date(self, moment: datetime) -> date: ...


@dataclass(frozen=True)
class Installment:
    """A payment of a running plan that is still to come; minor units.

    `by_itself` says that its plan is to be charged; `method` and `last4` name what is charged, where it is saved, and
    `try_at` when that is tried. While what it pays is `held` it is not.
    """

    plan: str
    due_on: date
    amount_minor: int
    currency: str
    by_itself: bool
    try_at: datetime | None
    method: str
    last4: str
    held: bool = False

    @property
    def charged(self) -> bool:
        return bool(self.method) and self.try_at is not None and not self.held

    @property
    def waits(self) -> bool:
        return bool(self.method) and self.held

    @property
    def lacks_method(self) -> bool:
        return self.by_itself and not self.method

    def day(self, words: Days) -> date:
        """The day it is paid on: an installment is never charged before the day that was agreed on."""
        if self.charged and self.try_at is not None:
            return max(self.due_on, words.local_date(self.try_at))
        return self.due_on


@dataclass(frozen=True)
class Wish:
    """A plan or settlement that waits for an answer (`asked`) or for its signature (`countered`); minor units.

    `agreed` says that what was wished for was accepted, not that something else was proposed instead.
    """

    public_id: str
    kind: str
    state: str
    agreed: bool
    amount_minor: int
    currency: str
    answer_by: datetime | None
    # A plan is signed before this moment, a settlement on its last day at the latest.
    sign_before: datetime | None
    last_day: date | None
    # What came on top of the plan it would take the place of; 0 where it is none.
    added_minor: int = 0

    def sign_by(self, words: Days) -> date | None:
        """The last day on which it can be signed."""
        return words.local_date(self.sign_before) if self.sign_before else self.last_day


@dataclass(frozen=True)
class Agreed:
    """All of it for one debtor, whether they have signed anything here, and the dispute that was answered last."""

    installments: tuple[Installment, ...] = ()
    wishes: tuple[Wish, ...] = ()
    signed: bool = False
    answered: str = ""


NOTHING_AGREED = Agreed()


def read(found: Rows) -> Agreed:
    """Put together what the rows of "what happens next" say of it; of each plan the next few installments."""
    rows = sorted(found.get("installment", ()), key=lambda row: (row.day, row.a))
    mine = [_installment(row) for row in rows]
    shown = [one for place, one in enumerate(mine)
             if sum(other.plan == one.plan for other in mine[:place]) < MOST_OF_A_PLAN]
    wishes = [_wish(row) for row in sorted(found.get("wish", ()), key=lambda row: row.a)]
    return Agreed(tuple(shown), tuple(wishes), bool(found.get("signed")), max(
        ((row.at, row.text) for row in found.get("answered", ())), default=(None, ""))[1])


def _installment(row: Row[*tuple[Any, ...]]) -> Installment:
    method, _, last4 = (row.word or "").rpartition("|")
    return Installment(row.text, row.day, row.d, row.more, bool(row.b), row.at, method, last4, bool(row.c))


def _wish(row: Row[*tuple[Any, ...]]) -> Wish:
    state, _, kind = row.word.partition("|")
    return Wish(row.text, kind, state, bool(row.b), row.d, row.more, row.at, row.until, row.day, row.c or 0)
