"""Negotiates a plan: what the business's rules say to a wish. Pure; days, sums and working days are arguments.

The page shows what these rules answer, and the service asks them again under the debtor's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from portal.domain import schedules
from portal.domain.currencies import step
from portal.domain.errors import Refusal
from portal.domain.plan_rules import FREE_OF_CREDIT_LAW, Band, PlanRules
from portal.domain.schedules import FREQUENCIES, Frequency, IsOpen, Part

Answer = Literal["accepted", "nearest", "referred", "stopped"]
_WHOLE = 10_000
# The plan a page begins with, where the bounds allow it: so many payments, the first in so many days.
USUAL_COUNT, USUAL_DAYS = 4, 7


@dataclass(frozen=True)
class Wish:
    """What somebody chose: equal parts (their number, or the most of each), or days and sums of their own."""

    frequency: Frequency | None = None
    first_on: date | None = None
    count: int | None = None
    size_minor: int | None = None
    down_minor: int = 0
    parts: tuple[Part, ...] = ()
    autopay: bool = False

    @property
    def kind(self) -> str:
        """Tell equal or custom."""
        return "equal" if self.frequency else "custom"


@dataclass(frozen=True)
class Owed:
    """What a plan is to cover, in minor units, since when the oldest of it is due, and by what kind of debtor."""

    total_minor: int
    currency: str
    oldest_due_on: date
    consumer: bool


@dataclass(frozen=True)
class Told:
    """What the rules say: accepted, the nearest plan that fits, for a person to decide, or stopped by the law.

    `parts` is the schedule that was wished for, `nearest` the wish that would be accepted with its own schedule, and
    `why` the codes of what went beyond the bounds, each with its bound.
    """

    answer: Answer
    wish: Wish
    parts: tuple[Part, ...]
    why: tuple[tuple[str, int | date | str], ...] = ()
    nearest: Wish | None = None
    nearest_parts: tuple[Part, ...] = ()
    # Whether the wish itself may go to a person instead.
    may_ask: bool = True


def answer(rules: PlanRules, wish: Wish, owed: Owed, *, today: date, is_open: IsOpen) -> Told:
    """Answer a wish for a plan.

    Worked: 200.00 in four monthly parts fits the bounds of a new business and is accepted; in six it is 'nearest',
    with four. 2,000.00 goes to a person. Six parts of a consumer are stopped where the business does not confirm them.
    Raises Refusal for what no plan can be: see schedules.py, and plans_off, first_day_missing, count_missing.
    """
    if not rules.offered:
        raise Refusal("not_found", "plans_off")
    parts = schedule(wish, owed, today=today, is_open=is_open)
    band = rules.band(owed.total_minor, owed.currency, (today - owed.oldest_due_on).days)
    why = breaches(band, wish, parts, owed, today)
    law = owed.consumer and len(parts) > FREE_OF_CREDIT_LAW
    if law and rules.beyond_four == "stop":
        nearest, fitting = _nearest(band, wish, owed, today, is_open)
        return Told("stopped", wish, parts, (("law_four", FREE_OF_CREDIT_LAW), *_without(why, "most")),
                    nearest, fitting, may_ask=False)
    if law:
        return Told("referred", wish, parts, (("law_four", FREE_OF_CREDIT_LAW), *why))
    if not why:
        return Told("accepted" if band.automatic else "referred", wish, parts)
    if not band.automatic:
        return Told("referred", wish, parts, why)
    nearest, fitting = _nearest(band, wish, owed, today, is_open)
    return Told("nearest" if nearest else "referred", wish, parts, why, nearest, fitting)


def usual(rules: PlanRules, owed: Owed, *, today: date, is_open: IsOpen) -> Wish | None:
    """Choose the plan a page begins with: four months from next week on, or the nearest to it within the bounds.

    A band in which a person decides about each plan has bounds all the same. None where nothing fits them.
    """
    band = rules.band(owed.total_minor, owed.currency, (today - owed.oldest_due_on).days)
    first = today + timedelta(days=min(USUAL_DAYS, band.first_within_days))
    wish = Wish("monthly", first, min(band.most, USUAL_COUNT))
    return _nearest(replace(band, automatic=True), wish, owed, today, is_open)[0]


def check_law(rules: PlanRules, count: int, *, consumer: bool, by_person: bool) -> None:
    """Refuse what meets the rules on consumer credit and nobody may confirm, or nobody has confirmed."""
    if consumer and count > FREE_OF_CREDIT_LAW and not (rules.beyond_four == "owner" and by_person):
        raise Refusal("invalid", "plan_law_four")


def schedule(wish: Wish, owed: Owed, *, today: date, is_open: IsOpen) -> tuple[Part, ...]:
    """Work out the days and sums of a wish; raises Refusal for what no plan can be."""
    if wish.frequency is None:
        schedules.check_days(sorted(wish.parts, key=lambda part: part.due_on), today)
        parts = schedules.custom(owed.total_minor, owed.currency, wish.parts, is_open)
        schedules.check_days(parts, today)
        return parts
    if wish.first_on is None:
        raise Refusal("invalid", "first_day_missing")
    if wish.first_on < today or (wish.down_minor and wish.first_on == today):
        raise Refusal("invalid", "day_passed")
    if wish.first_on > today + schedules.FURTHEST:
        raise Refusal("invalid", "day_too_far", day=today + schedules.FURTHEST)
    parts = schedules.equal(owed.total_minor, owed.currency, wish.frequency, wish.first_on,
                            _count(wish, owed, _most(wish, today, is_open)), is_open, down=wish.down_minor, today=today)
    schedules.check_days(parts, today)
    return parts


def _most(wish: Wish, today: date, is_open: IsOpen) -> int:
    """Tell how many parts after a down payment a rhythm has room for."""
    assert wish.frequency is not None and wish.first_on is not None
    within = [day for day in schedules.days(wish.frequency, wish.first_on, schedules.MOST_PARTS, is_open)
              if day <= today + schedules.FURTHEST]
    return min(len(within), schedules.MOST_PARTS - (1 if wish.down_minor else 0))


def _count(wish: Wish, owed: Owed, most: int) -> int:
    """Tell how many parts follow the down payment; there is room for `most`."""
    if wish.size_minor is not None:
        schedules.check_size(owed.total_minor - wish.down_minor, wish.size_minor, owed.currency, most)
        count = schedules.parts_of_size(owed.total_minor - wish.down_minor, wish.size_minor)
        schedules.check_count(count)
        return count
    if wish.count is None or wish.count < 1:
        raise Refusal("invalid", "count_missing")
    schedules.check_count(wish.count)
    return wish.count


def breaches(band: Band, wish: Wish, parts: Sequence[Part], owed: Owed,
             today: date) -> tuple[tuple[str, int | date | str], ...]:
    """Name every bound a schedule goes beyond, with the bound; none when it fits."""
    found: list[tuple[str, int | date | str]] = []
    if wish.frequency is not None and wish.frequency not in band.frequencies:
        found.append(("frequency", band.frequencies[0]))
    if len(parts) > band.most:
        found.append(("most", band.most))
    if min(part.amount_minor for part in parts) < band.smallest_in(owed.currency):
        found.append(("smallest", band.smallest_in(owed.currency)))
    first = parts[1] if wish.down_minor and len(parts) > 1 else parts[0]
    if first.due_on > today + timedelta(days=band.first_within_days):
        found.append(("first", today + timedelta(days=band.first_within_days)))
    if parts[-1].due_on > today + timedelta(days=band.longest_days):
        found.append(("last", today + timedelta(days=band.longest_days)))
    least = least_down(band, owed)
    # Where a down payment is asked for, the first sum of one's own days is it if it comes at once.
    down = wish.down_minor if wish.frequency else (parts[0].amount_minor if parts[0].due_on == today else 0)
    if down < least:
        found.append(("down", least))
    return tuple(found)


def least_down(band: Band, owed: Owed) -> int:
    """Tell the least down payment in minor units, rounded up to what can be paid.

    Worked: 10 % of 333.33 is 33.34.
    """
    if not band.down_points:
        return 0
    unit = step(owed.currency)
    return max(-(-owed.total_minor * band.down_points // (_WHOLE * unit)) * unit, band.smallest_in(owed.currency))


def _nearest(band: Band, wish: Wish, owed: Owed, today: date,
             is_open: IsOpen) -> tuple[Wish | None, tuple[Part, ...]]:
    """Find the plan closest to a wish that the bounds accept at once; None when there is none."""
    if not band.automatic or not band.frequencies:
        return None, ()
    frequency = _closest(wish.frequency or "monthly", band.frequencies)
    down = max(wish.down_minor, least_down(band, owed))
    down = down if down < owed.total_minor else 0
    first = _first(wish, band, today, down)
    wanted = _wanted(wish, owed, down)
    most = band.most - (1 if down else 0)
    if owed.consumer:
        most = min(most, FREE_OF_CREDIT_LAW - (1 if down else 0))
    most = min(wanted, most, schedules.most_parts(owed.total_minor - down, band.smallest_in(owed.currency),
                                                  owed.currency))
    for day in (first, *_earlier(first, today)):
        for count in range(most, 0, -1):
            one = replace(wish, frequency=frequency, first_on=day, count=count, size_minor=None, down_minor=down,
                          parts=())
            found = _fitting(band, one, owed, today, is_open)
            if found:
                return one, found
    return None, ()


def _fitting(band: Band, wish: Wish, owed: Owed, today: date, is_open: IsOpen) -> tuple[Part, ...]:
    try:
        parts = schedule(wish, owed, today=today, is_open=is_open)
    except Refusal:
        return ()
    return () if breaches(band, wish, parts, owed, today) else parts


def _first(wish: Wish, band: Band, today: date, down: int) -> date:
    chosen = wish.first_on or min(part.due_on for part in wish.parts)
    earliest = today + timedelta(days=1) if down else today
    return max(earliest, min(chosen, today + timedelta(days=band.first_within_days)))


def _earlier(first: date, today: date) -> list[date]:
    """List days before the first one: a feast may push the furthest day of the bounds beyond them."""
    return [first - timedelta(days=back) for back in range(1, 15) if first - timedelta(days=back) > today]


def _wanted(wish: Wish, owed: Owed, down: int) -> int:
    if wish.size_minor:
        return schedules.parts_of_size(owed.total_minor - down, wish.size_minor)
    return wish.count or max(len(wish.parts) - (1 if down else 0), 1)


def _closest(frequency: Frequency, allowed: Sequence[Frequency]) -> Frequency:
    """Pick the allowed rhythm that is nearest; of two the slower one, which asks less at a time."""
    place = FREQUENCIES.index(frequency)
    return min(allowed, key=lambda one: (abs(FREQUENCIES.index(one) - place), -FREQUENCIES.index(one)))


def _without(why: Sequence[tuple[str, int | date | str]], code: str) -> list[tuple[str, int | date | str]]:
    return [one for one in why if one[0] != code]
