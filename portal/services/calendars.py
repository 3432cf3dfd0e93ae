"""On which days a business writes: not on its weekend, not on public holidays, not on days of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Holiday

SATURDAY_AND_SUNDAY = frozenset({5, 6})


def open_days(session: Session, businesses: Iterable[tuple[int, str]]) -> dict[int, Callable[[date], bool]]:
    """Give for each business, named by id and country, the question whether it writes on a day."""
    found = dict(businesses)
    own: dict[int, set[date]] = defaultdict(set)
    for business_id, day in session.execute(
            select(Holiday.business_id, Holiday.day).where(Holiday.business_id.in_(found))):
        own[business_id].add(day)
    return {id: _question(country, frozenset(own[id])) for id, country in found.items()}


def _question(country: str, own: frozenset[date]) -> Callable[[date], bool]:
    def is_open(day: date) -> bool:
        weekend, closed = _public(country.upper(), day.year)
        return day.weekday() not in weekend and day not in closed and day not in own

    return is_open


@cache
def _public(country: str, year: int) -> tuple[frozenset[int], frozenset[date]]:
    """Give the weekend and the public holidays of a country in a year; of an unknown country only the weekend."""
    try:
        known = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return SATURDAY_AND_SUNDAY, frozenset()
    return frozenset(known.weekend), frozenset(known)
