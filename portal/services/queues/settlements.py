"""The queue of wishes to settle for less, and of what was offered and waits for a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.money import parse_amount
from portal.domain.roles import StaffAccess
from portal.models import Arrangement, Debtor
from portal.models.base import UtcDateTime
from portal.runtime import Runtime
from portal.services import settlement_answers
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Quote, Typed
from portal.services.queues.questions import NOT_EMAILED
from portal.services.settlements import SettlementView, StepView
from portal.words.refusals import N_
from portal.words.said import On, Plain, Said, Sayable, Sum

STEPS = {
    ("debtor", "asked"): N_("Asked to close it for %(sum)s"),
    ("debtor", "referred"): N_("Asked a person to decide about %(sum)s"),
    ("debtor", "accepted"): N_("Signed for %(sum)s"),
    ("debtor", "withdrawn"): N_("Took it back"),
    ("rules", "accepted"): N_("Your rules agreed to %(sum)s"),
    ("rules", "countered"): N_("Your rules named %(sum)s"),
    ("rules", "referred"): N_("Your rules asked for a person"),
    ("rules", "refused"): N_("Your rules said no"),
    ("rules", "ended"): N_("Ran out unsigned"),
    ("staff", "accepted"): N_("Agreed to %(sum)s"),
    ("staff", "countered"): N_("Offered %(sum)s"),
    ("staff", "refused"): N_("Refused"),
    ("staff", "ended"): N_("Taken back"),
}
CLOSED = {
    "active": N_("It is signed: %(sum)s by %(day)s."), "kept": N_("It was kept."), "refused": N_("This was refused."),
    "broken": N_("It was not kept; the full sum stands again."), "withdrawn": N_("They took this back."),
    "ended": N_("This is over."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    return select(
        Arrangement.public_id.label("item"), Arrangement.asked_at.label("since"),
        func.coalesce(Arrangement.answer_by, Arrangement.asked_at, type_=UtcDateTime()).label("due_from"),
    ).where(Arrangement.business_id == business_id, Arrangement.kind == "settlement", Arrangement.state == "asked")


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(Arrangement, Debtor.name).join(Debtor, Debtor.id == Arrangement.debtor_id)
        .where(Arrangement.business_id == business_id, Arrangement.public_id.in_(items)))
    return {one.public_id: Line(name, Said(N_("Asks to settle")), Sum(one.amount_minor, one.currency))
            for one, name in rows}


def _view(session: Session, access: StaffAccess, item: str, _now: datetime, _find: str) -> Case:
    found, debtor, names = settlement_answers.for_staff(session, access, item)
    may_read = access.may("work")
    quotes = tuple(_quote(found, step, name, debtor.name, may_read=may_read)
                   for step, name in zip(found.steps, names, strict=True))
    return Case(
        item=item, title=Said(N_("%(name)s, %(sum)s"), {
            "name": debtor.name, "sum": Sum(found.amount_minor, found.currency)}),
        about=Said(N_("to close %(sum)s"), {"sum": Sum(found.owed_minor, found.currency)}),
        debtor_id=debtor.public_id, quotes=quotes, facts=(*_facts(found), *facts_of(session, debtor)),
        acts=_open(found), seen=found.seen, closed=_closed(found), words_label=N_("Your words to them"),
        words_hint=N_("They stand on their page and in the email. A no needs them, and so does taking an offer back."),
        advice=N_("Ask what they can pay today. One payment that comes is worth more than a sum that is right; and "
                  "nobody settles twice, so the sum should end it."))


def _quote(found: SettlementView, step: StepView, name: str, debtor: str, *, may_read: bool) -> Quote:
    by = {"debtor": "theirs", "staff": "ours"}.get(step.said_by, "internal")
    sums = {"sum": Sum(step.amount_minor, found.currency)}
    what = Said(STEPS.get((step.said_by, step.what), N_("Changed")), sums)
    who = {"theirs": debtor, "ours": name}.get(by, "")
    return Quote(by, Said(N_("%(who)s: %(what)s"), {"who": who, "what": what}) if who else what,
                 step.words if may_read else "", step.at)


def _facts(found: SettlementView) -> tuple[Fact, ...]:
    facts = [Fact(N_("Would close it"), Plain("") if not found.amount_minor else Said(
        "%(sum)s", {"sum": Sum(found.amount_minor, found.currency)}))]
    facts.append(Fact(N_("Left now"), Said("%(sum)s", {"sum": Sum(found.owed_minor, found.currency)})))
    if found.until is not None:
        facts.append(Fact(N_("Until"), On(found.until)))
    if found.answer_by is not None:
        facts.append(Fact(N_("Promised by"), On(found.answer_by)))
    return tuple(facts)


def _open(found: SettlementView) -> tuple[str, ...]:
    return {"asked": ("approve", "counter", "refuse"), "countered": ("take_back",)}.get(found.state, ())


def _closed(found: SettlementView) -> Sayable | None:
    if found.state in ("asked", "countered"):
        return None
    told = {"sum": Sum(found.amount_minor, found.currency), "day": found.until}
    return Said(CLOSED.get(found.state, CLOSED["ended"]), told if found.state == "active" else {})


def _told(done: settlement_answers.Answered, said: str) -> Sayable:
    return Said(said) if done.emailed else Said(
        NOT_EMAILED.get(done.reason, N_("Your answer stands on their page. It did not leave by email.")))


def _approve(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(settlement_answers.approve(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Agreed. It holds once they have signed; they are told by email."))


def _counter(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    with rt.db.reading() as session:
        currency = settlement_answers.find(session, access, item).currency
    if not typed.amount.strip():
        raise Refusal("invalid", "amount_empty")
    minor = parse_amount(typed.amount, currency, typed.mark)
    return _told(settlement_answers.counter(rt, access, item, minor, seen=typed.seen),
                 N_("Offered. It holds once they have signed; they are told by email."))


def _refuse(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(settlement_answers.refuse(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Refused. Your words leave by email now."))


def _take_back(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    return _told(settlement_answers.take_back(rt, access, item, seen=typed.seen, words=typed.words),
                 N_("Taken back. Your words leave by email now."))


QUEUE = Queue(
    name="settlements", label=N_("Settlements"), none_left=N_("Nobody waits for an answer about a settlement."),
    permission=settlement_answers.PERMISSION, place=13, waiting=_waiting, lines=_lines, view=_view, marks_close=False,
    acts=(
        Act("approve", N_("Agree to this sum"), _approve, key="g", look="primary", takes=frozenset({"words"})),
        Act("counter", N_("Name another sum"), _counter, key="o", takes=frozenset({"amount"})),
        Act("refuse", N_("Say no, with words"), _refuse, key="n", look="refuse", takes=frozenset({"words"})),
        Act("take_back", N_("Take the offer back, with words"), _take_back, look="refuse", takes=frozenset({"words"})),
    ))
