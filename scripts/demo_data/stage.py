"""What can happen to the demo's debtors: money by hand, payments on the stand-in's hosted page, what banks do later."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import KNOWN, Access
from portal.domain.quotes import Choice
from portal.models import Business, Chargeback, Debtor, Hold, Invoice, Payment
from portal.runtime import Runtime
from portal.services import audit, bookkeeping, links, opt_out, payments, reminders
from scripts.demo_data.books import Calendar

PATIENCE_SECONDS = 45.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Stage:
    """One business on the stage."""

    rt: Runtime
    slug: str
    calendar: Calendar

    # By hand

    def money_came(self, number: str, invoice: str, amount: int, days: int, channel: str) -> None:
        """A check, cash or transfer that staff saw arrive, so many days from today."""
        at = self.calendar.moment(days)
        with self.rt.db.transaction() as session:
            debtor, found = self._debtor(session, number), self._invoice(session, invoice)
            bookkeeping.receive_outside(
                session, debtor, [bookkeeping.Part(found, amount)], channel=channel, amount=amount,
                reference=invoice, received_at=at, now=at, number=payments.new_number())

    def late_fee(self, invoice: str, base: int, days: int) -> None:
        """The policy's fee of 2 %, once, 14 days after the due date."""
        with self.rt.db.transaction() as session:
            found = self._invoice(session, invoice)
            rule = f"late_fee:200:{base}:{found.currency}:14"
            bookkeeping.charge_fee(session, found, (base * 200 + 5_000) // 10_000, step="late", interest=False,
                                   rule=rule, now=self.calendar.moment(days))

    def hold(self, number: str, invoice: str) -> None:
        """Staff look into something, and nobody is reminded of that invoice meanwhile."""
        now = self.rt.now()
        with self.rt.db.transaction() as session:
            debtor, found = self._debtor(session, number), self._invoice(session, invoice)
            session.add(Hold(
                business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=found.id, reminders=True, fees=True,
                cause="staff", starts_at=now))
            audit.record(session, at=now, actor=audit.COMMAND_LINE, act="hold.placed", business_id=debtor.business_id,
                         debtor_id=debtor.id, target=f"invoice:{found.public_id}")

    def opts_out(self, number: str, days: int) -> None:
        """The debtor has pressed "stop" in an email."""
        with self.rt.db.reading() as session:
            person = self._debtor(session, number).public_id
        then = replace(self.rt, clock=lambda: self.calendar.moment(days))
        opt_out.stop(then, opt_out.token(self.rt.settings, person, then.now()))

    def announces_transfer(self, number: str, currency: str) -> None:
        """The debtor says that a bank transfer for everything is sent."""
        payments.announce_transfer(self.rt, self._access(number), Choice(currency))

    def reminded(self, number: str) -> None:
        """An email has asked for what is open; its link is the way to the debtor's page."""
        reminders.send_reminder(self.rt, self.slug, number)

    # On the hosted page

    def opens_checkout(self, number: str, invoice: str) -> str:
        """The debtor goes to the hosted page for one invoice; gives the payment's public id."""
        access = self._access(number)
        with self.rt.db.reading() as session:
            found = self._invoice(session, invoice)
        choice = Choice(found.currency, (found.public_id,))
        price = payments.quote_for(self.rt, access, choice)
        payments.start_checkout(self.rt, access, choice, expected_total_minor=price.total_minor)
        with self.rt.db.reading() as session:
            return session.scalars(select(Payment.public_id).where(
                Payment.debtor_id == access.debtor_id).order_by(Payment.id.desc()).limit(1)).one()

    def presses(self, payment: str, outcome: str, then: str) -> None:
        """The debtor presses a button there, and the portal hears of it from a webhook."""
        self.act("press", session=self._payment(payment).checkout_session, outcome=outcome)
        self._wait(lambda: self._payment(payment).state == then, f"{payment} is {then}")

    def pays(self, number: str, invoice: str) -> str:
        """The debtor pays one invoice by card; gives the payment's public id."""
        payment = self.opens_checkout(number, invoice)
        self.presses(payment, "pay", "succeeded")
        return payment

    # What banks do

    def debit_fails(self, payment: str) -> None:
        """The bank does not make a debit that was on its way."""
        self.act("fail_debit", payment_intent=self._payment(payment).payment_intent)
        self._wait(lambda: self._payment(payment).state == "failed", f"{payment} has failed")

    def charges_back(self, payment: str) -> None:
        """The debtor's bank takes a card payment back."""
        row = self._payment(payment)
        self.act("open_dispute", charge=row.payment_intent, reason="product_not_received")
        self._wait(lambda: self._is_charged_back(row.id), f"{payment} is charged back")

    def act(self, name: str, **arguments: Any) -> None:
        """Do on the stand-in what the outside world would do."""
        request = urllib.request.Request(
            f"{self.rt.settings.stripe_api_base}/_sandbox/{name}", json.dumps(arguments).encode(),
            {"Content-Type": "application/json"})
        with _direct.open(request, timeout=30) as answer:
            answer.read()

    # Looking

    def _access(self, number: str) -> Access:
        with self.rt.db.transaction() as session:
            debtor = self._debtor(session, number)
            link = links.create(session, self.rt.now(), debtor)
        return Access(debtor.business_id, debtor.id, link.id, link.public_id, KNOWN)

    def _is_charged_back(self, payment_id: int) -> bool:
        with self.rt.db.reading() as session:
            return session.scalar(select(Chargeback.withdrawn_at).where(
                Chargeback.payment_id == payment_id)) is not None

    def _payment(self, public_id: str) -> Payment:
        with self.rt.db.reading() as session:
            return session.scalars(select(Payment).where(Payment.public_id == public_id)).one()

    def _debtor(self, session: Session, number: str) -> Debtor:
        return session.scalars(select(Debtor).join(Business, Business.id == Debtor.business_id).where(
            Business.slug == self.slug, Debtor.number == number)).one()

    def _invoice(self, session: Session, number: str) -> Invoice:
        return session.scalars(select(Invoice).join(Business, Business.id == Invoice.business_id).where(
            Business.slug == self.slug, Invoice.number == number)).one()

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        wait_until(true, what)


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait until something holds. Raises TimeoutError with its words."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE_SECONDS:.0f} seconds in vain: {what}")
        time.sleep(0.05)
