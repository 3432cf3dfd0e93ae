"""One attempt to pay by Stripe's hosted page: our row first, then Stripe with that row's id as the key.

A payment whose answer was lost is asked for again under the same key with the same words, never made anew.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal.gateways.stripe import CheckoutPage, StripeRefused, StripeUnknown
from portal.models import InstallmentPayment, Payment, PaymentInvoice, lock_debtor
from portal.runtime import Runtime
from portal.services import fact_lookup, facts

# Stripe refuses a page that would close in under thirty minutes; the margin covers a retry or two.
SHORTEST_PAGE = timedelta(minutes=30)
MARGIN = timedelta(minutes=1)
# Stripe forgets keys after a day; after that the same key could charge again.
KEY_LIFE = timedelta(hours=23)
FIRST_ASK = timedelta(minutes=2)
UNKNOWN_ASK = timedelta(seconds=30)


def open_page(rt: Runtime, payment_id: int) -> CheckoutPage | None:
    """Make sure a payment has its hosted page at Stripe; None when it has none and never will.

    Raises StripeRefused when Stripe said no (the attempt is then closed), StripeUnknown when no answer came.
    """
    with rt.db.reading() as session:
        payment = session.get_one(Payment, payment_id)
    if payment.state not in ("created", "unknown"):
        return CheckoutPage(payment.checkout_session or "", payment.checkout_url or "", payment.state)
    try:
        page = _page(rt, payment)
    except StripeUnknown:
        _keep(rt, payment, state="unknown", ask_at=rt.now() + UNKNOWN_ASK)
        raise
    except StripeRefused as refusal:
        _close(rt, payment, "failed", refusal.code[:60])
        raise
    if page is None:
        _close(rt, payment, "expired", None)
        return None
    _keep(rt, payment, state="open", checkout_session=page.session, checkout_url=page.url,
          ask_at=rt.now() + FIRST_ASK)
    return page


def _page(rt: Runtime, payment: Payment) -> CheckoutPage | None:
    assert payment.request is not None and payment.expires_at is not None
    fresh = payment.expires_at - rt.now() >= SHORTEST_PAGE and rt.now() - payment.created_at < KEY_LIFE
    if fresh:
        try:
            return rt.stripe.create_checkout(
                payment.request, key=f"payment:{payment.id}:{payment.public_id}", account=payment.stripe_account)
        except StripeUnknown as unknown:
            if not unknown.answered:
                raise
    # Too late to ask with the same words, or they only bring back the same server error: look whether a page
    # was made. One that is not found was seen by nobody, so nobody can pay on it.
    return rt.stripe.find_checkout(payment.public_id, created_at=payment.created_at, account=payment.stripe_account)


def _keep(rt: Runtime, payment: Payment, **values: Any) -> None:
    """Write Stripe's answer, unless an event was faster and the payment has moved on."""
    def work(session: Session) -> None:
        lock_debtor(session, payment.business_id, payment.debtor_id)
        session.execute(
            update(Payment).where(Payment.id == payment.id, Payment.state.in_(("created", "unknown")))
            .values(**values))
        if "checkout_session" in values:
            session.execute(
                update(Payment).where(Payment.id == payment.id, Payment.checkout_session.is_(None))
                .values(checkout_session=values["checkout_session"], checkout_url=values["checkout_url"]))
    rt.db.run(work)


def _close(rt: Runtime, payment: Payment, state: str, code: str | None) -> None:
    def work(session: Session) -> None:
        lock_debtor(session, payment.business_id, payment.debtor_id)
        closed = session.execute(
            update(Payment).where(Payment.id == payment.id, Payment.state.in_(("created", "unknown")))
            .values(state=state, failure_code=code, ask_at=None))
        if closed.rowcount:  # type: ignore[attr-defined]
            session.execute(update(PaymentInvoice).where(PaymentInvoice.payment_id == payment.id).values(open=False))
            session.execute(update(InstallmentPayment).where(
                InstallmentPayment.payment_id == payment.id).values(open=False))
    rt.db.run(work)


def close_page(rt: Runtime, session_id: str, account: str | None) -> bool:
    """Close a hosted page at Stripe; where it had been completed, book what became of it instead."""
    closed = rt.stripe.expire_checkout(session_id, account=account)
    look_up(rt, session_id, account)
    return closed


def look_up(rt: Runtime, session_id: str, account: str | None) -> None:
    """Ask Stripe how a page stands and book the answer by the same way an event takes."""
    found = rt.stripe.look_up_session(session_id, account=account)
    if found:
        now = rt.now()
        rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])


def page_closes_at(now: datetime, deadline: datetime | None, grace: timedelta) -> datetime:
    """Tell when a page opened now should close: soon, and no later than its discount's deadline and grace."""
    usual = now + timedelta(minutes=60)
    if deadline is None:
        return usual
    return max(now + SHORTEST_PAGE + MARGIN, min(usual, deadline + grace))


def close_later(session: Session, invoice_ids: Collection[int], now: datetime) -> None:
    """Let a job close the payment pages that are open for some invoices, right after the commit."""
    pages = session.execute(
        select(Payment.checkout_session, Payment.stripe_account).distinct()
        .join(PaymentInvoice, PaymentInvoice.payment_id == Payment.id)
        .where(PaymentInvoice.invoice_id.in_(sorted(invoice_ids)), PaymentInvoice.open,
               or_(Payment.state == "open", Payment.state == "unknown"), Payment.checkout_session.is_not(None)))
    for session_id, account in pages:
        fact_lookup.ask_later(session, "close_page", str(session_id), account or "", now)
