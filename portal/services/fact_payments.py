"""Books what became of a payment: money received, on its way, declined, expired.

The one path for money in, whoever started the payment and however we learned of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.ledger import CLEARING, SUSPENSE, Entry, own, receivable
from portal.domain.money_facts import Described, Moved, Received
from portal.models import Hold, Payment, PaymentInvoice, SuspenseItem
from portal.models.payments import OPEN_STATES
from portal.models.writes import together
from portal.services import (
    arrivals,
    audit,
    autopay_outcomes,
    fact_lookup,
    ledger,
    messages,
    plan_money,
    settle,
    settlement_ends,
)
from portal.services.arrivals import Expected
from portal.services.fact_lookup import Subject

FEE_PATIENCE = timedelta(minutes=15)
ENDED_STATES = {"declined": "failed", "failed": "failed", "canceled": "canceled", "expired": "expired"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of money that arrived, and whether facts may have been waiting for it."""

    outcome: str
    awaited: bool


def receive(session: Session, fact: Received, now: datetime) -> Arrival:
    """Book money that has arrived: to the invoices it was for, the rest to the debtor's credit.

    Whatever does not match our own record goes to suspense in full and closes nothing.
    """
    payment = arrivals.lock(session, fact)
    reason = _mismatch(payment, fact)
    if payment is None or reason:
        return Arrival(_suspend(session, fact, payment, reason, now), awaited=True)
    if payment.captured_minor:
        arrivals.learn(session, payment, fact)
        return Arrival("applied", payment.awaited)
    with together(session):
        # The fee comes with a later event; should that never come, a job asks for it.
        arrivals.close(session, payment, fact, ask_at=now + FEE_PATIENCE)
        posted = ledger.write_down(session, payment.business_id, _entries(payment, fact), now=now)
        messages.queue_receipt(session, now, payment, payment.addressee)
        audit.record(session, at=now, actor=audit.STRIPE, act="payment.received", business_id=payment.business_id,
                     debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}", amount=fact.amount)
    # Money can lie anywhere but where its payer sent it only once credit has ever existed.
    if posted.credit or any(part.offer_id for part in payment.parts):
        settle.settle(session, payment.business_id, payment.debtor_id, payment.currency, cause=f"{fact.intent}:paid",
                      now=now)
    if any(part.offer_id for part in payment.parts):
        settlement_ends.follow_money(session, payment.id, now)
    if payment.state == "processing":
        _release_hold(session, payment, now)
    if payment.in_plan:
        autopay_outcomes.received(session, payment.id)
        plan_money.follow(session, payment.business_id, payment.debtor_id, now)
    if payment.rivaled:
        _close_stale_pages(session, payment, now)
    return Arrival("applied", payment.awaited)


def _entries(payment: Expected, fact: Received) -> list[Entry]:
    clearing = own(CLEARING, payment.currency)
    return [
        Entry(clearing, receivable(part.invoice_id, payment.debtor_id, payment.currency), part.amount_minor,
              "payment", f"stripe:{fact.intent}:paid:{part.invoice_id}", "payment", payment.public_id,
              fact.happened_at, memo="payment")
        for part in payment.parts]


def _mismatch(payment: Expected | None, fact: Received) -> str:
    if payment is None:
        return "unknown_payment"
    if (payment.stripe_account or "") != fact.account:
        return "other_account"
    if payment.payment_intent not in (None, fact.intent):
        return "other_intent"
    if payment.channel not in ("checkout", "off_session"):
        return "other_channel"
    if payment.currency != fact.currency:
        return "other_currency"
    return "" if payment.amount_minor == fact.amount else "other_amount"


def _suspend(session: Session, fact: Received, payment: Expected | None, reason: str, now: datetime) -> str:
    business_id = fact_lookup.business_of_account(session, fact.account)
    if business_id is None:
        # An account that is not on our map: nobody's books can hold it; the event is kept for a person.
        return "mismatch"
    fact_lookup.lock_business(session, business_id)
    if session.scalar(select(SuspenseItem.id).where(
            SuspenseItem.business_id == business_id, SuspenseItem.payment_intent == fact.intent)):
        return "mismatch"
    mine = payment is not None and payment.business_id == business_id
    session.add(SuspenseItem(
        business_id=business_id, currency=fact.currency, amount_minor=fact.amount, payment_intent=fact.intent,
        payment_id=payment.id if payment and mine else None, reason=reason, created_at=now, returned_minor=0))
    entry = Entry(own(CLEARING, fact.currency), own(SUSPENSE, fact.currency), fact.amount, "suspense",
                  f"stripe:{fact.intent}:suspense", "suspense", fact.intent, fact.happened_at, memo=reason)
    ledger.post(session, business_id, [entry], now=now)
    audit.record(session, at=now, actor=audit.STRIPE, act="payment.suspended", business_id=business_id,
                 target=f"intent:{fact.intent}", reason=reason, amount=fact.amount,
                 currency=fact.currency)
    return "mismatch"


