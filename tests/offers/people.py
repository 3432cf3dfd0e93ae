"""Whoever settles: a debtor of a business that allows it, and the steps they take by the services pages call."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.domain.access import PROVEN, Access
from portal.domain.agreements import SIGN
from portal.domain.policy import Policy
from portal.domain.settlements import Band, SettlementRules
from portal.models import (
    Agreement,
    Arrangement,
    DebtorSession,
    Offer,
    OneTimeCode,
    Payment,
    PaymentInvoice,
    PolicyVersion,
)
from portal.runtime import Runtime
from portal.services import debts, signing_step
from portal.services.agreements import Signature
from portal.services.payments import new_number
from tests.agreements.signing import BOXES, NAME
from tests.cast import NOON, Owed
from tests.office.books import Desk, open_desk

# The oldest of the invoices of someone_owes() was due on October 18: 23 days before NOON.
RULES = SettlementRules(True, (Band(10, 8_000, 5_000), Band(180, 7_000, 4_000)), {}, 14)
ALLOWS = Policy().with_settlements(RULES)


def settling(db: Database, folder: Path, *totals: int, rules: SettlementRules = RULES, **changes: Any) -> Desk:
    """An office that lets debtors settle, and somebody who owes; `changes` are rules of the business."""
    desk = open_desk(db, folder, *(totals or (100_00, 50_00)))
    set_policy(desk.rt, desk.owed, replace(Policy(), **changes).with_settlements(rules))
    return desk


def set_policy(rt: Runtime, owed: Owed, policy: Policy) -> None:
    """Let a business have other rules from now on."""
    with rt.db.transaction() as session:
        last = session.scalar(select(func.max(PolicyVersion.version)).where(
            PolicyVersion.business_id == owed.business.id)) or 0
        session.add(PolicyVersion(business_id=owed.business.id, version=last + 1, created_at=rt.now(),
                                  rules=policy.as_rules()))


def the(rt: Runtime, settlement_id: str) -> Arrangement:
    """Give a settlement as it stands."""
    with rt.db.reading() as session:
        return session.scalars(select(Arrangement).where(Arrangement.public_id == settlement_id)).one()


def seen(rt: Runtime, settlement_id: str) -> str:
    """Give what goes back with an answer."""
    return str(the(rt, settlement_id).version)


def sign(rt: Runtime, owed: Owed, settlement_id: str) -> str:
    """Read, consent, enter the emailed code and sign; returns the agreement's public id."""
    access = proven(rt, owed)
    shown = signing_step.review(rt, access, settlement_id)
    return signing_step.sign(rt, access, settlement_id, Signature(
        shown.version, shown.seen, NAME, BOXES, "203.0.113.7", "Browser 1.0"))


def proven(rt: Runtime, owed: Owed) -> Access:
    """The door of somebody who has entered the emailed code for signing."""
    now = rt.now()
    with rt.db.transaction() as session:
        code = OneTimeCode(
            business_id=owed.business.id, debtor_id=owed.debtor.id, link_id=owed.link.id, act=SIGN, code_hash="0" * 64,
            created_at=now, expires_at=now + timedelta(minutes=10), used_at=now)
        session.add(code)
        session.flush()
        opened = DebtorSession(
            token_hash=f"{code.id:064d}", business_id=owed.business.id, debtor_id=owed.debtor.id, link_id=owed.link.id,
            level=PROVEN, created_at=now, seen_at=now, visit_started_at=now, code_id=code.id)
        session.add(opened)
        session.flush()
        return replace(owed.access, level=PROVEN, session_id=opened.id)


def agreements(rt: Runtime) -> int:
    """Count what was signed."""
    with rt.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Agreement)) or 0


def pay_quoted(rt: Runtime, owed: Owed, quote: Any, *, at: datetime = NOON) -> Payment:
    """Write the rows of a started payment for a quote, as start_checkout does before it asks Stripe."""
    with rt.db.transaction() as session:
        payment = Payment(
            business_id=owed.business.id, debtor_id=owed.debtor.id, number=new_number(), channel="checkout",
            state="open", currency=quote.currency, amount_minor=quote.total_minor, created_at=at,
            expires_at=at + timedelta(hours=1))
        session.add(payment)
        session.flush()
        for position, line in enumerate(quote.lines):
            session.add(PaymentInvoice(
                payment_id=payment.id, invoice_id=line.invoice.id, business_id=owed.business.id,
                debtor_id=owed.debtor.id, position=position, amount_minor=line.pay_minor,
                discount_minor=line.discount_minor, offer_id=line.offer_id, open=True))
    return payment


def left(rt: Runtime, owed: Owed) -> list[int]:
    """What is left of each open invoice, the oldest first; minor units."""
    with rt.db.reading() as session:
        return [one.left_minor for one in debts.open_invoices(session, owed.access)]


def offers(rt: Runtime) -> list[Offer]:
    """Every offer there ever was, the oldest first."""
    with rt.db.reading() as session:
        return list(session.scalars(select(Offer).order_by(Offer.id)))
