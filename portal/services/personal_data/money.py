"""Invoices, payments and what Stripe told about them. The books stay; what names a person in them goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal.models import (
    Chargeback,
    Debtor,
    Hold,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Offer,
    Payment,
    Refund,
    StripeEvent,
    WaitingFact,
)

NAME = "money"
T = TypeVar("T", Invoice, Payment, Offer, Hold)
CHUNK = 500


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give invoices with their lines, payments with refunds and chargebacks, offers, holds, and every booked move."""
    return {
        "invoices": [_invoice(session, invoice) for invoice in _mine(session, debtor, Invoice)],
        "payments": [_payment(session, payment) for payment in _mine(session, debtor, Payment)],
        "offers": [{"kind": offer.kind, "discount_minor": offer.discount_minor, "currency": offer.currency,
                    "deadline": offer.deadline, "created_at": offer.created_at, "withdrawn_at": offer.withdrawn_at}
                   for offer in _mine(session, debtor, Offer)],
        "holds": [{"cause": hold.cause, "reminders": hold.reminders, "fees": hold.fees, "from": hold.starts_at,
                   "until": hold.until, "released_at": hold.released_at} for hold in _mine(session, debtor, Hold)],
        "ledger": _moves(session, debtor),
    }


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Take a payer's own marks from payments, and the bodies of what Stripe told; no sum and no date changes."""
    payments = list(_mine(session, debtor, Payment))
    for payment in payments:
        payment.reference = payment.method_last4 = payment.checkout_url = payment.request = None
    names = {name for payment in payments
             for name in (payment.payment_intent, payment.checkout_session, payment.charge) if name}
    ids = [payment.id for payment in payments]
    for start in range(0, len(ids), CHUNK):
        some = ids[start:start + CHUNK]
        names |= {name for name in session.scalars(select(Refund.stripe_refund).where(
            Refund.payment_id.in_(some))) if name}
        names |= set(session.scalars(select(Chargeback.stripe_dispute).where(Chargeback.payment_id.in_(some))))
    return len(payments) + _forget_events(session, sorted(names))


def _forget_events(session: Session, names: Sequence[str]) -> int:
    forgotten = 0
    for start in range(0, len(names), CHUNK):
        some = names[start:start + CHUNK]
        done = session.execute(update(StripeEvent).where(
            StripeEvent.object_id.in_(some), StripeEvent.payload.is_not(None)).values(payload=None)
            .execution_options(synchronize_session=False))
        forgotten += int(done.rowcount)  # type: ignore[attr-defined]
        session.execute(update(WaitingFact).where(
            WaitingFact.waits_for.in_(some), WaitingFact.applied_at.is_not(None)).values(fact={})
            .execution_options(synchronize_session=False))
    return forgotten


def _mine(session: Session, debtor: Debtor, table: type[T]) -> Sequence[T]:
    return session.scalars(select(table).where(
        table.business_id == debtor.business_id, table.debtor_id == debtor.id).order_by(table.id)).all()


def _invoice(session: Session, invoice: Invoice) -> dict[str, Any]:
    lines = session.scalars(select(InvoiceLine).where(
        InvoiceLine.business_id == invoice.business_id, InvoiceLine.invoice_id == invoice.id)
        .order_by(InvoiceLine.position))
    return {
        "number": invoice.number, "title": invoice.title, "issued_on": invoice.issued_on, "due_on": invoice.due_on,
        "currency": invoice.currency, "total_minor": invoice.total_minor, "terms": invoice.terms,
        "lines": [{"description": line.description, "amount_minor": line.amount_minor, "tax_minor": line.tax_minor}
                  for line in lines],
    }


def _payment(session: Session, payment: Payment) -> dict[str, Any]:
    refunds = session.scalars(select(Refund).where(Refund.payment_id == payment.id).order_by(Refund.id))
    taken = session.scalars(select(Chargeback).where(Chargeback.payment_id == payment.id).order_by(Chargeback.id))
    return {
        "number": payment.number, "channel": payment.channel, "state": payment.state, "currency": payment.currency,
        "amount_minor": payment.amount_minor, "captured_minor": payment.captured_minor,
        "returned_minor": payment.returned_minor, "method": payment.method_brand, "last4": payment.method_last4,
        "reference": payment.reference, "created_at": payment.created_at, "received_at": payment.received_at,
        "refunds": [{"amount_minor": one.amount_minor, "state": one.state, "created_at": one.created_at}
                    for one in refunds],
        "chargebacks": [{"amount_minor": one.amount_minor, "reason": one.reason, "state": one.state,
                         "created_at": one.created_at} for one in taken],
    }


def _moves(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    mine = select(LedgerAccount.id).where(
        LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id)
    rows = session.scalars(select(LedgerTransfer).where(
        LedgerTransfer.business_id == debtor.business_id,
        or_(LedgerTransfer.debit_account_id.in_(mine), LedgerTransfer.credit_account_id.in_(mine)))
        .order_by(LedgerTransfer.id))
    return [{"kind": row.kind, "amount_minor": row.amount, "currency": row.currency, "memo": row.memo,
             "happened_at": row.happened_at} for row in rows]
