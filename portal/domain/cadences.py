"""Cadences: which reminder step an invoice comes to next, and on which day. Pure: days are arguments, nothing is read.

Two promises stand behind every rule here. Nobody meets a firm word before a friendly one, however late they are when
the portal first hears of them. And no step comes sooner after the one before it than its cadence says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

Tone = Literal["note", "friendly", "firm", "formal", "final"]
Channel = Literal["email", "letter", "call"]

# From the mildest to the firmest.
TONES: tuple[Tone, ...] = ("note", "friendly", "firm", "formal", "final")
CHANNELS: tuple[Channel, ...] = ("email", "letter", "call")
EARLIEST_DAY, LATEST_DAY = -60, 400
# So many days lie between two steps at least, and between the last step of one cadence and the first of another.
LEAST_GAP_DAYS = 4
MOST_STEPS = 20
# After so many closed days in a row a calendar is broken, and the planned day counts.
MOST_CLOSED_DAYS = 30

IsOpen = Callable[[date], bool]


@dataclass(frozen=True)
class Step:
    """One step: so many days after the due date (negative before it), in a tone, by a channel."""

    id: int
    day: int
    tone: Tone
    channel: Channel


@dataclass(frozen=True)
class Planned:
    """A step and the day it is to be taken."""

    step: Step
    on: date


# Day, tone and channel of each step, as they are proposed to a business.
PRESETS: dict[str, tuple[tuple[int, Tone, Channel], ...]] = {
    "gentle": (
        (-3, "note", "email"), (4, "friendly", "email"), (14, "friendly", "email"), (28, "firm", "email"),
        (42, "firm", "call"), (60, "formal", "letter"), (90, "final", "letter")),
    "standard": (
        (-3, "note", "email"), (2, "friendly", "email"), (9, "friendly", "email"), (18, "firm", "email"),
        (25, "firm", "call"), (35, "formal", "letter"), (50, "final", "letter")),
    "firm": (
        (-5, "note", "email"), (1, "friendly", "email"), (6, "firm", "email"), (12, "firm", "email"),
        (16, "firm", "call"), (21, "formal", "letter"), (35, "final", "letter")),
}


def next_step(steps: Sequence[Step], *, due_on: date, today: date, last: Step | None, last_on: date | None,
              is_open: IsOpen) -> Planned | None:
    """Tell the next step of an invoice and its day, never before today; None when the cadence is at its end.

    Worked: due on November 1, steps on days 2, 9 and 18. The portal first hears of it on November 30. The friendly
    step of day 2 comes on November 30, the one of day 9 a week later, the firm one nine days after that.
    """
    for step in sorted(steps, key=lambda one: one.day):
        if last is not None and step.day <= last.day:
            continue
        if step.day < 0 and today >= due_on:
            # A note before the due date has no use after it.
            continue
        on = due_on + timedelta(days=step.day)
        if last is not None and last_on is not None:
            on = max(on, last_on + timedelta(days=step.day - last.day))
        elif last_on is not None:
            # They were written to by a cadence that has ended, and nothing milder than that stands in this one.
            on = max(on, last_on + timedelta(days=LEAST_GAP_DAYS))
        return Planned(step, first_open_day(max(on, today), is_open))
    return None


def first_open_day(day: date, is_open: IsOpen) -> date:
    """Give the first day from this one on which the business writes; such as the Monday after a Saturday."""
    for later in range(MOST_CLOSED_DAYS):
        if is_open(day + timedelta(days=later)):
            return day + timedelta(days=later)
    return day


def firmest(steps: Sequence[Step]) -> Step:
    """Choose the step one email speaks for when several invoices come to one on the same day."""
    return max(steps, key=lambda step: (TONES.index(step.tone), step.day))


@dataclass(frozen=True)
class Audience:
    """Whom a cadence is for: a kind of debtor, their history, and invoices of at least so much (minor units)."""

    kind: str = "any"
    history: str = "any"
    least_minor: int = 0

    def fits(self, *, kind: str, repeat: bool, amount_minor: int) -> bool:
        """Say whether an invoice of such a debtor belongs to this cadence."""
        return (self.kind in ("any", kind) and self.history in ("any", "repeat" if repeat else "first_time")
                and amount_minor >= self.least_minor)


@dataclass(frozen=True)
class Series:
    """A cadence as the rules know it: its number, whom it is for, and its steps."""

    id: int
    audience: Audience
    steps: tuple[Step, ...]


def choose(series: Sequence[Series], *, kind: str, repeat: bool, amount_minor: int) -> Series | None:
    """Give the first cadence that fits an invoice, in the order of their ranks; None when none does."""
    return next((one for one in series if one.audience.fits(kind=kind, repeat=repeat, amount_minor=amount_minor)), None)


def counterpart(steps: Sequence[Step], old: Step) -> Step | None:
    """Find where an invoice goes on in other steps after it took one: the last that is no later and no firmer.

    Worked: after a friendly step on day 9, in a series of days 2, 7 (friendly) and 12: as if day 7 were taken.
    """
    fitting = [step for step in steps if step.day <= old.day and TONES.index(step.tone) <= TONES.index(old.tone)]
    return max(fitting, key=lambda step: step.day, default=None)


def mistakes(steps: Sequence[Step]) -> list[str]:
    """Name what is wrong with a series as codes, [] when nothing is.

    no_steps, many_steps, day_out_of_bounds, two_on_one_day, too_close, harsher_before_milder,
    no_friendly_before_firm, note_after_due.
    """
    ordered = sorted(steps, key=lambda step: step.day)
    found = [] if steps else ["no_steps"]
    if len(steps) > MOST_STEPS:
        found.append("many_steps")
    if any(not EARLIEST_DAY <= step.day <= LATEST_DAY for step in steps):
        found.append("day_out_of_bounds")
    if len({step.day for step in steps}) != len(steps):
        found.append("two_on_one_day")
    if any(0 < later.day - step.day < LEAST_GAP_DAYS for step, later in pairwise(ordered)):
        found.append("too_close")
    ranks = [TONES.index(step.tone) for step in ordered]
    if ranks != sorted(ranks):
        found.append("harsher_before_milder")
    late = [step.tone for step in ordered if step.day >= 0]
    if late and late[0] not in ("note", "friendly"):
        found.append("no_friendly_before_firm")
    if any(step.tone == "note" and step.day > 0 for step in steps):
        found.append("note_after_due")
    return found
