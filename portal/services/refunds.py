"""Sends money back: our row first, then Stripe with that row's id as the key, then the books by the facts' way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.money_facts import Fact, Refunded
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import Chargeback, Payment, Refund, lock_debtor
from portal.runtime import Runtime
from portal.services import attempts, audit, credit_back, facts, ledger
from portal.services.audit import Actor

UNSETTLED_BANK = ("us_bank_account", "sepa_debit", "bacs_debit", "au_becs_debit", "acss_debit")
# A refund Stripe has not answered about for so long waits for a person; it is still asked about, after the others.
SILENCE = timedelta(days=1)


@dataclass(frozen=True)
class RefundOrder:
    """Who wants how much of which payment back, and whether what it paid is owed again ("reopen" or "credit")."""

    business_id: int
    payment_public_id: str
    amount_minor: int
    mode: str
    actor: Actor


def refund(rt: Runtime, order: RefundOrder) -> str:
    """Refund a part or all of a payment; returns the refund's public id.

    Raises Refusal: unknown_payment, refund_too_large, refund_under_chargeback, refund_may_bounce, refund_no_credit.
    """
    now = rt.now()
    refund_id = rt.db.run(lambda session: _prepare(session, order, now))
    return send(rt, refund_id)


def _prepare(session: Session, order: RefundOrder, now: datetime) -> int:
    return _asked_for(session, locked_payment(session, order.business_id, order.payment_public_id), order, now)


def _asked_for(session: Session, payment: Payment, order: RefundOrder, now: datetime) -> int:
    row = make(session, payment, order, now)
    audit.record(session, at=now, actor=order.actor, act="refund.requested", business_id=payment.business_id,
                 debtor_id=payment.debtor_id, target=f"refund:{row.public_id}", amount=order.amount_minor,
                 mode=order.mode)
    return row.id


def locked_payment(session: Session, business_id: int, public_id: str) -> Payment:
    """Find a payment, lock its debtor and read it again; raises Refusal unknown_payment."""
    payment = named(session, business_id, public_id)
    lock_debtor(session, payment.business_id, payment.debtor_id)
    session.refresh(payment)
    return payment


def named(session: Session, business_id: int, public_id: str) -> Payment:
    """Find a payment of a business; raises Refusal unknown_payment."""
    payment = session.scalars(select(Payment).where(
        Payment.business_id == business_id, Payment.public_id == public_id)).one_or_none()
    if payment is None:
        raise Refusal("not_found", "unknown_payment")
    return payment


def make(session: Session, payment: Payment, order: RefundOrder, now: datetime) -> Refund:
    """Write the row of a refund that may be made now; the caller holds the debtor's lock and notes the act."""
    check(session, payment, order, now)
    row = Refund(business_id=payment.business_id, payment_id=payment.id, amount_minor=order.amount_minor,
                 currency=payment.currency, mode=order.mode, state="requested", created_at=now)
    session.add(row)
    session.flush()
    return row


def check(session: Session, payment: Payment, order: RefundOrder, now: datetime) -> None:
    """Refuse a refund that the payment does not allow at this moment; see refund() for the reasons."""
    if payment.payment_intent is None or not payment.captured_minor:
        raise Refusal("conflict", "refund_not_by_stripe")
    if session.scalar(select(Chargeback.id).where(
            Chargeback.payment_id == payment.id, Chargeback.state.notin_(("won", "warning_closed")))):
        # The bank is already taking this money; a refund beside it would pay the debtor twice.
        raise Refusal("conflict", "refund_under_chargeback")
    free = free_of(session, payment)
    if not 0 < order.amount_minor <= free:
        raise Refusal("invalid", "refund_too_large", most=max(0, free))
    if payment.method_brand in UNSETTLED_BANK and payment.received_at and (now - payment.received_at).days < 5:
        raise Refusal("conflict", "refund_may_bounce", days=5)
    if order.mode == "credit":
        credit = ledger.credit_of(session, payment.business_id, payment.debtor_id, payment.currency)
        theirs = select(Payment.id).where(
            Payment.business_id == payment.business_id, Payment.debtor_id == payment.debtor_id,
            Payment.currency == payment.currency)
        # Pressed twice, the second press meets a credit that the first has not taken yet but will.
        credit -= _asked(session, Refund.payment_id.in_(theirs) & (Refund.mode == "credit"))
        if order.amount_minor > credit:
            raise Refusal("invalid", "refund_no_credit", most=max(0, credit))


def free_of(session: Session, payment: Payment) -> int:
    """Tell how much of a payment could still go back: what came in, less what went back or was asked for."""
    return payment.captured_minor - payment.returned_minor - _asked(session, Refund.payment_id == payment.id)


