"""What staff do about a chargeback, and what they can hand in against it: all that we know of the payment, in words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.gateways.stripe_deadlines import answer_until
from portal.models import (
    Chargeback,
    Hold,
    IdentityAttempt,
    Invoice,
    Message,
    Payment,
    PaymentInvoice,
    PortalLink,
    StripeEvent,
)
from portal.words.refusals import N_
from portal.words.said import Said, Sayable, Sum

MOST_LINES = 20


def find(session: Session, access: StaffAccess, public_id: str) -> tuple[Chargeback, Payment]:
    """Find a chargeback of this business with its payment; raises Refusal not_found."""
    row = session.execute(
        select(Chargeback, Payment).join(Payment, Payment.id == Chargeback.payment_id)
        .where(Chargeback.public_id == public_id, Chargeback.business_id == access.business_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1]


def deadline(session: Session, chargeback: Chargeback) -> datetime | None:
    """Tell by when Stripe wants evidence, as its newest event says; None when it does not say."""
    payload = session.scalar(
        select(StripeEvent.payload).where(StripeEvent.object_id == chargeback.stripe_dispute)
        .order_by(StripeEvent.happened_at.desc(), StripeEvent.id.desc()).limit(1))
    return answer_until(payload)


def ask_again(session: Session, chargeback: Chargeback, now: datetime) -> int:
    """Let reminders and fees go on for what a lost chargeback reopened; returns how many holds ended."""
    held = list(session.scalars(select(Hold.id).where(
        Hold.business_id == chargeback.business_id, Hold.cause == "chargeback",
        Hold.cause_id == chargeback.public_id, Hold.released_at.is_(None))))
    session.execute(update(Hold).where(Hold.id.in_(held)).values(released_at=now)
                    .execution_options(synchronize_session=False))
    return len(held)


def evidence(session: Session, payment: Payment) -> tuple[Sayable, ...]:
    """List what we know of a payment that a bank may want to read: what it was for, and how the debtor acted."""
    return (*_what_for(session, payment), *_how_paid(session, payment), *_what_was_sent(session, payment),
            *_earlier(session, payment))


def _what_for(session: Session, payment: Payment) -> list[Sayable]:
    rows = session.execute(
        select(Invoice, PaymentInvoice.amount_minor).join(PaymentInvoice, PaymentInvoice.invoice_id == Invoice.id)
        .where(PaymentInvoice.payment_id == payment.id).order_by(PaymentInvoice.position).limit(MOST_LINES))
    return [Said(N_("Invoice %(number)s of %(day)s, %(title)s: %(sum)s of this payment was for it."), {
        "number": invoice.number, "day": invoice.issued_on, "title": invoice.title or "–",
        "sum": Sum(amount, invoice.currency)}) for invoice, amount in rows]


def _how_paid(session: Session, payment: Payment) -> list[Sayable]:
    said: list[Sayable] = []
    link = session.get(PortalLink, payment.link_id) if payment.link_id else None
    if link is not None and link.first_opened_at is not None:
        said.append(Said(N_("The private link in our email was opened on %(day)s."), {"day": link.first_opened_at}))
    if link is not None:
        passed = session.scalar(select(func.min(IdentityAttempt.at)).where(
            IdentityAttempt.link_id == link.id, IdentityAttempt.passed))
        if passed is not None:
            said.append(Said(N_("Whoever opened it proved to be the customer on %(day)s, by a fact that is not in the "
                                "email or by a code sent to their address."), {"day": passed}))
    said.append(Said(N_("They started payment %(number)s over %(sum)s themselves on %(day)s, on Stripe’s own page."), {
        "number": payment.number, "sum": Sum(payment.amount_minor, payment.currency), "day": payment.created_at}))
    return said


def _what_was_sent(session: Session, payment: Payment) -> list[Sayable]:
    sent = session.scalar(select(Message.sent_at).where(
        Message.business_id == payment.business_id, Message.key == f"receipt:{payment.public_id}"))
    if sent is None:
        return []
    return [Said(N_("The receipt left for their email address on %(day)s."), {"day": sent})]


def _earlier(session: Session, payment: Payment) -> list[Sayable]:
    before = session.execute(select(func.count(), func.min(Payment.received_at)).where(
        Payment.debtor_id == payment.debtor_id, Payment.business_id == payment.business_id,
        Payment.created_at < payment.created_at, Payment.state == "succeeded", Payment.returned_minor == 0)).one()
    if not before[0]:
        return []
    return [Said(N_("Earlier payments of theirs that were never taken back: %(count)s, the first on %(day)s."),
                 {"count": before[0], "day": before[1]})]
