"""Saved payment methods: the customer they hang on at Stripe, what Stripe tells of them, and letting them go.

Every function but the first takes its debtor's lock before it decides. How a method is asked for is in
method_setups.py, what it may be charged for in mandates.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.money_facts import MandateChanged, MethodChanged, MethodSaved
from portal.models import (
    Business,
    Debtor,
    MethodSetup,
    Payment,
    SavedMethod,
    StripeCustomer,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import audit, fact_lookup, mandates, more_time


@dataclass(frozen=True)
class MethodView:
    """A saved method as its owner knows it; `expired` once its last month is over."""

    public_id: str
    kind: str
    brand: str
    last4: str
    exp_month: int | None
    exp_year: int | None
    state: str
    expired: bool
    # The plans it pays, by the public ids of their arrangements.
    pays: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """The word words/methods.py knows it by: a brand, or that it is a bank account."""
        return self.brand if self.kind == "card" else "bank_account"


def ensure_customer(rt: Runtime, business_id: int, debtor_id: int) -> StripeCustomer:
    """Make sure Stripe has a customer for a debtor; asked twice at once, it has one.

    Raises StripeUnknown, StripeRefused.
    """
    now = rt.now()

    def work(session: Session) -> tuple[StripeCustomer, Debtor]:
        debtor = lock_debtor(session, business_id, debtor_id)
        assert debtor is not None
        account = session.get_one(Business, business_id).stripe_account or ""
        row = _customer(session, debtor_id, account)
        if row is None:
            row = StripeCustomer(business_id=business_id, debtor_id=debtor_id, account=account, created_at=now)
            session.add(row)
            session.flush()
        return row, debtor

    row, debtor = rt.db.run(work)
    if row.customer is not None:
        return row
    made = rt.stripe.create_customer(
        email=debtor.email or "", debtor=debtor.public_id, key=f"customer:{row.id}:{debtor.public_id}",
        account=row.account or None)

    def keep(session: Session) -> StripeCustomer:
        lock_debtor(session, business_id, debtor_id)
        mine = session.get_one(StripeCustomer, row.id)
        # Whoever was first has the customer; another one of ours would stay empty.
        mine.customer = mine.customer or made
        return mine

    return rt.db.run(keep)


def _customer(session: Session, debtor_id: int, account: str) -> StripeCustomer | None:
    return session.scalars(select(StripeCustomer).where(
        StripeCustomer.debtor_id == debtor_id, StripeCustomer.account == account,
        StripeCustomer.forgotten_at.is_(None))).one_or_none()


def of_debtor(session: Session, business_id: int, debtor_id: int, now: datetime) -> tuple[MethodView, ...]:
    """List what a debtor has saved and may still be charged, the newest first."""
    rows = session.scalars(select(SavedMethod).where(
        SavedMethod.business_id == business_id, SavedMethod.debtor_id == debtor_id,
        SavedMethod.state.in_(("active", "unusable"))).order_by(SavedMethod.id.desc())).all()
    pays = mandates.plans_paid_by(session, business_id, debtor_id)
    return tuple(view(row, now, pays.get(row.id, ())) for row in rows)


def view(method: SavedMethod, now: datetime, pays: tuple[str, ...] = ()) -> MethodView:
    """Show a saved method as pages read it."""
    return MethodView(method.public_id, method.kind, method.brand, method.last4, method.exp_month, method.exp_year,
                      method.state, has_expired(method, now), pays)


def has_expired(method: SavedMethod, now: datetime) -> bool:
    """Say whether a card's last month is over everywhere on earth."""
    if method.exp_year is None or method.exp_month is None:
        return False
    return (method.exp_year, method.exp_month) < (now.year, now.month)


def remove(rt: Runtime, access: Access, method_id: str) -> None:
    """Let a saved method go, and with it every permission to charge it; works always and at once.

    Removed twice it is removed. Raises Refusal not_found/unknown_page, gone/link_ended.
    """
    now = rt.now()

    def work(session: Session) -> None:
        more_time.locked(session, access, now)
        method = session.scalars(select(SavedMethod).where(
            SavedMethod.public_id == method_id, SavedMethod.business_id == access.business_id,
            SavedMethod.debtor_id == access.debtor_id)).one_or_none()
        if method is None or access.pay_only or access.invoice_ids is not None:
            raise Refusal("not_found", "unknown_page")
        if method.state not in ("active", "unusable"):
            return
        let_go(session, method, now)
        actor = audit.Actor("debtor", access.link_public_id)
        for mandate in mandates.charging(session, method):
            mandates.end(session, mandate, "debtor", now)
        audit.record(session, at=now, actor=actor, act="method.removed", business_id=method.business_id,
                     debtor_id=method.debtor_id, target=f"method:{method.public_id}")

    rt.db.run(work)


