"""Takes in a business's open invoices from a file: all rows or none, and the same file twice changes nothing.

How a file is read is domain/imports; what is already known is import_matching.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.identity import stored_fact
from portal.domain.imports import ImportOptions, Note, ParsedFile, ParsedInvoice, RowError, parse_invoices
from portal.domain.ledger import DEBTOR_CREDIT
from portal.models import Business, Debtor, Hold, Invoice, InvoiceLine, LedgerAccount, Payment, PaymentInvoice
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import audit, ledger, search, settle
from portal.services.audit import Actor
from portal.services.fact_lookup import lock_business
from portal.services.import_matching import Customer, Matching, chunks, match
from portal.services.ledger import Issued
from portal.services.payments import new_number

LONGEST_TITLE = 200
NOON = time(12)


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. With errors nothing was written; `booked` says whether anything was."""

    rows: int
    new: int
    unchanged: int
    settled: int
    partly_paid: int
    holds: int
    new_debtors: int
    booked: bool
    errors: tuple[RowError, ...]
    notes: tuple[Note, ...]
    unmapped: tuple[str, ...]
    mapping: Mapping[str, str]
    currency: str
    # What the new invoices come to, minor units by currency.
    sums: Mapping[str, int] = field(default_factory=dict)
    # Of the new debtors: how many become consumers, and for how many of these the file said nothing.
    new_consumers: int = 0
    kinds_assumed: int = 0

    @property
    def new_businesses(self) -> int:
        """How many of the new debtors become businesses."""
        return self.new_debtors - self.new_consumers


@dataclass(frozen=True)
class _File:
    """A file that was read, and how to recognize it again."""

    parsed: ParsedFile
    sha256: str


@dataclass(frozen=True)
class _Booking:
    """One import on its way into the books: whose, when, and the id under which it can be found again."""

    business: Business
    now: datetime
    public_id: str

    def noon(self, day: date) -> datetime:
        """Noon of a day where the business is; of the day of the import, no later than now."""
        return min(datetime.combine(day, NOON, ZoneInfo(self.business.timezone)).astimezone(UTC), self.now)


def import_invoices(rt: Runtime, business_slug: str, data: bytes, options: ImportOptions, *, dry_run: bool,
                    actor: Actor) -> ImportReport:
    """Take in a file of invoices; those with a settled date arrive as paid, disputed open ones are held.

    An empty `options.currency` stands for the business's own. Raises Refusal where the file as a whole cannot be
    read (see `parse_invoices`) and not_found/unknown_business; what is wrong with single rows is in the report.
    """
    now = rt.now()
    with rt.db.reading() as session:
        business = session.scalars(select(Business).where(Business.slug == business_slug)).one_or_none()
    if business is None:
        raise Refusal("not_found", "unknown_business", slug=business_slug)
    file = _File(parse_invoices(data, _completed(options, business, now)), hashlib.sha256(data).hexdigest())
    if dry_run or file.parsed.errors:
        with rt.db.reading() as session:
            return _report(file.parsed, match(session, business, file.parsed), booked=False)
    return rt.db.run(lambda session: _import(session, business.id, file, actor, now))


def _completed(options: ImportOptions, business: Business, now: datetime) -> ImportOptions:
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    return replace(
        options, currency=options.currency or business.currency, today=today,
        # Where neither a person nor the file says which comes first, the business's country does, with a note.
        default_date_order="mdy" if business.country == "US" else "dmy")


def _import(session: Session, business_id: int, file: _File, actor: Actor, now: datetime) -> ImportReport:
    # Two imports at once would both find an invoice missing; the second waits here and then finds it.
    business = lock_business(session, business_id)
    found = match(session, business, file.parsed)
    if found.errors or not found.new:
        return _report(file.parsed, found, booked=False)
    booking = _Booking(business, now, new_public_id())
    debtors = _debtors(session, booking, found)
    invoices = _insert_invoices(session, booking, found.new, debtors)
    payments = _insert_payments(session, booking, found.new, invoices, debtors)
    _hold_disputed(session, booking, found.new, invoices, debtors)
    _to_books(session, booking, found.new, invoices, payments, debtors)
    _make_findable(session, booking, found, invoices, debtors)
    _use_credit(session, booking, sorted(found.known_debtors.values()))
    report = _report(file.parsed, found, booked=True)
    audit.record(session, at=now, actor=actor, act="invoices.imported", business_id=business.id,
                 target=f"import:{booking.public_id}", file=file.sha256, new=report.new, unchanged=report.unchanged,
                 settled=report.settled, holds=report.holds, debtors=report.new_debtors)
    return report


