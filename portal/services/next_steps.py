"""What happens next with one debtor, for their own page and for the office: the real next steps, by the sweep's rules.

All facts come with one question (next_facts.py); the rules behind them are those of reminder_facts.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row

from portal.db import Asked, Question
from portal.domain.access import Access
from portal.domain.cadences import MOST_CLOSED_DAYS, Step
from portal.domain.foresight import Event, Waiting, foresee
from portal.domain.policy import Policy
from portal.domain.reminding import Debt, Pause
from portal.services import account_rows, calendars, consents, next_agreed, next_facts, paper_letters
from portal.services.account_rows import Standing
from portal.services.askable import MONEY_MOVES
from portal.services.gatekeeping import WINDOW_DAYS
from portal.services.next_agreed import NOTHING_AGREED, Agreed
from portal.services.reminder_facts import situation_of

HORIZON = timedelta(days=60)
POLICIES_REMEMBERED = 256
Rows = Mapping[str, Sequence[Row[*tuple[Any, ...]]]]


@dataclass(frozen=True)
class Other:
    """An email that waits to leave, a promise or a payment on its way; minor units."""

    what: str
    at: datetime | None
    day: date | None
    name: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class Next:
    """What comes for one debtor: reminder steps by time, ends of holds, and days on which a fee may be added.

    `pauses` are (invoice or None for all, cause, until); `fees` are (invoice, first day on which it may be charged).
    """

    events: Sequence[Event] = ()
    pauses: Sequence[tuple[int | None, str, datetime]] = ()
    fees: Sequence[tuple[int, date]] = ()
    # Nothing leaves at present: the business has paused everything, or tries things out.
    resting: bool = False
    # Whether any invoice follows a cadence at all.
    followed: bool = False
    # What account_rows.standings() gives, where the debtor's own page asked.
    standings: Sequence[Standing] = ()
    # Emails that wait, promises and payments on their way, where the office asked.
    others: Sequence[Other] = ()
    # Installments to come; for the debtor's own page also what waits for an answer or a signature.
    agreed: Agreed = NOTHING_AGREED


def of(rows: Asked, business_id: int, debtor_id: int, now: datetime, today: date) -> Next:
    """Tell what happens next with a debtor, for the office, with all else that has a day; `today` is the business's."""
    return _told(rows, next_facts.for_office(), {
        "business": business_id, "debtor": debtor_id, "now": now, "hash": "", "today": today}, now)


def for_reader(rows: Asked, access: Access, now: datetime, blocked_hash: str) -> Next:
    """Tell it for the debtor's own page, with what stands on their account in the same breath.

    `blocked_hash` is that of their address, by which it is known whether its reader has said it is not them.
    """
    values = account_rows.standing_values(access, now)
    question = next_facts.for_reader(narrowed=access.invoice_ids is not None)
    return _told(rows, question, {**values, "hash": blocked_hash}, now)


def _told(rows: Asked, question: Question, values: Mapping[str, object], now: datetime) -> Next:
    found: dict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in question.ask(rows, {
            **values, "first": now.date() - timedelta(days=WINDOW_DAYS),
            "last": (now + HORIZON).date() + timedelta(days=MOST_CLOSED_DAYS)}):
        found[row.what].append(row)
    business, debtor = _people(found)
    pauses = [Pause(row.a, row.d, row.text in MONEY_MOVES, row.at, row.until) for row in found["pause"]]
    policy = _policy(found["rules"][0].text if found["rules"] else "{}")
    is_open = calendars.question(business.country, frozenset(row.day for row in found["rest"]))
    refused = frozenset(row.text for row in found["refused"])
    events = foresee(
        _debts(found, pauses), {row.a: Waiting(row.at, row.text) for row in found["track"]},
        situation_of(debtor, business, policy, bool(found["blocked"]), frozenset(row.day for row in found["taken"]),
                     is_open),
        may_call=consents.may_call(debtor, refused),
        has_address=paper_letters.has_address(debtor) and consents.may_write(debtor, refused), now=now,
        until=now + HORIZON, is_open=is_open)
    ends = [(row.a, row.text, row.until) for row in found["pause"] if row.d is None and row.until is not None]
    standings = [Standing(row.what, row.a, row.text, row.word, row.d, row.more, row.at)
                 for what in ("hold", "payment", "credit") for row in found[what]]
    others = [Other(row.what, row.at, row.day, row.text, row.d or 0, row.more)
              for what in ("email", "promise", "paying") for row in found[what]]
    return Next(events, ends, _fees(found["fee"], now), followed=bool(found["track"]), standings=standings,
                others=others, agreed=next_agreed.read(found),
                resting=business.paused_at is not None or business.safe_mode_at is not None)


class _Debtor(NamedTuple):
    email: str | None
    email_state: str
    opted_out_at: datetime | None
    erased_at: datetime | None
    timezone: str | None
    country: str | None
    phone: str | None
    postal_address: str


class _Business(NamedTuple):
    timezone: str
    country: str
    paused_at: datetime | None
    safe_mode_at: datetime | None


def _people(found: Rows) -> tuple[_Business, _Debtor]:
    """Put together what the rules ask of both."""
    who, home, reach, house = (found[name][0] for name in ("who", "home", "reach", "house"))
    return (_Business(house.text, house.word, house.at, house.until),
            _Debtor(who.text, who.word, who.at, who.until, home.text, home.word, reach.text, reach.word or ""))


@lru_cache(maxsize=POLICIES_REMEMBERED)
def _policy(rules: str) -> Policy:
    """Read rules as they are written; what was read once is known by the very words, so that it is never an old one."""
    return Policy.from_rules(json.loads(rules))


def _debts(found: Rows, pauses: Sequence[Pause]) -> list[Debt]:
    steps: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in found["step"]:
        steps[row.a].append(row)
    debts = []
    # A question of many parts gives them in no order.
    for row in sorted(found["track"], key=lambda one: one.a):
        known = steps.get(row.c, [])
        series = [_step(one) for one in known if one.until is None]
        last = next((_step(one) for one in known if one.b == row.b), None)
        debts.append(Debt(row.a, row.day, row.d, series, last, date.fromisoformat(row.word) if row.word else None,
                          pauses))
    return debts


def _step(row: Row[*tuple[Any, ...]]) -> Step:
    return Step(row.b, row.c, row.text, row.word)


def _fees(rows: Iterable[Row[*tuple[Any, ...]]], now: datetime) -> list[tuple[int, date]]:
    today, last = now.astimezone(UTC).date(), (now + HORIZON).date()
    return [(row.a, row.day) for row in rows if today <= row.day <= last]
