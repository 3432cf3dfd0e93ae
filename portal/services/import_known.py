"""What the books have of the invoices a file names, by a few questions for each stretch of numbers. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TypeVar

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.ledger import MONEY_KINDS, RECEIVABLE
from portal.models import Debtor, Hold, ImportedInvoice, ImportFinding, Invoice, LedgerAccount, LedgerTransfer
from portal.services.ledger import IMPORTED_PAYMENT

# Far below the number of parameters either database takes in one statement.
CHUNK = 1_000
# Whatever makes less be owed than was billed, but for corrections of the bill itself.
REDUCING = MONEY_KINDS | {"discount", "discount_unearned", "settled", "settled_unearned", "credit", "tax_credit",
                          "write_off"}
# A hold that waits for a finding to be looked at, and not for the dispute the file told of.
OF_A_FINDING = "told:"

T = TypeVar("T")
# (kind, state, amount, day) of the newest finding of each kind.
Told = Mapping[str, tuple[str, int, date | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """An invoice as the books have it, with what files have told of it before; amounts in minor units."""

    invoice_id: int
    debtor_id: int
    customer: str
    issued_on: date
    due_on: date
    currency: str
    # With the corrections that files have brought.
    total: int
    left: int
    source: str | None
    # What reduced it here by whatever way, and how much of that an import brought.
    here: int = 0
    imported: int = 0
    held: bool = False
    ever_held: bool = False
    told: Told = field(default_factory=dict)


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut many values into lists short enough for one statement."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def by_number(session: Session, business_id: int, numbers: Sequence[str]) -> dict[str, Known]:
    """Find the business's own invoices under these numbers."""
    found: dict[str, Known] = {}
    for part in chunks(numbers):
        found |= _of(session, business_id, Invoice.number.in_(part))
    return found


def followed(session: Session, business_id: int, source: str) -> dict[str, int]:
    """Give what the last file of this kind held: ids by number."""
    query = (
        select(Invoice.number, Invoice.id).join(ImportedInvoice, ImportedInvoice.invoice_id == Invoice.id)
        .where(ImportedInvoice.business_id == business_id, ImportedInvoice.source == source))
    return {number: invoice_id for number, invoice_id in session.execute(query)} if source else {}


def by_id(session: Session, business_id: int, ids: Sequence[int]) -> dict[str, Known]:
    """Find the business's own invoices by their ids."""
    found: dict[str, Known] = {}
    for part in chunks(ids):
        found |= _of(session, business_id, Invoice.id.in_(part))
    return found


def _of(session: Session, business_id: int, which: object) -> dict[str, Known]:
    query = (
        select(Invoice.number, Invoice.id, Invoice.debtor_id, Debtor.number, Invoice.issued_on, Invoice.due_on,
               Invoice.currency, func.coalesce(ImportedInvoice.total_minor, Invoice.total_minor),
               LedgerAccount.debits - LedgerAccount.credits, ImportedInvoice.source)
        .join(Debtor, Debtor.id == Invoice.debtor_id)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .outerjoin(ImportedInvoice, ImportedInvoice.invoice_id == Invoice.id)
        .where(Invoice.business_id == business_id, which, LedgerAccount.kind == RECEIVABLE))  # type: ignore[arg-type]
    rows = session.execute(query).all()
    ids = [row[1] for row in rows]
    if not ids:
        return {}
    money, holds, told = _money(session, ids), _holds(session, business_id, ids), _told(session, business_id, ids)
    found: dict[str, Known] = {}
    for number, id, debtor_id, customer, issued_on, due_on, currency, total, left, source in rows:
        here, imported = money.get(id, (0, 0))
        found[number] = Known(
            id, debtor_id, customer, issued_on, due_on, currency, total, left, source, here, imported,
            held=holds.get(id, False), ever_held=id in holds, told=told.get(id, {}))
    return found


def _money(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    credited = LedgerTransfer.credit_account_id == LedgerAccount.id
    signed = case((credited, LedgerTransfer.amount), else_=-LedgerTransfer.amount)
    imported = case((LedgerTransfer.memo == IMPORTED_PAYMENT, signed), else_=0)
    query = (
        select(LedgerAccount.invoice_id, func.sum(signed), func.sum(imported))
        .join(LedgerTransfer, or_(credited, LedgerTransfer.debit_account_id == LedgerAccount.id))
        # Most invoices have had no money yet: theirs are not even looked for.
        .where(LedgerAccount.invoice_id.in_(ids), LedgerAccount.credits > 0, LedgerTransfer.kind.in_(REDUCING))
        .group_by(LedgerAccount.invoice_id))
    return {invoice_id: (int(here), int(brought)) for invoice_id, here, brought in session.execute(query)
            if invoice_id is not None}


def _holds(session: Session, business_id: int, ids: Sequence[int]) -> dict[int, bool]:
    """Which invoices a file's disputed flag has ever held, and whether it still does."""
    query = select(Hold.invoice_id, Hold.released_at).where(
        Hold.business_id == business_id, Hold.cause == "import", Hold.invoice_id.in_(ids),
        ~Hold.cause_id.startswith(OF_A_FINDING))
    holds: dict[int, bool] = {}
    for invoice_id, released_at in session.execute(query):
        if invoice_id is not None:
            holds[invoice_id] = holds.get(invoice_id, False) or released_at is None
    return holds


def _told(session: Session, business_id: int, ids: Sequence[int]) -> dict[int, dict[str, tuple[str, int, date | None]]]:
    query = (
        select(ImportFinding.invoice_id, ImportFinding.kind, ImportFinding.state, ImportFinding.amount_minor,
               ImportFinding.day)
        .where(ImportFinding.business_id == business_id, ImportFinding.invoice_id.in_(ids),
               ImportFinding.state != "staged").order_by(ImportFinding.id))
    told: dict[int, dict[str, tuple[str, int, date | None]]] = {}
    for invoice_id, kind, state, amount, day in session.execute(query):
        told.setdefault(invoice_id or 0, {})[kind] = (state, amount, day)
    return told
