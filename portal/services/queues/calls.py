"""The queue of calls that reminder steps ask for: each with a short script, done with what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Business, CadenceStep, CallTask, Debtor, LedgerAccount, lock_debtor
from portal.runtime import Runtime
from portal.services import askable, consents, debtor_notes, letters
from portal.services.audit import record, staff_actor
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Typed
from portal.words import call_scripts, happenings
from portal.words.core import Words
from portal.words.own_words import OwnWords
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

TONES = {
    "note": N_("A call ahead of the due date"), "friendly": N_("A friendly call"), "firm": N_("A firm call"),
    "formal": N_("A call before the formal letter"), "final": N_("A call before the last notice"),
}
KEPT = N_("The call is kept with the debtor.")


@dataclass(frozen=True)
class Script:
    """What to say for one debtor in the tone of a step."""

    tone: str
    own: OwnWords
    filled: Mapping[str, str]

    def paragraphs(self, words: Words) -> tuple[str, ...]:
        """Say it in the words of who calls."""
        return call_scripts.script(words, self.tone, self.own, self.filled)


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    owes = exists().where(
        LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == CallTask.debtor_id,
        LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
    return select(
        CallTask.public_id.label("item"), CallTask.created_at.label("since"), CallTask.created_at.label("due_from"),
    ).where(CallTask.business_id == business_id, CallTask.done_at.is_(None), owes)


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    left = (
        select(LedgerAccount.currency, func.sum(LedgerAccount.debits - LedgerAccount.credits).label("left"),
               LedgerAccount.debtor_id)
        .where(LedgerAccount.business_id == business_id, LedgerAccount.kind == RECEIVABLE,
               LedgerAccount.credits < LedgerAccount.debits,
               LedgerAccount.debtor_id.in_(select(CallTask.debtor_id).where(CallTask.public_id.in_(items))))
        .group_by(LedgerAccount.debtor_id, LedgerAccount.currency))
    most: dict[int | None, Sum] = {}
    for currency, minor, debtor_id in session.execute(left):
        if debtor_id not in most or most[debtor_id].minor < minor:
            most[debtor_id] = Sum(int(minor), currency)
    rows = session.execute(
        select(CallTask, Debtor.name, CadenceStep.tone).join(Debtor, Debtor.id == CallTask.debtor_id)
        .join(CadenceStep, CadenceStep.id == CallTask.step_id)
        .where(CallTask.business_id == business_id, CallTask.public_id.in_(items)))
    return {task.public_id: Line(name, Said(TONES[tone]), most.get(task.debtor_id)) for task, name, tone in rows}


def _view(session: Session, access: StaffAccess, item: str, now: datetime, _find: str) -> Case:
    task = _task(session, access, item)
    debtor, step = session.get_one(Debtor, task.debtor_id), session.get_one(CadenceStep, task.step_id)
    owed = askable.askable(session, now, debtor)
    closed = _closed(task, owes=owed.owes)
    may_call = consents.may_call(debtor, consents.refused_by(session, debtor))
    script = None
    if owed.invoices and may_call:
        business = session.get_one(Business, task.business_id)
        _, filled = letters.filled_in(session, now, business, debtor, owed, tone=step.tone)
        script = Script(step.tone, step.own_words, filled)
    facts = (*_obstacles(owed.reason, may_call=may_call), *facts_of(session, debtor))
    return Case(
        item=item, title=Plain(debtor.name), debtor_id=debtor.public_id,
        about=Said(N_("%(what)s, asked for on %(day)s"), {"what": Said(TONES[step.tone]), "day": task.created_at}),
        facts=facts, script=script, closed=closed, acts=_open(closed, script),
        words_label=N_("What was said, for your colleagues"),
        words_hint=N_("Kept with the debtor as a call. To try again another day, put it off instead."),
        advice=N_("Call when it is day where they are. Nobody else hears what it is about, not even that it is about "
                  "an invoice."))


def _obstacles(reason: str, *, may_call: bool) -> tuple[Fact, ...]:
    found = []
    if not may_call:
        found.append(Fact(N_("At the moment"), Said(N_(
            "They cannot or do not want to be called. Write to them instead."))))
    if reason:
        found.append(Fact(N_("At the moment"), happenings.named(happenings.MESSAGE_REASONS, reason)))
    return tuple(found)


def _open(closed: Sayable | None, script: Script | None) -> tuple[str, ...]:
    if closed is not None:
        return ()
    results = ("reached", "promised", "no_answer", "voicemail", "wrong_number", "call_back")
    return (*results, "drop") if script is not None else ("drop",)


def _closed(task: CallTask, *, owes: bool) -> Sayable | None:
    if task.done_at is not None:
        return Said(N_("This call was dealt with on %(day)s."), {"day": task.done_at})
    return None if owes else Said(N_("This is settled: nothing is left to pay."))


def _task(session: Session, access: StaffAccess, item: str) -> CallTask:
    task = session.scalars(select(CallTask).where(
        CallTask.public_id == item, CallTask.business_id == access.business_id)).one_or_none()
    if task is None:
        raise Refusal("not_found", "unknown_page")
    return task


def _logged(result: str) -> Callable[[Runtime, StaffAccess, str, Typed], Sayable]:
    def do(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
        promised: date | None = typed.until if result == "promised" else None
        # The task names the form: however often it is pressed, one call is kept for it.
        said = debtor_notes.Said(typed.words, item, result, promised)
        debtor_notes.check(said)
        now = rt.now()

        def work(session: Session) -> None:
            debtor, task = _lock(session, access, item)
            debtor_notes.keep(session, access, debtor, said, now, "call_task.done", about=f"call_task:{item}")
            task.done_at = now

        rt.db.run(work)
        return Said(KEPT)

    return do


def _drop(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
    now = rt.now()

    def work(session: Session) -> None:
        debtor, task = _lock(session, access, item)
        task.done_at = now
        record(session, at=now, actor=staff_actor(access), act="call_task.dropped", business_id=access.business_id,
               debtor_id=debtor.id, target=f"call_task:{item}")

    rt.db.run(work)
    return Said(N_("Left out. Nothing is kept as a call."))


def _lock(session: Session, access: StaffAccess, item: str) -> tuple[Debtor, CallTask]:
    access.require(QUEUE.permission)
    task = _task(session, access, item)
    debtor = lock_debtor(session, access.business_id, task.debtor_id)
    assert debtor is not None
    session.refresh(task)
    if task.done_at is not None:
        raise Refusal("conflict", "call_is_done")
    return debtor, task


WORDS = frozenset({"words"})
QUEUE = Queue(
    name="calls", label=N_("Calls to make"), none_left=N_("Nobody is to be called."), permission="work", place=15,
    waiting=_waiting, lines=_lines, view=_view, within=timedelta(hours=10), marks_close=False,
    acts=(
        Act("reached", N_("I reached them"), _logged("reached"), key="c", look="primary", takes=WORDS),
        Act("no_answer", N_("No answer"), _logged("no_answer"), key="n", takes=WORDS),
        Act("voicemail", N_("Left a message"), _logged("voicemail"), key="v", takes=WORDS),
        Act("call_back", N_("Wants to be called back"), _logged("call_back"), key="b", takes=WORDS),
        Act("wrong_number", N_("Wrong number"), _logged("wrong_number"), takes=WORDS),
        Act("drop", N_("Not needed any more"), _drop, key="x"),
        Act("promised", N_("They promised to pay on this day"), _logged("promised"), takes=frozenset({"day"})),
    ))
