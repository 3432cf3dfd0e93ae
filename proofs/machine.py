"""A Hypothesis state machine: any facts in any order, and after each the books are where the pure model says.

Every rule is one fact told to the real services on a real database; the model knows only what is true so far.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.ledger import SUSPENSE
from portal.domain.money_facts import BalanceLine, Fact
from portal.models import Invoice, LedgerAccount, LedgerTransfer, Payment
from portal.services import bookkeeping, ledger, ledger_verify
from portal.services.bookkeeping import Part
from portal.services.payments import new_number
from proofs.harness import Databases, Figures, Steps, say
from proofs.model import Lies, Owing, Paid, Truth, where
from tests.cast import NOON, Owed, make_business, make_debtor, make_invoice, make_link, make_offer, make_runtime
from tests.ledger.stories import charged_back, line, moved, received, refunded, start_payment, tell

EXAMPLES, STEPS_EACH = 840, 42
amounts = st.integers(1, 300_00)
picks = st.integers(0, 10**6)


def run(database: str, quick: bool) -> Figures:
    """Walk at random through everything that can become known about a debtor's money."""
    examples = 40 if quick else EXAMPLES
    with Databases(database) as made, made.opened() as db:
        Walk.db, Walk.steps, Walk.progress = db, 0, Steps("steps, at most", examples * STEPS_EACH)
        failures = 0
        try:
            run_state_machine_as_test(Walk, settings=settings(
                max_examples=examples, stateful_step_count=STEPS_EACH, deadline=None, derandomize=True, database=None,
                phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck), print_blob=False))
        except Exception as error:
            # Whatever the books refuse or break with is as wrong as a wrong sum.
            failures = 1
            say(f"WRONG: {str(error)[:400]} " + "\n".join(getattr(error, "__notes__", ())))
        differences, transfers = ledger_verify.verify(make_runtime(db, made.folder))
        return {"model_steps": Walk.steps, "model_failures": failures + len(differences), "model_transfers": transfers}


