"""A payment that money arrives for, as plain rows: found and locked by one question, read by another, written by two.

Every payment of every debtor comes this way, within the answer to a webhook; what objects would cost is saved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from portal.db import Question
from portal.domain.money_facts import Received
from portal.models import Installment, Payment, PaymentInvoice, WaitingFact
from portal.models.base import fixed
from portal.models.writes import write
from portal.services import addressees, fact_lookup
from portal.services.addressees import Addressee


@dataclass(frozen=True, slots=True)
class Part:
    """What of a payment is for one invoice, minor units; `open` while no other payment may be begun for it."""

    invoice_id: int
    amount_minor: int
    offer_id: int | None
    open: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """A payment as it stands under its debtor's lock; sums in minor units of its currency."""

    id: int
    business_id: int
    debtor_id: int
    public_id: str
    channel: str
    state: str
    currency: str
    amount_minor: int
    captured_minor: int
    stripe_account: str | None
    payment_intent: str | None
    charge: str | None
    method_brand: str | None
    method_last4: str | None
    parts: tuple[Part, ...]
    addressee: Addressee
    # Whether a fact came before this one and waits for it, and whether another page asks for the same invoices.
    awaited: bool
    rivaled: bool
    # Whether its debtor has ever signed a plan, whose installments follow.
    in_plan: bool


def lock(session: Session, fact: Received) -> Expected | None:
    """Find the payment that money came for, lock its debtor, and read it as it stands then; None if there is none."""
    session.flush()
    found = fact_lookup.lock_debtor_of(
        session, intent=fact.intent, public_id=fact.payment, tells_of=(fact.intent, fact.charge or fact.intent))
    if found is None:
        return None
    # Only now is it read: what was seen before the lock may be old.
    rows = _READ.ask(session.connection(), {
        "payment": found, "intent": fact.intent, "fact_charge": fact.charge, "account": fact.account})
    first = rows[0]
    parts = tuple(Part(row.invoice_id, row.part_minor, row.offer_id, row.open) for row in rows if row.invoice_id)
    own = {name: getattr(first, name) for name in _OWN}
    return Expected(
        **own, parts=parts, addressee=addressees.of(first), awaited=first.awaited, rivaled=first.rivaled,
        in_plan=first.in_plan)


def close(session: Session, payment: Expected, fact: Received, *, ask_at: datetime) -> None:
    """Note that the money is here, and that none of the payment's invoices waits for it any more."""
    write(session, _CLOSE, {
        "payment": payment.id, **_names(payment, fact), "state": "succeeded", "received_at": fact.happened_at,
        "captured_minor": fact.amount, "moved_at": fact.happened_at, "ask_at": ask_at, "ask_count": 0})
    if any(part.open for part in payment.parts):
        write(session, _CLOSE_PARTS, {"payment": payment.id})


def learn(session: Session, payment: Expected, fact: Received) -> None:
    """Note what a fact that was booked before adds: Stripe's names, and how its payer would recognize the payment."""
    names = _names(payment, fact)
    if any(getattr(payment, name) != value for name, value in names.items()):
        write(session, _LEARN, {"payment": payment.id, **names})


def _names(payment: Expected, fact: Received) -> dict[str, str | None]:
    return {"payment_intent": payment.payment_intent or fact.intent, "charge": fact.charge or payment.charge,
            "method_brand": fact.brand or payment.method_brand, "method_last4": fact.last4 or payment.method_last4}


def rival_pages(session: Session, payment: Expected) -> list[tuple[str, str]]:
    """List the pages that still ask for an old sum, each with its account ("" for our own)."""
    which = {"debtor": payment.debtor_id, "payment": payment.id, "currency": payment.currency}
    found = session.connection().execute(_RIVALS, which)
    return [(page, account or "") for page, account in found]


_PAYMENT, _PARTS, _WAITING, _INSTALLMENT = (
    cast(Table, model.__table__) for model in (Payment, PaymentInvoice, WaitingFact, Installment))
_OWN = [name for name in Expected.__dataclass_fields__ if name in _PAYMENT.c]
_OTHER, _OTHERS_PART = _PAYMENT.alias("other"), _PARTS.alias("others_part")
_IS_RIVAL = (
    _OTHERS_PART.c.open, or_(_OTHER.c.state == fixed("open"), _OTHER.c.state == fixed("unknown")),
    _OTHER.c.checkout_session.is_not(None))
_OTHERS = _OTHER.join(_OTHERS_PART, _OTHERS_PART.c.payment_id == _OTHER.c.id)
_RIVALS = select(_OTHER.c.checkout_session, _OTHER.c.stripe_account).distinct().select_from(_OTHERS).where(
    *_IS_RIVAL, _OTHERS_PART.c.debtor_id == bindparam("debtor"), _OTHER.c.id != bindparam("payment"),
    _OTHER.c.currency == bindparam("currency"))
_READ = Question(
    select(
        *(_PAYMENT.c[name] for name in _OWN),
        _PARTS.c.invoice_id, _PARTS.c.amount_minor.label("part_minor"), _PARTS.c.offer_id, _PARTS.c.open,
        *addressees.COLUMNS,
        exists().where(
            _WAITING.c.waits_for.in_((bindparam("intent"), bindparam("fact_charge"))),
            _WAITING.c.account == bindparam("account"), _WAITING.c.applied_at.is_(None)).label("awaited"),
        exists().select_from(_OTHERS).where(
            *_IS_RIVAL, _OTHERS_PART.c.debtor_id == _PAYMENT.c.debtor_id, _OTHER.c.id != _PAYMENT.c.id,
            _OTHER.c.currency == _PAYMENT.c.currency).label("rivaled"),
        exists().where(_INSTALLMENT.c.debtor_id == _PAYMENT.c.debtor_id).label("in_plan"))
    .select_from(
        _PAYMENT.join(addressees.DEBTOR, addressees.DEBTOR.c.id == _PAYMENT.c.debtor_id)
        .join(addressees.BUSINESS, addressees.BUSINESS.c.id == _PAYMENT.c.business_id)
        .outerjoin(_PARTS, _PARTS.c.payment_id == _PAYMENT.c.id))
    .where(_PAYMENT.c.id == bindparam("payment")).order_by(_PARTS.c.position))
_LEARN = update(_PAYMENT).where(_PAYMENT.c.id == bindparam("payment")).values(
    {name: bindparam(name) for name in ("payment_intent", "charge", "method_brand", "method_last4")})
_CLOSE = _LEARN.values({name: bindparam(name) for name in (
    "state", "received_at", "captured_minor", "moved_at", "ask_at", "ask_count")})
_CLOSE_PARTS = update(_PARTS).where(_PARTS.c.payment_id == bindparam("payment"), _PARTS.c.open).values(open=False)
