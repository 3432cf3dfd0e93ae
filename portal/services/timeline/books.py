"""What moved on the ledger beside payments: fees, credit notes, goodwill, write-offs, discounts, money taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.models import Invoice, LedgerAccount, LedgerTransfer
from portal.services.timeline.entry import Column, Entry, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Plain, Said, Sayable, Sum

# Told by the payment, the refund or the chargeback that moved them, or (the issue) by the invoice's own row.
TOLD = ("payment", "manual_payment", "refund", "refund_failed", "chargeback", "chargeback_reinstated")
# Moves between an invoice and the debtor's credit are told once, from the invoice's side.
INNER = ("credit_used", "credit_returned")
TITLES = {
    "issued": (N_("Invoice %(number)s issued"), "receipt", ""), "fee": (N_("Late fee on %(number)s"), "clock", "bad"),
    "interest": (N_("Interest on %(number)s"), "clock", "bad"),
    "fee_waived": (N_("Fee taken back on %(number)s"), "done", "in"),
    "credit": (N_("Credit note on %(number)s"), "note", ""),
    "tax_credit": (N_("Tax on the credit note on %(number)s"), "note", ""),
    "write_off": (N_("Written off: %(number)s"), "erase", ""), "goodwill": (N_("Goodwill credit"), "offer", "in"),
    "thank_you_credit": (N_("Thank-you credit for paying early"), "offer", "in"),
    "credit_used": (N_("Credit paid on %(number)s"), "cash", "in"),
    "credit_returned": (N_("Money moved from %(number)s to their credit"), "cash", ""),
    "discount": (N_("Discount earned on %(number)s"), "offer", "in"),
    "discount_unearned": (N_("Discount taken back on %(number)s"), "offer", "bad"),
    "settled": (N_("The rest of %(number)s is settled"), "offer", "in"),
    "settled_unearned": (N_("Settlement of %(number)s taken back"), "offer", "bad"),
    "manual_payment_bounced": (N_("Payment taken back: %(number)s is owed again"), "flag", "bad"),
    "suspense_applied": (N_("Unmatched money applied to %(number)s"), "cash", "in"),
    "correction": (N_("Correction on %(number)s"), "scales", ""),
}
OTHER = (N_("Change on %(number)s"), "scales", "")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for transfers on the debtor's accounts, from either side, one row for each cause and invoice."""
    return {"money": [
        _side(scope, LedgerTransfer.debit_account_id, "raises"),
        _side(scope, LedgerTransfer.credit_account_id, "lowers"),
    ]}


def tell(row: Row) -> Entry:
    """Tell one change of what is owed; what lowers it has a minus."""
    title, icon, kind = TITLES.get(row.code, OTHER)
    number: Sayable = Plain(row.text) if row.text else Said(N_("their credit"))
    amount = Sum(-row.amount, row.currency) if row.word == "lowers" and row.text else Sum(row.amount, row.currency)
    return Entry(row.at, Said(title, {"number": number}), icon, kind, amount=amount, only_day=row.code == "issued")


def _side(scope: Scope, account: Column, way: str) -> Select[*tuple[Any, ...]]:
    transfer = LedgerTransfer
    untold = transfer.kind.not_in(TOLD)
    inner = (LedgerAccount.kind != DEBTOR_CREDIT) | transfer.kind.not_in(INNER)
    # Grouped by cause: one fee on one invoice may be two rows when a part of it found no room.
    found = (
        select(func.min(transfer.id).label("id"), func.max(transfer.happened_at).label("at"),
               func.max(transfer.recorded_at).label("made_at"), transfer.kind.label("kind"),
               func.sum(transfer.amount).label("amount"), transfer.currency.label("currency"),
               LedgerAccount.invoice_id.label("invoice_id"))
        .join(LedgerAccount, LedgerAccount.id == account)
        .where(LedgerAccount.business_id == scope.business_id, LedgerAccount.debtor_id == scope.debtor_id,
               LedgerAccount.kind.in_((RECEIVABLE, DEBTOR_CREDIT)), untold, inner)
        .group_by(transfer.cause_type, transfer.cause_id, transfer.kind, transfer.currency, LedgerAccount.invoice_id)
        .subquery())
    return reads(
        f"books:{way}", at=found.c.at, made_at=found.c.made_at, id=found.c.id, code=found.c.kind, word=way,
        text=func.coalesce(Invoice.number, ""), ref=func.coalesce(Invoice.public_id, ""), amount=found.c.amount,
        currency=found.c.currency,
    ).select_from(found).outerjoin(Invoice, Invoice.id == found.c.invoice_id)
