"""The job that charges due installments: claim and write our row, charge outside any transaction, note the answer.

Each charge has a payment row of its own, whose id is Stripe's key. Money moves by facts alone; here only Stripe's name
for the charge, or a bank's refusal, is written down. A charge nobody answered is looked up before anything else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.money_facts import Fact, Moved, Received
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import (
    AutopayCharge,
    Debtor,
    Installment,
    InstallmentPayment,
    Payment,
    PaymentInvoice,
    SavedMethod,
    StripeCustomer,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import (
    attempts,
    audit,
    autopay_look,
    autopay_outcomes,
    autopay_stops,
    facts,
    mandates,
    payments,
    plan_money,
    saved_methods,
)
from portal.services.autopay_look import Charge, Look

JOB = audit.Actor("job", "autopay")
# Longer than one charge can take with every retry and timeout of the library.
LEASE = timedelta(minutes=3)
LATER = timedelta(hours=1)


@dataclass(frozen=True)
class _Claimed:
    """One payment that is ours to send, until the lease runs out or another worker takes it over."""

    payment_id: int
    token: str


def charge_due(rt: Runtime, limit: int = 50) -> int:
    """Charge every installment whose time has come; returns how many were looked at."""
    looked = 0
    for installment_id in _due(rt, limit):
        looked += 1
        try:
            charge_one(rt, installment_id)
        except Exception as error:
            # One installment that cannot be charged must not keep the others waiting behind it.
            logs.failed(error, installment=str(installment_id))
            _put_off(rt, installment_id)
    return looked


def charge_one(rt: Runtime, installment_id: int) -> None:
    """Charge one installment if its time has come and nothing stands against it."""
    claimed = rt.db.run(lambda session: _claim(rt, session, installment_id))
    if claimed is not None:
        _send(rt, claimed, fresh=True)


def _due(rt: Runtime, limit: int) -> list[int]:
    now = rt.now()
    with rt.db.reading() as session:
        if autopay_look.stopped(session):
            return []
        return list(session.scalars(
            select(Installment.id)
            .where(Installment.state == "open", Installment.try_at <= now,
                   or_(Installment.claimed_until.is_(None), Installment.claimed_until <= now))
            .order_by(Installment.try_at, Installment.id).limit(limit)))


def _claim(rt: Runtime, session: Session, installment_id: int) -> _Claimed | None:
    """Take one installment after a last look, and write the payment it is charged by; None when it is not to be."""
    now = rt.now()
    installment = session.get_one(Installment, installment_id)
    debtor = lock_debtor(session, installment.business_id, installment.debtor_id)
    assert debtor is not None
    plan_money.follow(session, debtor.business_id, debtor.id, now)
    session.refresh(installment)
    if installment.try_at is None or installment.try_at > now:
        return None
    seen = autopay_look.look(session, installment, debtor, now)
    if seen.charge is None:
        _not_now(session, installment, seen, now)
        return None
    token = secrets.token_hex(16)
    if not _take(session, installment, token, now, try_at=installment.try_at):
        return None
    payment = _write(rt, session, installment, debtor, seen.charge, now)
    return _Claimed(payment.id, token)


def _take(session: Session, installment: Installment, token: str, now: datetime, *, try_at: datetime) -> bool:
    """Claim by a conditional update: of two workers only one finds the row as it was read."""
    taken = session.execute(
        update(Installment)
        .where(Installment.id == installment.id, Installment.state == "open", Installment.try_at == try_at,
               or_(Installment.claimed_until.is_(None), Installment.claimed_until <= now))
        .values(claim_token=token, claimed_until=now + LEASE, tries=Installment.tries + 1, try_at=None)
        .execution_options(synchronize_session=False))
    session.refresh(installment)
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def _not_now(session: Session, installment: Installment, seen: Look, now: datetime) -> None:
    installment.try_at = seen.until
    session.flush()
    if seen.reason == "expired":
        mandate = mandates.of_plan(session, installment.business_id, installment.arrangement_id)
        if mandate is not None and mandate.saved_method_id is not None:
            saved_methods.unusable(session, session.get_one(SavedMethod, mandate.saved_method_id), now)


def _write(rt: Runtime, session: Session, installment: Installment, debtor: Debtor, charge: Charge,
           now: datetime) -> Payment:
    payment = Payment(
        business_id=debtor.business_id, debtor_id=debtor.id, number=payments.new_number(), channel="off_session",
        state="created", currency=installment.currency, amount_minor=charge.amount_minor,
        stripe_account=charge.customer.account or None, created_at=now, ask_at=now + LEASE,
        method_brand=charge.method.brand or charge.method.kind, method_last4=charge.method.last4 or None)
    session.add(payment)
    session.flush()
    payment.request = _request(payment, charge)
    # Counted over the whole life of an installment: a repair begins its own counting anew.
    try_no = 1 + (session.scalar(select(func.max(InstallmentPayment.try_no)).where(
        InstallmentPayment.installment_id == installment.id)) or 0)
    for position, (invoice_id, minor) in enumerate(charge.lines):
        session.add(PaymentInvoice(
            payment_id=payment.id, invoice_id=invoice_id, business_id=debtor.business_id, debtor_id=debtor.id,
            position=position, amount_minor=minor, open=True))
    session.add(InstallmentPayment(
        installment_id=installment.id, payment_id=payment.id, business_id=debtor.business_id, debtor_id=debtor.id,
        amount_minor=charge.amount_minor, try_no=try_no))
    session.add(AutopayCharge(
        payment_id=payment.id, business_id=debtor.business_id, debtor_id=debtor.id, installment_id=installment.id,
        saved_method_id=charge.method.id, mandate_id=charge.mandate.id, try_no=try_no, created_at=now))
    audit.record(session, at=now, actor=JOB, act="payment.started", business_id=debtor.business_id,
                 debtor_id=debtor.id, target=f"payment:{payment.public_id}", amount=payment.amount_minor,
                 installment=installment.public_id)
    session.flush()
    return payment


def _request(payment: Payment, charge: Charge) -> dict[str, Any]:
    """The exact words to Stripe; metadata holds ids only, the price is the server's."""
    return {
        "amount": payment.amount_minor, "currency": payment.currency.lower(), "customer": charge.customer.customer,
        "payment_method": charge.method.method, "confirm": True, "off_session": True,
        "metadata": {"payment": payment.public_id},
    }


