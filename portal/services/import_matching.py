"""Holds a file of invoices against the books: what is new, changed, gone or as before, and what it implies.

Only reads. What is booked of it is decided in imports.py; what it implies (money that came elsewhere, credit notes) is
never assumed and becomes a finding for a person to confirm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.imports import Note, ParsedCredit, ParsedFile, ParsedInvoice, RowError
from portal.models import Business, Debtor, ImportFinding
from portal.services import import_known
from portal.services.import_known import Known, chunks

# A finding that was declined, or waits already, is not told again while the file says the same.
ANSWERED = ("open", "declined")


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
    postal_address: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a file implies and a person must confirm; amounts in minor units, `row` 0 when it is in the file no
    more."""

    kind: str
    row: int
    customer_number: str
    currency: str
    amount: int = 0
    day: date | None = None
    debtor_id: int | None = None
    invoice_id: int | None = None
    reference: str = ""
    # The invoice a credit note names, where it is new in the same file.
    invoice_number: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A known invoice that the file changes, or that no file of this kind had before: `change` corrects its total."""

    row: ParsedInvoice
    invoice_id: int
    change: int
    newly_disputed: bool = False
    # What the books had as its total.
    before: int = 0


@dataclass
class Matching:
    """What a file would change."""

    new: list[ParsedInvoice] = field(default_factory=list)
    unchanged: int = 0
    seen: list[Seen] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    # Ids of what the last file of this kind had and this one has not, open or settled.
    gone: list[int] = field(default_factory=list)
    # Of the implied payments, how many settle their invoice.
    settled_since: int = 0
    # How many are in the file again that an earlier one had lost.
    back: int = 0
    errors: list[RowError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    # Ids of customers that the business knows, by number; the others are to be created.
    known_debtors: dict[str, int] = field(default_factory=dict)
    new_customers: list[Customer] = field(default_factory=list)
    # Known debtors whose address is not on file yet, with the one the file has.
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> list[Seen]:
        """The known invoices whose total is another now."""
        return [one for one in self.seen if one.change]

    @property
    def tells_something(self) -> bool:
        """Say whether there is anything to take in."""
        return bool(self.new or self.changed or self.findings or self.gone or self.back or self.addresses)


def match(session: Session, business: Business, parsed: ParsedFile) -> Matching:
    """Compare every row with the business's own invoices and debtors; writes nothing."""
    found = Matching()
    numbers = [row.invoice_number for row in parsed.invoices] + [row.number for row in parsed.voids]
    known = import_known.by_number(session, business.id, numbers)
    reopened = redated = 0
    for row in parsed.invoices:
        theirs = known.get(row.invoice_number)
        if theirs is None:
            found.new.append(row)
        elif differences := list(_differences(parsed, row, theirs)):
            found.errors += differences
        else:
            _compare(found, row, theirs, parsed.source)
            reopened += row.paid_minor < theirs.imported
            redated += row.issued_on != theirs.issued_on
    for code, count in (("paid_before_kept", reopened), ("issue_date_kept", redated)):
        if count:
            found.notes.append(Note(code, {"rows": count}))
    _find_gone(session, business.id, parsed, known, found)
    _match_customers(session, business.id, parsed, found)
    _match_credits(session, business.id, parsed, known, found)
    return found


def _compare(found: Matching, row: ParsedInvoice, known: Known, source: str) -> None:
    """Note what a row tells anew of an invoice we have. It repeats, or lags behind what happened here, most of all."""
    change = row.amount - known.total
    told = list(_told_of(row, known, change))
    newly_disputed = any(finding.kind == "disputed" for finding in told)
    found.findings += told
    found.settled_since += sum(finding.kind == "paid" and row.paid_minor == row.amount for finding in told)
    found.unchanged += not change and not told
    found.back += known.source == "" and source != ""
    if change or newly_disputed or known.source != source:
        found.seen.append(Seen(row, known.invoice_id, change, newly_disputed, known.total))


def _told_of(row: ParsedInvoice, known: Known, change: int) -> Iterator[Finding]:
    elsewhere = min(row.paid_minor - known.here, max(known.left + change, 0))
    if elsewhere > 0 and _is_new(known, "paid", elsewhere, row.settled_on):
        yield _finding("paid", row, known, amount=elsewhere, day=row.settled_on)
    if row.due_on != known.due_on and known.left > 0 and _is_new(known, "due", 0, row.due_on):
        yield _finding("due", row, known, day=row.due_on)
    if row.paid_minor < row.amount and known.left > 0:
        if row.disputed and not known.ever_held:
            yield _finding("disputed", row, known, amount=known.left)
        elif known.held and not row.disputed and _is_new(known, "undisputed", known.left, None):
            yield _finding("undisputed", row, known, amount=known.left)


def _is_new(known: Known, kind: str, amount: int, day: date | None) -> bool:
    state, before, on = known.told.get(kind, ("", 0, None))
    return not (state in ANSWERED and (before, on) == (amount, day))


def _finding(kind: str, row: ParsedInvoice, known: Known, *, amount: int = 0, day: date | None = None) -> Finding:
    return Finding(kind, row.row, known.customer, known.currency, amount, day, known.debtor_id, known.invoice_id)


