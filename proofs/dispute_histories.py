"""Random histories of disputes, payments and money that goes back: after every step all invoices must add up."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Dispute, DisputePart, Invoice, Payment, PaymentInvoice
from portal.services import bookkeeping, disputes, ledger_verify, payments
from portal.services.dispute_choices import Chosen
from proofs.dispute_stage import House, build, decide, parts_of, question, someone, wrong
from proofs.harness import Databases, Figures, Steps, say
from tests.cast import Owed, make_offer
from tests.ledger.stories import received, refunded, tell

LINES = ((4000, 800), (2500, 0), (1999, 401), (1, 0), (12345, 2469))
SEED = 20261123


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Live thousands of short histories on one database, each of a debtor of their own, from one seed."""
    count, steps_taken, violations = 150 if quick else 5_200, 0, 0
    with Databases(database) as made, made.opened() as db:
        house, steps = build(db, made.folder), Steps("histories of disputes", count)
        for number in range(count):
            life = _Life(house, random.Random(f"{SEED}:{number}"))
            for _ in range(5):
                life.step()
                steps_taken += 1
                found = wrong(house, life.owed)
                violations += len(found)
                for one in found[:1]:
                    say(f"WRONG: history {number} after {life.acts}: {one}")
            steps.step()
        differences = ledger_verify.verify(house.rt)[0]
        for difference in differences[:3]:
            say(f"WRONG: {difference}")
    return {"dispute_histories": count, "dispute_history_steps": steps_taken,
            "dispute_violations": violations + len(differences)}


class _Life:
    """One debtor with two invoices, and what happens to them by chance."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house, self.chance = house, chance
        self.owed: Owed = someone(house, chance.sample(LINES, 2), chance.sample(LINES, chance.choice((1, 3))))
        self.acts: list[str] = []
        if chance.random() < 0.4:
            invoice = self.owed.invoices[0]
            with house.rt.db.transaction() as session:
                make_offer(session, invoice, max(1, invoice.total_minor // 50),
                           house.rt.now() + timedelta(days=3))

    def step(self) -> None:
        """Do one thing; what is refused changes nothing, and that is looked at as well."""
        act: Callable[[], None] = self.chance.choice((
            self._question, self._question, self._decide, self._decide, self._pay, self._pay_stale, self._refund,
            self._withdraw, self._look_again, self._credit, self._wait))
        self.acts.append(act.__name__)
        try:
            act()
        except Refusal as refusal:
            self.acts[-1] += f":{refusal.code}"

    def _question(self) -> None:
        invoice = self.chance.choice(self.owed.invoices)
        line = self.chance.choice((None, 1, 2, 3))
        amount = self.chance.choice((None, None, self.chance.randrange(1, invoice.total_minor + 2)))
        question(self.house, self.owed, Chosen(invoice.public_id, line, amount), words=f"Wrong {len(self.acts)}")

    def _decide(self) -> None:
        dispute_id = self._one("open")
        if dispute_id:
            parts, _ = parts_of(self.house, dispute_id)
            decide(self.house, dispute_id, *(self.chance.choice((0, most, self.chance.randrange(most + 2)))
                                             for _, most in parts))

    def _withdraw(self) -> None:
        dispute_id = self._one("open")
        if dispute_id:
            disputes.withdraw(self.house.rt, self.owed.access, dispute_id)

    def _look_again(self) -> None:
        dispute_id = self._one("rejected") or self._one("partly_upheld")
        if dispute_id:
            disputes.look_again(self.house.rt, self.owed.access, dispute_id, "There is more to it.")

    def _pay(self) -> None:
        """Pay what the page would ask now, all of it or a part, at its price."""
        amount = self.chance.choice((None, self.chance.randrange(50, 9_000)))
        price = payments.quote_for(self.house.rt, self.owed.access, Choice("USD", amount_minor=amount))
        self._arrive([(line.invoice.id, line.pay_minor, line.discount_minor, line.offer_id) for line in price.lines])

    def _pay_stale(self) -> None:
        """A page that was open before still brings its old sum."""
        invoice = self.chance.choice(self.owed.invoices)
        self._arrive([(invoice.id, self.chance.randrange(1, invoice.total_minor + 500), 0, None)])

    def _arrive(self, lines: list[tuple[int, int, int, int | None]]) -> None:
        now, total = self.house.rt.now(), sum(line[1] for line in lines)
        with self.house.rt.db.transaction() as session:
            payment = Payment(
                business_id=self.owed.business.id, debtor_id=self.owed.debtor.id, number=payments.new_number(),
                channel="checkout", state="open", currency="USD", amount_minor=total, created_at=now)
            session.add(payment)
            session.flush()
            session.add_all(PaymentInvoice(
                payment_id=payment.id, invoice_id=invoice_id, business_id=self.owed.business.id,
                debtor_id=self.owed.debtor.id, position=place, amount_minor=pay, discount_minor=off, offer_id=offer_id)
                for place, (invoice_id, pay, off, offer_id) in enumerate(lines))
        tell(self.house.rt.db, received(payment, happened_at=now), now=now)

    def _refund(self) -> None:
        with self.house.rt.db.reading() as session:
            paid = session.scalars(select(Payment).where(
                Payment.debtor_id == self.owed.debtor.id, Payment.captured_minor > Payment.returned_minor)).first()
        if paid is not None:
            back = self.chance.randrange(1, paid.captured_minor - paid.returned_minor + 1)
            tell(self.house.rt.db, refunded(paid, back, id=f"re_{paid.id}_{len(self.acts)}"),
                 now=self.house.rt.now())

    def _credit(self) -> None:
        """Staff credit a part beside any dispute."""
        invoice = self.chance.choice(self.owed.invoices)
        with self.house.rt.db.transaction() as session:
            bookkeeping.credit_note(
                session, session.get_one(Invoice, invoice.id), self.chance.randrange(1, 900), tax=0,
                cause=f"credit_note:{invoice.id}-{len(self.acts)}", now=self.house.rt.now())

    def _wait(self) -> None:
        self.house.clock.pass_time(hours=self.chance.choice((1, 30, 200)))

    def _one(self, state: str) -> str:
        with self.house.rt.db.reading() as session:
            return session.scalars(select(Dispute.public_id).join(
                DisputePart, DisputePart.dispute_id == Dispute.id).where(
                Dispute.debtor_id == self.owed.debtor.id, Dispute.state == state).limit(1)).first() or ""