def recover(rt: Runtime, payment_id: int) -> None:
    """Find out about a charge nobody answered: book it where Stripe knows it, else look once more and send it.

    Raises StripeUnknown, StripeRefused.
    """
    claimed = rt.db.run(lambda session: _take_over(session, payment_id, rt.now()))
    if claimed is not None:
        _send(rt, claimed, fresh=False)


def _take_over(session: Session, payment_id: int, now: datetime) -> _Claimed | None:
    """Take a charge over whose worker has not come back: its lease has run out."""
    charge = session.get(AutopayCharge, payment_id)
    if charge is None:
        return None
    token = secrets.token_hex(16)
    taken = session.execute(
        update(Installment)
        .where(Installment.id == charge.installment_id,
               or_(Installment.claimed_until.is_(None), Installment.claimed_until <= now))
        .values(claim_token=token, claimed_until=now + LEASE).execution_options(synchronize_session=False))
    return _Claimed(payment_id, token) if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def _send(rt: Runtime, claimed: _Claimed, *, fresh: bool) -> None:
    with rt.db.reading() as session:
        payment = session.get_one(Payment, claimed.payment_id)
        customer = _customer_of(session, payment)
    if payment.state not in ("created", "unknown"):
        _release(rt, claimed)
        return
    try:
        if autopay_stops.forgot(rt, customer):
            _give_up(rt, claimed, again_at=rt.now() + LATER)
            return
        found = _ask(rt, payment, customer, claimed, fresh=fresh)
    except StripeUnknown:
        _note(rt, claimed, state="unknown", ask_at=rt.now() + attempts.UNKNOWN_ASK)
        _release(rt, claimed)
        return
    except StripeRefused as refusal:
        _book(rt, claimed, [Moved(customer.account, rt.now(), None, None, payment.public_id, "declined",
                                  refusal.code[:60])])
        return
    if found:
        _book(rt, claimed, found)


def _ask(rt: Runtime, payment: Payment, customer: StripeCustomer, claimed: _Claimed, *,
         fresh: bool) -> list[Fact]:
    """Charge, or first look whether that has happened already. Gives [] when it must not be charged any more."""
    assert payment.request is not None and customer.customer is not None
    if not fresh:
        found = rt.stripe.find_charge(payment.public_id, customer=customer.customer, created_at=payment.created_at,
                                      account=payment.stripe_account)
        if found:
            return found
        if not rt.db.run(lambda session: _still(rt, session, payment.id, claimed.token)):
            return []
    # The same key and words charge once, however often they are sent; Stripe keeps them for a day.
    return rt.stripe.charge(payment.request, key=f"payment:{payment.id}:{payment.public_id}",
                            account=payment.stripe_account)


