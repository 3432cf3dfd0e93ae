"""Asks Stripe about payments of which no event told us; the answer takes the same way into the books."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import Payment
from portal.runtime import Runtime
from portal.services import attempts, autopay_charges, facts

# Soon at first, then ever more rarely: a page that closed, a debit that takes days.
WAITS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=6))
MOST_ASKS = 60


def ask_due(rt: Runtime, limit: int = 50) -> int:
    """Ask about every payment whose time has come; returns how many were asked about."""
    asked = 0
    for payment_id in _due(rt, limit):
        if _claim(rt, payment_id):
            asked += 1
            _ask_alone(rt, payment_id)
    return asked


def _ask_alone(rt: Runtime, payment_id: int) -> None:
    """Ask about one payment; an answer that cannot be booked is logged, and must not keep the others waiting."""
    try:
        ask(rt, payment_id)
    except Exception as error:
        logs.failed(error, payment=str(payment_id))


def _due(rt: Runtime, limit: int) -> list[int]:
    with rt.db.reading() as session:
        query = select(Payment.id).where(Payment.ask_at <= rt.now()).order_by(Payment.ask_at).limit(limit)
        return list(session.scalars(query))


def _claim(rt: Runtime, payment_id: int) -> bool:
    """Move the next asking into the future; of two workers only one finds the old time still standing."""
    now = rt.now()

    def work(session: Session) -> bool:
        payment = session.get_one(Payment, payment_id)
        if payment.ask_at is None or payment.ask_at > now:
            return False
        wait = WAITS[min(payment.ask_count, len(WAITS) - 1)]
        later = now + wait if payment.ask_count < MOST_ASKS else None
        claimed = session.execute(
            update(Payment).where(Payment.id == payment_id, Payment.ask_at == payment.ask_at)
            .values(ask_at=later, ask_count=Payment.ask_count + 1).execution_options(synchronize_session=False))
        return bool(claimed.rowcount == 1)  # type: ignore[attr-defined]
    return rt.db.run(work)


def ask(rt: Runtime, payment_id: int) -> None:
    """Ask Stripe about one payment and book what it says; silence leaves it for the next time."""
    with rt.db.reading() as session:
        payment = session.get_one(Payment, payment_id)
    try:
        if payment.state in ("created", "unknown") and payment.channel == "off_session":
            autopay_charges.recover(rt, payment_id)
        elif payment.state in ("created", "unknown"):
            page = attempts.open_page(rt, payment_id)
            if page is None or not page.session:
                return
            attempts.look_up(rt, page.session, payment.stripe_account)
        elif payment.payment_intent:
            _book_intent(rt, payment)
        elif payment.checkout_session:
            attempts.look_up(rt, payment.checkout_session, payment.stripe_account)
    except (StripeUnknown, StripeRefused):
        return


def _book_intent(rt: Runtime, payment: Payment) -> None:
    assert payment.payment_intent is not None
    found = rt.stripe.look_up_intent(payment.payment_intent, account=payment.stripe_account)
    if payment.checkout_session and not payment.captured_minor:
        found += rt.stripe.look_up_session(payment.checkout_session, account=payment.stripe_account)
    now = rt.now()
    rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])
