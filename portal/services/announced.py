"""Bank transfers that debtors say are sent: how long one is waited for, what makes it come true, and how it ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Row, exists, select, update
from sqlalchemy.orm import Session

from portal.models import Business, Hold, Payment, PaymentInvoice, lock_debtor
from portal.runtime import Runtime
from portal.services import ledger, policies, standings
from portal.services.audit import Actor, record

BATCH = 200
WORKER = Actor("job", "end_announcements")
# No business waits for less, so whatever is younger need not be looked at.
SHORTEST_WAIT = timedelta(days=1)


def wait_of(session: Session, business_id: int) -> timedelta:
    """Tell how long a business waits for a transfer it was told of."""
    return timedelta(days=policies.in_force(session, business_id).transfer_wait_days)


def lines_of(session: Session, payments: Iterable[Payment]) -> dict[int, list[PaymentInvoice]]:
    """Read what some announcements said they were for, by payment."""
    found: dict[int, list[PaymentInvoice]] = defaultdict(list)
    for row in session.scalars(select(PaymentInvoice).where(
            PaymentInvoice.payment_id.in_([one.id for one in payments])).order_by(PaymentInvoice.position)):
        found[row.payment_id].append(row)
    return found


def meet(session: Session, came: Payment, invoice_ids: Iterable[int], now: datetime) -> None:
    """End the announcement that money has made true, and those of which nothing is left to pay.

    True is the first one of this very sum that named one of these invoices, however the money came and whoever
    recognized it as what. The caller holds the debtor's lock and has settled the books.
    """
    waiting = session.scalars(select(Payment).where(
        Payment.business_id == came.business_id, Payment.debtor_id == came.debtor_id, Payment.channel == "transfer",
        Payment.state == "announced", Payment.currency == came.currency).order_by(Payment.id)).all()
    if not waiting:
        return
    lines, paid = lines_of(session, waiting), set(invoice_ids)
    left = ledger.left_by_invoice(session, came.business_id, came.debtor_id)
    named = {one.id: {row.invoice_id for row in lines[one.id]} for one in waiting}
    true = next((one for one in waiting if one.amount_minor == came.amount_minor and named[one.id] & paid), None)
    for one in waiting:
        if one is true or not any(left.get(invoice_id) for invoice_id in named[one.id]):
            close(session, one, "canceled", now)


def close(session: Session, announcement: Payment, state: str, now: datetime) -> None:
    """End an announcement and what waited for it: canceled where its money is here, expired where it never came."""
    announcement.state = state
    session.execute(update(Hold).where(
        Hold.business_id == announcement.business_id, Hold.cause == "transfer",
        Hold.cause_id == announcement.public_id, Hold.released_at.is_(None))
        .values(released_at=now).execution_options(synchronize_session=False))


def end_due(rt: Runtime, limit: int = BATCH) -> int:
    """End every announcement that was waited for long enough; returns how many there were."""
    now = rt.now()
    with rt.db.reading() as session:
        due = _due(session, now, limit)
    return sum(_end_one(rt, row, now) for row in due)


def _due(session: Session, now: datetime, limit: int) -> list[Row[int, int, int]]:
    found: list[Row[int, int, int]] = []
    waiting = exists().where(Payment.business_id == Business.id, Payment.state == "announced",
                             Payment.created_at <= now - SHORTEST_WAIT)
    for business_id in session.scalars(select(Business.id).where(waiting).order_by(Business.id)).all():
        found += session.execute(
            select(Payment.id, Payment.business_id, Payment.debtor_id)
            .where(Payment.business_id == business_id, Payment.state == "announced",
                   Payment.created_at <= now - wait_of(session, business_id))
            .order_by(Payment.created_at, Payment.id).limit(limit - len(found))).all()
        if len(found) >= limit:
            break
    return found


def _end_one(rt: Runtime, row: Row[int, int, int], now: datetime) -> int:
    def work(session: Session) -> int:
        lock_debtor(session, row.business_id, row.debtor_id)
        announcement = session.get_one(Payment, row.id, populate_existing=True)
        if announcement.state != "announced":
            return 0
        close(session, announcement, "expired", now)
        record(session, at=now, actor=WORKER, act="transfer.expired", business_id=row.business_id,
               debtor_id=row.debtor_id, target=f"payment:{announcement.public_id}", amount=announcement.amount_minor,
               currency=announcement.currency)
        standings.recount_one(session, row.business_id, row.debtor_id, now)
        return 1

    return rt.db.run(work)
