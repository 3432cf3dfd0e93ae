"""A plan that no longer covers all that is owed: the same days, and what came on top after them. Pure; minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from portal.domain.currencies import step
from portal.domain.money import split_evenly
from portal.domain.plan_rules import FREE_OF_CREDIT_LAW
from portal.domain.schedules import (
    MOST_PARTS,
    Frequency,
    IsOpen,
    Part,
    add_months,
    days,
    most_parts,
    parts_of_size,
    smallest_part,
    working_days,
)


def most_of(consumer: bool) -> int:
    """Tell how many payments a changed plan may have in all without a person who confirms more."""
    return FREE_OF_CREDIT_LAW if consumer else MOST_PARTS


def renewed(left: Sequence[Part], extra: int, currency: str, frequency: str, *, usual: int, most: int, today: date,
            is_open: IsOpen) -> tuple[int, tuple[Part, ...]]:
    """Keep each open payment's day, and put what came on top after the last one; gives the down payment and all parts.

    Worked: 40.00 on December 1 and on January 4 are left, 50.00 came back: two more of 25.00 follow on February 4 and
    March 4. What is late already is paid at the signature, as a down payment. What is too small to be charged alone, or
    would be one payment too many, goes upon the last one.
    """
    parts = _kept(left, currency, today)
    odd = extra % step(currency)
    count = min(parts_of_size(extra, usual), most_parts(extra - odd, smallest_part(currency), currency),
                most - len(parts))
    if count < 1:
        parts[-1] = replace(parts[-1], amount_minor=parts[-1].amount_minor + extra)
    else:
        parts[-1] = replace(parts[-1], amount_minor=parts[-1].amount_minor + odd)
        after = _after(max(today, parts[-1].due_on), frequency, count, is_open)
        amounts = split_evenly(extra - odd, count, step(currency))
        parts += [Part(day, minor) for day, minor in zip(after, amounts, strict=True)]
    late = any(part.due_on < today for part in left)
    return (parts[0].amount_minor if late and parts[0].due_on == today else 0), tuple(parts)


def _kept(left: Sequence[Part], currency: str, today: date) -> list[Part]:
    """Give what is open by its days, what is late today; a rest too small to be charged waits for the next day."""
    by_day: dict[date, int] = {}
    for part in left:
        day = max(part.due_on, today)
        by_day[day] = by_day.get(day, 0) + part.amount_minor
    kept, small = [], 0
    in_order = sorted(by_day)
    for day in in_order:
        minor = by_day[day] + small
        small = minor if minor < smallest_part(currency) and day != in_order[-1] else 0
        if not small:
            kept.append(Part(day, minor))
    return kept


def _after(last: date, frequency: str, count: int, is_open: IsOpen) -> list[date]:
    """List the days that follow the last one: in the plan's own rhythm, or a month apart where it has none."""
    if frequency:
        return days(cast(Frequency, frequency), last, count + 1, is_open)[1:]
    return working_days([add_months(last, place) for place in range(1, count + 1)], is_open)
