"""The message gate: may this email go to this debtor now, later, or not at all, and why.

Pure. Asked when a message is queued and again at the moment of sending, because what was right at noon may be
wrong at eight. Which step of a cadence comes next, and whether a letter or a call is welcome, are no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal

from portal.domain.cadences import first_open_day

ESSENTIAL = "essential"  # a code, a receipt, a notice: at once, whatever the hour or the opt-out
COLLECTING = "collecting"  # asks for money
COURTESY = "courtesy"  # neither needed nor asking

Verdict = Literal["send", "hold", "skip"]

ADDRESS_REASONS = {"bounced": "bounced", "wrong_person": "wrong_person"}
# Enough turns for every zone of the largest country to push the moment on twice.
SEARCH_ROUNDS = 80
# Zones that share no hour of a day may share one for some weeks of a year, while clocks are set apart: too far off.
LONGEST_SEARCH = timedelta(days=7)
# Quiet hours, closed days and the gap push a moment on in turn; after so many the last one found counts.
DAY_ROUNDS = 12


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


def every_day(_day: date) -> bool:
    """The calendar of a message that waits for no working day."""
    return True


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
    # Local days on which another collecting message was sent or stands ready, and how many days lie between two.
    taken_days: frozenset[date] = frozenset()
    gap_days: int = 1
    # Whether the business asks for money on a day: not on its weekend, holidays and days of its own.
    is_open: Callable[[date], bool] = every_day
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
    on_its_way, one_a_day. Reasons to hold: quiet_hours, closed_day, too_soon.
    """
    refused = _refused(situation, now)
    if refused:
        return Decision("skip", refused, now, local_day(now, situation.zones))
    if situation.message_class == ESSENTIAL:
        return Decision("send", ESSENTIAL, now, local_day(now, situation.zones))
    at, reason = _first_fitting(situation, now)
    day = local_day(at, situation.zones)
    if situation.message_class == COLLECTING and day in situation.taken_days:
        return Decision("skip", "one_a_day", now, day)
    return Decision("send", "clear", now, day) if at == now else Decision("hold", reason, at, day)


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
        if at > now + LONGEST_SEARCH:
            break
    return next_loud_moment(now, zones[:1], quiet)


def _first_fitting(situation: Situation, now: datetime) -> tuple[datetime, str]:
    """Find the first moment that suits the hour, the calendar and the gap, with what pushed it on last.

    Worked: the last email left on Monday and three days lie between two. Asked on Tuesday: Thursday, 8:00.
    """
    at, reason = now, ""
    for _ in range(DAY_ROUNDS):
        loud = next_loud_moment(at, situation.zones, situation.quiet)
        if loud > at:
            # The morning of a day that was chosen for another reason is part of that reason.
            at, reason = loud, reason or "quiet_hours"
        day = local_day(at, situation.zones)
        rested = _after_the_gap(situation, day)
        wanted = first_open_day(rested, situation.is_open) if situation.message_class == COLLECTING else day
        if wanted == day:
            break
        at = datetime.combine(wanted, time(), tzinfo=situation.zones[0]).astimezone(now.tzinfo)
        reason = "too_soon" if rested > day else "closed_day"
    return at, reason


def _after_the_gap(situation: Situation, day: date) -> date:
    before = [taken for taken in situation.taken_days if taken < day]
    return max(day, max(before) + timedelta(days=situation.gap_days)) if before else day


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
