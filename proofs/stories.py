"""Money stories told in Stripe's events, with what must be in the books when all was heard."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from portal.db import Database
from portal.models import Invoice, Payment
from proofs.model import Owing, Paid, Truth
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.ledger.stories import start_payment

ACCOUNT = "acct_1ProofConnected"


@dataclass
class Said:
    """One money fact: the cause under which it is booked, what it adds to that cause, and the events that tell it."""

    cause: tuple[str, str]
    amount: int
    events: list[dict[str, Any]]


@dataclass
class Told:
    """All facts of a run and the balances they must end in."""

    facts: list[Said] = field(default_factory=list)
    causes: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    truths: dict[int, Truth] = field(default_factory=dict)
    own: dict[tuple[int, str, str], int] = field(default_factory=lambda: defaultdict(int))


class Teller:
    """Makes debtors who owe and tells what happens to their payments."""

    def __init__(self, db: Database, seed: int) -> None:
        self._db, self._random, self._count = db, random.Random(seed), 0
        self._seed = seed
        self.told = Told()
        with db.transaction() as session:
            self._businesses = [make_business(session), make_business(session, stripe_account=ACCOUNT)]

    def tell(self, facts: int) -> Told:
        """Tell stories until there are that many facts; the last story is told to its end."""
        plots = (self._plain, self._refunded, self._refund_failed, self._charged_back, self._won, self._twice,
                 self._converted, self._mismatched, self._paid_out)
        while len(self.told.facts) < facts:
            plots[self._count % len(plots)]()
        for fact in self.told.facts:
            self.told.causes[fact.cause] += fact.amount
        return self.told

    def _owed(self, *totals: int, currency: str = "USD") -> tuple[Owed, list[Invoice]]:
        business = self._businesses[self._count % 2] if currency == "USD" else self._businesses[0]
        with self._db.transaction() as session:
            debtor = make_debtor(session, business)
            link = make_link(session, debtor)
            invoices = [make_invoice(session, debtor, total, currency=currency) for total in totals]
        truth = Truth({invoice.id: Owing((invoice.due_on.toordinal(), invoice.id), invoice.total_minor)
                       for invoice in invoices})
        self.told.truths[debtor.id] = truth
        return Owed(business, debtor, link, invoices), invoices

    def _pay(self, owed: Owed, *invoices: Invoice, settled: tuple[int, str] | None = None) -> Payment:
        """A payment that arrives, with its fee: two facts."""
        payment = start_payment(self._db, owed, *((invoice, invoice.total_minor) for invoice in invoices), opens=False,
                                stripe_account=owed.business.stripe_account)
        truth = self.told.truths[owed.debtor.id]
        truth.payments[payment.id] = Paid(
            payment.id, tuple((invoice.id, invoice.total_minor, 0) for invoice in invoices), payment.amount_minor)
        intent = self._intent(payment)
        session = {
            "id": f"cs_{payment.public_id}", "object": "checkout.session", "mode": "payment", "status": "complete",
            "payment_status": "paid", "client_reference_id": payment.public_id, "amount_total": payment.amount_minor,
            "currency": payment.currency.lower(), "payment_intent": intent["id"], "metadata": intent["metadata"]}
        self._say(owed, (intent["id"], "money"), payment.amount_minor,
                  ("payment_intent.succeeded", intent), ("checkout.session.completed", session))
        amount, currency = settled or (payment.amount_minor, payment.currency)
        fee = amount * 3 // 100 + 30
        line = self._line(payment, "charge", amount, fee, currency, f"ch_{payment.public_id}")
        charge = {"id": f"ch_{payment.public_id}", "object": "charge", "payment_intent": intent["id"],
                  "balance_transaction": line,
                  "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}}}
        self._say(owed, (line["id"], "fee"), fee, ("charge.updated", charge), ("charge.updated", charge))
        self._clear(owed, currency, amount - fee)
        self._own(owed, "processing_fees", currency, fee)
        if currency != payment.currency:
            self._own(owed, "exchange", payment.currency, payment.amount_minor)
            self._own(owed, "exchange", currency, -amount)
        return payment

    def _plain(self) -> None:
        owed, invoices = self._owed(self._sum(), self._sum())
        self._pay(owed, *invoices)

    def _twice(self) -> None:
        """Paid twice, and a third invoice waits for the surplus."""
        owed, (first, second) = self._owed(self._sum(), self._sum())
        self._pay(owed, first)
        self._pay(owed, first, second)

    def _converted(self) -> None:
        owed, invoices = self._owed(100_00, currency="EUR")
        self._pay(owed, *invoices, settled=(108_00, "USD"))

    def _refunded(self) -> None:
        owed, invoices = self._owed(self._sum(), self._sum())
        payment = self._pay(owed, *invoices)
        self._refund(owed, payment, payment.amount_minor // 3)

    def _refund(self, owed: Owed, payment: Payment, amount: int) -> dict[str, Any]:
        refund = {
            "id": f"re_{payment.public_id}", "object": "refund", "amount": amount, "currency": payment.currency.lower(),
            "payment_intent": f"pi_{payment.public_id}", "charge": f"ch_{payment.public_id}", "status": "succeeded",
            "metadata": {}}
        self._say(owed, (str(refund["id"]), "money"), amount,
                  ("refund.created", {**refund, "status": "pending"}), ("refund.updated", refund))
        self.told.truths[owed.debtor.id].payments[payment.id].returned += amount
        self._clear(owed, payment.currency, -amount)
        return refund

    def _refund_failed(self) -> None:
        owed, invoices = self._owed(self._sum())
        payment = self._pay(owed, *invoices)
        amount = payment.amount_minor // 2
        failed = {**self._refund(owed, payment, amount), "status": "failed"}
        self._say(owed, (failed["id"], "money"), -amount, ("refund.failed", failed), ("refund.updated", failed))
        self.told.truths[owed.debtor.id].payments[payment.id].returned -= amount
        self._clear(owed, payment.currency, amount)

    def _charged_back(self) -> dict[str, Any]:
        owed, invoices = self._owed(self._sum(), self._sum())
        payment = self._pay(owed, *invoices)
        self._owed_last, self._payment_last = owed, payment
        id_ = f"du_{payment.public_id}"
        withdrawn = self._line(payment, "adjustment", -payment.amount_minor, 15_00, payment.currency, id_, "_out")
        dispute = {
            "id": id_, "object": "dispute", "amount": payment.amount_minor, "currency": payment.currency.lower(),
            "payment_intent": f"pi_{payment.public_id}", "charge": f"ch_{payment.public_id}", "reason": "fraudulent",
            "status": "needs_response", "balance_transactions": [withdrawn]}
        events = (("charge.dispute.created", dispute), ("charge.dispute.funds_withdrawn", dispute))
        self._say(owed, (id_, "money"), payment.amount_minor, *events)
        self._say(owed, (id_, "fee"), 15_00, *events)
        self.told.truths[owed.debtor.id].payments[payment.id].returned += payment.amount_minor
        self._clear(owed, payment.currency, -payment.amount_minor - 15_00)
        self._own(owed, "chargeback_fees", payment.currency, 15_00)
        return dispute

    def _won(self) -> None:
        dispute = self._charged_back()
        owed, payment = self._owed_last, self._payment_last
        back = self._line(payment, "adjustment", payment.amount_minor, -15_00, payment.currency, dispute["id"], "_in")
        won = {**dispute, "status": "won", "balance_transactions": [*dispute["balance_transactions"], back]}
        events = (("charge.dispute.funds_reinstated", won), ("charge.dispute.closed", won))
        self._say(owed, (dispute["id"], "money"), -payment.amount_minor, *events)
        self._say(owed, (dispute["id"], "fee"), -15_00, *events)
        self.told.truths[owed.debtor.id].payments[payment.id].returned -= payment.amount_minor
        self._clear(owed, payment.currency, payment.amount_minor + 15_00)
        self._own(owed, "chargeback_fees", payment.currency, -15_00)

    def _mismatched(self) -> None:
        """A cent too little closes nothing; a part of it goes back from suspense."""
        owed, invoices = self._owed(self._sum())
        payment = start_payment(self._db, owed, (invoices[0], invoices[0].total_minor), opens=False,
                                stripe_account=owed.business.stripe_account)
        amount = payment.amount_minor - 1
        intent = {**self._intent(payment), "amount_received": amount}
        self._say(owed, (intent["id"], "money"), amount, ("payment_intent.succeeded", intent),
                  ("payment_intent.succeeded", intent))
        self.told.truths[owed.debtor.id].payments[payment.id] = Paid(payment.id, ())
        self._refund(owed, payment, amount // 2)
        self.told.truths[owed.debtor.id].payments[payment.id].returned = 0
        self._clear(owed, payment.currency, amount)
        self._own(owed, "suspense", payment.currency, -(amount - amount // 2))

    def _paid_out(self) -> None:
        owed, _ = self._owed(self._sum())
        payout = {"id": f"po_{self._seed}_{self._count}", "object": "payout", "amount": 10_00, "currency": "usd",
                  "status": "paid", "arrival_date": int(time.time())}
        self._say(owed, (str(payout["id"]), "money"), 10_00, ("payout.paid", payout), ("payout.paid", payout))
        self._clear(owed, "USD", -10_00)
        self._own(owed, "bank", "USD", 10_00)

    def _sum(self) -> int:
        self._count += 1
        return self._random.randrange(5_00, 900_00)

    def _intent(self, payment: Payment) -> dict[str, Any]:
        return {
            "id": f"pi_{payment.public_id}", "object": "payment_intent", "status": "succeeded",
            "amount": payment.amount_minor, "amount_received": payment.amount_minor,
            "currency": payment.currency.lower(), "latest_charge": f"ch_{payment.public_id}",
            "metadata": {"payment": payment.public_id}}

    def _line(self, payment: Payment, kind: str, amount: int, fee: int, currency: str, source: str,
              mark: str = "") -> dict[str, Any]:
        return {"id": f"txn_{payment.public_id}{mark}", "object": "balance_transaction", "type": kind, "amount": amount,
                "fee": fee, "currency": currency.lower(), "created": int(time.time()), "source": source}

    def _say(self, owed: Owed, cause: tuple[str, str], amount: int, *events: tuple[str, dict[str, Any]]) -> None:
        account = owed.business.stripe_account
        bodies = []
        for place, (kind, data) in enumerate(events):
            event = {"id": f"evt_{self._seed}_{len(self.told.facts)}_{place}", "object": "event", "type": kind,
                     "created": int(time.time()), "livemode": False, "api_version": "2026-10-28.endive",
                     "data": {"object": json.loads(json.dumps(data))}}
            bodies.append({**event, "account": account} if account else event)
        self.told.facts.append(Said(cause, amount, bodies))

    def _clear(self, owed: Owed, currency: str, amount: int) -> None:
        self._own(owed, "stripe_clearing", currency, amount)

    def _own(self, owed: Owed, kind: str, currency: str, amount: int) -> None:
        self.told.own[owed.business.id, kind, currency] += amount
