"""What a business may ask a debtor for right now: open sums, less what is on hold or being paid already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import FEE_INCOME, INTEREST_INCOME, RECEIVABLE
from portal.models import Debtor, Hold, Invoice, InvoiceLine, LedgerAccount, LedgerTransfer
from portal.services import ledger

# Causes of holds that mean: the money is moving, so asking again would be wrong rather than unwelcome.
MONEY_MOVES = ("payment", "transfer")


@dataclass(frozen=True)
class AskableInvoice:
    """One invoice with the part that may be asked for, in minor units."""

    id: int
    number: str
    title: str
    issued_on: date
    due_on: date
    currency: str
    left_minor: int


@dataclass(frozen=True)
class _Held:
    """One hold: on the whole account without an invoice, on all of an invoice without a part."""

    invoice_id: int | None
    cause: str
    part_minor: int | None


@dataclass(frozen=True)
class Askable:
    """All that may be asked, oldest due date first; when nothing may, `reason` says why."""

    invoices: tuple[AskableInvoice, ...]
    owes: bool
    reason: str = ""


def askable(session: Session, now: datetime, debtor: Debtor) -> Askable:
    """Work out what a reminder may ask for: a disputed part, a promised one or one on its way is left out.

    Worked: 400.00 left with a hold on 150.00 of it leaves 250.00 to ask for.
    """
    left = {id: minor for id, minor in
            ledger.left_by_invoice(session, debtor.business_id, debtor.id).items() if minor > 0}
    if not left:
        return Askable((), owes=False, reason="nothing_left")
    holds = _holds(session, debtor, now)
    free = {id: _free(id, minor, holds) for id, minor in left.items()}
    invoices = _invoices(session, debtor, {id: minor for id, minor in free.items() if minor > 0})
    return Askable(invoices, owes=True, reason="" if invoices else _reason(holds))


def has_fees(session: Session, debtor: Debtor) -> bool:
    """Say whether a fee or interest was ever added to this debtor's invoices."""
    return session.scalar(_fees(), {"business": debtor.business_id, "debtor": debtor.id}) is not None


@cache
def _fees() -> Select[int]:
    """Put the question together once, and not while the module loads: an alias needs all tables mapped to the end."""
    owed, income = aliased(LedgerAccount), aliased(LedgerAccount)
    return (
        select(LedgerTransfer.id)
        .join(owed, owed.id == LedgerTransfer.debit_account_id)
        .join(income, income.id == LedgerTransfer.credit_account_id)
        .where(owed.business_id == bindparam("business"), owed.debtor_id == bindparam("debtor"),
               owed.kind == RECEIVABLE, income.kind.in_((FEE_INCOME, INTEREST_INCOME))).limit(1))


def _free(invoice_id: int, left: int, holds: list[_Held]) -> int:
    mine = [held for held in holds if held.invoice_id in (None, invoice_id)]
    if any(held.part_minor is None for held in mine):
        return 0
    return left - sum(held.part_minor or 0 for held in mine)


def _reason(holds: list[_Held]) -> str:
    return "on_its_way" if all(held.cause in MONEY_MOVES for held in holds) else "held"


def _invoices(session: Session, debtor: Debtor, free: dict[int, int]) -> tuple[AskableInvoice, ...]:
    query = (
        select(Invoice).where(Invoice.business_id == debtor.business_id, Invoice.id.in_(free))
        .order_by(Invoice.due_on, Invoice.id))
    return tuple(
        AskableInvoice(i.id, i.number, i.title, i.issued_on, i.due_on, i.currency, free[i.id])
        for i in (session.scalars(query) if free else ()))


def _holds(session: Session, debtor: Debtor, now: datetime) -> list[_Held]:
    query = (
        select(Hold.invoice_id, Hold.cause, Hold.amount_minor, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
        .outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.business_id == debtor.business_id, Hold.debtor_id == debtor.id, Hold.reminders,
               Hold.released_at.is_(None), Hold.starts_at <= now, or_(Hold.until.is_(None), Hold.until > now)))
    return [_Held(invoice_id, cause, amount if amount is not None else line)
            for invoice_id, cause, amount, line in session.execute(query)]