def let_go(session: Session, method: SavedMethod, now: datetime) -> None:
    """Charge a method no more, and have Stripe forget it; the caller holds the debtor's lock."""
    method.state, method.ended_at = "removed", method.ended_at or now
    customer = session.get_one(StripeCustomer, method.customer_id)
    fact_lookup.ask_later(session, "detach_method", method.method, customer.account, now)
    session.flush()


def saved(session: Session, fact: MethodSaved, now: datetime) -> str:
    """Keep a method that Stripe says was saved by a request of ours; anything else is nobody's and stays out."""
    setup = _setup_of(session, fact)
    if setup is None:
        return "noted"
    lock_debtor(session, setup.business_id, setup.debtor_id)
    session.refresh(setup)
    customer = session.get_one(StripeCustomer, setup.customer_id)
    if (customer.customer, customer.account) != (fact.customer, fact.account):
        # Never somebody else's method, whatever the metadata claims.
        return "mismatch"
    if customer.forgotten_at is not None:
        return "noted"
    known = session.scalars(select(SavedMethod).where(SavedMethod.method == fact.method)).one_or_none()
    if known is not None and known.debtor_id != setup.debtor_id:
        return "mismatch"
    if setup.state == "done":
        return "applied"
    method = known or _new(session, setup, fact, now)
    setup.state, setup.saved_method_id, setup.ask_at = "done", method.id, None
    session.flush()
    audit.record(session, at=now, actor=audit.STRIPE, act="method.saved", business_id=method.business_id,
                 debtor_id=method.debtor_id, target=f"method:{method.public_id}", kind=method.kind)
    if method.state == "active":
        mandates.take_method(session, method, setup.arrangement_id, now)
    return "applied"


def _setup_of(session: Session, fact: MethodSaved) -> MethodSetup | None:
    if fact.setup:
        return session.scalars(select(MethodSetup).where(MethodSetup.public_id == fact.setup)).one_or_none()
    if not fact.payment:
        return None
    return session.scalars(select(MethodSetup).join(Payment, Payment.id == MethodSetup.payment_id).where(
        Payment.public_id == fact.payment)).one_or_none()


def _new(session: Session, setup: MethodSetup, fact: MethodSaved, now: datetime) -> SavedMethod:
    method = SavedMethod(
        business_id=setup.business_id, debtor_id=setup.debtor_id, customer_id=setup.customer_id, method=fact.method,
        kind=fact.kind, brand=fact.brand, last4=fact.last4, exp_month=fact.exp_month, exp_year=fact.exp_year,
        mandate=fact.mandate, state="active", saved_at=now, told_at=fact.happened_at)
    session.add(method)
    session.flush()
    return method


def changed(session: Session, fact: MethodChanged, now: datetime) -> str:
    """Note that a saved method was renewed by its bank, or is gone at Stripe; what is older changes nothing."""
    method = _locked(session, SavedMethod.method == fact.method, fact.account)
    if method is None or method.state == "removed":
        return "noted"
    if fact.happened_at < method.told_at:
        return "applied"
    method.told_at = fact.happened_at
    if fact.gone:
        _end(session, method, "gone", now)
    else:
        method.brand, method.last4 = fact.brand or method.brand, fact.last4 or method.last4
        method.exp_month, method.exp_year = fact.exp_month, fact.exp_year
    session.flush()
    return "applied"


def mandate_changed(session: Session, fact: MandateChanged, now: datetime) -> str:
    """Note that a permission to debit a bank account was withdrawn at the bank: the account is charged no more."""
    method = _locked(session, SavedMethod.method == fact.method, fact.account)
    if method is None:
        return "noted"
    method.mandate = method.mandate or fact.mandate
    if fact.status == "inactive" and method.mandate == fact.mandate:
        _end(session, method, "unusable", now)
    session.flush()
    return "applied"


def unusable(session: Session, method: SavedMethod, now: datetime) -> None:
    """Note that a bank will never let this method be charged again; the caller holds the debtor's lock."""
    _end(session, method, "unusable", now)
    session.flush()


def _end(session: Session, method: SavedMethod, state: str, now: datetime) -> None:
    if method.state != "active":
        return
    method.state, method.ended_at = state, now
    audit.record(session, at=now, actor=audit.STRIPE, act=f"method.{state}", business_id=method.business_id,
                 debtor_id=method.debtor_id, target=f"method:{method.public_id}")
    for mandate in mandates.charging(session, method):
        mandates.without_method(session, mandate, now)


def _locked(session: Session, which: object, account: str) -> SavedMethod | None:
    """Find a method and take its debtor's lock; what is told by another account than its own counts for nothing."""
    session.flush()
    method = session.scalars(select(SavedMethod).where(which)).one_or_none()  # type: ignore[arg-type]
    if method is None:
        return None
    lock_debtor(session, method.business_id, method.debtor_id)
    session.refresh(method)
    return method if session.get_one(StripeCustomer, method.customer_id).account == account else None


