"""The sweep that takes reminder steps: a batch of debtors at a time, decided by the rules and written at once.

Debtors are locked first, in the order of their ids; those another worker holds are left to it. What is queued here is
written and looked at again when it leaves (see last_look.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.gate import COLLECTING, local_day
from portal.domain.reminding import HELD, TAKEN, Day, Outcome, look
from portal.models import CadenceStep, CallTask, Debtor, Message, ReminderTrack, StepOutcome
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import reminder_facts
from portal.services.reminder_facts import Someone
from portal.words.core import for_reader

# So many invoices are looked at in one transaction: on SQLite it holds up every other writer.
BATCH = 400
Rows = list[dict[str, Any]]


def sweep(rt: Runtime, limit: int = BATCH) -> int:
    """Take every reminder step that is due, for one batch of debtors; returns how many invoices were looked at."""
    now = rt.now()
    with rt.db.reading() as session:
        due = session.scalars(
            select(ReminderTrack.debtor_id).where(ReminderTrack.look_at <= now)
            .order_by(ReminderTrack.look_at, ReminderTrack.debtor_id).limit(limit)).all()
    if not due:
        return 0
    return rt.db.run(lambda session: _take(rt, session, now, sorted(set(due))))


def _take(rt: Runtime, session: Session, now: datetime, ids: Sequence[int]) -> int:
    debtors = session.scalars(
        select(Debtor).where(Debtor.id.in_(ids)).order_by(Debtor.id)
        .with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)).all()
    someones = reminder_facts.gather(rt, session, now, debtors)
    names = _public_ids(session, someones)
    written = _Written()
    for someone in someones:
        day = look(someone.standings, someone.situation, may_call=someone.may_call, has_address=False, now=now,
                   is_open=someone.is_open)
        written.note(someone, day, now, names)
    written.write(session)
    return sum(len(someone.standings) for someone in someones)


def _public_ids(session: Session, someones: Sequence[Someone]) -> dict[int, str]:
    steps = {step.id for someone in someones for standing in someone.standings for step in standing.steps}
    return {id: public_id for id, public_id in session.execute(
        select(CadenceStep.id, CadenceStep.public_id).where(CadenceStep.id.in_(steps)))}


class _Written:
    """The rows of a batch, gathered and then written table by table."""

    def __init__(self) -> None:
        self.messages: Rows = []
        self.calls: Rows = []
        self.outcomes: Rows = []
        self.tracks: Rows = []

    def note(self, someone: Someone, day: Day, now: datetime, names: dict[int, str]) -> None:
        """Add what a debtor's day decided."""
        today = local_day(now, someone.situation.zones)
        made = {"email": self._email(someone, day, now, names), "call": self._call(someone, day, now, today)}
        for outcome in day.outcomes:
            self._outcome(someone, outcome, now, made)

    def _email(self, someone: Someone, day: Day, now: datetime, names: dict[int, str]) -> str:
        if day.email is None or day.decision is None:
            return ""
        debtor, business, decision = someone.debtor, someone.business, day.decision
        public_id = new_public_id()
        self.messages.append({
            "public_id": public_id, "business_id": business.id, "debtor_id": debtor.id, "kind": "reminder",
            "message_class": COLLECTING,
            "key": f"reminder:{debtor.public_id}:{names[day.email.id]}:{decision.local_day}",
            "to_address": debtor.email or "", "language": for_reader(debtor, business).language, "subject": "",
            "body_text": "", "body_html": "", "attachment": "", "message_id": secrets.token_hex(16),
            "state": "queued", "reason": decision.reason, "local_day": decision.local_day, "created_at": now,
            "due_at": decision.at, "attempts": 0})
        return f"message:{public_id}"

    def _call(self, someone: Someone, day: Day, now: datetime, today: Any) -> str:
        if day.call is None:
            return ""
        public_id = new_public_id()
        self.calls.append({
            "public_id": public_id, "business_id": someone.business.id, "debtor_id": someone.debtor.id,
            "step_id": day.call.id, "due_on": today, "created_at": now})
        return f"call:{public_id}"

    def _outcome(self, someone: Someone, outcome: Outcome, now: datetime, made: dict[str, str]) -> None:
        track, step, today = someone.tracks[outcome.invoice_id], outcome.step, local_day(now, someone.situation.zones)
        taken = outcome.what == TAKEN
        # A step that waits for the same reason as yesterday is told once.
        news = taken or (outcome.what == HELD and outcome.reason not in ("planned", track.reason))
        if news and step is not None:
            self.outcomes.append({
                "business_id": track.business_id, "debtor_id": track.debtor_id, "invoice_id": track.invoice_id,
                "step_id": step.id, "outcome": outcome.what, "reason": outcome.reason,
                "made": made[step.channel] if taken else "", "local_day": today, "at": now})
        self.tracks.append({
            "invoice": track.invoice_id, "new_step": step.id if taken and step else track.step_id,
            "new_on": today if taken else track.step_on, "new_look": outcome.look_at,
            "new_reason": _rest(outcome, track)})

    def write(self, session: Session) -> None:
        """Write all of it."""
        if self.messages:
            session.execute(insert(Message), self.messages)
        if self.calls:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            # One call at a time: who is to be called already is not to be called twice.
            session.execute(dialect.insert(CallTask).on_conflict_do_nothing(), self.calls)
        if self.outcomes:
            session.execute(insert(StepOutcome), self.outcomes)
        if self.tracks:
            session.connection().execute(_MOVE, self.tracks)


def _rest(outcome: Outcome, track: ReminderTrack) -> str:
    """What a track says of itself: nothing while all is well, else why it waits, or why it rests."""
    if outcome.what == TAKEN:
        return "" if outcome.look_at else "cadence_ended"
    # A closed day in between is no news about what holds a step.
    return track.reason if outcome.reason == "planned" else outcome.reason


_TRACKS: Any = ReminderTrack.__table__
_MOVE = update(_TRACKS).where(_TRACKS.c.invoice_id == bindparam("invoice")).values(
    step_id=bindparam("new_step"), step_on=bindparam("new_on"), look_at=bindparam("new_look"),
    reason=bindparam("new_reason"))
