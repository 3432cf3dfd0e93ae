"""Small helpers for tests of the books: make a payment row and tell facts about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from portal.db import Database
from portal.domain.money_facts import BalanceLine, ChargedBack, Fact, Moved, Received, Refunded
from portal.models import Invoice, Offer, Payment, PaymentInvoice
from portal.services import facts, ledger_verify
from portal.services.payments import new_number
from tests.cast import NOON, Owed, make_runtime


def start_payment(db: Database, owed: Owed, *parts: tuple[Invoice, int], offer: Offer | None = None,
                  at: datetime = NOON, opens: bool = True, **changes: Any) -> Payment:
    """Write the row of a started checkout, as start_checkout does before it asks Stripe."""
    total = sum(amount for _, amount in parts)
    with db.transaction() as session:
        values: dict[str, Any] = {
            "business_id": owed.business.id, "debtor_id": owed.debtor.id, "number": new_number(),
            "channel": "checkout", "state": "open", "currency": parts[0][0].currency, "amount_minor": total,
            "created_at": at, "expires_at": at + timedelta(hours=1)}
        payment = Payment(**{**values, **changes})
        session.add(payment)
        session.flush()
        for position, (invoice, amount) in enumerate(parts):
            discount = offer if offer is not None and offer.invoice_id == invoice.id else None
            session.add(PaymentInvoice(
                payment_id=payment.id, invoice_id=invoice.id, business_id=owed.business.id, debtor_id=owed.debtor.id,
                position=position, amount_minor=amount, discount_minor=discount.discount_minor if discount else 0,
                offer_id=discount.id if discount else None, open=opens))
    return payment


def tell(db: Database, *told: Fact, now: datetime = NOON) -> list[str]:
    """Let each fact become known in a transaction of its own."""
    return [db.run(lambda session, fact=fact: facts.apply(session, fact, now=now)) for fact in told]  # type: ignore[misc]


def received(payment: Payment, **changes: Any) -> Received:
    values: dict[str, Any] = {
        "account": payment.stripe_account or "", "happened_at": NOON, "intent": f"pi_{payment.id}",
        "payment": payment.public_id, "amount": payment.amount_minor, "currency": payment.currency,
        "charge": f"ch_{payment.id}", "brand": "visa", "last4": "4242"}
    return Received(**{**values, **changes})


def moved(payment: Payment, state: str, **changes: Any) -> Moved:
    values: dict[str, Any] = {
        "account": payment.stripe_account or "", "happened_at": NOON, "intent": f"pi_{payment.id}", "session": None,
        "payment": payment.public_id, "state": state}
    return Moved(**{**values, **changes})


def refunded(payment: Payment, amount: int, *, id: str = "re_1", status: str = "succeeded", **changes: Any) -> Refunded:
    values: dict[str, Any] = {
        "account": payment.stripe_account or "", "happened_at": NOON, "id": id, "intent": f"pi_{payment.id}",
        "charge": f"ch_{payment.id}", "amount": amount, "currency": payment.currency, "status": status}
    return Refunded(**{**values, **changes})


def line(payment: Payment, amount: int, fee: int, *, id: str = "txn_1", currency: str | None = None,
         source: str | None = None, kind: str = "charge") -> BalanceLine:
    return BalanceLine(
        payment.stripe_account or "", NOON, id, kind, amount, fee, currency or payment.currency,
        source or f"ch_{payment.id}", f"pi_{payment.id}")


def charged_back(payment: Payment, amount: int, *lines: BalanceLine, id: str = "du_1",
                 status: str = "needs_response") -> ChargedBack:
    return ChargedBack(
        payment.stripe_account or "", NOON, id, f"pi_{payment.id}", f"ch_{payment.id}", amount, payment.currency,
        "fraudulent", status, tuple(lines))


def assert_sound(db: Database, tmp_path: Any) -> None:
    """The whole ledger agrees with itself."""
    differences, read = ledger_verify.verify(make_runtime(db, tmp_path))
    assert differences == []
    assert read > 0
