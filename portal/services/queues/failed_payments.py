"""The queue of payments that failed in the last days, of debtors who still owe: they wanted to pay, so help them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain import questions as rules
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Debtor, LedgerAccount, Note, Payment, lock_debtor
from portal.runtime import Runtime
from portal.services import debtor_links, standings
from portal.services.audit import record, staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.queues import line, marks
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Typed
from portal.words.declines import OTHER, REASONS
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

LOOK_BACK = timedelta(days=14)
# Who was declined on Stripe's page may still be there, with another card in hand.
STILL_TRYING = timedelta(hours=1)
FAILED = ("failed", "expired", "open")
NOT_TRIED = ("canceled", "expired", "created", "unknown")
LONGEST_WORDS = 4_000
More = Callable[[Session, Payment, datetime], None]


def _waiting(business_id: int, now: datetime) -> Select[str, datetime, datetime]:
    newer = aliased(Payment)
    since = func.coalesce(Payment.moved_at, Payment.created_at, type_=Payment.created_at.type)
    tried_again = exists().where(
        newer.debtor_id == Payment.debtor_id, newer.created_at > Payment.created_at,
        or_(newer.state.notin_(NOT_TRIED), newer.failure_code.is_not(None)))
    still_owes = exists().where(
        LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == Payment.debtor_id,
        LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
    return select(
        Payment.public_id.label("item"), since.label("since"), since.label("due_from"),
    ).where(
        Payment.business_id == business_id, Payment.state.in_(FAILED), Payment.created_at > now - LOOK_BACK,
        or_(Payment.state == "failed",
            and_(Payment.failure_code.is_not(None), or_(Payment.state == "expired", since < now - STILL_TRYING))),
        still_owes, ~tried_again)


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    rows = session.execute(
        select(Payment, Debtor.name).join(Debtor, Debtor.id == Payment.debtor_id)
        .where(Payment.business_id == business_id, Payment.public_id.in_(items)))
    return {payment.public_id: Line(name, Said(REASONS.get(payment.failure_code or "", OTHER)),
                                    Sum(payment.amount_minor, payment.currency)) for payment, name in rows}


def _view(session: Session, access: StaffAccess, item: str, now: datetime, _find: str) -> Case:
    payment = _find_payment(session, access, item)
    debtor = session.get_one(Debtor, payment.debtor_id)
    closed = _closed(session, access, item, now)
    return Case(
        item=item, title=Said(N_("%(name)s, %(sum)s"), {
            "name": debtor.name, "sum": Sum(payment.amount_minor, payment.currency)}),
        about=Said(N_("payment %(number)s, tried on %(day)s"), {"number": payment.number, "day": payment.created_at}),
        debtor_id=debtor.public_id, facts=(*_facts(payment), *facts_of(session, debtor)),
        acts=() if closed else ("called", "send_link", "done"), closed=closed,
        words_label=N_("What was said, for your colleagues"),
        words_hint=N_("Kept with the debtor as a call. Empty when you reached nobody: put it off until a day instead."),
        advice=N_("They wanted to pay. Begin with a question: did something go wrong on the page? Offer another way to "
                  "pay, a part of the sum, or a later day."))


def _facts(payment: Payment) -> tuple[Fact, ...]:
    how = " ".join(part for part in (payment.method_brand or "", payment.method_last4 or "") if part)
    found = [Fact(N_("What happened"), Said(REASONS.get(payment.failure_code or "", OTHER))),
             Fact(N_("Payment"), Plain(payment.number), ("office.payment", {"payment_id": payment.public_id}))]
    if how:
        found.append(Fact(N_("Paid with"), Plain(how)))
    return tuple(found)


def _closed(session: Session, access: StaffAccess, item: str, now: datetime) -> Sayable | None:
    mark = marks.of(session, access.business_id, QUEUE.name, item)
    if mark is not None and mark.state == "done":
        return Said(N_("%(name)s dealt with this on %(day)s."), {"name": mark.who, "day": mark.at})
    if mark is not None and mark.until is not None and mark.until > line.today_of(session, access.business_id, now):
        return None
    if line.place_of(session, QUEUE, access.business_id, item, now) is None:
        return Said(N_("This is settled: they paid, tried again, or it is long ago."))
    return None


def _find_payment(session: Session, access: StaffAccess, item: str) -> Payment:
    payment = session.scalars(select(Payment).where(
        Payment.public_id == item, Payment.business_id == access.business_id)).one_or_none()
    if payment is None:
        raise Refusal("not_found", "unknown_page")
    return payment


def _called(rt: Runtime, access: StaffAccess, item: str, typed: Typed) -> Sayable:
    body = rules.told(typed.words, longest=LONGEST_WORDS)

    def note(session: Session, payment: Payment, now: datetime) -> None:
        session.add(Note(
            business_id=access.business_id, debtor_id=payment.debtor_id, staff_id=access.staff_id, kind="call",
            result="reached", about=f"payment:{payment.public_id}", body=body, at=now))

    _deal_with(rt, access, item, "failed_payment.called", note)
    return Said(N_("The call is kept with the debtor."))


def _send_link(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
    with rt.db.reading() as session:
        debtor = session.get_one(Debtor, _find_payment(session, access, item).debtor_id)
    # The payment names the form: however often it is pressed, one link leaves for it.
    sent = debtor_links.send(rt, access, debtor.public_id, item)
    now = rt.now()
    rt.db.run(lambda session: line.mark_done(session, access, QUEUE, item, now))
    if sent.state != "queued":
        return Said(N_("The link did not leave by email."))
    return Said(N_("A fresh link leaves by email now."))


def _done(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
    _deal_with(rt, access, item, "failed_payment.done", None)
    return Said(N_("Marked as done."))


def _deal_with(rt: Runtime, access: StaffAccess, item: str, act: str, more: More | None) -> None:
    access.require(QUEUE.permission)
    now = rt.now()

    def work(session: Session) -> None:
        lock_business(session, access.business_id)
        payment = _find_payment(session, access, item)
        lock_debtor(session, access.business_id, payment.debtor_id)
        line.mark_done(session, access, QUEUE, item, now)
        if more is not None:
            more(session, payment, now)
        record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
               debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}")
        standings.recount_one(session, access.business_id, payment.debtor_id, now)

    rt.db.run(work)


QUEUE = Queue(
    name="failed-payments", label=N_("Failed payments"), none_left=N_("No failed payment needs you."),
    permission="work", place=40, waiting=_waiting, lines=_lines, view=_view, within=timedelta(days=1),
    acts=(
        Act("called", N_("I called them"), _called, key="c", look="primary", takes=frozenset({"words"})),
        Act("send_link", N_("Email a fresh link"), _send_link, key="e"),
        Act("done", N_("Nothing to do"), _done, key="d"),
    ))
