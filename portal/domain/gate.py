"""The message gate: may this email go to this debtor now, later, or not at all, and why.

Pure. Asked when a message is queued and again at the moment of sending, because what was right at noon may be
wrong at eight. Cadence steps, business days and consent per channel are no part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

ESSENTIAL = "essential"  # a code, a receipt, a notice: at once, whatever the hour or the opt-out
COLLECTING = "collecting"  # asks for money
COURTESY = "courtesy"  # neither needed nor asking

Verdict = Literal["send", "hold", "skip"]

ADDRESS_REASONS = {"bounced": "bounced", "wrong_person": "wrong_person"}
# Enough turns for every zone of the largest country to push the moment on twice.
SEARCH_ROUNDS = 80


@dataclass(frozen=True)
class QuietHours:
    """The hours of a debtor's day in which nobody is asked for money, such as 21 to 8; equal hours mean none."""

    from_hour: int
    until_hour: int

    def covers(self, local: datetime) -> bool:
        """Say whether a local time lies in the quiet hours; the last one ends sharp."""
        if self.from_hour < self.until_hour:
            return self.from_hour <= local.hour < self.until_hour
        return self.from_hour != self.until_hour and (local.hour >= self.from_hour or local.hour < self.until_hour)


@dataclass(frozen=True)
class Situation:
    """All that the gate knows. `zones` are those the debtor may be in, the likeliest first, at least one."""

    message_class: str
    address: str | None
    zones: Sequence[tzinfo]
    quiet: QuietHours
    address_state: str = "ok"
    blocked: bool = False
    opted_out: bool = False
    # The business has paused every email that asks for money.
    paused: bool = False
    # Whether anything is left to pay, and whether a part of that is under no hold and not being paid already.
    owes: bool = True
    askable: bool = True
    # Why nothing may be asked for: held, on_its_way.
    unaskable_reason: str = "held"
    # Local days on which another collecting message was sent or stands ready.
    taken_days: frozenset[date] = frozenset()
    # After this a message has no use any more, such as a code that ran out.
    useless_after: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """What the gate said: `at` is when to send (aware), `local_day` the debtor's day that it counts for."""

    verdict: Verdict
    reason: str
    at: datetime
    local_day: date


def decide(situation: Situation, now: datetime) -> Decision:
    """Decide about one message, with the reason in one word.

    Reasons to skip: no_address, bounced, wrong_person, blocked, expired, opted_out, paused, nothing_left, held,
    on_its_way, one_a_day. The reason to hold: quiet_hours.
    """
    refused = _refused(situation, now)
    if refused:
        return Decision("skip", refused, now, local_day(now, situation.zones))
    if situation.message_class == ESSENTIAL:
        return Decision("send", ESSENTIAL, now, local_day(now, situation.zones))
    at = next_loud_moment(now, situation.zones, situation.quiet)
    day = local_day(at, situation.zones)
    if situation.message_class == COLLECTING and day in situation.taken_days:
        return Decision("skip", "one_a_day", now, day)
    return Decision("send", "clear", now, day) if at == now else Decision("hold", "quiet_hours", at, day)


def local_day(at: datetime, zones: Sequence[tzinfo]) -> date:
    """Tell the debtor's calendar day; where we are unsure, the likeliest zone's."""
    return at.astimezone(zones[0]).date()


def next_loud_moment(now: datetime, zones: Sequence[tzinfo], quiet: QuietHours) -> datetime:
    """Find the first moment from now on that is outside the quiet hours in every zone the debtor may be in.

    Worked: New York or Honolulu, quiet from 21 to 8, asked at 9:00 in New York: 13:00 in New York, when it is 8:00
    in Honolulu (winter). Should no moment suit them all, the likeliest zone decides alone.
    """
    at = now
    for _ in range(SEARCH_ROUNDS):
        ends = [_quiet_end(local, quiet) for zone in zones if quiet.covers(local := at.astimezone(zone))]
        if not ends:
            return at
        at = max(ends).astimezone(now.tzinfo)
    return next_loud_moment(now, zones[:1], quiet)


def _quiet_end(local: datetime, quiet: QuietHours) -> datetime:
    day = local.date() + timedelta(days=1 if local.hour >= quiet.until_hour else 0)
    return datetime(day.year, day.month, day.day, quiet.until_hour, tzinfo=local.tzinfo)


def _refused(situation: Situation, now: datetime) -> str:
    if not situation.address:
        return "no_address"
    if situation.address_state != "ok":
        return ADDRESS_REASONS.get(situation.address_state, "wrong_person")
    if situation.blocked:
        return "blocked"
    if situation.useless_after is not None and now >= situation.useless_after:
        return "expired"
    if situation.message_class == ESSENTIAL:
        return ""
    if situation.opted_out:
        return "opted_out"
    if situation.paused and situation.message_class == COLLECTING:
        return "paused"
    return _nothing_to_ask(situation) if situation.message_class == COLLECTING else ""


def _nothing_to_ask(situation: Situation) -> str:
    if not situation.owes:
        return "nothing_left"
    return "" if situation.askable else situation.unaskable_reason
