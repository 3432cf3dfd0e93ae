"""What debtors, banks and staff do to plans that are charged by themselves, each act drawn by the world's dice.

Nothing here looks at an id or at the real time, so that the same seed is the same year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import AutopayMandate, Hold, Installment, SavedMethod, lock_debtor
from portal.services import (
    autopay_pages,
    installment_checkout,
    mandates,
    method_setups,
    payments,
    plan_money,
    saved_methods,
)
from tests.cast import Owed

if TYPE_CHECKING:
    from proofs.plan_world import PlanWorld

HEARTS = ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedInsufficientFunds",
          "pm_card_chargeDeclined", "pm_card_visa_chargeDeclinedStolenCard", "pm_card_authenticationRequired",
          "pm_card_chargeDeclinedProcessingError", "pm_card_chargeDeclinedIncorrectCvc")


@dataclass
class Tenant:
    """One debtor with a plan."""

    owed: Owed
    plan: str
    held_until: datetime | None = None
    holds: int = 0
    refused: list[str] = field(default_factory=list)
    customer: str = ""
    given: set[int] = field(default_factory=set)


def _heart(world: PlanWorld, tenant: Tenant) -> str:
    """The bank behind a saved card changes its mind, for better or worse."""
    method = method_of(world, tenant)
    if method is None or method.kind != "card":
        return "none"
    like = "pm_card_visa" if world.dice() < 0.5 else world.random.choice(HEARTS)
    world.counter.stripe.control.change_heart(method.method, like)
    return like


def _hold(world: PlanWorld, tenant: Tenant) -> str:
    """What the plan covers is questioned for some days."""
    if tenant.held_until is not None and tenant.held_until > world.rt.now():
        return "held"
    days = world.random.randrange(2, 25)
    hold(world, tenant, days, whole=world.dice() < 0.3)
    return str(days)


def hold(world: PlanWorld, tenant: Tenant, days: int, *, whole: bool) -> None:
    """Give some days of time for what a plan covers, or for all a debtor owes."""
    tenant.held_until, tenant.holds = world.rt.now() + timedelta(days=days), tenant.holds + 1
    with world.rt.db.transaction() as session:
        lock_debtor(session, world.business.id, tenant.owed.debtor.id)
        session.add(Hold(
            business_id=world.business.id, debtor_id=tenant.owed.debtor.id, reminders=True, fees=True, autopay=True,
            invoice_id=None if whole else tenant.owed.invoices[0].id, cause="deferral",
            cause_id=f"{tenant.plan}{tenant.holds}"[:40], starts_at=world.rt.now(), until=tenant.held_until))


def _pay_part(world: PlanWorld, tenant: Tenant) -> str:
    """A debtor pays a sum of their own on the page."""
    amount = world.random.randrange(5_00, 120_00)
    choice = Choice("USD", amount_minor=amount)
    total = payments.quote_for(world.rt, tenant.owed.access, choice).total_minor
    page = world.counter.start(tenant.owed, total, choice)
    outcome = world.random.choices(("pay", "bank_debit", "leave"), (75, 10, 15))[0]
    if outcome != "leave":
        world.counter.stripe.control.press(page, outcome)
    return f"{total} {outcome}"


def _pay_installment(world: PlanWorld, tenant: Tenant) -> str:
    """A debtor pays the next installment by hand, or confirms the one their bank asked about."""
    coming = coming_of(world, tenant)
    if coming is None:
        return "none"
    url = installment_checkout.pay(world.rt, tenant.owed.access, coming.public_id)
    world.counter.stripe.control.press(url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0], "pay")
    return str(coming.amount_minor)


def _cash(world: PlanWorld, tenant: Tenant) -> str:
    amount = world.random.randrange(5_00, 60_00)
    world.counter.cash(tenant.owed, amount)
    return str(amount)


def _replace(world: PlanWorld, tenant: Tenant) -> str:
    """Another card is saved on Stripe's page, or the page is left."""
    if world.dice() < 0.3:
        save(world, tenant, "pm_card_visa")
        return "at once"
    url = method_setups.begin(world.rt, tenant.owed.access, tenant.plan)
    outcome = world.random.choice(("pay", "pay", "decline", "bank_debit"))
    world.counter.stripe.control.press(url.rstrip("/").split("/")[-1].split("?")[0].split("#")[0], outcome)
    return outcome


def _remove(world: PlanWorld, tenant: Tenant) -> str:
    method = method_of(world, tenant)
    if method is None:
        return "none"
    saved_methods.remove(world.rt, tenant.owed.access, method.public_id)
    _allow_again(world, tenant)
    return "gone"


def _off_and_on(world: PlanWorld, tenant: Tenant) -> str:
    """Turned off, and after a while allowed anew."""
    with world.rt.db.transaction() as session:
        lock_debtor(session, world.business.id, tenant.owed.debtor.id)
        for mandate in _mandates(session, tenant):
            mandates.end(session, mandate, "debtor", world.rt.now())
    _allow_again(world, tenant)
    return "off"


