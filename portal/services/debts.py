"""Reads what is open for one reader: invoices with what is left, their offers, and the rules in force."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnClause, Row, and_, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from portal.db import Asked, Question
from portal.domain.access import Access
from portal.domain.currencies import minimum_charge
from portal.domain.hand_overs import HandedTo
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.domain.quotes import OpenInvoice, OpenOffer
from portal.models import (
    HandOver,
    HandOverInvoice,
    Invoice,
    LedgerAccount,
    Offer,
    Payment,
    PaymentInvoice,
    PolicyVersion,
)
from portal.models.base import fixed


def open_invoices(session: Asked, access: Access) -> Sequence[OpenInvoice]:
    """List the invoices a reader may see on which something is left, with their open offers."""
    values = {"business": access.business_id, "debtor": access.debtor_id}
    if access.invoice_ids is None:
        return [_open_invoice(row) for row in _open_query(narrowed=False).ask(session, values)]
    only = {"only": sorted(access.invoice_ids)}
    return [_open_invoice(row) for row in _open_query(narrowed=True).ask(session, {**values, **only})]


@cache
def _open_query(*, narrowed: bool) -> Question:
    """Put the question together once: that takes longer than asking it."""
    left = (LedgerAccount.debits - LedgerAccount.credits).label("left_minor")
    # The debtor stands here for SQLite, which knows no other way into this table than by them.
    on_its_way = exists().where(
        PaymentInvoice.debtor_id == bindparam("debtor"), PaymentInvoice.invoice_id == Invoice.id, PaymentInvoice.open,
        Payment.id == PaymentInvoice.payment_id, Payment.state == fixed("processing")).label("on_its_way")
    # As the index of the open ones says it; from "open = 1" SQLite would not know that index, and read them all.
    handed_now: ColumnClause[Any] = literal_column("hand_over_invoice.open")
    query = (
        select(Invoice.id, Invoice.public_id, Invoice.number, Invoice.title, Invoice.issued_on, Invoice.due_on,
               Invoice.currency, Invoice.total_minor, LedgerAccount.id.label("account"), left, on_its_way,
               Offer.id.label("offer_id"), Offer.kind.label("offer_kind"), Offer.discount_minor, Offer.basis_points,
               Offer.deadline, HandOver.to_kind, HandOver.to_name, HandOver.to_contact, HandOver.reference)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .outerjoin(Offer, and_(Offer.invoice_id == Invoice.id, Offer.withdrawn_at.is_(None)))
        .outerjoin(HandOverInvoice, and_(HandOverInvoice.invoice_id == Invoice.id, handed_now))
        .outerjoin(HandOver, HandOver.id == HandOverInvoice.hand_over_id)
        .where(LedgerAccount.business_id == bindparam("business"), LedgerAccount.debtor_id == bindparam("debtor"),
               LedgerAccount.kind == fixed(RECEIVABLE), LedgerAccount.credits < LedgerAccount.debits)
        .order_by(Invoice.due_on, Invoice.id))
    return Question(query.where(Invoice.id.in_(bindparam("only", expanding=True))) if narrowed else query)


def _open_invoice(row: Row[*tuple[Any, ...]]) -> OpenInvoice:
    terms = None
    # Early-pay and prompt-pay discounts ask for the whole invoice; a part paid before it has used the chance.
    if row.offer_id is not None and (row.left_minor == row.total_minor or row.offer_kind == "settlement"):
        terms = OpenOffer(row.offer_id, row.offer_kind, row.discount_minor, row.basis_points, row.deadline)
    handed = HandedTo(row.to_kind, row.to_name, row.to_contact, row.reference) if row.to_kind else None
    return OpenInvoice(
        id=row.id, public_id=row.public_id, number=row.number, title=row.title, issued_on=row.issued_on,
        due_on=row.due_on, currency=row.currency, total_minor=row.total_minor, left_minor=row.left_minor, offer=terms,
        on_its_way=row.on_its_way, account=row.account, handed_to=handed)


def policy_of(session: Session, business_id: int) -> Policy:
    """Give the rules of a business that are in force."""
    query = (select(PolicyVersion.rules).where(PolicyVersion.business_id == business_id)
             .order_by(PolicyVersion.version.desc()).limit(1))
    return Policy.from_rules(session.scalar(query) or {})


def minimum_part(policy: Policy, currency: str) -> int:
    """Tell the smallest part payment in minor units: the business's own, never under Stripe's minimum."""
    return max((policy.minimum_part or {}).get(currency, 0), minimum_charge(currency))
