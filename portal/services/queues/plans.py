"""The queue of proposed plans that go beyond what the rules agree on by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Arrangement, Debtor, Plan
from portal.models.base import UtcDateTime
from portal.runtime import Runtime
from portal.services import plan_answers
from portal.services.plan_answers import OnDesk
from portal.services.plans import PlanStep
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Quote, Typed
from portal.services.queues.questions import NOT_EMAILED
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

STEPS = {
    ("debtor", "asked"): N_("Proposed a plan"), ("debtor", "withdrawn"): N_("Took it back"),
    ("debtor", "changed"): N_("Chose how it is paid"), ("debtor", "accepted"): N_("Signed"),
    ("rules", "accepted"): N_("Fits your rules"), ("rules", "referred"): N_("Your rules asked for a person"),
    ("rules", "ended"): N_("Nobody answered in time"), ("rules", "moved"): N_("Followed what came in"),
    ("rules", "countered"): N_("The running plan no longer covers everything"),
    ("debtor", "replaced"): N_("Signed a changed plan in its place"), ("staff", "accepted"): N_("Agreed to"),
    ("staff", "countered"): N_("Another plan offered"), ("staff", "refused"): N_("Refused"),
    ("staff", "ended"): N_("Ended"),
}
CLOSED = {
    "countered": N_("It is their turn now: to read and to sign."), "active": N_("The plan runs."),
    "kept": N_("The plan is paid."), "broken": N_("The plan was not kept."), "refused": N_("This was refused."),
    "withdrawn": N_("They took this back."), "ended": N_("This is over."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        Arrangement.public_id.label("item"), Arrangement.asked_at.label("since"),
        func.coalesce(Arrangement.answer_by, Arrangement.asked_at, type_=UtcDateTime()).label("due_from"),
    ).where(Arrangement.business_id == business_id, Arrangement.kind == "plan", Arrangement.state == "asked")


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(Arrangement.public_id, Debtor.name, Plan.count, Plan.total_minor, Plan.currency)
        .join(Debtor, Debtor.id == Arrangement.debtor_id).join(Plan, Plan.arrangement_id == Arrangement.id)
        .where(Arrangement.business_id == business_id, Arrangement.public_id.in_(items)))
    return {item: Line(name, Said(N_("Proposes %(count)s payments"), {"count": count}), Sum(total, currency))
            for item, name, count, total, currency in rows}


def _view(session: Session, access: StaffAccess, item: str, now: datetime, _find: str) -> Case:
    desk = plan_answers.on_desk(session, access, item, now)
    debtor = session.get_one(Debtor, desk.debtor_id)
    return Case(
        item=item, title=Plain(debtor.name), debtor_id=debtor.public_id,
        about=Said(N_("proposed a plan on %(day)s"), {"day": desk.view.asked_at}),
        quotes=tuple(_quote(step, debtor.name, may_read=access.may("work")) for step in desk.view.steps),
        facts=(*_facts(desk, debtor), *facts_of(session, debtor)), acts=_open(desk), seen=desk.view.seen,
        closed=None if desk.view.state == "asked" else Said(CLOSED.get(desk.view.state, CLOSED["ended"])),
        words_label=N_("Your words to them"),
        words_hint=N_("They stand on their page and in the email. A no needs them."),
        advice=N_("A plan that is kept beats one that is fast. A signed plan says that the debt is owed, which can "
                  "begin its limitation period anew. More than four payments of a private person can fall under the "
                  "law on consumer credit: look at it before you agree."))


def _quote(step: PlanStep, debtor: str, *, may_read: bool) -> Quote:
    by = {"debtor": "theirs", "staff": "ours"}.get(step.said_by, "internal")
    what = Said(STEPS.get((step.said_by, step.what), N_("Changed")))
    who = {"theirs": debtor, "ours": step.who}.get(by, "")
    return Quote(by, Said(N_("%(who)s: %(what)s"), {"who": who, "what": what}) if who else what,
                 step.words if may_read else "", step.at)


def _facts(desk: OnDesk, debtor: Debtor) -> tuple[Fact, ...]:
    view, found = desk.view, []
    first, last = view.rows[0], view.rows[-1]
    found.append(Fact(N_("All of it"), Sum(view.total_minor, view.currency)))
    found.append(Fact(N_("Payments"), Plain(str(len(view.rows)))))
    found.append(Fact(N_("First"), Said(N_("%(sum)s on %(day)s"), {
        "sum": Sum(first.amount_minor, view.currency), "day": first.due_on})))
    found.append(Fact(N_("Last"), Said(N_("%(sum)s on %(day)s"), {
        "sum": Sum(last.amount_minor, view.currency), "day": last.due_on})))
    if desk.told is not None and desk.told.nearest_parts:
        parts = desk.told.nearest_parts
        found.append(Fact(N_("Nearest plan that fits"), Said(N_("%(count)s payments of %(sum)s, until %(day)s"), {
            "count": len(parts), "sum": Sum(parts[-1].amount_minor, view.currency), "day": parts[-1].due_on})))
    if view.answer_by is not None:
        found.append(Fact(N_("Promised by"), On(view.answer_by)))
    found.append(Fact(N_("In full, and other terms"), Said(N_("Open the plans of this customer")),
                      ("office.debtor_plans", {"debtor_id": debtor.public_id})))
    return tuple(found)


def _open(desk: OnDesk) -> tuple[str, ...]:
    if desk.view.state != "asked":
        return ()
    nearest = ("nearest",) if desk.told is not None and desk.told.nearest is not None else ()
    return ("approve", *nearest, "refuse")


def _told(done: plan_answers.Answered, said: str) -> Sayable:
    return Said(said) if done.emailed else Said(
        NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


def _approve(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(plan_answers.approve(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Agreed to. It counts once they sign; they are told by email."))


def _nearest(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(plan_answers.counter(rt, access, item, None, seen=typed.seen, words=typed.words),
                 N_("Offered. It counts once they sign; they are told by email."))


def _refuse(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(plan_answers.refuse(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Refused. Your words leave by email now."))


QUEUE = Queue(
    name="plans", label=N_("Plans"), none_left=N_("Nobody waits for an answer about a plan."), permission="work",
    place=11, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("approve", N_("Agree to it"), _approve, key="a", look="primary", takes=frozenset({"words"})),
        Act("nearest", N_("Offer the nearest plan"), _nearest, key="o", takes=frozenset({"words"})),
        Act("refuse", N_("Say no, with words"), _refuse, key="n", look="refuse", takes=frozenset({"words"})),
    ))