def _debtors(session: Session, booking: _Booking, found: Matching) -> dict[str, int]:
    """Lock the known debtors in the order of their ids, make the new ones; their ids by customer number."""
    for part in chunks(sorted(found.known_debtors.values())):
        session.scalars(select(Debtor.id).where(Debtor.id.in_(part), Debtor.business_id == booking.business.id)
                        .order_by(Debtor.id).with_for_update(key_share=True)).all()
    debtors = dict(found.known_debtors)
    if found.new_customers:
        made = session.execute(insert(Debtor).returning(Debtor.number, Debtor.id), [
            _debtor_row(booking, customer) for customer in found.new_customers])
        debtors |= {number: debtor_id for number, debtor_id in made}
    return debtors


def _debtor_row(booking: _Booking, customer: Customer) -> dict[str, object]:
    country = customer.country or booking.business.country
    facts = ("postal_code", "phone_last4")
    usable = [fact for fact in facts if stored_fact(fact, customer.postal_code, customer.phone, country)]
    return {
        "business_id": booking.business.id, "public_id": new_public_id(), "number": customer.number,
        "kind": _kind(customer), "name": customer.name or customer.number, "greeting_name": "",
        "email": customer.email, "email_state": "ok", "phone": customer.phone, "postal_code": customer.postal_code,
        "country": customer.country, "locale": customer.locale or booking.business.locale,
        # Unknown means: where the business is, unless the debtor's country says otherwise.
        "timezone": None,
        "identity_fact": usable[0] if usable else "none", "created_at": booking.now,
    }


def _kind(customer: Customer) -> str:
    # Consumers are the better protected: who is taken for one by mistake loses nothing.
    return customer.kind or "consumer"


def _insert_invoices(session: Session, booking: _Booking, rows: Sequence[ParsedInvoice],
                     debtors: Mapping[str, int]) -> dict[str, tuple[int, str]]:
    """Insert invoices and their lines; gives (id, public id) by number."""
    made = session.execute(insert(Invoice).returning(Invoice.number, Invoice.id, Invoice.public_id), [
        {"business_id": booking.business.id, "public_id": new_public_id(), "debtor_id": debtors[row.customer_number],
         "number": row.invoice_number, "title": _title(row), "issued_on": row.issued_on, "due_on": row.due_on,
         "currency": row.currency, "total_minor": row.amount, "terms": "", "created_at": booking.now}
        for row in rows])
    invoices = {number: (invoice_id, public_id) for number, invoice_id, public_id in made}
    lines = [
        {"business_id": booking.business.id, "invoice_id": invoices[row.invoice_number][0], "position": 0,
         "description": _title(row), "amount_minor": row.amount, "tax_minor": 0, "tax_basis_points": 0}
        for row in rows if row.line_description]
    if lines:
        session.execute(insert(InvoiceLine), lines)
    return invoices


def _title(row: ParsedInvoice) -> str:
    text = row.line_description or ""
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


def _insert_payments(session: Session, booking: _Booking, rows: Sequence[ParsedInvoice],
                     invoices: Mapping[str, tuple[int, str]], debtors: Mapping[str, int]) -> dict[str, tuple[int, str]]:
    """Insert one payment for each invoice that came with money; gives (id, public id) by invoice number."""
    paid = [row for row in rows if row.paid_minor]
    if not paid:
        return {}
    public_ids = {new_public_id(): row for row in paid}
    numbers = iter(_new_numbers(session, booking.business.id, len(paid)))
    made = session.execute(insert(Payment).returning(Payment.public_id, Payment.id), [
        {"business_id": booking.business.id, "public_id": public_id, "debtor_id": debtors[row.customer_number],
         "number": next(numbers), "channel": "transfer", "state": "succeeded", "currency": row.currency,
         "amount_minor": row.paid_minor, "captured_minor": row.paid_minor, "returned_minor": 0, "ask_count": 0,
         "created_at": booking.now, "received_at": _received_at(booking, row)}
        for public_id, row in public_ids.items()])
    payments = {public_ids[public_id].invoice_number: (payment_id, public_id) for public_id, payment_id in made}
    session.execute(insert(PaymentInvoice), [
        {"payment_id": payments[row.invoice_number][0], "invoice_id": invoices[row.invoice_number][0],
         "business_id": booking.business.id, "debtor_id": debtors[row.customer_number], "position": 0,
         "amount_minor": row.paid_minor, "discount_minor": 0, "returned_minor": 0, "open": False}
        for row in paid])
    return payments


def _received_at(booking: _Booking, row: ParsedInvoice) -> datetime:
    return booking.noon(row.settled_on) if row.settled_on else booking.now


