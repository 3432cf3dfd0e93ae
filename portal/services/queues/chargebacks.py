"""The queue of chargebacks: a bank took a payment back. While Stripe takes evidence, we answer; when it is lost, we
decide whether to ask the debtor again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Chargeback, Debtor, Payment, lock_debtor
from portal.runtime import Runtime
from portal.services import chargebacks
from portal.services.audit import record, staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.queues import line, marks
from portal.services.queues.debtor_facts import facts_of
from portal.services.queues.frame import Act, Case, Fact, Line, Queue, Typed
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

NEEDS_ANSWER = ("needs_response", "warning_needs_response")
WAITING = (*NEEDS_ANSWER, "lost")
# So much of the state stands in an item's name: when the state moves on, it is another item.
STATE_CUT = 17
REASONS = {
    "fraudulent": N_("The cardholder says they did not make this payment."),
    "unrecognized": N_("The cardholder does not recognize this payment."),
    "product_not_received": N_("The cardholder says they did not get what they paid for."),
    "product_unacceptable": N_("The cardholder says that what they got is not what was agreed."),
    "duplicate": N_("The cardholder says they paid twice."),
    "credit_not_processed": N_("The cardholder expects money back that did not come."),
    "subscription_canceled": N_("The cardholder says they had canceled."),
    "debit_not_authorized": N_("The account holder says they did not allow this debit."),
    "insufficient_funds": N_("There was not enough money on the account."),
    "incorrect_account_details": N_("The bank could not find the account."),
    "bank_cannot_process": N_("The bank could not process it."),
    "customer_initiated": N_("The account holder took the debit back."),
}
OTHER = N_("The bank gives no reason we know.")
STATES = {
    "needs_response": N_("Stripe waits for your evidence."),
    "warning_needs_response": N_("The bank only asks so far; no money was taken yet."),
    "under_review": N_("Your evidence is with the bank."),
    "warning_under_review": N_("Your answer is with the bank."),
    "won": N_("The bank decided for you; the money is back."),
    "lost": N_("The bank decided for the payer; the money is gone."),
    "warning_closed": N_("The bank asked and left it at that."),
    "prevented": N_("It was prevented."),
}


def _waiting(business_id: int, _now: datetime) -> Select[str, datetime, datetime]:
    since = func.coalesce(Chargeback.withdrawn_at, Chargeback.created_at, type_=Chargeback.created_at.type)
    return select(
        (Chargeback.public_id + literal(":") + func.substr(Chargeback.state, 1, STATE_CUT)).label("item"),
        since.label("since"), since.label("due_from"),
    ).where(Chargeback.business_id == business_id, Chargeback.state.in_(WAITING))


def _lines(session: Session, business_id: int, items: Sequence[str]) -> Mapping[str, Line]:
    states = {item.partition(":")[0]: item for item in items}
    rows = session.execute(
        select(Chargeback, Debtor.name).join(Payment, Payment.id == Chargeback.payment_id)
        .join(Debtor, Debtor.id == Payment.debtor_id)
        .where(Chargeback.business_id == business_id, Chargeback.public_id.in_(states)))
    return {states[row.public_id]: Line(name, Said(STATES.get(row.state, OTHER)), Sum(row.amount_minor, row.currency))
            for row, name in rows}


def _view(session: Session, access: StaffAccess, item: str, now: datetime, _find: str) -> Case:
    public_id, _, state = item.partition(":")
    row, payment = chargebacks.find(session, access, public_id)
    debtor = session.get_one(Debtor, payment.debtor_id)
    moved_on = row.state[:STATE_CUT] != state
    mark = marks.of(session, access.business_id, QUEUE.name, item)
    closed = _closed(row, mark, moved_on=moved_on)
    return Case(
        item=item, title=Said(N_("%(name)s, %(sum)s"), {
            "name": debtor.name, "sum": Sum(row.amount_minor, row.currency)}),
        about=Said(N_("chargeback of payment %(number)s, opened on %(day)s"),
                   {"number": payment.number, "day": row.created_at}),
        debtor_id=debtor.public_id, facts=(*_facts(session, row, payment), *facts_of(session, debtor)),
        evidence=chargebacks.evidence(session, payment) if row.state in NEEDS_ANSWER else (),
        acts=() if closed else _open(row), closed=closed, advice=_advice(row))


def _open(row: Chargeback) -> tuple[str, ...]:
    return ("answered", "let") if row.state in NEEDS_ANSWER else ("ask_again", "rest")


def _advice(row: Chargeback) -> str:
    if row.state in NEEDS_ANSWER:
        return N_("Call first: many cardholders only did not recognize the name on their statement, and can withdraw "
                  "it. Then hand in at Stripe what is listed here, with your contract and proof of the work.")
    return N_("The sum is open again, and reminders about it rest until you decide. Speak with them before you ask "
              "again.")


def _facts(session: Session, row: Chargeback, payment: Payment) -> tuple[Fact, ...]:
    found = [Fact(N_("What happened"), Said(REASONS.get(row.reason, OTHER))),
             Fact(N_("Where it stands"), Said(STATES.get(row.state, OTHER)))]
    until = chargebacks.deadline(session, row) if row.state in NEEDS_ANSWER else None
    if until is not None:
        found.append(Fact(N_("Evidence until"), Said(N_("%(day)s, at Stripe"), {"day": until})))
    if row.withdrawn_at is not None:
        found.append(Fact(N_("Taken"), Said(N_("%(sum)s on %(day)s, beside Stripe’s fee"), {
            "sum": Sum(row.amount_minor, row.currency), "day": row.withdrawn_at})))
    found.append(Fact(N_("Payment"), Plain(payment.number), ("office.payment", {"payment_id": payment.public_id})))
    found.append(Fact(N_("At Stripe"), Plain(row.stripe_dispute)))
    found.append(Fact(N_("Proof"), Said(N_("All of it as one PDF for Stripe")), (
        "office.chargeback_proof", {"chargeback_id": row.public_id})))
    return tuple(found)


def _closed(row: Chargeback, mark: marks.MarkView | None, *, moved_on: bool) -> Sayable | None:
    if moved_on:
        return Said(N_("This has moved on since: %(state)s"), {"state": Said(STATES.get(row.state, OTHER))})
    if mark is not None and mark.state == "done":
        return Said(N_("%(name)s dealt with this on %(day)s."), {"name": mark.who, "day": mark.at})
    if row.state not in WAITING:
        return Said(STATES.get(row.state, OTHER))
    return None


def _decided(act: str, said: str, *, release: bool = False) -> Act:
    def do(rt: Runtime, access: StaffAccess, item: str, _typed: Typed) -> Sayable:
        access.require(QUEUE.permission)
        now = rt.now()

        def work(session: Session) -> None:
            lock_business(session, access.business_id)
            row, payment = chargebacks.find(session, access, item.partition(":")[0])
            lock_debtor(session, access.business_id, payment.debtor_id)
            session.refresh(row)
            if row.state[:STATE_CUT] != item.partition(":")[2]:
                raise Refusal("conflict", "queue_solved")
            line.mark_done(session, access, QUEUE, item, now)
            ended = chargebacks.ask_again(session, row, now) if release else 0
            record(session, at=now, actor=staff_actor(access), act=f"chargeback.{act}",
                   business_id=access.business_id, debtor_id=payment.debtor_id, target=f"chargeback:{row.public_id}",
                   state=row.state, holds_ended=ended)

        rt.db.run(work)
        return Said(said)

    label, key, look = LABELS[act]
    return Act(act, label, do, key=key, look=look)


LABELS = {
    "answered": (N_("We answered at Stripe"), "a", "primary"),
    "let": (N_("We let it stand"), "l", ""),
    "ask_again": (N_("Ask for it again: reminders go on"), "a", "primary"),
    "rest": (N_("Leave reminders on hold"), "l", ""),
}

QUEUE = Queue(
    name="chargebacks", label=N_("Chargebacks"), none_left=N_("No chargeback needs you."), permission="work", place=30,
    waiting=_waiting, lines=_lines, view=_view, within=timedelta(days=2),
    acts=(
        _decided("answered", N_("Noted. It comes back here when the bank has decided against you.")),
        _decided("let", N_("Noted: it stands. It comes back here when the bank has decided.")),
        _decided("ask_again", N_("Reminders about it go on."), release=True),
        _decided("rest", N_("Noted. Reminders about it stay on hold.")),
    ))
