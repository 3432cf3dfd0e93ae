"""Paying an installment on a page of Stripe's: the first one while signing, one a bank wants confirmed, or any by hand.

With `save` the method it is paid with is saved for the installments to come, where its payer has allowed that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.currencies import minimum_charge
from portal.domain.errors import Refusal
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import (
    Arrangement,
    Business,
    Debtor,
    Installment,
    InstallmentPayment,
    MethodSetup,
    Payment,
    PaymentInvoice,
    Plan,
    StripeCustomer,
)
from portal.models.base import new_public_id
from portal.models.payments import OPEN_STATES
from portal.runtime import Runtime
from portal.services import (
    arrangements,
    attempts,
    audit,
    autopay_look,
    mandates,
    method_setups,
    more_time,
    payments,
    saved_methods,
)

ROUNDS = 3
# What a debtor saved in passing may be shown to them again on a page of Stripe's.
SHOWN_AGAIN = {"allow_redisplay_filters": ["always", "limited"]}


def begin(rt: Runtime, access: Access, arrangement_id: str) -> str:
    """Start automatic payments of a plan and give Stripe's address: the first installment at once where it is due.

    Its permission must stand (see mandates.give). Raises Refusal as pay() and method_setups.begin().
    """
    now = rt.now()
    with rt.db.reading() as session:
        arrangement = arrangements.own(session, access, arrangement_id)
        first = session.scalars(select(Installment).where(
            Installment.arrangement_id == arrangement.id, Installment.state == "open")
            .order_by(Installment.due_on, Installment.position).limit(1)).one_or_none()
        today = arrangements.today(session, session.get_one(Debtor, access.debtor_id), now)
    if first is None or first.due_on > today:
        return method_setups.begin(rt, access, arrangement_id)
    return pay(rt, access, first.public_id, save=True)


@dataclass(frozen=True)
class _Way:
    """What starting to pay came to: a page to reuse, attempts to close first, or a new attempt."""

    url: str | None = None
    close: tuple[Payment, ...] = ()
    payment_id: int | None = None


def pay(rt: Runtime, access: Access, installment_id: str, *, save: bool = False) -> str:
    """Start paying what is left of one installment, and give the address of Stripe's page; pressed twice it is one.

    Raises Refusal: unknown_page, link_ended, installment_paid, plan_changed (the plan covers no such sum any more),
    below_minimum_charge, payment_processing, payment_in_the_way, autopay_not_allowed, stripe_unreachable,
    stripe_refused.
    """
    with rt.db.reading() as session:
        _own(session, access, installment_id)
    customer = _customer(rt, access)
    for _ in range(ROUNDS):
        now = rt.now()
        way = rt.db.run(
            lambda session: _prepare(rt, session, access, installment_id, customer, now, save=save))  # noqa: B023
        if way.url:
            return way.url
        if way.payment_id is not None:
            url = payments.open_checkout(rt, way.payment_id)
            if url:
                return url
        for old in way.close:
            payments.close_attempt(rt, old)
    raise Refusal("conflict", "payment_in_the_way")


def _customer(rt: Runtime, access: Access) -> StripeCustomer:
    try:
        return saved_methods.ensure_customer(rt, access.business_id, access.debtor_id)
    except StripeRefused as refusal:
        raise Refusal("conflict", "stripe_refused") from refusal
    except StripeUnknown as silence:
        raise Refusal("conflict", "stripe_unreachable") from silence


def _prepare(rt: Runtime, session: Session, access: Access, installment_id: str, customer: StripeCustomer,
             now: datetime, *, save: bool) -> _Way:
    debtor = more_time.locked(session, access, now)
    installment, arrangement = _own(session, access, installment_id)
    session.refresh(installment)
    amount = installment.amount_minor - installment.paid_minor
    if installment.state != "open" or amount <= 0 or arrangement.state != "active":
        raise Refusal("conflict", "installment_paid")
    if save and mandates.of_plan(session, access.business_id, arrangement.id) is None:
        raise Refusal("conflict", "autopay_not_allowed")
    if amount < minimum_charge(installment.currency):
        raise Refusal("invalid", "below_minimum_charge", least=minimum_charge(installment.currency),
                      currency=installment.currency)
    lines = autopay_look.lines_of(session, installment, debtor, amount, now)
    if not lines:
        raise Refusal("conflict", "plan_changed")
    standing = _standing(session, installment, [invoice_id for invoice_id, _ in lines])
    if any(one.state == "processing" or one.channel == "off_session" for one in standing):
        raise Refusal("conflict", "payment_processing")
    for one in standing:
        if _same(session, one, installment, amount, access, save=save, now=now):
            return _Way(url=one.checkout_url, payment_id=one.id)
    if standing:
        return _Way(close=tuple(standing))
    return _Way(payment_id=_write(rt, session, access, debtor, installment, lines, customer, now, save=save).id)


def _own(session: Session, access: Access, installment_id: str) -> tuple[Installment, Arrangement]:
    if access.pay_only:
        raise Refusal("not_found", "unknown_page")
    installment = session.scalars(select(Installment).where(
        Installment.public_id == installment_id, Installment.business_id == access.business_id,
        Installment.debtor_id == access.debtor_id)).one_or_none()
    if installment is None:
        raise Refusal("not_found", "unknown_page")
    arrangement = session.get_one(Arrangement, installment.arrangement_id)
    if not arrangements.visible(session, access, arrangement) or session.get(Plan, arrangement.id) is None:
        raise Refusal("not_found", "unknown_page")
    return installment, arrangement


def _standing(session: Session, installment: Installment, invoice_ids: list[int]) -> list[Payment]:
    """Payments that may still bring in money for these invoices or this installment."""
    by_invoice = select(PaymentInvoice.payment_id).where(
        PaymentInvoice.invoice_id.in_(invoice_ids), PaymentInvoice.open)
    by_installment = select(InstallmentPayment.payment_id).where(
        InstallmentPayment.installment_id == installment.id, InstallmentPayment.open)
    return list(session.scalars(
        select(Payment).where(Payment.id.in_(by_invoice.union(by_installment)), Payment.state.in_(OPEN_STATES))
        .order_by(Payment.id)))


def _same(session: Session, payment: Payment, installment: Installment, amount: int, access: Access, *, save: bool,
          now: datetime) -> bool:
    """Whether a page that is open asks for just this, for this reader, and lasts a while yet."""
    mine = session.get(InstallmentPayment, (installment.id, payment.id))
    lasting = payment.expires_at is not None and payment.expires_at - now > payments.REUSE_MARGIN
    saves = "setup_future_usage" in (payment.request or {}).get("payment_intent_data", {})
    return (mine is not None and mine.open and lasting and saves == save
            and (payment.amount_minor, payment.link_id) == (amount, access.link_id))


def _write(rt: Runtime, session: Session, access: Access, debtor: Debtor, installment: Installment,
           lines: tuple[tuple[int, int], ...], customer: StripeCustomer, now: datetime, *, save: bool) -> Payment:
    payment = Payment(
        business_id=debtor.business_id, debtor_id=debtor.id, number=payments.new_number(), channel="checkout",
        state="created", currency=installment.currency, amount_minor=sum(minor for _, minor in lines),
        link_id=access.link_id, stripe_account=customer.account or None, created_at=now,
        ask_at=now + attempts.UNKNOWN_ASK, expires_at=now + method_setups.PAGE_LIFE)
    session.add(payment)
    session.flush()
    business = session.get_one(Business, debtor.business_id)
    payment.request = _request(payments.request_of(rt, payment, business, debtor.locale), customer, save=save)
    session.add_all(
        PaymentInvoice(payment_id=payment.id, invoice_id=invoice_id, business_id=debtor.business_id,
                       debtor_id=debtor.id, position=position, amount_minor=minor, open=True)
        for position, (invoice_id, minor) in enumerate(lines))
    session.add(InstallmentPayment(
        installment_id=installment.id, payment_id=payment.id, business_id=debtor.business_id, debtor_id=debtor.id,
        amount_minor=payment.amount_minor))
    if save:
        session.add(MethodSetup(
            public_id=new_public_id(), business_id=debtor.business_id, debtor_id=debtor.id, customer_id=customer.id,
            link_id=access.link_id, arrangement_id=installment.arrangement_id, currency=installment.currency,
            payment_id=payment.id, state="open", created_at=now, expires_at=now + method_setups.PAGE_LIFE))
    audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act="payment.started",
                 business_id=debtor.business_id, debtor_id=debtor.id, target=f"payment:{payment.public_id}",
                 amount=payment.amount_minor, installment=installment.public_id)
    session.flush()
    return payment


def _request(plain: dict[str, Any], customer: StripeCustomer, *, save: bool) -> dict[str, Any]:
    """The words of a plain payment, by whom; with `save`, what they pay with is kept for later."""
    intent = {**plain["payment_intent_data"], **({"setup_future_usage": "off_session"} if save else {})}
    return {**plain, "customer": customer.customer, "payment_intent_data": intent,
            "saved_payment_method_options": SHOWN_AGAIN}
