"""What the coming days bring one debtor if nobody pays and nothing else changes. Pure.

It asks the same questions at the same moments as the sweep (see reminding.py), so that what is told is what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from portal.domain.gate import Situation, local_day
from portal.domain.reminding import TAKEN, Day, Debt, Outcome, is_news, look, reason_after

# More looks than this in one foretelling would be a calendar that never moves on.
MOST_LOOKS = 600


@dataclass(frozen=True)
class Waiting:
    """When an invoice is looked at next (None: it rests), and why it waits so far."""

    look_at: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class Seen:
    """One coming look at a debtor: when, on which day of theirs, what it decides, and what of that is news."""

    at: datetime
    local_day: date
    day: Day
    news: tuple[Outcome, ...]


def foresee(debts: Sequence[Debt], waiting: Mapping[int, Waiting], situation: Situation, *, may_call: bool,
            has_address: bool, now: datetime, until: datetime, is_open: Callable[[date], bool]) -> list[Seen]:
    """Tell every look from now until a moment at which something is taken, or waits for a new reason.

    A step taken by email closes its day to other emails that ask for money, as it will.
    """
    known = {debt.invoice_id: debt for debt in debts}
    state = {id: waiting.get(id, Waiting(None)) for id in known}
    found: list[Seen] = []
    at = now
    for _ in range(MOST_LOOKS):
        moments = [one.look_at for one in state.values() if one.look_at is not None]
        if not moments or (at := max(at, min(moments))) > until:
            break
        due = [debt for id, debt in known.items() if (when := state[id].look_at) is not None and when <= at]
        day = look([debt.at(at) for debt in due], situation, may_call=may_call, has_address=has_address, now=at,
                   is_open=is_open)
        seen = Seen(at, local_day(at, situation.zones), day, tuple(
            outcome for outcome in day.outcomes if is_news(outcome, state[outcome.invoice_id].reason)))
        found.extend([seen] if seen.news else [])
        if day.decision is not None:
            situation = replace(situation, taken_days=situation.taken_days | {day.decision.local_day})
        for outcome in day.outcomes:
            _move_on(known, state, outcome, seen.local_day)
    return found


def _move_on(known: dict[int, Debt], state: dict[int, Waiting], outcome: Outcome, today: date) -> None:
    before = state[outcome.invoice_id]
    state[outcome.invoice_id] = Waiting(outcome.look_at, reason_after(outcome, before.reason))
    if outcome.what == TAKEN:
        known[outcome.invoice_id] = replace(known[outcome.invoice_id], last=outcome.step, last_on=today)
