"""Judges every email of a simulated year by what the product promises, knowing nothing of how the portal decides.

What a debtor said, paid and is paused for, and where they are, is told by the simulation that made it happen. None of
the portal's rules is asked: hours, days and sums are reckoned here anew.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes
from email.policy import default as modern
from zoneinfo import ZoneInfo

from proofs.harness import say
from proofs.postbox import Taken

INVOICE = re.compile(r"\bYR-\d+\b")
FIRST_HOUR, LAST_HOUR = 8, 21
NEW_YEAR, CHRISTMAS = (1, 1), (12, 25)
SATURDAY = 5
MOST_TOLD = 10


@dataclass
class Bill:
    """One invoice as the simulation knows it; minor units."""

    number: str
    id: int
    due_on: date
    left: int
    held: bool = False


@dataclass
class Person:
    """One debtor as the simulation knows them; `zones` are all places they may be, the likeliest first."""

    number: int
    debtor_id: int
    business: int
    address: str
    zones: tuple[str, ...]
    bills: list[Bill] = field(default_factory=list)
    opted_out: bool = False
    not_them: bool = False
    held: bool = False
    paused: bool = False


@dataclass(frozen=True)
class Row:
    """What the portal wrote down about an email: its class, and for which invoices it is which step."""

    message_class: str
    steps: frozenset[tuple[int, int]]


class Checker:
    """Looks at each email at the moment it is handed over."""

    def __init__(self) -> None:
        self.wrong: Counter[str] = Counter()
        self.asked = 0
        self.written_to: set[int] = set()
        self._days: dict[int, set[date]] = defaultdict(set)
        self._steps: set[tuple[int, int]] = set()

    def judge(self, mail: Taken, row: Row | None, person: Person | None) -> None:
        """Find everything that is wrong with one email."""
        if row is None or person is None:
            self._note("nobody_knows_it", mail, person)
            return
        if mail.to != person.address or person.not_them:
            self._note("wrong_address", mail, person)
        if row.message_class != "collecting":
            return
        self.asked += 1
        self.written_to.add(person.number)
        for reason in self._reasons(mail, row, person):
            self._note(reason, mail, person)

    def _reasons(self, mail: Taken, row: Row, person: Person) -> list[str]:
        found = []
        if any(not FIRST_HOUR <= mail.at.astimezone(ZoneInfo(zone)).hour < LAST_HOUR for zone in person.zones):
            found.append("quiet_hours")
        if person.opted_out:
            found.append("opted_out")
        if person.paused:
            found.append("paused")
        found += self._sums(mail, person)
        today = mail.at.astimezone(ZoneInfo(person.zones[0])).date()
        if today.weekday() >= SATURDAY or (today.month, today.day) in (NEW_YEAR, CHRISTMAS):
            found.append("closed_day")
        if today in self._days[person.number]:
            found.append("twice_a_day")
        self._days[person.number].add(today)
        if row.steps & self._steps:
            found.append("same_step")
        if not row.steps:
            found.append("no_step")
        self._steps |= row.steps
        return found

    def _sums(self, mail: Taken, person: Person) -> list[str]:
        owed = [bill for bill in person.bills if bill.left > 0]
        if not owed:
            return ["paid"]
        if person.held or all(bill.held for bill in owed):
            return ["held"]
        known = {bill.number: bill for bill in person.bills}
        named = _named(mail)
        if not named:
            return ["names_nothing"]
        if any(number not in known for number in named):
            return ["names_a_stranger's"]
        if any(known[number].left <= 0 for number in named):
            return ["names_paid"]
        return ["names_held"] if any(known[number].held for number in named) else []

    def _note(self, reason: str, mail: Taken, person: Person | None) -> None:
        self.wrong[reason] += 1
        if sum(self.wrong.values()) <= MOST_TOLD:
            where = person.zones[:1] if person else ()
            say(f"WRONG: {reason}: {mail.at.isoformat()} to {mail.to} in {where}, {sorted(_named(mail))}")


def _named(mail: Taken) -> set[str]:
    """The invoices an email speaks of."""
    body = message_from_bytes(mail.raw, policy=modern).get_body(preferencelist=("plain",))
    return set(INVOICE.findall(str(body.get_content()))) if body is not None else set()

