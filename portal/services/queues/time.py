"""The queue of wishes for time beyond what the rules grant, and of hard times that somebody looks at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Arrangement, Debtor
from portal.models.base import UtcDateTime
from portal.runtime import Runtime
from portal.services import time_answers
from portal.services.arrangements import PAUSES
from portal.services.more_time import StepView, TimeView
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Quote, Typed
from portal.services.queues.questions import NOT_EMAILED
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable

STEPS = {
    ("debtor", "asked"): N_("Asked for time until %(day)s"),
    ("debtor", "referred"): N_("Asked a person to decide about %(day)s"),
    ("debtor", "accepted"): N_("Took %(day)s"),
    ("debtor", "withdrawn"): N_("Took it back"),
    ("rules", "accepted"): N_("Given by your rules until %(day)s"),
    ("rules", "countered"): N_("Your rules offered %(day)s"),
    ("rules", "referred"): N_("Your rules asked for a person"),
    ("staff", "accepted"): N_("Given until %(day)s"),
    ("staff", "countered"): N_("Offered %(day)s"),
    ("staff", "refused"): N_("Refused"),
    ("staff", "ended"): N_("Ended"),
}
CLOSED = {
    "countered": N_("Another day was offered. It is their turn now."),
    "active": N_("Time is given until %(day)s."),
    "refused": N_("This was refused."),
    "withdrawn": N_("They took this back."),
    "ended": N_("This is over."),
}


def _waiting(business_id: int, now: datetime) -> Select[str, datetime, datetime]:
    review = and_(Arrangement.state == "active", Arrangement.review_on.is_not(None), Arrangement.reviewed_at.is_(None),
                  Arrangement.review_on <= now.date())
    return select(
        Arrangement.public_id.label("item"), Arrangement.asked_at.label("since"),
        func.coalesce(Arrangement.answer_by, case((review, now), else_=Arrangement.asked_at),
                      type_=UtcDateTime()).label("due_from"),
    ).where(Arrangement.business_id == business_id, Arrangement.kind.in_(PAUSES),
            or_(Arrangement.state == "asked", review))


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(Arrangement, Debtor.name).join(Debtor, Debtor.id == Arrangement.debtor_id)
        .where(Arrangement.business_id == business_id, Arrangement.public_id.in_(items)))
    return {one.public_id: Line(name, _gist(one)) for one, name in rows}


def _gist(one: Arrangement) -> Sayable:
    # Everybody in the office reads the line; why time is asked for stands on the item, for who decides.
    if one.state == "active":
        return Said(N_("Time to look at it again"))
    return Said(N_("Asks for time until %(day)s"), {"day": one.asked_until})


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, _find: str) -> Case:
    time, debtor_id, names = time_answers.for_staff(session, access, item)
    debtor = session.get_one(Debtor, debtor_id)
    quotes = tuple(_quote(step, name, debtor.name, may_read=access.may("work"))
                   for step, name in zip(time.steps, names, strict=True))
    return Case(
        item=item, title=Plain(debtor.name), debtor_id=debtor.public_id,
        about=Said(N_("asked for time on %(day)s"), {"day": time.asked_at}), quotes=quotes,
        facts=(*_facts(time, may_read=access.may("work")), *facts_of(session, debtor)), acts=_open(time),
        seen=time.seen, closed=_closed(time),
        words_label=N_("Your words to them"),
        words_hint=N_("They stand on their page and in the email. A no needs them."),
        advice=N_("Time costs little when it is given early and clearly. Ask what will be different on that day. "
                  "If nothing will, payments in parts help more than waiting."))


def _quote(step: StepView, name: str, debtor: str, *, may_read: bool) -> Quote:
    by = {"debtor": "theirs", "staff": "ours"}.get(step.said_by, "internal")
    what = Said(STEPS.get((step.said_by, step.what), N_("Changed")), {"day": step.until} if step.until else {})
    who = {"theirs": debtor, "ours": name}.get(by, "")
    words = step.words if may_read else ""
    return Quote(by, Said(N_("%(who)s: %(what)s"), {"who": who, "what": what}) if who else what, words, step.at)


def _facts(time: TimeView, *, may_read: bool) -> tuple[Fact, ...]:
    found = [Fact(N_("Time until"), On(time.asked_until))] if time.asked_until else []
    if time.answer_by is not None:
        found.append(Fact(N_("Promised by"), On(time.answer_by)))
    if may_read and time.kind == "hardship":
        found.append(Fact(N_("Reason"), Said(N_("Hard times"))))
    if may_read and time.review_on is not None:
        found.append(Fact(N_("Look again on"), On(time.review_on)))
    return tuple(found)


def _open(time: TimeView) -> tuple[str, ...]:
    if time.state == "asked":
        return ("give", "counter", "refuse")
    if time.state == "active" and time.review_on is not None:
        return ("reviewed", "stop")
    return ("stop",) if time.state == "active" else ()


def _closed(time: TimeView) -> Sayable | None:
    if time.state == "asked" or (time.state == "active" and time.review_on is not None):
        return None
    return Said(CLOSED.get(time.state, CLOSED["ended"]), {"day": time.until} if time.until else {})


def _told(done: time_answers.Answered, said: str) -> Sayable:
    return Said(said) if done.emailed else Said(
        NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


def _give(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(time_answers.give(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Given. Reminders and fees rest, and they are told by email."))


def _counter(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(time_answers.counter(rt, access, item, typed.until, seen=typed.seen),
                 N_("Offered. It holds once they take it; they are told by email."))


def _refuse(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(time_answers.refuse(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Refused. Your words leave by email now."))


def _reviewed(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    time_answers.looked_again(rt, access, item, seen=typed.seen)
    return Said(N_("Noted. It goes on as it is."))


def _stop(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(time_answers.stop(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Ended. Your words leave by email now."))


QUEUE = Queue(
    name="time", label=N_("More time"), none_left=N_("Nobody waits for an answer about time."), permission="work",
    place=12, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("give", N_("Give this time"), _give, key="g", look="primary", takes=frozenset({"words"})),
        Act("counter", N_("Offer another day"), _counter, key="o", takes=frozenset({"day"})),
        Act("refuse", N_("Say no, with words"), _refuse, key="n", look="refuse", takes=frozenset({"words"})),
        Act("reviewed", N_("I looked again; it goes on"), _reviewed, key="r", look="primary"),
        Act("stop", N_("End it, with words"), _stop, look="refuse", takes=frozenset({"words"})),
    ))
