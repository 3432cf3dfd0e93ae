"""Payments by every way, what was paid back, and what a bank took back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, case, func, or_

from portal.models import Chargeback, Payment, Refund
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words import declines, happenings
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable

# Attempts that ended without money, and rows Stripe has not been asked about yet, are not worth an entry.
UNTOLD = ("expired", "canceled", "created", "unknown")
PAYMENTS = {
    "succeeded": (N_("Payment %(number)s received"), "receipt", "in"),
    "processing": (N_("Payment %(number)s is on its way"), "clock", ""),
    "announced": (N_("Transfer announced, %(number)s"), "cash", ""),
    "open": (N_("Payment page opened, %(number)s; not paid yet"), "card", ""),
    "failed": (N_("Payment %(number)s was declined"), "card", "bad"),
}
REFUNDS = {
    "succeeded": (N_("Refund of payment %(number)s made"), ""),
    "failed": (N_("Refund of payment %(number)s failed"), "bad"),
    "canceled": (N_("Refund of payment %(number)s failed"), "bad"),
}
SEE = N_("See the payment")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for payments that moved or may move money, for refunds, and for chargebacks."""
    mine = (Payment.business_id == scope.business_id, Payment.debtor_id == scope.debtor_id)
    paid = reads(
        "payments:paid", at=func.coalesce(Payment.received_at, Payment.created_at), made_at=Payment.created_at,
        id=Payment.id, code=Payment.state, word=Payment.channel, extra=Payment.failure_code, text=Payment.number,
        ref=Payment.public_id, currency=Payment.currency, who=Payment.method_last4,
        amount=case((Payment.captured_minor > 0, Payment.captured_minor), else_=Payment.amount_minor),
    ).where(*mine, or_(Payment.captured_minor > 0, Payment.state.not_in(UNTOLD)))
    refunded = reads(
        "payments:refund", at=Refund.created_at, id=Refund.id, code=Refund.state, word=Refund.mode,
        text=Payment.number, ref=Payment.public_id, amount=Refund.amount_minor, currency=Refund.currency,
    ).join(Payment, Payment.id == Refund.payment_id).where(*mine)
    taken = reads(
        "payments:taken", at=Chargeback.created_at, id=Chargeback.id, code=Chargeback.state, word=Chargeback.reason,
        text=Payment.number, ref=Payment.public_id, amount=Chargeback.amount_minor, currency=Chargeback.currency,
        until=Chargeback.reinstated_at,
    ).join(Payment, Payment.id == Chargeback.payment_id).where(*mine)
    return {"money": [paid, refunded, taken]}


def tell(row: Row) -> Entry:
    """Tell a payment, a refund or a chargeback, with the way to its own page."""
    lead = ("office.payment", {"payment_id": row.ref}, SEE)
    number = {"number": Plain(row.text)}
    if row.source == "payments:refund":
        text, kind = REFUNDS.get(row.code, (N_("Refund of payment %(number)s is on its way"), ""))
        owed = N_("What it had paid is owed again.") if row.word == "reopen" else N_("It came out of their credit.")
        return Entry(row.at, Said(text, number), "refund", kind, (Said(owed),), row.sum, lead=lead)
    if row.source == "payments:taken":
        back = (Said(N_("The bank gave it back on %(day)s."), {"day": row.until}),) if row.until else ()
        return Entry(row.at, Said(N_("The bank takes payment %(number)s back"), number), "flag", "bad", back, row.sum,
                     lead=lead)
    text, icon, kind = PAYMENTS.get(row.code, PAYMENTS["succeeded"])
    return Entry(row.at, Said(text, number), icon, kind, _details(row), row.sum, lead=lead)


def _details(row: Row) -> tuple[Sayable, ...]:
    way = happenings.named(happenings.CHANNELS, row.word)
    ending: tuple[Sayable, ...] = (Said(N_("Ending in %(last4)s"), {"last4": Plain(row.who)}),) if row.who else ()
    if row.code == "failed":
        return (way, *ending, Said(declines.REASONS.get(row.extra, N_("The bank gave no reason."))))
    return (way, *ending)
