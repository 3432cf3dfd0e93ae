"""A running plan with a saved method, for the stage of borders: what a debtor has who pays by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.plan_rules import Living
from portal.models import (
    Arrangement,
    AutopayMandate,
    Business,
    Debtor,
    Installment,
    MethodSetup,
    Plan,
    PortalLink,
    SavedMethod,
    StripeCustomer,
)
from portal.runtime import Runtime
from sandbox.stripe.server import StripeStandIn


@dataclass(frozen=True)
class SavedThings:
    """The public ids of it all."""

    plan: str
    plan_by_hand: str
    installment: str
    method: str
    setup: str
    mandate: str

    @property
    def all(self) -> tuple[str, ...]:
        return (self.plan, self.plan_by_hand, self.installment, self.method, self.setup, self.mandate)


def save_things(session: Session, debtor: Debtor, link: PortalLink, word: str, digits: str,
                now: datetime) -> SavedThings:
    """Give a debtor one plan that is charged, one that is not, and a card known by a word of theirs."""
    account = session.get_one(Business, debtor.business_id).stripe_account or ""
    customer = StripeCustomer(business_id=debtor.business_id, debtor_id=debtor.id, account=account,
                              customer=f"cus_{word}", created_at=now)
    session.add(customer)
    session.flush()
    method = SavedMethod(
        business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id, method=f"pm_{word}", kind="card",
        brand=word, last4=digits[-4:], exp_month=12, exp_year=2035, state="active", saved_at=now, told_at=now)
    session.add(method)
    session.flush()
    charged, by_hand = _plan(session, debtor, now, autopay=True), _plan(session, debtor, now, autopay=False)
    mandate = AutopayMandate(
        business_id=debtor.business_id, debtor_id=debtor.id, arrangement_id=charged.arrangement_id, currency="USD",
        saved_method_id=method.id, state="active", wording=f"{word} may be charged.", text_version="1", locale="en",
        schedule=[], notice_days=3, link_id=link.id, given_at=now)
    setup = MethodSetup(
        business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id, link_id=link.id, currency="USD",
        arrangement_id=charged.arrangement_id, saved_method_id=method.id, state="done", created_at=now, expires_at=now)
    session.add_all([mandate, setup])
    session.flush()
    return SavedThings(session.get_one(Arrangement, charged.arrangement_id).public_id,
                       session.get_one(Arrangement, by_hand.arrangement_id).public_id,
                       charged.public_id, method.public_id, setup.public_id, mandate.public_id)


def known_at_stripe(rt: Runtime, stripe: StripeStandIn) -> None:
    """Let the Stripe of this stage know its accounts and customers, or it refuses to open a page for any of them."""
    with rt.db.reading() as session:
        found = session.execute(
            select(StripeCustomer, Debtor).join(Debtor, Debtor.id == StripeCustomer.debtor_id)).all()
    for account in {row.account for row, _ in found if row.account}:
        stripe.control.create_account(account)
    made = {row.id: rt.stripe.create_customer(
        email=debtor.email or "", debtor=debtor.public_id, key=f"stage:{row.id}:{debtor.public_id}",
        account=row.account or None) for row, debtor in found}
    with rt.db.transaction() as session:
        for row_id, customer in made.items():
            session.get_one(StripeCustomer, row_id).customer = customer


def _plan(session: Session, debtor: Debtor, now: datetime, *, autopay: bool) -> Installment:
    due = (now + timedelta(days=60)).date()
    arrangement = Arrangement(
        business_id=debtor.business_id, debtor_id=debtor.id, kind="plan", state="active", currency="USD",
        amount_minor=41_23, until=due, asked_at=now, decided_at=now)
    session.add(arrangement)
    session.flush()
    session.add(Plan(
        arrangement_id=arrangement.id, business_id=debtor.business_id, debtor_id=debtor.id, currency="USD",
        kind="custom", count=1, total_minor=41_23, first_on=due, last_on=due, autopay=autopay,
        terms={"parts": [[due.isoformat(), 41_23]], "wish": {
            "frequency": "", "first_on": "", "count": None, "size_minor": None, "down_minor": 0, "parts": [],
            "autopay": autopay}},
        rules=Living().as_data(), grace_days=5, cure_days=10, proposed_by="debtor", expires_at=now, signed_version=1,
        signed_at=now, standing="good"))
    session.flush()
    installment = Installment(
        business_id=debtor.business_id, debtor_id=debtor.id, arrangement_id=arrangement.id, currency="USD", position=1,
        due_on=due, original_on=due, amount_minor=41_23, state="open")
    session.add(installment)
    session.flush()
    return installment
