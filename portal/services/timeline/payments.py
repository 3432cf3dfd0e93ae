"""Payments by every way, what was paid back, and what a bank took back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_

from portal.domain.payment_stories import BY_HAND
from portal.models import Chargeback, Debtor, Payment, Refund
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words import declines, happenings, methods
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable

# Attempts that ended without money, and rows Stripe has not been asked about yet, are not worth an entry.
UNTOLD = ("expired", "canceled", "created", "unknown")
PAYMENTS = {
    "succeeded": (N_("Payment %(number)s received"), "receipt", "in"),
    "returned": (N_("Payment %(number)s received, and gone back since"), "receipt", ""),
    "processing": (N_("Payment %(number)s is on its way"), "clock", ""),
    "announced": (N_("Transfer announced, %(number)s"), "cash", ""),
    "missed": (N_("Transfer announced, %(number)s; it never came"), "cash", "bad"),
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
    by_hand = Payment.channel.in_(BY_HAND)
    paid = reads(
        "payments:paid", at=func.coalesce(Payment.received_at, Payment.created_at), made_at=Payment.created_at,
        id=Payment.id, code=_state(), word=Payment.channel, extra=Payment.failure_code, text=Payment.number,
        ref=Payment.public_id, currency=Payment.currency,
        who=case((by_hand, Debtor.public_id), else_=_method()),
        amount=case((Payment.captured_minor > 0, Payment.captured_minor), else_=Payment.amount_minor),
    ).join(Debtor, Debtor.id == Payment.debtor_id).where(
        *mine, or_(Payment.captured_minor > 0, Payment.state.not_in(UNTOLD), _missed()))
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
    leads: tuple[Lead, ...] = (Lead("office.payment", {"payment_id": row.ref}, SEE),)
    number = {"number": Plain(row.text)}
    if row.source == "payments:refund":
        text, kind = REFUNDS.get(row.code, (N_("Refund of payment %(number)s is on its way"), ""))
        owed = N_("What it had paid is owed again.") if row.word == "reopen" else N_("It came out of their credit.")
        return Entry(row.at, Said(text, number), "refund", kind, (Said(owed),), row.sum, leads=leads)
    if row.source == "payments:taken":
        back = (Said(N_("The bank gave it back on %(day)s."), {"day": row.until}),) if row.until else ()
        return Entry(row.at, Said(N_("The bank takes payment %(number)s back"), number), "flag", "bad", back, row.sum,
                     leads=leads)
    text, icon, kind = PAYMENTS.get(row.code, PAYMENTS["succeeded"])
    if row.code == "succeeded" and row.word in BY_HAND:
        bounced = {"debtor_id": row.who, "payment_id": row.ref}
        leads = (*leads, Lead("office.debtor_bounce", bounced, N_("It did not hold"), "record_money"))
    return Entry(row.at, Said(text, number), icon, kind, _details(row), row.sum, leads=leads,
                 only_day=row.word in BY_HAND and row.code in ("succeeded", "returned"))


def _state() -> ColumnElement[str]:
    """A payment's state; one that went back as a whole is told as that, and a transfer that never came as that."""
    gone = and_(Payment.captured_minor > 0, Payment.returned_minor >= Payment.captured_minor)
    return case((gone, "returned"), (_missed(), "missed"), else_=Payment.state)


def _missed() -> ColumnElement[bool]:
    return and_(Payment.channel == "transfer", Payment.state == "expired")


def _method() -> ColumnElement[str]:
    """What was paid with: "visa:4242"; nothing while nobody has told."""
    return func.coalesce(Payment.method_brand, "") + ":" + Payment.method_last4


def _details(row: Row) -> tuple[Sayable, ...]:
    way = happenings.named(happenings.CHANNELS, row.word)
    brand, _, last4 = row.who.rpartition(":")
    name = Said(methods.BANK) if methods.is_bank(brand) else Plain(methods.card(brand))
    ending: tuple[Sayable, ...] = (Said(methods.ENDING, {"method": name, "last4": Plain(last4)}),) if (
        last4 and row.word not in BY_HAND) else ()
    if row.code == "failed":
        return (way, *ending, Said(declines.REASONS.get(row.extra, N_("The bank gave no reason."))))
    return (way, *ending)
