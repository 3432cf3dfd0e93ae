"""A debtor with a signed plan, beside a running Stripe: what tests of automatic payments share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.db import Database
from portal.domain.plan_rules import Living
from portal.domain.schedules import Part
from portal.models import (
    Arrangement,
    ArrangementInvoice,
    AutopayCharge,
    AutopayMandate,
    Business,
    Debtor,
    Hold,
    Installment,
    Message,
    Payment,
    Plan,
    SavedMethod,
)
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import (
    asking,
    autopay_charges,
    autopay_notices,
    fetching,
    inbox,
    installment_checkout,
    letters,
    mandates,
    method_setups,
)
from portal.words import autopay_statements
from portal.words.core import for_reader
from sandbox.stripe.server import StripeStandIn
from tests.cast import Owed

WEEK = timedelta(days=7)


def sign_plan(db: Database, owed: Owed, now: datetime, *parts: tuple[date, int], allow: bool = True,
              living: Living | None = None) -> str:
    """Have a plan over all invoices stand as if it had just been signed; gives its public id."""
    schedule = [Part(day, minor) for day, minor in parts]
    with db.transaction() as session:
        arrangement = Arrangement(
            public_id=new_public_id(), business_id=owed.business.id, debtor_id=owed.debtor.id, kind="plan",
            state="active", currency="USD", amount_minor=sum(p.amount_minor for p in schedule), asked_at=now,
            until=schedule[-1].due_on, decided_at=now)
        session.add(arrangement)
        session.flush()
        for invoice in owed.invoices:
            session.add(ArrangementInvoice(
                arrangement_id=arrangement.id, invoice_id=invoice.id, business_id=owed.business.id,
                debtor_id=owed.debtor.id, binding=True, covered_minor=invoice.total_minor, outside_minor=0))
            session.add(Hold(
                business_id=owed.business.id, debtor_id=owed.debtor.id, invoice_id=invoice.id, reminders=True,
                fees=True, cause="plan", cause_id=arrangement.public_id, starts_at=now))
        plan = Plan(
            arrangement_id=arrangement.id, business_id=owed.business.id, debtor_id=owed.debtor.id, currency="USD",
            kind="custom", frequency="", count=len(schedule), total_minor=arrangement.amount_minor,
            first_on=schedule[0].due_on, last_on=schedule[-1].due_on, terms={"parts": []},
            rules=(living or Living()).as_data(), grace_days=5, cure_days=10, proposed_by="debtor", version=1,
            expires_at=now + WEEK, signed_version=1, signed_at=now, standing="good")
        session.add(plan)
        session.flush()
        session.add_all(Installment(
            business_id=owed.business.id, debtor_id=owed.debtor.id, arrangement_id=arrangement.id, currency="USD",
            position=position, due_on=part.due_on, original_on=part.due_on, amount_minor=part.amount_minor,
            state="open") for position, part in enumerate(schedule, 1))
        session.flush()
        if allow:
            business, debtor = session.get_one(Business, owed.business.id), session.get_one(Debtor, owed.debtor.id)
            words = for_reader(debtor, business)
            statement = autopay_statements.charges(
                words, letters.sender_of(business, words), schedule, "USD", today=now.date(), notice_days=3,
                retry_days=(3, 5, 7))
            mandates.give(session, owed.access, plan, statement, words.locale, now)
        return arrangement.public_id


@dataclass
class House:
    """One portal and one Stripe, with a debtor in a plan."""

    rt: Runtime
    stripe: StripeStandIn
    owed: Owed
    plan: str

    def page_of(self, url: str) -> str:
        return url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0]

    def save_method(self, outcome: str = "pay", number: str = "4242424242424242") -> SavedMethod:
        """Save a method for the plan, without paying."""
        url = method_setups.begin(self.rt, self.owed.access, self.plan)
        self.stripe.control.press(self.page_of(url), outcome, number)
        self.hear()
        return self.methods()[-1]

    def pay_first(self, outcome: str = "pay", number: str = "4242424242424242") -> None:
        """Pay the first installment with a method that is saved by it."""
        url = installment_checkout.begin(self.rt, self.owed.access, self.plan)
        self.stripe.control.press(self.page_of(url), outcome, number)
        self.hear()

    def hear(self) -> None:
        """Hear of everything that happened at Stripe, and what it leads to."""
        for _ in range(3):
            inbox.catch_up(self.rt)
            fetching.fetch_due(self.rt)

    def mail(self) -> None:
        """Have every queued message leave, without a mail server."""
        now = self.rt.now()
        with self.rt.db.transaction() as session:
            for message in session.scalars(select(Message).where(Message.state == "queued")):
                message.state, message.sent_at = "sent", now

    def pass_days(self, days: int = 1) -> None:
        """Let days pass, each with its jobs."""
        for _ in range(days):
            self.stripe.control.advance(24 * 3600)
            self.jobs()

    def jobs(self) -> None:
        autopay_notices.prepare(self.rt)
        self.mail()
        autopay_charges.charge_due(self.rt)
        asking.ask_due(self.rt)
        self.hear()

    # What the database says

    def _all(self, query: Any) -> list[Any]:
        with self.rt.db.reading() as session:
            return list(session.scalars(query))

    def installments(self) -> list[Installment]:
        return self._all(select(Installment).where(Installment.debtor_id == self.owed.debtor.id)
                         .order_by(Installment.position))

    def charges(self) -> list[AutopayCharge]:
        return self._all(select(AutopayCharge).where(AutopayCharge.debtor_id == self.owed.debtor.id)
                         .order_by(AutopayCharge.payment_id))

    def payments(self) -> list[Payment]:
        return self._all(select(Payment).where(Payment.debtor_id == self.owed.debtor.id).order_by(Payment.id))

    def methods(self) -> list[SavedMethod]:
        return self._all(select(SavedMethod).where(SavedMethod.debtor_id == self.owed.debtor.id)
                         .order_by(SavedMethod.id))

    def mandate(self) -> AutopayMandate:
        found: AutopayMandate = self._all(select(AutopayMandate).where(
            AutopayMandate.debtor_id == self.owed.debtor.id).order_by(AutopayMandate.id))[-1]
        return found

    def emails(self, *kinds: str) -> list[Message]:
        query = select(Message).where(Message.debtor_id == self.owed.debtor.id).order_by(Message.id)
        return self._all(query.where(Message.kind.in_(kinds)) if kinds else query)

    def taken(self) -> list[int]:
        """What Stripe has taken or is taking, in minor units, oldest first."""
        return [intent["amount"] for intent in self.stripe.control.objects("payment_intent")
                if intent["status"] in ("succeeded", "processing")]


def days_from(start: date, *amounts: int, apart: int = 14) -> Sequence[tuple[date, int]]:
    return [(start + timedelta(days=apart * place), amount) for place, amount in enumerate(amounts)]