def _asked(session: Session, which: ColumnElement[bool]) -> int:
    """The sum of refunds that are asked for or on their way but not in the books yet; minor units."""
    return sum(session.scalars(select(Refund.amount_minor).where(
        which, Refund.state.in_(("requested", "unknown", "pending")), Refund.booked_at.is_(None))))


def send(rt: Runtime, refund_id: int) -> str:
    """Ask Stripe for a refund whose row stands; asked again, it is the same refund."""
    with rt.db.reading() as session:
        row = session.get_one(Refund, refund_id)
        payment = session.get_one(Payment, row.payment_id)
    if row.state not in ("requested", "unknown"):
        return row.public_id
    try:
        found = _ask(rt, row, payment)
    except StripeUnknown:
        _mark(rt, row.id, "unknown", None)
        return row.public_id
    except StripeRefused as refusal:
        _mark(rt, row.id, "failed", refusal.code[:60])
        raise Refusal("conflict", "refund_refused") from refusal
    if not found:
        _mark(rt, row.id, "failed", "never_made")
        raise Refusal("conflict", "refund_refused")
    now = rt.now()
    rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])
    return row.public_id


def _ask(rt: Runtime, row: Refund, payment: Payment) -> list[Fact]:
    """Make the refund under its key, or, where that key says nothing new, look whether it was made; [] if not."""
    assert payment.payment_intent is not None
    if rt.now() - row.created_at < attempts.KEY_LIFE:
        try:
            return rt.stripe.refund(
                intent=payment.payment_intent, amount=row.amount_minor, refund=row.public_id,
                key=f"refund:{row.id}:{row.public_id}", account=payment.stripe_account)
        except StripeUnknown as unknown:
            if not unknown.answered:
                raise
    found = rt.stripe.look_up_returns(payment.payment_intent, account=payment.stripe_account)
    ours = any(isinstance(fact, Refunded) and fact.our_refund == row.public_id for fact in found)
    return found if ours else []


def _mark(rt: Runtime, refund_id: int, state: str, code: str | None) -> None:
    with rt.db.transaction() as session:
        session.execute(update(Refund).where(Refund.id == refund_id, Refund.state.in_(("requested", "unknown")))
                        .values(state=state, failure_code=code))


def send_due(rt: Runtime, limit: int = 20) -> int:
    """Ask again for refunds whose answer was lost or whose worker died before asking; the long silent ones last."""
    with rt.db.reading() as session:
        waiting = list(session.scalars(
            select(Refund.id).where(Refund.state.in_(("requested", "unknown")))
            .order_by(Refund.created_at < rt.now() - SILENCE, Refund.id).limit(limit)))
    for refund_id in waiting:
        try:
            send(rt, refund_id)
        except Refusal:
            continue
        except Exception as error:
            # An answer that cannot be booked must not keep the others waiting behind it.
            logs.failed(error, refund=str(refund_id))
    return len(waiting)


def request_refund_of_credit(rt: Runtime, access: Access, currency: str) -> list[str]:
    """Give a debtor back what they paid beyond what they owed, to the cards it came from, newest first.

    Raises Refusal: refund_no_credit, refund_ask_us where one of the staff looks first, and those of a refund.
    """
    now = rt.now()
    return [send(rt, row) for row in rt.db.run(lambda session: _credit_back(session, access, currency, now))]


def _credit_back(session: Session, access: Access, currency: str, now: datetime) -> list[int]:
    # What is asked here could be answered otherwise a moment later: the rule and the rows are of one lock.
    lock_debtor(session, access.business_id, access.debtor_id)
    credit = ledger.credit_of(session, access.business_id, access.debtor_id, currency)
    if credit and not credit_back.may_take_back(session, access, currency, credit):
        raise Refusal("conflict", "refund_ask_us")
    orders = list(_orders(session, access, currency, credit))
    if not orders:
        raise Refusal("conflict", "refund_no_credit", most=credit)
    return [_asked_for(session, locked_payment(session, order.business_id, order.payment_public_id), order, now)
            for order in orders]


def _orders(session: Session, access: Access, currency: str, credit: int) -> Iterable[RefundOrder]:
    payments = session.scalars(
        select(Payment).where(Payment.debtor_id == access.debtor_id, Payment.business_id == access.business_id,
                              Payment.currency == currency, Payment.captured_minor > Payment.returned_minor,
                              Payment.payment_intent.is_not(None)).order_by(Payment.received_at.desc()))
    for payment in payments:
        amount = min(credit, payment.captured_minor - payment.returned_minor)
        if amount <= 0:
            return
        credit -= amount
        yield RefundOrder(access.business_id, payment.public_id, amount, "credit",
                          Actor("debtor", access.link_public_id))