def _new_numbers(session: Session, business_id: int, count: int) -> list[str]:
    """Make numbers no payment of the business has: among a hundred thousand, chance alone would repeat one."""
    numbers: set[str] = set()
    while len(numbers) < count:
        fresh = {new_number() for _ in range(count - len(numbers))}
        for part in chunks(sorted(fresh)):
            fresh -= set(session.scalars(select(Payment.number).where(
                Payment.business_id == business_id, Payment.number.in_(part))))
        numbers |= fresh
    return sorted(numbers)


def _hold_disputed(session: Session, booking: _Booking, rows: Sequence[ParsedInvoice],
                   invoices: Mapping[str, tuple[int, str]], debtors: Mapping[str, int]) -> None:
    holds = [
        {"business_id": booking.business.id, "public_id": new_public_id(), "debtor_id": debtors[row.customer_number],
         "invoice_id": invoices[row.invoice_number][0], "reminders": True, "fees": True, "autopay": True,
         "discount_clock": True, "cause": "import", "cause_id": booking.public_id, "starts_at": booking.now}
        for row in rows if _is_held(row)]
    if holds:
        session.execute(insert(Hold), holds)


def _is_held(row: ParsedInvoice) -> bool:
    return row.disputed and row.paid_minor < row.amount


def _to_books(session: Session, booking: _Booking, rows: Sequence[ParsedInvoice],
              invoices: Mapping[str, tuple[int, str]], payments: Mapping[str, tuple[int, str]],
              debtors: Mapping[str, int]) -> None:
    issued = []
    for row in rows:
        invoice_id, public_id = invoices[row.invoice_number]
        payment_id, payment_public_id = payments.get(row.invoice_number, (0, ""))
        issued.append(Issued(
            invoice_id, public_id, debtors[row.customer_number], row.currency, row.amount, booking.noon(row.issued_on),
            row.due_on, row.paid_minor, payment_id, payment_public_id,
            _received_at(booking, row) if row.paid_minor else None))
    ledger.issue_in_bulk(session, booking.business.id, issued, now=booking.now)


def _make_findable(session: Session, booking: _Booking, found: Matching, invoices: Mapping[str, tuple[int, str]],
                   debtors: Mapping[str, int]) -> None:
    search.add_new(
        session, booking.business.id,
        [(debtors[one.number], (one.name or one.number, one.number, one.email)) for one in found.new_customers],
        [(invoices[row.invoice_number][0], debtors[row.customer_number], row.invoice_number) for row in found.new])


def _use_credit(session: Session, booking: _Booking, debtor_ids: Sequence[int]) -> None:
    """What a known debtor has in credit pays their new invoices at once, as with any invoice."""
    for part in chunks(debtor_ids):
        query = select(LedgerAccount.debtor_id, LedgerAccount.currency).where(
            LedgerAccount.business_id == booking.business.id, LedgerAccount.debtor_id.in_(part),
            LedgerAccount.kind == DEBTOR_CREDIT).order_by(LedgerAccount.debtor_id, LedgerAccount.currency)
        for debtor_id, currency in session.execute(query).all():
            if debtor_id is not None:
                settle.settle(session, booking.business.id, debtor_id, currency,
                              cause=f"import:{booking.public_id}", now=booking.now)


def _report(parsed: ParsedFile, found: Matching, *, booked: bool) -> ImportReport:
    errors = sorted([*parsed.errors, *found.errors], key=lambda error: error.row)
    cut = sum(len(row.line_description or "") > LONGEST_TITLE for row in found.new)
    notes = [*parsed.notes, *found.notes, *([Note("descriptions_cut", {"rows": cut})] if cut else [])]
    return ImportReport(
        # A row can have several errors; those that could not be read at all are not among the invoices.
        rows=len(parsed.invoices) + len({error.row for error in parsed.errors} - {row.row for row in parsed.invoices}),
        new=len(found.new), unchanged=found.unchanged,
        settled=sum(row.paid_minor == row.amount for row in found.new),
        partly_paid=sum(0 < row.paid_minor < row.amount for row in found.new),
        holds=sum(_is_held(row) for row in found.new), new_debtors=len(found.new_customers), booked=booked,
        errors=tuple(errors), notes=tuple(notes), unmapped=tuple(parsed.unmapped), mapping=dict(parsed.mapping),
        currency=parsed.currency, sums=_sums(found),
        new_consumers=sum(_kind(customer) == "consumer" for customer in found.new_customers),
        kinds_assumed=sum(customer.kind is None for customer in found.new_customers))


def _sums(found: Matching) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in found.new:
        sums[row.currency] = sums.get(row.currency, 0) + row.amount
    return sums
