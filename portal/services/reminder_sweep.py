"""The sweep that takes reminder steps: a batch of debtors at a time, decided by the rules and written at once.

Debtors are locked first, in the order of their ids; those another worker holds are left to it. What is queued here is
written and looked at again when it leaves (see last_look.py).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.cadences import Step
from portal.domain.gate import COLLECTING, local_day
from portal.domain.reminding import BROKEN, LOOK_AGAIN, TAKEN, Day, Outcome, is_news, look, reason_after
from portal.models import CadenceStep, CallTask, Debtor, Message, ReminderTrack, StepOutcome
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import paper_letters, reminder_facts
from portal.services.paper_letters import LetterStep
from portal.services.reminder_facts import Someone
from portal.words.core import for_reader

# So many invoices are looked at in one transaction: on SQLite it holds up every other writer.
BATCH = 400
Rows = list[dict[str, Any]]


def sweep(rt: Runtime, limit: int = BATCH) -> int:
    """Take every reminder step that is due, for one batch of debtors; returns how many invoices were looked at."""
    now = rt.now()
    with rt.db.reading() as session:
        due = session.scalars(_due(now).order_by(ReminderTrack.look_at, ReminderTrack.debtor_id).limit(limit)).all()
    return _take_together(rt, now, sorted(set(due)))


def shares(rt: Runtime, limit: int = BATCH) -> list[tuple[int, int]]:
    """Split what is due into stretches of debtors' ids, so many debtors each, for several workers to take."""
    with rt.db.reading() as session:
        due = _due(rt.now()).distinct().subquery()
        number = func.row_number().over(order_by=due.c.debtor_id)
        split = select(due.c.debtor_id.label("id"), ((number - 1) // limit).label("share")).subquery()
        query = select(func.min(split.c.id), func.max(split.c.id)).group_by(split.c.share).order_by(split.c.share)
        return [(first, last) for first, last in session.execute(query)]


def sweep_share(rt: Runtime, first: int, last: int) -> int:
    """Take the steps that are due of the debtors with these ids; whoever another worker has in hand is left to it."""
    now = rt.now()
    with rt.db.reading() as session:
        due = session.scalars(_due(now).where(ReminderTrack.debtor_id.between(first, last)).distinct()
                              .order_by(ReminderTrack.debtor_id)).all()
    return sum(_take_together(rt, now, due[start:start + BATCH]) for start in range(0, len(due), BATCH))


def _due(now: datetime) -> Select[int]:
    return select(ReminderTrack.debtor_id).where(ReminderTrack.look_at <= now)


def _take_together(rt: Runtime, now: datetime, ids: Sequence[int]) -> int:
    """Take a batch in one transaction; should one debtor break it, the others are taken each alone, and that one rests.

    A database that fails is nobody's fault: the batch is tried again by the next look.
    """
    if not ids:
        return 0
    try:
        return rt.db.run(lambda session: _take(rt, session, now, ids))
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, OperationalError):
            raise
        logs.failed(error, job="remind", debtors=str(len(ids)))
    except Exception as error:
        logs.failed(error, job="remind", debtors=str(len(ids)))
    if len(ids) > 1:
        return sum(_take_together(rt, now, [one]) for one in ids)
    rt.db.run(lambda session: _set_aside(session, now, ids[0]))
    return 1


def _set_aside(session: Session, now: datetime, debtor_id: int) -> None:
    """Let a debtor whose steps cannot be taken rest for a day, where staff see them."""
    session.execute(update(ReminderTrack).where(ReminderTrack.debtor_id == debtor_id, ReminderTrack.look_at <= now)
                    .values(look_at=now + LOOK_AGAIN, reason=BROKEN))


def _take(rt: Runtime, session: Session, now: datetime, ids: Sequence[int]) -> int:
    debtors = session.scalars(
        select(Debtor).where(Debtor.id.in_(ids)).order_by(Debtor.id)
        .with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)).all()
    someones = reminder_facts.gather(rt, session, now, debtors)
    names = _public_ids(session, someones)
    written = _Written()
    for someone in someones:
        day = look([debt.at(now) for debt in someone.debts], someone.situation, may_call=someone.may_call,
                   has_address=someone.has_address, now=now, is_open=someone.is_open,
                   safe_mode=someone.business.safe_mode_at is not None)
        written.note(someone, day, now, names)
    written.write(session)
    return sum(len(someone.debts) for someone in someones)


