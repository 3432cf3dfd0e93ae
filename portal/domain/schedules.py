"""Schedules of plans: on which days which part is paid. Pure; whether a day is a working day is asked of the caller.

Months are always added to the first day itself, so the 31st is the last day of a short month and the 31st again
after it. A part that falls on a day of rest waits for the next working day; none is ever earlier than planned.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.money import split_evenly

Frequency = Literal["weekly", "two_weeks", "twice_a_month", "monthly"]
FREQUENCIES: tuple[Frequency, ...] = ("weekly", "two_weeks", "twice_a_month", "monthly")
IsOpen = Callable[[date], bool]

# Nobody signs for longer or in smaller steps than this, whatever a business allows.
MOST_PARTS = 120
FURTHEST = timedelta(days=5 * 366)
HALF_A_MONTH = 15
# A country may rest for a long feast; longer than this only a wrong calendar does.
LONGEST_REST = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One installment of a schedule: its day and its sum in minor units."""

    due_on: date
    amount_minor: int


def every_day(_day: date) -> bool:
    """Say that any day will do."""
    return True


def equal(total: int, currency: str, frequency: Frequency, first: date, count: int, is_open: IsOpen = every_day, *,
          down: int = 0, today: date | None = None) -> tuple[Part, ...]:
    """Split a sum into `count` equal parts, after a down payment that is due `today`.

    Worked: 100.00 in three from January 31 is 33.34 on January 31, 33.33 on February 28, 33.33 on March 31 (2025:
    Friday, Friday, Monday). Parts differ by one minor unit at most (by one payable step where a currency has larger
    ones). Raises Refusal: sum_not_payable, too_many_parts, too_few_parts, part_too_small, down_too_large.
    """
    check_total(total, currency)
    if down % step(currency):
        raise Refusal("invalid", "down_not_payable", step=step(currency), currency=currency)
    if down < 0 or down >= total:
        raise Refusal("invalid", "down_too_large", amount=total, currency=currency)
    if down and today is None:
        raise ValueError("a down payment needs the day it is made on")
    check_count(count + (1 if down else 0))
    if count < 1:
        raise Refusal("invalid", "too_few_parts")
    amounts = split_evenly(total - down, count, step(currency))
    parts = tuple(Part(on, minor) for on, minor in zip(days(frequency, first, count, is_open), amounts, strict=True))
    if down:
        assert today is not None
        parts = (Part(today, down), *parts)
    check_sizes(parts, currency)
    return parts