def _move(world: PlanWorld, tenant: Tenant) -> str:
    """The next installment is moved by some days, as the plan's own rules would."""
    coming = coming_of(world, tenant)
    if coming is None:
        return "none"
    days = world.random.randrange(1, 15)
    with world.rt.db.transaction() as session:
        lock_debtor(session, world.business.id, tenant.owed.debtor.id)
        row = session.get_one(Installment, coming.id, populate_existing=True)
        if row.claim_token is None:
            row.due_on, row.try_at, row.tries = row.due_on + timedelta(days=days), None, 0
    return str(days)


def _dispute(world: PlanWorld, tenant: Tenant) -> str:
    """A bank takes one of a debtor's payments back, and decides."""
    control = world.counter.stripe.control
    customer = customer_of(world, tenant)
    charges = [charge for charge in control.objects("charge") if charge["status"] == "succeeded"
               and charge["customer"] == customer]
    if not charges:
        return "none"
    dispute = control.open_dispute(world.random.choice(charges)["id"])
    won = world.dice() < 0.5
    (control.win_dispute if won else control.lose_dispute)(dispute["id"])
    return "won" if won else "lost"


def _debit_returned(world: PlanWorld, tenant: Tenant) -> str:
    control = world.counter.stripe.control
    customer = customer_of(world, tenant)
    moving = [intent for intent in control.objects("payment_intent") if intent["status"] == "processing"
              and intent["customer"] == customer]
    if not moving:
        return "none"
    control.fail_debit(world.random.choice(moving)["id"])
    return "failed"


def _allow_again(world: PlanWorld, tenant: Tenant) -> None:
    try:
        shown = autopay_pages.to_allow(world.rt, tenant.owed.access, tenant.plan)
        autopay_pages.allow(world.rt, tenant.owed.access, tenant.plan, agreed=True, seen=shown.statement.sha256)
    except Refusal:
        return
    if world.dice() < 0.6:
        save(world, tenant, "pm_card_visa")


def _mandates(session: Any, tenant: Tenant) -> list[Any]:
    return list(session.scalars(select(AutopayMandate).where(
        AutopayMandate.debtor_id == tenant.owed.debtor.id, AutopayMandate.state != "ended")))


def save(world: PlanWorld, tenant: Tenant, like: str) -> None:
    """Save a method without its page; the pages are walked by replace()."""
    debtor = tenant.owed.debtor
    row = saved_methods.ensure_customer(world.rt, world.business.id, debtor.id)
    assert row.customer is not None
    tenant.customer = row.customer
    made = world.rt.stripe._client.v1.payment_methods.attach(like, {"customer": row.customer})
    now = world.rt.now()
    with world.rt.db.transaction() as session:
        lock_debtor(session, world.business.id, debtor.id)
        method = SavedMethod(
            business_id=world.business.id, debtor_id=debtor.id, customer_id=row.id, method=made.id, kind=made.type,
            brand="visa" if made.type == "card" else "", last4="4242", state="active", saved_at=now, told_at=now)
        session.add(method)
        session.flush()
        mandates.take_method(session, method, None, now)


def coming_of(world: PlanWorld, tenant: Tenant) -> Installment | None:
    """The next installment that is open, after the books were followed."""
    with world.rt.db.transaction() as session:
        lock_debtor(session, world.business.id, tenant.owed.debtor.id)
        plan_money.follow(session, world.business.id, tenant.owed.debtor.id, world.rt.now())
        return session.scalars(select(Installment).where(
            Installment.debtor_id == tenant.owed.debtor.id, Installment.state == "open")
            .order_by(Installment.due_on, Installment.id).limit(1)).one_or_none()


def method_of(world: PlanWorld, tenant: Tenant) -> SavedMethod | None:
    """The saved method that is charged now, if there is one."""
    with world.rt.db.reading() as session:
        return session.scalars(select(SavedMethod).where(
            SavedMethod.debtor_id == tenant.owed.debtor.id, SavedMethod.state == "active")
            .order_by(SavedMethod.id.desc()).limit(1)).one_or_none()


def customer_of(world: PlanWorld, tenant: Tenant) -> str:
    """Stripe's name for a debtor, which never changes: asked for at each look, it was an eighth of a year's time."""
    if not tenant.customer:
        row = saved_methods.ensure_customer(world.rt, world.business.id, tenant.owed.debtor.id)
        tenant.customer = row.customer or ""
    return tenant.customer


Act = Callable[["PlanWorld", Tenant], str]
# How often each happens, beside the others.
ACTS: Mapping[str, tuple[float, Act]] = {
    "heart": (0.20, _heart),
    "hold": (0.12, _hold),
    "pay_part": (0.14, _pay_part),
    "pay_installment": (0.12, _pay_installment),
    "cash": (0.10, _cash),
    "replace": (0.10, _replace),
    "remove": (0.04, _remove),
    "off_and_on": (0.05, _off_and_on),
    "move": (0.05, _move),
    "dispute": (0.05, _dispute),
    "debit_returned": (0.03, _debit_returned),
}