def _still(rt: Runtime, session: Session, payment_id: int, token: str) -> bool:
    """Look once more before a charge that Stripe has never heard of is sent again; else give it up."""
    now = rt.now()
    charge = session.get_one(AutopayCharge, payment_id)
    debtor = lock_debtor(session, charge.business_id, charge.debtor_id)
    assert debtor is not None
    plan_money.follow(session, debtor.business_id, debtor.id, now)
    payment = session.get_one(Payment, payment_id, populate_existing=True)
    installment = session.get_one(Installment, charge.installment_id, populate_existing=True)
    if installment.claim_token != token or payment.state not in ("created", "unknown"):
        return False
    seen = autopay_look.look(session, installment, debtor, now, but_payment=payment_id)
    same = seen.charge is not None and (seen.charge.amount_minor, seen.charge.method.id) == (
        payment.amount_minor, charge.saved_method_id)
    if same and now - payment.created_at < attempts.KEY_LIFE:
        return True
    _end_untried(session, payment, charge, now, seen.until if seen.charge is None else now)
    return False


def _give_up(rt: Runtime, claimed: _Claimed, *, again_at: datetime) -> None:
    def work(session: Session) -> None:
        charge = session.get_one(AutopayCharge, claimed.payment_id)
        lock_debtor(session, charge.business_id, charge.debtor_id)
        payment = session.get_one(Payment, claimed.payment_id, populate_existing=True)
        if payment.state in ("created", "unknown"):
            _end_untried(session, payment, charge, rt.now(), again_at)

    rt.db.run(work)


def _end_untried(session: Session, payment: Payment, charge: AutopayCharge, now: datetime,
                 again_at: datetime | None) -> None:
    payment.state, payment.ask_at = "canceled", None
    session.execute(update(PaymentInvoice).where(PaymentInvoice.payment_id == payment.id).values(open=False)
                    .execution_options(synchronize_session=False))
    autopay_outcomes.untried(session, charge, now, again_at=again_at)


def _book(rt: Runtime, claimed: _Claimed, found: list[Fact]) -> None:
    """Note what Stripe answered: its name for the charge, or the refusal. That money is here is for events to tell."""
    told = [fact for fact in found if isinstance(fact, Moved)]
    name = next((fact.intent for fact in found if isinstance(fact, (Received, Moved)) and fact.intent), None)
    if name is not None:
        _note(rt, claimed, state="open", payment_intent=name, ask_at=rt.now() + attempts.FIRST_ASK)
    now = rt.now()
    if told:
        rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in told])
    _release(rt, claimed)


def _note(rt: Runtime, claimed: _Claimed, **values: Any) -> None:
    """Write Stripe's answer, unless an event was faster and the payment has moved on."""
    def work(session: Session) -> None:
        charge = session.get_one(AutopayCharge, claimed.payment_id)
        lock_debtor(session, charge.business_id, charge.debtor_id)
        session.execute(
            update(Payment).where(Payment.id == claimed.payment_id, Payment.state.in_(("created", "unknown")))
            .values(**values).execution_options(synchronize_session=False))

    rt.db.run(work)


def _release(rt: Runtime, claimed: _Claimed) -> None:
    """Let go of the installment while our token still stands; a late worker overwrites nobody."""
    rt.db.run(lambda session: session.execute(
        update(Installment).where(Installment.claim_token == claimed.token)
        .values(claim_token=None, claimed_until=None).execution_options(synchronize_session=False)))


def _put_off(rt: Runtime, installment_id: int) -> None:
    now = rt.now()
    rt.db.run(lambda session: session.execute(
        update(Installment).where(Installment.id == installment_id, Installment.try_at <= now)
        .values(try_at=now + LATER).execution_options(synchronize_session=False)))


def _customer_of(session: Session, payment: Payment) -> StripeCustomer:
    charge = session.get_one(AutopayCharge, payment.id)
    method = session.get_one(SavedMethod, charge.saved_method_id)
    return session.get_one(StripeCustomer, method.customer_id)
