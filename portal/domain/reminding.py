"""One debtor's day: which steps of their invoices are taken now, which wait and until when, and why. Pure.

The nightly sweep, the simulator and "what happens next" ask the same function, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from portal.domain.cadences import Channel, Planned, Step, firmest, next_step
from portal.domain.gate import Decision, QuietHours, Situation, decide, local_day, next_loud_moment

# What holds a step without an end of its own is looked at again the next day.
LOOK_AGAIN = timedelta(days=1)
# No email reaches such a debtor, today or tomorrow; a letter may.
UNREACHABLE = frozenset({"no_address", "bounced", "opted_out"})
TAKEN, HELD, RESTING = "taken", "held", "resting"
# Why a debtor rests whose steps could not be taken.
BROKEN = "not_ready"


@dataclass(frozen=True)
class Pause:
    """A hold on reminders: on the whole account without an invoice, on all of an invoice without a part of it."""

    invoice_id: int | None
    part_minor: int | None
    # The money is moving already, so that asking would be wrong rather than unwelcome.
    moves_money: bool
    starts_at: datetime
    until: datetime | None

    def covers(self, now: datetime) -> bool:
        """Say whether it stands at a moment; it ends sharp."""
        return self.starts_at <= now and (self.until is None or self.until > now)


@dataclass(frozen=True)
class Debt:
    """One invoice of a debtor as it is stored, for whatever moment it is to be looked at; minor units."""

    invoice_id: int
    due_on: date
    left_minor: int
    steps: Sequence[Step]
    last: Step | None = None
    last_on: date | None = None
    pauses: Sequence[Pause] = ()

    def at(self, now: datetime) -> Standing:
        """Tell where it stands at a moment: what of it may be asked for then, and if nothing, until when and why."""
        mine = [pause for pause in self.pauses
                if pause.invoice_id in (None, self.invoice_id) and pause.covers(now)]
        whole = [pause for pause in mine if pause.part_minor is None]
        free = 0 if whole else self.left_minor - sum(pause.part_minor or 0 for pause in mine)
        ends = [pause.until for pause in whole]
        until = max(end for end in ends if end) if ends and all(ends) else None
        reason = "on_its_way" if mine and all(pause.moves_money for pause in mine) else "held"
        return Standing(self.invoice_id, self.due_on, self.left_minor, free, self.steps, self.last, self.last_on,
                        until, reason)


@dataclass(frozen=True)
class Standing:
    """One open or paid invoice of a debtor, with the steps of its cadence and the newest one taken; minor units."""

    invoice_id: int
    due_on: date
    left_minor: int
    # What of it may be asked for now: the rest is held or on its way.
    free_minor: int
    steps: Sequence[Step]
    last: Step | None = None
    last_on: date | None = None
    # When the hold that covers all of it ends by itself; None: nobody knows.
    held_until: datetime | None = None
    # Why nothing of it may be asked for: held, or on_its_way.
    held_reason: str = "held"


@dataclass(frozen=True)
class Outcome:
    """What became of an invoice's next step: taken, held, or resting for good; `look_at` is when to look again."""

    invoice_id: int
    what: str
    reason: str
    step: Step | None = None
    look_at: datetime | None = None


@dataclass
class Day:
    """What one look at a debtor decided; at most one email, whose tone is the firmest step's."""

    outcomes: list[Outcome] = field(default_factory=list)
    email: Step | None = None
    decision: Decision | None = None
    letters: list[Step] = field(default_factory=list)
    call: Step | None = None


def look(standings: Sequence[Standing], situation: Situation, *, may_call: bool, has_address: bool, now: datetime,
         is_open: Callable[[date], bool], safe_mode: bool = False) -> Day:
    """Decide about all invoices of one debtor at once.

    `situation` is what the message gate knows of them. Reasons to hold: those of the gate, call_has_no_number,
    letter_has_no_address, "safe_mode" for what would be taken if anything left, and "planned" for a step whose day
    has not come.
    """
    found, zones, quiet = Day(), situation.zones, situation.quiet
    today = local_day(now, zones)
    due: list[tuple[Standing, Step]] = []
    for standing in standings:
        planned = _next(standing, today, is_open)
        if standing.left_minor <= 0:
            found.outcomes.append(Outcome(standing.invoice_id, RESTING, "nothing_left"))
        elif planned is None:
            found.outcomes.append(Outcome(standing.invoice_id, RESTING, "cadence_ended"))
        elif planned.on > today:
            at = opening(planned.on, zones, quiet)
            found.outcomes.append(Outcome(standing.invoice_id, HELD, "planned", planned.step, at))
        elif standing.free_minor <= 0:
            until = standing.held_until or now + LOOK_AGAIN
            found.outcomes.append(Outcome(standing.invoice_id, HELD, standing.held_reason, planned.step, until))
        else:
            due.append((standing, planned.step))
    if due:
        verdicts = _verdicts(situation, now, may_call=may_call, has_address=has_address)
        _take(found, due, situation, verdicts, now=now, is_open=is_open, safe_mode=safe_mode)
    return found


