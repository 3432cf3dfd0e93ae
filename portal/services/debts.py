"""Reads what is open for one reader: invoices with what is left, their offers, and the rules in force."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.currencies import minimum_charge
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.domain.quotes import OpenInvoice, OpenOffer
from portal.models import Invoice, LedgerAccount, Offer, Payment, PaymentInvoice, PolicyVersion


def open_invoices(session: Session, access: Access) -> Sequence[OpenInvoice]:
    """List the invoices a reader may see on which something is left, with their open offers."""
    left = LedgerAccount.debits - LedgerAccount.credits
    on_its_way = exists().where(
        PaymentInvoice.invoice_id == Invoice.id, PaymentInvoice.open, Payment.id == PaymentInvoice.payment_id,
        Payment.state == "processing")
    query = (
        select(Invoice, left, Offer, on_its_way)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .outerjoin(Offer, and_(Offer.invoice_id == Invoice.id, Offer.withdrawn_at.is_(None)))
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
        .order_by(Invoice.due_on, Invoice.id))
    if access.invoice_ids is not None:
        query = query.where(Invoice.id.in_(access.invoice_ids))
    return [_open_invoice(*row) for row in session.execute(query)]


def _open_invoice(invoice: Invoice, left: int, offer: Offer | None, on_its_way: bool) -> OpenInvoice:
    terms = None
    # Early-pay and prompt-pay discounts ask for the whole invoice; a part paid before it has used the chance.
    if offer is not None and left == invoice.total_minor or offer is not None and offer.kind == "settlement":
        terms = OpenOffer(offer.id, offer.kind, offer.discount_minor, offer.basis_points, offer.deadline)
    return OpenInvoice(
        id=invoice.id, public_id=invoice.public_id, number=invoice.number, title=invoice.title,
        issued_on=invoice.issued_on, due_on=invoice.due_on, currency=invoice.currency,
        total_minor=invoice.total_minor, left_minor=left, offer=terms, on_its_way=on_its_way)


def policy_of(session: Session, business_id: int) -> Policy:
    """Give the rules of a business that are in force."""
    query = (select(PolicyVersion.rules).where(PolicyVersion.business_id == business_id)
             .order_by(PolicyVersion.version.desc()).limit(1))
    return Policy.from_rules(session.scalar(query) or {})


def minimum_part(policy: Policy, currency: str) -> int:
    """Tell the smallest part payment in minor units: the business's own, never under Stripe's minimum."""
    return max((policy.minimum_part or {}).get(currency, 0), minimum_charge(currency))
