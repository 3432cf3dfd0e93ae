"""Finds what a fact of Stripe is about, and takes the lock under which it may be booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.money_facts import Fact
from portal.models import Business, Payment, PaymentInvoice, StripeFetch, SuspenseItem, WaitingFact, lock_debtor


@dataclass(frozen=True)
class Subject:
    """The payment a fact is about, locked, and the account it came through."""

    payment: Payment
    lines: list[PaymentInvoice]


def lock_payment(session: Session, *, account: str, intent: str | None = None, charge: str | None = None,
                 public_id: str = "") -> Subject | None:
    """Find a payment by Stripe's ids or ours and lock its debtor; None when there is none."""
    found = _find(session, account, intent, charge, public_id)
    if found is None:
        return None
    lock_debtor(session, found.business_id, found.debtor_id)
    # Read again: what was seen before the lock may be old by now.
    session.refresh(found)
    lines = session.scalars(
        select(PaymentInvoice).where(PaymentInvoice.payment_id == found.id).order_by(PaymentInvoice.position)
        .execution_options(populate_existing=True))
    return Subject(found, list(lines))


def _find(session: Session, account: str, intent: str | None, charge: str | None, public_id: str) -> Payment | None:
    for condition in (
        Payment.payment_intent == intent if intent else None,
        Payment.public_id == public_id if public_id else None,
        Payment.charge == charge if charge else None,
    ):
        if condition is None:
            continue
        found = session.scalars(select(Payment).where(condition)).one_or_none()
        if found is not None:
            return found
    return None


def suspense_of(session: Session, intent: str | None) -> SuspenseItem | None:
    """Find money in suspense that came by this payment intent, locking its business."""
    if not intent:
        return None
    item = session.scalars(select(SuspenseItem).where(SuspenseItem.payment_intent == intent)).one_or_none()
    if item is not None:
        lock_business(session, item.business_id)
        session.refresh(item)
    return item


def lock_business(session: Session, business_id: int) -> Business:
    """Lock a business for money that belongs to no debtor: payouts, Stripe's own fees, suspense."""
    query = select(Business).where(Business.id == business_id).with_for_update(key_share=True)
    return session.scalars(query).one()


def business_of_account(session: Session, account: str) -> int | None:
    """Say whose money an account holds, from our own map and never from what an event claims.

    Businesses without a connected account share the installation's; its unmatched money is booked with the
    oldest of them.
    """
    mine = Business.stripe_account == account if account else Business.stripe_account.is_(None)
    return session.scalar(select(Business.id).where(mine).order_by(Business.id).limit(1))


def wait_for(session: Session, predecessor: str, fact: Fact, key: str, now: datetime) -> str:
    """Keep a true fact until the one it builds on is there."""
    _insert_once(session, WaitingFact, {
        "account": fact.account, "waits_for": predecessor, "kind": type(fact).__name__, "key": key,
        "fact": fact.as_data(), "created_at": now})
    return "waiting"


def ask_later(session: Session, kind: str, object_id: str, account: str, now: datetime) -> None:
    """Note a question to Stripe that a job asks outside any transaction."""
    _insert_once(session, StripeFetch, {
        "account": account, "kind": kind, "object_id": object_id, "created_at": now, "due_at": now, "attempts": 0})


def _insert_once(session: Session, table: type[WaitingFact] | type[StripeFetch], values: dict[str, object]) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
