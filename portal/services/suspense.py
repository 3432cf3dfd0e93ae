"""What staff do with money in suspense: find the invoice it is for and apply it, send it back, note that it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.models import Business, Debtor, Invoice, LedgerAccount, QueueMark, SuspenseItem
from portal.runtime import Runtime
from portal.services import bookkeeping, facts, search
from portal.services.audit import record, staff_actor
from portal.services.fact_lookup import lock_business

MOST_FOUND = 12
MOST_LOOKED_AT = 100
QUEUE = "suspense"


@dataclass(frozen=True)
class Candidate:
    """An open invoice that money could be for; minor units."""

    public_id: str
    number: str
    debtor: str
    due_on: date
    currency: str
    left_minor: int


@dataclass(frozen=True)
class Applied:
    """What went where; minor units."""

    invoice_number: str
    amount_minor: int
    currency: str


def find(session: Session, access: StaffAccess, intent: str) -> SuspenseItem:
    """Find money in suspense of this business by Stripe's name for it; raises Refusal not_found."""
    item = session.scalars(select(SuspenseItem).where(
        SuspenseItem.business_id == access.business_id, SuspenseItem.payment_intent == intent)).one_or_none()
    if item is None:
        raise Refusal("not_found", "unknown_page")
    return item


def candidates(session: Session, access: StaffAccess, currency: str, typed: str) -> list[Candidate]:
    """Find open invoices by the beginnings of their number, or of their debtor's name, number or email."""
    words = typed.strip()[:120]
    found = search.find(session, access.business_id, words)
    debtors, invoices = sorted(found.debtors)[:MOST_LOOKED_AT], sorted(found.invoices)[:MOST_LOOKED_AT]
    query = (
        select(Invoice, Debtor.name, (LedgerAccount.debits - LedgerAccount.credits).label("left"))
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id).join(Debtor, Debtor.id == Invoice.debtor_id)
        .where(Invoice.business_id == access.business_id, Invoice.currency == currency,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits,
               or_(Invoice.number == words, Invoice.id.in_(invoices), Invoice.debtor_id.in_(debtors)))
        .order_by(Invoice.due_on, Invoice.id).limit(MOST_FOUND))
    return [Candidate(invoice.public_id, invoice.number, name, invoice.due_on, invoice.currency, left)
            for invoice, name, left in session.execute(query)]


def apply(rt: Runtime, access: StaffAccess, intent: str, invoice_id: str) -> Applied:
    """Use money in suspense for an invoice; what is beyond it is the debtor's credit.

    Raises Refusal: role_may_not, not_found, unknown_invoice, nothing_picked, suspense_resolved, suspense_going_back,
    other_currency.
    """
    access.require("move_money")
    now = rt.now()
    if not invoice_id:
        raise Refusal("invalid", "nothing_picked")

    def work(session: Session) -> Applied:
        lock_business(session, access.business_id)
        item = find(session, access, intent)
        _refuse_going_back(session, access, intent)
        invoice = session.scalars(select(Invoice).where(
            Invoice.public_id == invoice_id, Invoice.business_id == access.business_id)).one_or_none()
        if invoice is None:
            raise Refusal("not_found", "unknown_invoice")
        amount = item.amount_minor - item.returned_minor
        bookkeeping.resolve_suspense(session, item, invoice, now=now)
        record(session, at=now, actor=staff_actor(access), act="suspense.applied", business_id=access.business_id,
               debtor_id=invoice.debtor_id, target=f"intent:{intent}"[:80], invoice=invoice.public_id, amount=amount,
               currency=item.currency)
        return Applied(invoice.number, amount, item.currency)

    return rt.db.run(work)


def note_returned(rt: Runtime, access: StaffAccess, intent: str) -> None:
    """Note that money in suspense has gone back without us, so that the books agree with Stripe.

    Raises Refusal: role_may_not, not_found, suspense_resolved.
    """
    access.require("move_money")
    now = rt.now()

    def work(session: Session) -> None:
        lock_business(session, access.business_id)
        item = find(session, access, intent)
        amount = item.amount_minor - item.returned_minor
        bookkeeping.resolve_suspense(session, item, None, now=now)
        record(session, at=now, actor=staff_actor(access), act="suspense.returned", business_id=access.business_id,
               target=f"intent:{intent}"[:80], amount=amount, currency=item.currency)

    rt.db.run(work)


def send_back(rt: Runtime, access: StaffAccess, intent: str) -> bool:
    """Send money in suspense back the way it came; False while Stripe has not answered.

    The mark is written first, so that nobody applies meanwhile what is already going back. Asked again it is the same
    refund: its key is made of the item and what of it is left. Raises Refusal: role_may_not, prove_first, not_found,
    suspense_resolved, suspense_refund_refused.
    """
    access.require("move_money")
    access.require_proof(rt.now())
    item_id, amount, account = _begin(rt, access, intent)
    key = f"suspense:{item_id}:{amount}"
    try:
        found = rt.stripe.refund(intent=intent, amount=amount, refund=key, key=key, account=account)
    except StripeUnknown:
        return False
    except StripeRefused as refusal:
        _give_up(rt, access, intent)
        raise Refusal("conflict", "suspense_refund_refused") from refusal
    now = rt.now()
    rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])
    return True


def _begin(rt: Runtime, access: StaffAccess, intent: str) -> tuple[int, int, str | None]:
    now = rt.now()

    def work(session: Session) -> tuple[int, int, str | None]:
        business: Business = lock_business(session, access.business_id)
        item = find(session, access, intent)
        session.refresh(item)
        amount = item.amount_minor - item.returned_minor
        if item.resolved_at is not None or amount == 0:
            raise Refusal("conflict", "suspense_resolved")
        mark = _mark(session, access, intent)
        if mark is None:
            mark = QueueMark(business_id=access.business_id, queue=QUEUE, item=intent)
            session.add(mark)
        mark.state, mark.until, mark.staff_id, mark.at = "done", None, access.staff_id, now
        record(session, at=now, actor=staff_actor(access), act="suspense.refund_requested",
               business_id=access.business_id, target=f"intent:{intent}"[:80], amount=amount, currency=item.currency)
        return item.id, amount, business.stripe_account

    return rt.db.run(work)


def _give_up(rt: Runtime, access: StaffAccess, intent: str) -> None:
    def work(session: Session) -> None:
        lock_business(session, access.business_id)
        mark = _mark(session, access, intent)
        if mark is not None and mark.state == "done":
            session.delete(mark)

    rt.db.run(work)


def _refuse_going_back(session: Session, access: StaffAccess, intent: str) -> None:
    mark = _mark(session, access, intent)
    if mark is not None and mark.state == "done":
        raise Refusal("conflict", "suspense_going_back")


def _mark(session: Session, access: StaffAccess, intent: str) -> QueueMark | None:
    return session.scalars(select(QueueMark).where(
        QueueMark.business_id == access.business_id, QueueMark.queue == QUEUE,
        QueueMark.item == intent)).one_or_none()