def _find_gone(session: Session, business_id: int, parsed: ParsedFile, known: dict[str, Known],
               found: Matching) -> None:
    """What the last file of this kind had and this one has not, and what it calls void: if open, somebody looks."""
    voids = {row.number: row.row for row in parsed.voids}
    present = {row.invoice_number for row in parsed.invoices} | set(voids)
    # Rows that could not be read may be the very ones that seem to be missing.
    missing = {} if parsed.errors else import_known.followed(session, business_id, parsed.source)
    ids = [invoice_id for number, invoice_id in missing.items() if number not in present]
    found.gone = ids + [known[number].invoice_id for number in voids if number in known and known[number].source]
    gone = import_known.by_id(session, business_id, ids) | {
        number: known[number] for number in voids if number in known}
    for number, one in gone.items():
        if one.left > 0 and _is_new(one, "gone", one.left, None):
            found.findings.append(Finding("gone", voids.get(number, 0), one.customer, one.currency, one.left,
                                          debtor_id=one.debtor_id, invoice_id=one.invoice_id))


def _match_credits(session: Session, business_id: int, parsed: ParsedFile, known: dict[str, Known],
                   found: Matching) -> None:
    """Credit notes are known by their number, so that next week's file does not tell them again."""
    told: set[str] = set()
    for part in chunks([credit.number for credit in parsed.credits]):
        told |= set(session.scalars(select(ImportFinding.reference).where(
            ImportFinding.business_id == business_id, ImportFinding.kind == "credit",
            ImportFinding.reference.in_(part), ImportFinding.state != "staged")))
    ours = import_known.by_number(session, business_id, sorted({
        credit.invoice_number for credit in parsed.credits if credit.invoice_number}))
    new = {customer.number for customer in found.new_customers}
    coming = {row.invoice_number: row for row in found.new}
    strangers = 0
    for credit in parsed.credits:
        debtor_id = found.known_debtors.get(credit.customer_number)
        if credit.number in told:
            found.unchanged += 1
        elif debtor_id is None and credit.customer_number not in new:
            strangers += 1
        else:
            told.add(credit.number)
            named = credit.invoice_number or ""
            found.findings.append(_credit(credit, debtor_id, ours.get(named), coming.get(named)))
    if strangers:
        found.notes.append(Note("credits_of_strangers", {"rows": strangers}))


def _credit(credit: ParsedCredit, debtor_id: int | None, of: Known | None, coming: ParsedInvoice | None) -> Finding:
    to_come = coming is not None and (
        coming.customer_number, coming.currency) == (credit.customer_number, credit.currency)
    is_theirs = of is not None and of.debtor_id == debtor_id and of.currency == credit.currency
    return Finding("credit", credit.row, credit.customer_number, credit.currency, credit.amount, credit.issued_on,
                   debtor_id, of.invoice_id if of is not None and is_theirs else None, credit.number,
                   coming.invoice_number if coming is not None and to_come else "")


def _differences(parsed: ParsedFile, row: ParsedInvoice, known: Known) -> Iterable[RowError]:
    """Where a row contradicts the invoice we have under its number: it is another debt, or somebody else's."""
    for name, theirs, ours in (
        ("customer_number", row.customer_number, known.customer), ("currency", row.currency, known.currency),
    ):
        if theirs != ours:
            yield RowError(row.row, parsed.mapping.get(name, ""), theirs, "invoice_differs",
                           {"invoice": row.invoice_number, "known": ours})


def _match_customers(session: Session, business_id: int, parsed: ParsedFile, found: Matching) -> None:
    wanted = {row.customer_number for row in found.new}
    customers = _gathered(parsed.invoices)
    known: dict[str, Debtor] = {}
    for part in chunks(sorted({*customers, *(credit.customer_number for credit in parsed.credits)})):
        query = select(Debtor).where(Debtor.business_id == business_id, Debtor.number.in_(part))
        known |= {debtor.number: debtor for debtor in session.scalars(query)}
    found.known_debtors = {number: debtor.id for number, debtor in known.items()}
    found.new_customers = [customers[number] for number in customers if number in wanted and number not in known]
    told = [(customers[number], debtor) for number, debtor in known.items() if number in customers]
    found.addresses = {
        customer.number: customer.postal_address for customer, debtor in told
        if customer.postal_address and not debtor.postal_address and debtor.erased_at is None}
    kept = sum(_says_otherwise(customer, debtor) for customer, debtor in told if debtor.erased_at is None)
    if kept:
        found.notes.append(Note("debtor_details_kept", {"debtors": kept}))
    if found.addresses:
        found.notes.append(Note("addresses_added", {"debtors": len(found.addresses)}))


def _gathered(rows: Sequence[ParsedInvoice]) -> dict[str, Customer]:
    told: dict[str, dict[str, str | None]] = {}
    for row in rows:
        facts = told.setdefault(row.customer_number, {})
        for name, value in (
            ("name", row.customer_name), ("kind", row.kind), ("email", row.email), ("phone", row.phone),
            ("postal_code", row.postal_code), ("country", row.country), ("locale", row.locale),
            ("postal_address", row.postal_address),
        ):
            facts[name] = facts.get(name) or value
    return {number: Customer(number, **facts) for number, facts in told.items()}


def _says_otherwise(customer: Customer, debtor: Debtor) -> bool:
    pairs = ((customer.name, debtor.name), (customer.email, debtor.email), (customer.phone, debtor.phone),
             (customer.postal_code, debtor.postal_code),
             (customer.postal_address if debtor.postal_address else None, debtor.postal_address))
    return any(theirs is not None and theirs != ours for theirs, ours in pairs)