def parts_of_size(rest: int, size: int) -> int:
    """Tell into how many equal parts a sum falls when none may be larger than `size`.

    Worked: 450.00 with at most 100.00 each time is 5 parts (of 90.00).
    """
    if size < 1:
        raise Refusal("invalid", "size_missing")
    return -(-rest // size)


def custom(total: int, currency: str, wished: Sequence[Part], is_open: IsOpen = every_day) -> tuple[Part, ...]:
    """Take days and sums as somebody chose them, in the order of their days, on working days.

    Raises Refusal: too_few_parts, too_many_parts, day_twice, sum_differs, part_too_small, sum_not_payable.
    """
    check_total(total, currency)
    check_count(len(wished))
    if not wished:
        raise Refusal("invalid", "too_few_parts")
    in_order = sorted(wished, key=lambda part: part.due_on)
    if len({part.due_on for part in in_order}) < len(in_order):
        raise Refusal("invalid", "day_twice")
    for part in in_order:
        if part.amount_minor % step(currency):
            raise Refusal("invalid", "part_not_payable", step=step(currency), currency=currency)
    parts = tuple(Part(on, part.amount_minor) for on, part in zip(
        working_days([part.due_on for part in in_order], is_open), in_order, strict=True))
    check_sizes(parts, currency)
    chosen = sum(part.amount_minor for part in parts)
    if chosen != total:
        raise Refusal("invalid", "sum_differs", amount=chosen, expected=total, currency=currency)
    return parts


def days(frequency: Frequency, first: date, count: int, is_open: IsOpen = every_day) -> list[date]:
    """List the working days of `count` parts from a first day on."""
    return working_days(planned_days(frequency, first, count), is_open)


def planned_days(frequency: Frequency, first: date, count: int) -> list[date]:
    """List the days as the calendar counts them, before days of rest are stepped over."""
    if frequency == "weekly":
        return [first + timedelta(days=7 * place) for place in range(count)]
    if frequency == "two_weeks":
        return [first + timedelta(days=14 * place) for place in range(count)]
    if frequency == "monthly":
        return [add_months(first, place) for place in range(count)]
    return _twice_a_month(first, count)


def add_months(first: date, months: int) -> date:
    """Give the same day of a later month, or the last one of a shorter: January 31 and one is February 28 or 29."""
    year, month = divmod(first.month - 1 + months, 12)
    return on_day(first.year + year, month + 1, first.day)


def on_day(year: int, month: int, day: int) -> date:
    """Give a day of a month, or its last one where it is shorter."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def _twice_a_month(first: date, count: int) -> list[date]:
    """Count a day and the one half a month from it: the 1st and 16th, the 15th and 30th, the 16th and 31st."""
    begins_late = first.day > HALF_A_MONTH
    early = first.day - HALF_A_MONTH if begins_late else first.day
    found = []
    for place in range(count):
        months, late = divmod(place + begins_late, 2)
        year, month = divmod(first.month - 1 + months, 12)
        found.append(on_day(first.year + year, month + 1, early + HALF_A_MONTH * late))
    return found


def working_days(planned: Sequence[date], is_open: IsOpen) -> list[date]:
    """Move each day that is no working day to the next one; two never fall on the same day."""
    found: list[date] = []
    for day in planned:
        earliest = day if not found or day > found[-1] else found[-1] + timedelta(days=1)
        found.append(next_open(earliest, is_open))
    return found


def next_open(day: date, is_open: IsOpen) -> date:
    """Give a day itself if it is a working day, or the next one after it."""
    for _ in range(LONGEST_REST):
        if is_open(day):
            return day
        day += timedelta(days=1)
    raise ValueError("no working day within weeks: this calendar cannot be right")


def smallest_part(currency: str) -> int:
    """Tell the smallest installment there may be, in minor units: what can be charged, in payable steps."""
    return -(-minimum_charge(currency) // step(currency)) * step(currency)


def most_parts(total: int, smallest: int, currency: str) -> int:
    """Tell into how many equal parts a sum may fall so that none is below `smallest`.

    Worked: 10.00 with 3.00 at least is 3 (3.34, 3.33, 3.33).
    """
    unit = step(currency)
    return (total // unit) // -(-max(smallest, unit) // unit)


def check_total(total: int, currency: str) -> None:
    """Refuse what cannot be paid in parts: nothing, less than one charge, or a sum between two payable ones."""
    if total % step(currency):
        raise Refusal("invalid", "sum_not_payable", step=step(currency), currency=currency)
    if total < smallest_part(currency):
        raise Refusal("invalid", "part_too_small", least=smallest_part(currency), currency=currency)


def check_count(count: int) -> None:
    """Refuse more parts than anybody should sign for."""
    if count > MOST_PARTS:
        raise Refusal("invalid", "too_many_parts", count=MOST_PARTS)


def check_size(rest: int, size: int, currency: str, most: int) -> None:
    """Refuse a sum each time that would make more parts than there is room for, and name the smallest that fits.

    Worked: 1,200.00 with at most 5.00 each time would be 240 parts; where 120 fit, it is 10.00.
    """
    if rest > 0 and size >= 1 and most >= 1 and parts_of_size(rest, size) > most:
        least = -(-parts_of_size(rest, most) // step(currency)) * step(currency)
        raise Refusal("invalid", "size_too_small", count=most, currency=currency,
                      least=max(least, smallest_part(currency)))


def check_sizes(parts: Sequence[Part], currency: str) -> None:
    """Refuse a part that could not be charged."""
    if min(part.amount_minor for part in parts) < smallest_part(currency):
        raise Refusal("invalid", "part_too_small", least=smallest_part(currency), currency=currency)


def check_days(parts: Sequence[Part], today: date) -> None:
    """Refuse days in order of which one is over or years away; today itself still counts."""
    if not parts:
        raise Refusal("invalid", "too_few_parts")
    if parts[0].due_on < today:
        raise Refusal("invalid", "day_passed")
    if parts[-1].due_on > today + FURTHEST:
        raise Refusal("invalid", "day_too_far", day=today + FURTHEST)
