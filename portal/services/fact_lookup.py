"""Finds what a fact of Stripe is about, and takes the lock under which it may be booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.db import Question
from portal.domain.money_facts import Fact
from portal.models import Business, Debtor, Payment, PaymentInvoice, StripeFetch, SuspenseItem, WaitingFact


@dataclass(frozen=True)
class Subject:
    """The payment a fact is about, locked, and the account it came through."""

    payment: Payment
    lines: list[PaymentInvoice]


def lock_payment(session: Session, *, intent: str | None = None, charge: str | None = None,
                 public_id: str = "") -> Subject | None:
    """Find a payment by Stripe's ids or ours and lock its debtor; None when there is none."""
    session.flush()
    found = lock_debtor_of(session, intent=intent, charge=charge, public_id=public_id)
    if found is None:
        return None
    # Only now is it read: what was seen before the lock may be old.
    rows = session.execute(_WITH_LINES, {"payment": found}).all()
    return Subject(rows[0][0], [line for _, line in rows if line is not None])


def lock_debtor_of(session: Session, *, intent: str | None = None, charge: str | None = None, public_id: str = "",
                   tells_of: Sequence[str | None] = ()) -> int | None:
    """Lock the debtor whose payment goes by one of these names; gives the payment's key, or None if none does.

    What `tells_of` names is locked by the same question, as lock_names() does it.
    """
    connection = session.connection()
    held = tells_of if connection.dialect.name == "postgresql" else ()
    # What is not known is NULL here, which nothing equals.
    names = {"intent": intent or None, "public": public_id or None, "charge": charge or None,
             **{f"name_{number}": name for number, name in enumerate(sorted(name or "" for name in held))}}
    found = _finding(len(held)).ask(connection, names)
    if not found:
        # Its payment may be told of at this very moment, and would not see a fact that is only now put to wait.
        lock_names(session, intent, charge, *tells_of)
        found = _finding(len(held)).ask(connection, names)
    return int(found[0][0]) if found else None


@cache
def _finding(names_held: int) -> Question:
    return Question(_lock(names_held))


def _lock(names_held: int) -> Select[Any]:
    payment, debtor = Payment.__table__, Debtor.__table__
    # The payment intent is Stripe's own word and outranks what metadata claims.
    names = (payment.c.payment_intent == bindparam("intent"), payment.c.public_id == bindparam("public"),
             payment.c.charge == bindparam("charge"))
    locks = [_name_lock(bindparam(f"name_{number}", type_=String)) for number in range(names_held)]
    return (
        select(payment.c.id, *locks).join(debtor, debtor.c.id == payment.c.debtor_id).where(or_(*names))
        .order_by(case(*((name, rank) for rank, name in enumerate(names)))).limit(1)
        .with_for_update(key_share=True, of=debtor))


def lock_names(session: Session, *names: str | None) -> None:
    """Let only one transaction at a time tell of a payment by these ids of Stripe's, until it commits.

    The debtor's lock cannot do this: a fact that waits does not know its debtor yet. SQLite's writer is alone anyway.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    locks = [_name_lock(name) for name in sorted(set(filter(None, names)))]
    if locks:
        session.execute(select(*locks))


def _name_lock(name: str | ColumnElement[str]) -> ColumnElement[Any]:
    return func.pg_advisory_xact_lock(func.hashtextextended(name, 0))


_WITH_LINES = (
    select(Payment, PaymentInvoice).outerjoin(PaymentInvoice, PaymentInvoice.payment_id == Payment.id)
    .where(Payment.id == bindparam("payment")).order_by(PaymentInvoice.position)
    .execution_options(populate_existing=True))


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