def move(session: Session, fact: Moved, now: datetime) -> str:
    """Note that a payment changed without money arriving. What has succeeded stays so, whatever comes late."""
    subject = fact_lookup.lock_payment(session, intent=fact.intent, public_id=fact.payment)
    if subject is None or (subject.payment.stripe_account or "") != fact.account:
        return "noted"
    payment = subject.payment
    if payment.payment_intent not in (None, fact.intent) and fact.intent is not None:
        return "mismatch"
    _learn(payment, fact.intent, fact.charge, fact.brand, fact.last4)
    if payment.captured_minor or payment.state not in (*OPEN_STATES, "expired"):
        return "applied"
    if payment.moved_at is not None and fact.happened_at < payment.moved_at:
        return "applied"
    payment.moved_at = fact.happened_at
    state, code = _meant(payment, fact)
    payment.failure_code = code or payment.failure_code
    if state == "processing":
        _start_waiting(session, subject, now)
    elif state == "declined" and payment.channel == "checkout" and payment.state != "processing":
        pass  # The page stays open: another card may do.
    elif state in ENDED_STATES and not (state == "expired" and payment.state == "processing"):
        _end(session, subject, ENDED_STATES[state], fact.advice, now)
    return "applied"


def _meant(payment: Payment, fact: Moved) -> tuple[str, str | None]:
    """What a change means: a charge that wants its payer there, while nobody is, has been refused."""
    if fact.state == "requires_action" and payment.channel == "off_session":
        return "declined", "authentication_required"
    return fact.state, fact.failure_code


def describe(session: Session, fact: Described, now: datetime) -> str:
    """Note how the payer would recognize a payment; money does not move."""
    subject = fact_lookup.lock_payment(session, intent=fact.intent, charge=fact.charge)
    if subject is None:
        return fact_lookup.wait_for(session, fact.intent, fact, f"described:{fact.charge}", now)
    if (subject.payment.stripe_account or "") != fact.account:
        return "mismatch"
    _learn(subject.payment, None, fact.charge, fact.brand, fact.last4)
    return "applied"


def _start_waiting(session: Session, subject: Subject, now: datetime) -> None:
    payment = subject.payment
    if payment.state == "processing":
        return
    payment.state = "processing"
    payment.ask_at, payment.ask_count = now + timedelta(hours=6), 0
    taken = set(session.scalars(select(PaymentInvoice.invoice_id).where(
        PaymentInvoice.invoice_id.in_([line.invoice_id for line in subject.lines]), PaymentInvoice.open,
        PaymentInvoice.payment_id != payment.id)))
    for line in subject.lines:
        line.open = line.invoice_id not in taken
        session.add(Hold(
            business_id=payment.business_id, debtor_id=payment.debtor_id, invoice_id=line.invoice_id, reminders=True,
            fees=True, autopay=True, discount_clock=True, cause="payment", cause_id=payment.public_id, starts_at=now))
    messages.queue_on_its_way(session, now, payment)
    audit.record(session, at=now, actor=audit.STRIPE, act="payment.processing", business_id=payment.business_id,
                 debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}")


def _end(session: Session, subject: Subject, state: str, advice: str | None, now: datetime) -> None:
    payment = subject.payment
    was_processing, payment.state = payment.state == "processing", state
    payment.ask_at = None
    _close_lines(subject)
    _release_hold(session, payment, now)
    automatic = autopay_outcomes.ended(session, payment, state, advice, now)
    if was_processing and state == "failed" and not automatic:
        messages.queue_debit_failed(session, now, payment)
    audit.record(session, at=now, actor=audit.STRIPE, act=f"payment.{state}", business_id=payment.business_id,
                 debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}", code=payment.failure_code)


def _learn(payment: Payment, intent: str | None, charge: str | None, brand: str | None, last4: str | None) -> None:
    payment.payment_intent = payment.payment_intent or intent
    payment.charge = charge or payment.charge
    payment.method_brand, payment.method_last4 = brand or payment.method_brand, last4 or payment.method_last4


def _close_lines(subject: Subject) -> None:
    for line in subject.lines:
        line.open = False


def _release_hold(session: Session, payment: Payment | Expected, now: datetime) -> None:
    session.execute(update(Hold).where(
        Hold.business_id == payment.business_id, Hold.cause == "payment", Hold.cause_id == payment.public_id,
        Hold.released_at.is_(None)).values(released_at=now).execution_options(synchronize_session=False))


def _close_stale_pages(session: Session, payment: Expected, now: datetime) -> None:
    """The balance moved, so other pages that ask for the old sum are closed right after the commit."""
    for page, account in arrivals.rival_pages(session, payment):
        fact_lookup.ask_later(session, "close_page", page, account, now)