def _public_ids(session: Session, someones: Sequence[Someone]) -> dict[int, str]:
    steps = {step.id for someone in someones for debt in someone.debts for step in debt.steps}
    return {id: public_id for id, public_id in session.execute(
        select(CadenceStep.id, CadenceStep.public_id).where(CadenceStep.id.in_(steps)))}


class _Written:
    """The rows of a batch, gathered and then written table by table."""

    def __init__(self) -> None:
        self.messages: Rows = []
        self.letters: Rows = []
        self.calls: Rows = []
        self.outcomes: Rows = []
        self.tracks: Rows = []

    def note(self, someone: Someone, day: Day, now: datetime, names: dict[int, str]) -> None:
        """Add what a debtor's day decided."""
        today = local_day(now, someone.situation.zones)
        email, call = self._email(someone, day, now, names), self._call(someone, day, now, today)
        made = {(step.id, "letter"): name for step, name in self._letters(someone, day, now, today, names)}
        for outcome in day.outcomes:
            step = outcome.step
            one_of_all = {"email": email, "call": call}
            key = (step.id, step.channel) if step else (0, "")
            self._outcome(someone, outcome, now, made.get(key) or one_of_all.get(key[1], ""))

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

    def _call(self, someone: Someone, day: Day, now: datetime, today: date) -> str:
        if day.call is None:
            return ""
        if someone.open_call:
            # One call at a time: who is to be called already is not to be called twice.
            return f"call:{someone.open_call}"
        public_id = new_public_id()
        self.calls.append({
            "public_id": public_id, "business_id": someone.business.id, "debtor_id": someone.debtor.id,
            "step_id": day.call.id, "due_on": today, "created_at": now})
        return f"call:{public_id}"

    def _letters(self, someone: Someone, day: Day, now: datetime, today: date,
                 names: dict[int, str]) -> list[tuple[Step, str]]:
        """One letter for each step that goes by letter, with all invoices it is taken for."""
        taken = [LetterStep(step.id, names[step.id], step.tone, [
            outcome.invoice_id for outcome in day.outcomes if outcome.what == TAKEN and outcome.step == step])
            for step in day.letters]
        rows = paper_letters.rows_for(someone.debtor, taken, local_day=today, now=now) if taken else []
        self.letters.extend(rows)
        return [(step, f"letter:{row['public_id']}") for step, row in zip(day.letters, rows, strict=True)]

    def _outcome(self, someone: Someone, outcome: Outcome, now: datetime, made: str) -> None:
        track, step, today = someone.tracks[outcome.invoice_id], outcome.step, local_day(now, someone.situation.zones)
        taken = outcome.what == TAKEN
        if is_news(outcome, track.reason) and step is not None:
            self.outcomes.append({
                "business_id": track.business_id, "debtor_id": track.debtor_id, "invoice_id": track.invoice_id,
                "step_id": step.id, "outcome": outcome.what, "reason": outcome.reason,
                "made": made if taken else "", "local_day": today, "at": now})
        self.tracks.append({
            "invoice": track.invoice_id, "new_step": step.id if taken and step else track.step_id,
            "new_on": today if taken else track.step_on, "new_look": outcome.look_at,
            "new_reason": reason_after(outcome, track.reason)})

    def write(self, session: Session) -> None:
        """Write all of it."""
        if self.messages:
            session.execute(insert(Message), self.messages)
        paper_letters.write_rows(session, self.letters)
        if self.calls:
            session.execute(insert(CallTask), self.calls)
        if self.outcomes:
            session.execute(insert(StepOutcome), self.outcomes)
        if self.tracks:
            session.connection().execute(_MOVE, self.tracks)


_TRACKS: Any = ReminderTrack.__table__
_MOVE = update(_TRACKS).where(_TRACKS.c.invoice_id == bindparam("invoice")).values(
    step_id=bindparam("new_step"), step_on=bindparam("new_on"), look_at=bindparam("new_look"),
    reason=bindparam("new_reason"))
