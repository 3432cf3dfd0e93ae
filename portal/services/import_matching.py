"""Holds a file of invoices against what the business already has: what is new, what is known, what differs.

Only reads. What is booked of it is decided in imports.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.imports import Note, ParsedFile, ParsedInvoice, RowError
from portal.domain.ledger import RECEIVABLE
from portal.domain.money import to_decimal
from portal.models import Business, Debtor, Hold, Invoice, LedgerAccount, LedgerTransfer
from portal.services.ledger import IMPORTED_PAYMENT

# Far below the number of parameters either database takes in one statement.
CHUNK = 500
PAID_FIELDS = ("settled_on", "paid_amount", "open_amount", "paid", "status")
DISPUTED_FIELDS = ("disputed", "status")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Customer:
    """What a file says of one customer, gathered over their rows; the first word on each thing counts."""

    number: str
    name: str | None
    kind: str | None
    email: str | None
    phone: str | None
    postal_code: str | None
    country: str | None
    locale: str | None


@dataclass
class Matching:
    """What a file would change."""

    new: list[ParsedInvoice] = field(default_factory=list)
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    # Ids of customers of new invoices that the business knows, by number; the others are to be created.
    known_debtors: dict[str, int] = field(default_factory=dict)
    new_customers: list[Customer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """An invoice as the books have it; what the file said of money and dispute when it was imported."""

    customer: str
    issued_on: date
    due_on: date
    currency: str
    total: int
    left: int
    imported: int
    received_on: date | None
    held: bool
    ever_held: bool


def match(session: Session, business: Business, parsed: ParsedFile) -> Matching:
    """Compare every row with the business's own invoices and debtors; writes nothing."""
    found = Matching()
    known = _known_invoices(session, business, [row.invoice_number for row in parsed.invoices])
    for row in parsed.invoices:
        theirs = known.get(row.invoice_number)
        if theirs is None:
            found.new.append(row)
        elif differences := list(_differences(parsed, row, theirs)):
            found.errors += differences
        else:
            found.unchanged += 1
    _match_customers(session, business.id, parsed.invoices, found)
    return found


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut many values into lists short enough for one statement."""
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


def _known_invoices(session: Session, business: Business, numbers: Sequence[str]) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    zone = ZoneInfo(business.timezone)
    for part in chunks(numbers):
        query = (
            select(Invoice.id, Invoice.number, Debtor.number, Invoice.issued_on, Invoice.due_on, Invoice.currency,
                   Invoice.total_minor, LedgerAccount.debits - LedgerAccount.credits)
            .join(Debtor, Debtor.id == Invoice.debtor_id)
            .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
            .where(Invoice.business_id == business.id, Invoice.number.in_(part), LedgerAccount.kind == RECEIVABLE))
        rows = session.execute(query).all()
        ids = [row[0] for row in rows]
        money, holds = _imported_money(session, ids), _import_holds(session, business.id, ids)
        for invoice_id, number, customer, issued_on, due_on, currency, total, left in rows:
            paid, received_at = money.get(invoice_id, (0, None))
            known[number] = _Known(
                customer, issued_on, due_on, currency, total, left, paid,
                received_at.astimezone(zone).date() if received_at else None,
                held=holds.get(invoice_id, False), ever_held=invoice_id in holds)
    return known


def _imported_money(session: Session, invoice_ids: list[int]) -> dict[int, tuple[int, datetime]]:
    query = (
        select(LedgerAccount.invoice_id, func.sum(LedgerTransfer.amount), func.max(LedgerTransfer.happened_at))
        .join(LedgerTransfer, LedgerTransfer.credit_account_id == LedgerAccount.id)
        .where(LedgerAccount.invoice_id.in_(invoice_ids), LedgerTransfer.memo == IMPORTED_PAYMENT)
        .group_by(LedgerAccount.invoice_id))
    return {invoice_id: (int(amount), at)
            for invoice_id, amount, at in session.execute(query) if invoice_id is not None}


def _import_holds(session: Session, business_id: int, invoice_ids: list[int]) -> dict[int, bool]:
    """Which invoices an import has ever held, and whether it still does."""
    query = select(Hold.invoice_id, Hold.released_at).where(
        Hold.business_id == business_id, Hold.cause == "import", Hold.invoice_id.in_(invoice_ids))
    holds: dict[int, bool] = {}
    for invoice_id, released_at in session.execute(query):
        if invoice_id is not None:
            holds[invoice_id] = holds.get(invoice_id, False) or released_at is None
    return holds


def _differences(parsed: ParsedFile, row: ParsedInvoice, known: _Known) -> Iterator[RowError]:
    """Everything in which a row contradicts the invoice we have under its number.

    A row is no contradiction when it repeats what was imported, whatever happened here since, nor when it
    tells what our books know too, such as a payment that came through the portal.
    """
    for name, theirs, ours in (
        ("customer_number", row.customer_number, known.customer),
        ("issued_on", row.issued_on.isoformat(), known.issued_on.isoformat()),
        ("due_on", row.due_on.isoformat(), known.due_on.isoformat()),
        ("currency", row.currency, known.currency),
    ):
        if theirs != ours:
            yield _difference(parsed, row, (name,), theirs, ours)
    if row.currency != known.currency:
        return
    if row.amount != known.total:
        yield _difference(parsed, row, ("amount",), _plain(row.amount, row), _plain(known.total, row))
    elif row.paid_minor not in (known.imported, max(known.total - known.left, 0)):
        yield _difference(parsed, row, PAID_FIELDS, _plain(row.paid_minor, row),
                          _plain(max(known.total - known.left, 0), row))
    elif row.settled_on and known.imported == known.total and row.settled_on != known.received_on:
        ours = known.received_on.isoformat() if known.received_on else ""
        yield _difference(parsed, row, ("settled_on",), row.settled_on.isoformat(), ours)
    open_in_file = row.paid_minor < row.amount
    if open_in_file and ((known.held and not row.disputed) or (row.disputed and not known.ever_held)):
        yield RowError(row.row, _column(parsed, DISPUTED_FIELDS), "",
                       "invoice_dispute_differs" if row.disputed else "invoice_dispute_ended", {})


def _difference(parsed: ParsedFile, row: ParsedInvoice, fields: Sequence[str], theirs: str, ours: str) -> RowError:
    return RowError(row.row, _column(parsed, fields), theirs, "invoice_differs",
                    {"invoice": row.invoice_number, "known": ours})


def _column(parsed: ParsedFile, fields: Sequence[str]) -> str:
    return next((parsed.mapping[name] for name in fields if name in parsed.mapping), "")


def _plain(minor: int, row: ParsedInvoice) -> str:
    return f"{to_decimal(minor, row.currency)} {row.currency}"


def _match_customers(session: Session, business_id: int, rows: Sequence[ParsedInvoice], found: Matching) -> None:
    wanted = {row.customer_number for row in found.new}
    customers = _gathered(rows)
    known: dict[str, Debtor] = {}
    for part in chunks(sorted(customers)):
        query = select(Debtor).where(Debtor.business_id == business_id, Debtor.number.in_(part))
        known |= {debtor.number: debtor for debtor in session.scalars(query)}
    found.known_debtors = {number: debtor.id for number, debtor in known.items() if number in wanted}
    found.new_customers = [customers[number] for number in customers if number in wanted and number not in known]
    kept = sum(_says_otherwise(customers[number], debtor) for number, debtor in known.items())
    if kept:
        found.notes.append(Note("debtor_details_kept", {"debtors": kept}))


def _gathered(rows: Sequence[ParsedInvoice]) -> dict[str, Customer]:
    told: dict[str, dict[str, str | None]] = {}
    for row in rows:
        facts = told.setdefault(row.customer_number, {})
        for name, value in (
            ("name", row.customer_name), ("kind", row.kind), ("email", row.email), ("phone", row.phone),
            ("postal_code", row.postal_code), ("country", row.country), ("locale", row.locale),
        ):
            facts[name] = facts.get(name) or value
    return {number: Customer(number, **facts) for number, facts in told.items()}


def _says_otherwise(customer: Customer, debtor: Debtor) -> bool:
    pairs = ((customer.name, debtor.name), (customer.email, debtor.email), (customer.phone, debtor.phone),
             (customer.postal_code, debtor.postal_code))
    return any(theirs is not None and theirs != ours for theirs, ours in pairs)