class Walk(RuleBasedStateMachine):
    """One debtor's story and what is true of it."""

    db: ClassVar[Database]
    progress: ClassVar[Steps]
    steps: ClassVar[int] = 0
    _ids: ClassVar[Any] = itertools.count(1)

    @initialize(totals=st.lists(amounts, min_size=1, max_size=3))
    def begin(self, totals: list[int]) -> None:
        """Somebody owes something."""
        self.truth = Truth()
        self.payments: list[Payment] = []
        self.told: list[Fact] = []
        self.refunds: list[dict[str, Any]] = []
        self.chargebacks: dict[int, dict[str, Any]] = {}
        with self.db.transaction() as session:
            business = make_business(session)
            debtor = make_debtor(session, business)
            self.owed = Owed(business, debtor, make_link(session, debtor))
        for total in totals:
            self._issue(total, 0)
        self._check()

    @rule(total=amounts, days=st.integers(-40, 40))
    def issue(self, total: int, days: int) -> None:
        """A new invoice; credit pays it at once."""
        self._issue(total, days)
        self._check()

    def _issue(self, total: int, days: int) -> None:
        due = date(2026, 10, 18) + timedelta(days=days)
        with self.db.transaction() as session:
            invoice = make_invoice(session, self.owed.debtor, total, due_on=due)
        self.owed.invoices.append(invoice)
        self.truth.invoices[invoice.id] = Owing((due.toordinal(), invoice.id), total)

    @rule(pick=picks, amount=amounts, both=st.booleans(), discount=st.integers(0, 20))
    def start(self, pick: int, amount: int, both: bool, discount: int) -> None:
        """A payment is started; perhaps for two invoices, perhaps with a discount it would earn."""
        first = self.owed.invoices[pick % len(self.owed.invoices)]
        offer = None
        offered = {part[0] for paid in self.truth.payments.values() for part in paid.parts if part[2]}
        if discount and first.total_minor > discount and first.id not in offered:
            with self.db.transaction() as session:
                offer = make_offer(session, first, discount, NOON)
            amount = first.total_minor - discount
        parts = [(first, amount)]
        if both and len(self.owed.invoices) > 1:
            parts.append((self.owed.invoices[(pick + 1) % len(self.owed.invoices)], amount // 2 + 1))
        payment = start_payment(self.db, self.owed, *parts, offer=offer, opens=False)
        self.payments.append(payment)
        self.truth.payments[payment.id] = Paid(payment.id, tuple(
            (invoice.id, sum_, offer.discount_minor if offer and invoice is first else 0) for invoice, sum_ in parts))
        self._check()

    @precondition(lambda self: self.payments)
    @rule(pick=picks)
    def receive(self, pick: int) -> None:
        """A payment's money arrives, whatever was told of it before."""
        payment = self._payment(pick)
        self.truth.payments[payment.id].captured = payment.amount_minor
        self._tell(received(payment))

    @precondition(lambda self: self.payments)
    @rule(pick=picks, state=st.sampled_from(("processing", "declined", "canceled", "expired")))
    def move(self, pick: int, state: str) -> None:
        """Something happens to a payment that moves no money."""
        self._tell(moved(self._payment(pick), state))

    @precondition(lambda self: self.payments)
    @rule(pick=picks, share=st.integers(1, 100))
    def refund(self, pick: int, share: int) -> None:
        """Some of a payment goes back; known before the payment perhaps, and then booked with it."""
        payment = self._payment(pick)
        free = payment.amount_minor - sum(each["amount"] for each in self.refunds if each["payment"] is payment)
        if free <= 0:
            return
        amount = max(1, free * share // 100)
        refund = {"payment": payment, "amount": amount, "id": f"re_{next(self._ids)}", "gone": True}
        self.refunds.append(refund)
        self._tell(refunded(payment, refund["amount"], id=refund["id"], status="pending"))

    @precondition(lambda self: self.refunds)
    @rule(pick=picks, failed=st.booleans())
    def refund_ends(self, pick: int, failed: bool) -> None:
        """A refund reaches its payer, or comes home; once home it stays home."""
        refund = self.refunds[pick % len(self.refunds)]
        refund["gone"] = refund["gone"] and not failed
        status = "failed" if failed else "succeeded"
        self._tell(refunded(refund["payment"], refund["amount"], id=refund["id"], status=status))

    @precondition(lambda self: self.payments)
    @rule(pick=picks, won=st.booleans())
    def charge_back(self, pick: int, won: bool) -> None:
        """A payer's bank takes a payment back, and perhaps gives it back to us."""
        payment = self._payment(pick)
        known = self.chargebacks.setdefault(
            payment.id, {"payment": payment, "id": f"du_{next(self._ids)}", "won": False})
        known["won"] = known["won"] or won
        self._tell(charged_back(payment, payment.amount_minor, *self._lines(known, won=won), id=known["id"],
                                status="won" if won else "needs_response"))

    def _lines(self, known: dict[str, Any], *, won: bool) -> list[BalanceLine]:
        payment, id_ = known["payment"], known["id"]
        out = line(payment, -payment.amount_minor, 15_00, id=f"txn_{id_}_out", source=id_, kind="adjustment")
        home = line(payment, payment.amount_minor, -15_00, id=f"txn_{id_}_in", source=id_, kind="adjustment")
        return [out, home] if won else [out]

    @precondition(lambda self: self.told)
    @rule(pick=picks)
    def repeat(self, pick: int) -> None:
        """Something that was told is told again."""
        self._tell(self.told[pick % len(self.told)])

    @rule(pick=picks, amount=amounts, over=st.integers(0, 50_00))
    def cash(self, pick: int, amount: int, over: int) -> None:
        """Staff take cash, perhaps more than is owed."""
        invoice = self._invoice(pick)
        with self.db.transaction() as session:
            payment = bookkeeping.receive_outside(
                session, self.owed.debtor, [Part(session.get_one(Invoice, invoice.id), amount)], channel="cash",
                amount=amount + over, reference="", received_at=NOON, now=NOON, number=new_number())
        self.truth.payments[payment.id] = Paid(payment.id, ((invoice.id, amount, 0),), amount + over)
        self._check()

    @rule(amount=amounts)
    def thank(self, amount: int) -> None:
        """The business gives a credit of its own accord."""
        cause = f"g{next(self._ids)}"
        self.db.run(lambda session: bookkeeping.thank(session, self.owed.debtor, "USD", amount, cause=cause, now=NOON))
        self.truth.gifts += amount
        self._check()

    @rule(pick=picks, amount=st.integers(1, 20_00))
    def fee(self, pick: int, amount: int) -> None:
        """A late fee is added, twice by two workers."""
        invoice, step = self._invoice(pick), str(next(self._ids))
        for _ in range(2):
            self.db.run(lambda session: bookkeeping.charge_fee(
                session, invoice, amount, step=step, interest=False, rule="late_fee", now=NOON))
        self.truth.invoices[invoice.id].owed += amount
        self._check()

    @rule(pick=picks, amount=amounts)
    def credit_note(self, pick: int, amount: int) -> None:
        """A part of an invoice is credited; what had been paid of it becomes credit."""
        invoice = self._invoice(pick)
        left = where(self.truth).left[invoice.id]
        cause = f"dispute:{next(self._ids)}"
        self.db.run(lambda session: bookkeeping.credit_note(session, invoice, amount, tax=0, cause=cause, now=NOON))
        self.truth.invoices[invoice.id].owed -= min(left, amount)
        self.truth.gifts += max(0, amount - left)
        self.truth.invoices[invoice.id].beyond += max(0, amount - left)
        self._check()

    @rule(pick=picks)
    def write_off(self, pick: int) -> None:
        """What is left of an invoice is given up."""
        invoice = self._invoice(pick)
        left = where(self.truth).left[invoice.id]
        try:
            self.db.run(lambda session: bookkeeping.write_off(session, invoice, cause=str(next(self._ids)), now=NOON))
        except Refusal:
            assert left == 0
        self.truth.invoices[invoice.id].owed -= left
        self._check()

    def _payment(self, pick: int) -> Payment:
        return self.payments[pick % len(self.payments)]

    def _invoice(self, pick: int) -> Invoice:
        return self.owed.invoices[pick % len(self.owed.invoices)]

    def _tell(self, fact: Fact) -> None:
        self.told.append(fact)
        tell(self.db, fact)
        self._check()

    def _check(self) -> None:
        """The books are where the model says."""
        type(self).steps += 1
        self.progress.step()
        business, debtor = self.owed.business.id, self.owed.debtor.id
        for paid in self.truth.payments.values():
            paid.returned = self._returned(paid)
        lies = where(self.truth)
        with self.db.reading() as session:
            left = ledger.left_by_invoice(session, business, debtor)
            credit = ledger.credit_of(session, business, debtor, "USD")
        lie = Lies(left, credit, lies.suspense)
        if lie != lies:
            raise AssertionError(f"the books have {lie}, the model {lies}")

    def teardown(self) -> None:
        """In the end what a person must look at is what went back of payments beyond what they brought."""
        business, sums = self.owed.business.id, []
        with self.db.reading() as session:
            account = session.scalar(select(LedgerAccount.id).where(
                LedgerAccount.business_id == business, LedgerAccount.kind == SUSPENSE))
            for side in (LedgerTransfer.debit_account_id, LedgerTransfer.credit_account_id):
                sums.append(int(session.scalar(select(func.sum(LedgerTransfer.amount)).where(side == account)) or 0))
        if sums[0] - sums[1] != where(self.truth).suspense:
            raise AssertionError(f"in suspense are {sums[0] - sums[1]}, not {where(self.truth).suspense}")

    def _returned(self, paid: Paid) -> int:
        """What went back of a payment: nothing can before it came."""
        if not paid.captured:
            return 0
        gone: int = sum(each["amount"] for each in self.refunds if each["payment"].id == paid.order and each["gone"])
        known = self.chargebacks.get(paid.order)
        back: int = known["payment"].amount_minor if known and not known["won"] else 0
        return gone + back
