"""How much time a business gives by itself: more time, a pause in hard times, a promised day. Pure, days as arguments.

The page offers what these rules grant, and the service asks the same rules again under the debtor's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from portal.domain.errors import Refusal

Answer = Literal["accepted", "countered", "referred"]

LONGEST_WORDS = 2_000


@dataclass(frozen=True)
class Patience:
    """The bounds of a business: days from today, and how often within a year it grants time without asking anybody."""

    at_once_days: int
    longest_days: int
    times_a_year: int
    promise_days: int
    review_days: int


@dataclass(frozen=True)
class Told:
    """What the rules say to a wish: accepted until a day, a nearer day that fits, or that a person decides."""

    answer: Answer
    until: date | None


def latest_at_once(rules: Patience, today: date, granted: int) -> date | None:
    """Tell until when time is given at once; None where a person decides about every day.

    `granted` counts what the rules gave this debtor by themselves in the past year.
    """
    if rules.at_once_days <= 0 or granted >= rules.times_a_year:
        return None
    return today + timedelta(days=rules.at_once_days)


def more_time(rules: Patience, wanted: date, *, today: date, granted: int) -> Told:
    """Answer a wish for more time.

    Worked: 30 days at once, 90 at most, on November 1. December 1 is granted; December 15 is countered with
    December 1 and may go to a person; February 15 is refused. Raises Refusal: day_passed, day_too_far.
    """
    check_day(wanted, today, rules.longest_days)
    nearest = latest_at_once(rules, today, granted)
    if nearest is None:
        return Told("referred", None)
    return Told("accepted", wanted) if wanted <= nearest else Told("countered", nearest)


def promise(rules: Patience, day: date, *, today: date) -> date:
    """Take a promised day; the day itself still counts. Raises Refusal: promises_off, day_passed, day_too_far."""
    if rules.promise_days <= 0:
        raise Refusal("not_found", "promises_off")
    check_day(day, today, rules.promise_days)
    return day


def check_day(day: date, today: date, longest: int) -> None:
    """Refuse a day that is not ahead or lies further away than the business ever goes."""
    if day <= today:
        raise Refusal("invalid", "day_passed")
    if day > today + timedelta(days=longest):
        raise Refusal("invalid", "day_too_far", day=today + timedelta(days=longest))
