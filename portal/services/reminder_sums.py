"""What a reminder says beside each sum: fees in it, a discount that still stands, until when no fee is added.

One question for the fees and one for the offers, however many invoices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.fees import FeeRule
from portal.domain.ledger import RECEIVABLE
from portal.models import Business, Debtor, Invoice, LedgerAccount, LedgerTransfer, Offer
from portal.models.base import fixed
from portal.services import policies
from portal.services.askable import Askable
from portal.words.email_kinds import OwedInvoice
from portal.words.emails import plain

FEES, WAIVED = ("fee", "interest"), ("fee_waived",)
# A settlement is never named unasked.
NAMED_OFFERS = ("early_pay", "prompt_pay")


@dataclass(frozen=True)
class _Discount:
    minor: int
    deadline: datetime


def owed(session: Session, now: datetime, business: Business, debtor: Debtor, askable: Askable) -> list[OwedInvoice]:
    """Show invoices as letters name them, the oldest due date first; sums in minor units."""
    ids = [one.id for one in askable.invoices]
    fees, discounts = _fees(session, ids), _discounts(session, now, askable)
    rule = policies.in_force(session, business.id).fee_rule(debtor.kind)
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    found = []
    for one in askable.invoices:
        discount = discounts.get(one.id)
        found.append(OwedInvoice(
            plain(one.number), plain(one.title), one.issued_on, one.due_on, one.currency, one.left_minor,
            fees_minor=min(fees.get(one.id, 0), one.left_minor), discount_minor=discount.minor if discount else 0,
            discount_until=discount.deadline if discount else None,
            no_fee_before=None if one.id in fees else _first_fee(rule, one.due_on, today)))
    return found


def _first_fee(rule: FeeRule, due_on: date, today: date) -> date | None:
    """The first day on which a fee may be added, while it is still to come."""
    if not (rule.by_itself and rule.charges):
        return None
    first = due_on + timedelta(days=max(rule.grace_days, 1))
    return first if first > today else None


def _fees(session: Session, invoice_ids: Sequence[int]) -> dict[int, int]:
    """What fees and interest came to, less what was taken back; an invoice that never had any is not in it."""
    account = or_(LedgerTransfer.debit_account_id == LedgerAccount.id,
                  LedgerTransfer.credit_account_id == LedgerAccount.id)
    sums = func.sum(case((LedgerTransfer.kind.in_(FEES), LedgerTransfer.amount), else_=-LedgerTransfer.amount))
    query = (
        select(LedgerAccount.invoice_id, sums).join(LedgerTransfer, account)
        .where(LedgerAccount.invoice_id.in_(invoice_ids), LedgerAccount.kind == fixed(RECEIVABLE),
               LedgerTransfer.kind.in_((*FEES, *WAIVED)))
        .group_by(LedgerAccount.invoice_id))
    return {id: max(0, int(minor)) for id, minor in session.execute(query) if id is not None} if invoice_ids else {}


def _discounts(session: Session, now: datetime, askable: Askable) -> dict[int, _Discount]:
    """Discounts that paying now would earn: they ask for the whole invoice, so a part paid has used the chance."""
    left = {one.id: one.left_minor for one in askable.invoices}
    query = (
        select(Offer.invoice_id, Offer.discount_minor, Offer.deadline, Invoice.total_minor)
        .join(Invoice, Invoice.id == Offer.invoice_id)
        .where(Offer.invoice_id.in_(left), Offer.withdrawn_at.is_(None), Offer.deadline >= now,
               Offer.kind.in_(NAMED_OFFERS)))
    return {id: _Discount(minor, deadline) for id, minor, deadline, total in session.execute(query)
            if left[id] == total and minor < left[id]} if left else {}
