"""On which days a business works and writes: not on its weekend, on public holidays or on days of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import questions
from portal.models import Business, Holiday
from portal.services import policies

SATURDAY_AND_SUNDAY = frozenset({5, 6})


def open_days(session: Session, businesses: Iterable[tuple[int, str]]) -> dict[int, Callable[[date], bool]]:
    """Give for each business, named by id and country, the question whether it writes on a day."""
    found = dict(businesses)
    own: dict[int, set[date]] = defaultdict(set)
    for business_id, day in session.execute(
            select(Holiday.business_id, Holiday.day).where(Holiday.business_id.in_(found))):
        own[business_id].add(day)
    return {id: question(country, frozenset(own[id])) for id, country in found.items()}


def question(country: str, own: frozenset[date]) -> Callable[[date], bool]:
    """Give the question whether a business of a country, with days of its own on which it rests, writes on a day."""
    def is_open(day: date) -> bool:
        weekend, closed = _public(country.upper(), day.year)
        return day.weekday() not in weekend and day not in closed and day not in own

    return is_open


def answer_by(session: Session, business: Business, now: datetime) -> datetime:
    """Tell by when a question asked now is answered, as the business's own rules promise; no closed day counts."""
    days = policies.in_force(session, business.id).answer_business_days
    is_open = open_days(session, ((business.id, business.country),))[business.id]
    return questions.answer_by(now, days, ZoneInfo(business.timezone), lambda day: not is_open(day))


@cache
def _public(country: str, year: int) -> tuple[frozenset[int], frozenset[date]]:
    """Give the weekend and the public holidays of a country in a year; of an unknown country only the weekend."""
    # The tables of all countries are large, and most of what runs here never asks.
    from holidays import country_holidays

    try:
        known = country_holidays(country, years=year)
    except NotImplementedError:
        return SATURDAY_AND_SUNDAY, frozenset()
    return frozenset(known.weekend), frozenset(known)
