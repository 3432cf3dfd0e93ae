"""When a business works: by when an answer is promised, counting neither weekends nor its country's public holidays."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from portal.domain import questions
from portal.models import Business
from portal.services import policies


def answer_by(session: Session, business: Business, now: datetime) -> datetime:
    """Tell by when a question asked now is answered, as the business's own rules promise."""
    days = policies.in_force(session, business.id).answer_business_days
    return questions.answer_by(
        now, days, ZoneInfo(business.timezone), lambda day: day in _public_holidays(business.country, day.year))


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    # The tables of all countries are large, and most of what runs here never asks.
    from holidays import country_holidays

    try:
        return frozenset(country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
