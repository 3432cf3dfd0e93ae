"""Gathers what the message gate must know about a debtor and asks it; the rules themselves are in domain/gate.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.core import get_global
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.gate import COLLECTING, ESSENTIAL, Decision, QuietHours, Situation, decide, every_day
from portal.domain.policy import MOST_GAP_DAYS, Policy
from portal.models import Business, Debtor, Message
from portal.services import calendars, policies
from portal.services.askable import Askable

# As long as the longest gap between two emails that ask.
WINDOW_DAYS = MOST_GAP_DAYS + 1


def decide_for(session: Session, now: datetime, business: Business, debtor: Debtor, message_class: str, *,
               askable: Askable | None = None, blocked: bool = False, useless_after: datetime | None = None,
               but_message_id: int | None = None, by_hand: bool = True) -> Decision:
    """Ask the gate about one message to a debtor; the caller holds the debtor's lock, so that a day is taken once.

    What is sent `by_hand` waits for no working day and keeps no gap: whoever sends it has chosen the day.
    """
    # What is essential knows no quiet hours, and so needs no look at the policy.
    policy = Policy() if message_class == ESSENTIAL else policies.in_force(session, business.id)
    collecting = message_class == COLLECTING
    by_itself = collecting and not by_hand
    return decide(Situation(
        message_class=message_class, address=debtor.email, address_state=debtor.email_state, blocked=blocked,
        zones=zones_of(debtor.timezone, debtor.country, business.timezone),
        quiet=QuietHours(policy.quiet_from_hour, policy.quiet_until_hour),
        opted_out=debtor.opted_out_at is not None, paused=business.paused_at is not None,
        owes=askable is None or askable.owes, askable=askable is None or bool(askable.invoices),
        unaskable_reason=askable.reason if askable else "held",
        taken_days=_taken_days(session, now, debtor, but_message_id) if collecting else frozenset(),
        gap_days=policy.reminder_gap_days if by_itself else 1,
        is_open=_open_days(session, business) if by_itself else every_day,
        useless_after=useless_after,
    ), now)


@cache
def zones_of(timezone: str | None, country: str | None, business_timezone: str) -> tuple[ZoneInfo, ...]:
    """Tell where a debtor may be: in their own timezone, else anywhere in their country, else where the business is.

    The business's zone comes first while we are unsure, because most debtors live near it.
    """
    known = _zone(timezone)
    if known:
        return (known,)
    likeliest = _zone(business_timezone) or ZoneInfo("UTC")
    # "Etc" zones belong to no place; the table lists them for a country nobody knows.
    names = [name for name in get_global("territory_zones").get((country or "").upper(), ()) if name[:4] != "Etc/"]
    of_country = [_zone(name) for name in names]
    others = {zone.key: zone for zone in of_country if zone}
    if not others or likeliest.key in others:
        return (likeliest, *(zone for key, zone in others.items() if key != likeliest.key))
    return tuple(others.values())


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, LookupError):
        return None


def _open_days(session: Session, business: Business) -> Callable[[date], bool]:
    return calendars.open_days(session, ((business.id, business.country),))[business.id]


def _taken_days(session: Session, now: datetime, debtor: Debtor, but_message_id: int | None) -> frozenset[date]:
    today = now.date()
    query = select(Message.local_day).where(
        Message.debtor_id == debtor.id, Message.message_class == COLLECTING, Message.state.in_(("queued", "sent")),
        Message.local_day.between(today - timedelta(days=WINDOW_DAYS), today + timedelta(days=WINDOW_DAYS)))
    if but_message_id is not None:
        query = query.where(Message.id != but_message_id)
    return frozenset(day for day in session.scalars(query) if day is not None)