def is_news(outcome: Outcome, reason_before: str) -> bool:
    """Say whether an outcome is worth telling: a step taken, or one that waits for another reason than before."""
    return outcome.what == TAKEN or (outcome.what == HELD and outcome.reason not in ("planned", reason_before))


def reason_after(outcome: Outcome, reason_before: str) -> str:
    """Tell what an invoice says of itself from now on: nothing while all is well, else why it waits or rests."""
    if outcome.what == TAKEN:
        return "" if outcome.look_at else "cadence_ended"
    # A closed day in between is no news about what holds a step.
    return reason_before if outcome.reason == "planned" else outcome.reason


def opening(day: date, zones: Sequence[tzinfo], quiet: QuietHours) -> datetime:
    """Give the first moment of a debtor's day in which they may be written to, in every zone they may be in."""
    midnight = datetime.combine(day, time(), tzinfo=zones[0])
    return next_loud_moment(midnight, zones, quiet)


def _verdicts(situation: Situation, now: datetime, *, may_call: bool, has_address: bool) -> dict[str, Decision | str]:
    """Ask for each channel; a word is why it cannot be used. What is paused is paused on paper and on the phone too."""
    if situation.paused:
        return {"email": decide(situation, now), "call": "paused", "letter": "paused"}
    return {"email": decide(situation, now), "call": "" if may_call else "call_has_no_number",
            "letter": "" if has_address else "letter_has_no_address"}


def _take(found: Day, due: list[tuple[Standing, Step]], situation: Situation, verdicts: dict[str, Decision | str], *,
          now: datetime, is_open: Callable[[date], bool], safe_mode: bool) -> None:
    taken: list[Step] = []
    for standing, step in due:
        verdict = verdicts[step.channel]
        refused = _why_not(verdict)
        if refused and step.channel != "email":
            # What cannot be written or called goes by email instead, rather than nowhere.
            verdict, step = verdicts["email"], _by(step, "email")
            refused = _why_not(verdict)
        if refused in UNREACHABLE and not verdicts["letter"]:
            # Else nothing would ever follow for whom no email reaches, not even the kind words before the firm ones.
            verdict, step, refused = "", _by(step, "letter"), ""
        if not refused and safe_mode:
            # Nothing has left, so the step is not taken: who is met first afterwards is met kindly.
            refused, verdict = "safe_mode", "safe_mode"
        if refused:
            found.outcomes.append(Outcome(standing.invoice_id, HELD, refused, step, _again(verdict, now, situation)))
            continue
        taken.append(step)
        found.outcomes.append(Outcome(standing.invoice_id, TAKEN, "due", step, _after(standing, step, situation, now,
                                                                                      is_open)))
    emails = [step for step in taken if step.channel == "email"]
    if emails:
        found.email, found.decision = firmest(emails), decide(situation, now)
    found.letters = list({step.id: step for step in taken if step.channel == "letter"}.values())
    found.call = firmest(calls) if (calls := [step for step in taken if step.channel == "call"]) else None


def _by(step: Step, channel: Channel) -> Step:
    return Step(step.id, step.day, step.tone, channel)


def _why_not(verdict: Decision | str) -> str:
    """Name why a channel cannot be used now; "" when it can."""
    if isinstance(verdict, str):
        return verdict
    return "" if verdict.verdict == "send" else verdict.reason


def _next(standing: Standing, today: date, is_open: Callable[[date], bool]) -> Planned | None:
    return next_step(standing.steps, due_on=standing.due_on, today=today, last=standing.last,
                     last_on=standing.last_on, is_open=is_open)


def _again(verdict: Decision | str, now: datetime, situation: Situation) -> datetime:
    if isinstance(verdict, Decision) and verdict.verdict == "hold":
        return verdict.at
    tomorrow = local_day(now, situation.zones) + LOOK_AGAIN
    return opening(tomorrow, situation.zones, situation.quiet)


def _after(standing: Standing, step: Step, situation: Situation, now: datetime,
           is_open: Callable[[date], bool]) -> datetime | None:
    today = local_day(now, situation.zones)
    planned = next_step(standing.steps, due_on=standing.due_on, today=today, last=step, last_on=today, is_open=is_open)
    return None if planned is None else opening(planned.on, situation.zones, situation.quiet)
