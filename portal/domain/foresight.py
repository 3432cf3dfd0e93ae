"""What the coming days bring one debtor if nobody pays and nothing else changes. Pure.

It asks the same questions at the same moments as the sweep (see reminding.py), so that what is told is what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from portal.domain.cadences import Step, firmest
from portal.domain.gate import Situation, local_day
from portal.domain.reminding import HELD, TAKEN, Day, Debt, Outcome, Standing, is_news, look, reason_after

# More looks than this in one foretelling would be a calendar that never moves on.
MOST_LOOKS = 600
# Reasons to wait that end at a moment the rules themselves name.
MOVED_ON = ("quiet_hours", "closed_day", "too_soon")


@dataclass(frozen=True)
class Waiting:
    """When an invoice is looked at next (None: it rests), and why it waits so far."""

    look_at: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class Event:
    """Something that is to happen to a debtor: a step taken by a channel, or one that waits from then on, and why.

    `what` is taken or held. One email speaks for all its invoices in the tone of `step`. `until` is when what holds it
    ends by itself, where that is known.
    """

    at: datetime
    local_day: date
    what: str
    channel: str
    step: Step
    reason: str
    invoice_ids: tuple[int, ...]
    until: datetime | None = None


def foresee(debts: Sequence[Debt], waiting: Mapping[int, Waiting], situation: Situation, *, may_call: bool,
            has_address: bool, now: datetime, until: datetime, is_open: Callable[[date], bool]) -> list[Event]:
    """Tell every step that is taken from now until a moment, and every one that begins to wait for a new reason.

    A step taken by email closes its day to other emails that ask for money, as it will.
    """
    known = {debt.invoice_id: debt for debt in debts}
    state = {id: waiting.get(id, Waiting(None)) for id in known}
    found: list[Event] = []
    at = now
    for _ in range(MOST_LOOKS):
        moments = [one.look_at for one in state.values() if one.look_at is not None]
        if not moments or (at := max(at, min(moments))) > until:
            break
        standings = {id: debt.at(at) for id, debt in known.items()
                     if (when := state[id].look_at) is not None and when <= at}
        day = look(list(standings.values()), situation, may_call=may_call, has_address=has_address, now=at,
                   is_open=is_open)
        today = local_day(at, situation.zones)
        found.extend(_events(at, today, day, standings, state))
        if day.decision is not None:
            situation = replace(situation, taken_days=situation.taken_days | {day.decision.local_day})
        for outcome in day.outcomes:
            _move_on(known, state, outcome, today)
    return found


def _events(at: datetime, today: date, day: Day, standings: Mapping[int, Standing],
            state: Mapping[int, Waiting]) -> list[Event]:
    """Tell what is news of one look, what is done together as one."""
    together: dict[tuple[str, str, int], list[Outcome]] = {}
    for outcome in day.outcomes:
        if outcome.step is not None and is_news(outcome, state[outcome.invoice_id].reason):
            alone = outcome.step.id if outcome.what == TAKEN and outcome.step.channel == "letter" else 0
            kind = outcome.step.channel if outcome.what == TAKEN else outcome.reason
            together.setdefault((outcome.what, kind, alone), []).append(outcome)
    found = []
    for (what, _kind, _), outcomes in together.items():
        step = firmest([outcome.step for outcome in outcomes if outcome.step])
        found.append(Event(at, today, what, step.channel, step, outcomes[0].reason,
                           tuple(outcome.invoice_id for outcome in outcomes), _ends(outcomes, standings)))
    return found


def _ends(outcomes: Sequence[Outcome], standings: Mapping[int, Standing]) -> datetime | None:
    """Tell when what holds some invoices ends by itself: the hour, the calendar or a hold with a last day."""
    if outcomes[0].reason in MOVED_ON:
        return outcomes[0].look_at
    ends = [standings[outcome.invoice_id].held_until for outcome in outcomes if outcome.what == HELD]
    return max((end for end in ends if end), default=None) if all(ends) else None


def _move_on(known: dict[int, Debt], state: dict[int, Waiting], outcome: Outcome, today: date) -> None:
    before = state[outcome.invoice_id]
    state[outcome.invoice_id] = Waiting(outcome.look_at, reason_after(outcome, before.reason))
    if outcome.what == TAKEN:
        known[outcome.invoice_id] = replace(known[outcome.invoice_id], last=outcome.step, last_on=today)
