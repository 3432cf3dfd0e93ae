"""Discounts that come with an invoice: from its own terms, such as 2/10 net 30, or from the business's rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, true
from sqlalchemy.orm import Session

from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.offers import Terms, discount_on, kind_of, read_terms
from portal.models import Business, Invoice, LedgerAccount, Offer, lock_debtor
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services import policies, settlement_terms
from portal.services.audit import Actor, record

WORKER = Actor("job", "offer_terms")
# A discount for paying early ends long before; what is older has none to come.
NEWEST = timedelta(days=60)
BATCH = 500


def make_due(rt: Runtime) -> int:
    """Make the discounts of invoices that came in since the last time; returns how many were made."""
    now, made = rt.now(), 0
    with rt.db.reading() as session:
        businesses = session.scalars(select(Business).order_by(Business.id)).all()
        usual = {}
        for business in businesses:
            policy = policies.in_force(session, business.id)
            usual[business.id] = (Terms(policy.early_pay_basis_points, policy.early_pay_days), policy)
    for business in businesses:
        terms, policy = usual[business.id]
        after = 0
        while True:
            with rt.db.reading() as session:
                found = _new(session, business, terms, now, after)
            for invoice_id, debtor_id in found:
                made += rt.db.run(lambda session, id=invoice_id, whose=debtor_id: _make(  # type: ignore[misc]
                    session, business.id, whose, id, terms, policy.part_payment_discount, now))  # noqa: B023
            if len(found) < BATCH:
                break
            after = found[-1][0]
    return made


def _new(session: Session, business: Business, terms: Terms, now: datetime, after: int) -> list[tuple[int, int]]:
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    query = (
        select(Invoice.id, Invoice.debtor_id).join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .where(Invoice.business_id == business.id, Invoice.id > after, Invoice.due_on >= today,
               Invoice.created_at > now - NEWEST, LedgerAccount.kind == fixed(RECEIVABLE),
               LedgerAccount.debits - LedgerAccount.credits == Invoice.total_minor,
               true() if terms.basis_points else Invoice.terms.contains("/"),
               ~exists().where(Offer.invoice_id == Invoice.id))
        .order_by(Invoice.id).limit(BATCH))
    return [(invoice_id, debtor_id) for invoice_id, debtor_id in session.execute(query)]


def _make(session: Session, business_id: int, debtor_id: int, invoice_id: int, usual: Terms, effect: str,
          now: datetime) -> int:
    debtor = lock_debtor(session, business_id, debtor_id)
    invoice = session.get_one(Invoice, invoice_id)
    # What the invoice itself says counts before the business's rule.
    terms = read_terms(invoice.terms) or usual
    if debtor is None or not terms.basis_points or session.scalar(
            select(Offer.id).where(Offer.invoice_id == invoice_id)) is not None:
        return 0
    last = invoice.issued_on + timedelta(days=terms.days)
    deadline = settlement_terms.deadline_of(session, debtor, last)
    if deadline < now or not _has_room(invoice, terms):
        return 0
    off = discount_on(invoice.total_minor, basis_points=terms.basis_points, amount=0, step=step(invoice.currency))
    offer = Offer(
        business_id=business_id, debtor_id=debtor_id, invoice_id=invoice_id, currency=invoice.currency,
        kind=kind_of(min(last, invoice.due_on), invoice.due_on), discount_minor=off, basis_points=terms.basis_points,
        deadline=deadline, created_at=now, part_effect=effect)
    session.add(offer)
    session.flush()
    record(session, at=now, actor=WORKER, act="offer.by_terms", business_id=business_id, debtor_id=debtor_id,
           target=f"offer:{offer.public_id}", discount=off, currency=invoice.currency)
    return 1


def _has_room(invoice: Invoice, terms: Terms) -> bool:
    try:
        off = discount_on(invoice.total_minor, basis_points=terms.basis_points, amount=0, step=step(invoice.currency))
    except Refusal:
        return False
    return invoice.total_minor - off >= minimum_charge(invoice.currency)

