"""Writes what a file brings into the staging tables, in short commits: PostgreSQL by COPY, SQLite in batches.

Nothing staged counts anywhere. Rows of one debtor share a chunk, because a chunk goes into the books in one commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, Table, delete, insert, select
from sqlalchemy.orm import Session

from portal.domain.identity import stored_fact
from portal.domain.imports import ParsedInvoice
from portal.domain.search import words_of
from portal.models import Business, ImportCustomer, ImportFinding, ImportLine, ImportRow, Payment
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services.import_known import chunks
from portal.services.import_matching import Customer, Finding, Matching
from portal.services.import_rubbish import left_lying
from portal.services.import_runs import STAGING, Hold, Told
from portal.services.payments import new_number

# Invoices that go into the books in one commit: well below a second of writing on either database.
CHUNK = 800
# The first chunk is small: the database has nothing yet by which to plan for more.
FIRST = 200
# Findings hold debtors' locks one by one.
FINDINGS_OF_A_CHUNK = 250
BATCH = 5_000
LONGEST_TITLE = 200
NOON = time(12)

Row = dict[str, Any]


@dataclass
class _Chunks:
    """Deals rows out to chunks; all rows of one debtor go to one, unless they alone are more than two of them."""

    number: int = 0
    filled: int = 0
    of: dict[str, int] = field(default_factory=dict)

    def deal(self, customer: str, count: int) -> Iterator[int]:
        """Give the chunk of each of a debtor's rows."""
        if self.filled and self.filled + count > self._most():
            self._next()
        self.of[customer] = self.number
        for _ in range(count):
            if self.filled >= 2 * self._most():
                self._next()
            self.filled += 1
            yield self.number

    def _most(self) -> int:
        return CHUNK if self.number else FIRST

    def _next(self) -> None:
        self.number, self.filled = self.number + 1, 0


@dataclass(frozen=True)
class Staged:
    """How much was staged."""

    rows: int
    chunks: int


def stage(rt: Runtime, business: Business, hold: Hold, found: Matching, told: Told) -> Staged:
    """Write everything a file brings into the staging tables; what an earlier try left there is removed first."""
    now = rt.now()
    _clear(rt, hold)
    rows, customers, lines, findings, count = _dealt(business, found, hold, now)
    _number_payments(rt, business.id, rows)
    total = len(rows) + len(customers) + len(lines) + len(findings)
    done = 0
    told(STAGING, 0, total)
    for table, values in ((ImportCustomer, customers), (ImportRow, rows), (ImportLine, lines),
                          (ImportFinding, findings)):
        for part in chunks(values, BATCH):
            done += len(part)
            rt.db.run(lambda session, table=table, part=part, done=done: _write(  # type: ignore[misc]
                session, hold, cast(Table, table.__table__), part, rt.now(), done, total))
            told(STAGING, done, total)
    return Staged(len(rows), count)


def _clear(rt: Runtime, hold: Hold) -> None:
    rt.db.run(lambda session: hold.keep(
        session, rt.now(), step=STAGING, done=0, total=0, published=0, chunks=None))
    empty(rt, hold.run_id)


@left_lying()
def _dealt(business: Business, found: Matching, hold: Hold, now: datetime) -> tuple[
        list[Row], list[Row], list[Row], list[Row], int]:
    """Make the rows of all staging tables, each with its chunk."""
    clock = _Noons(business, now)
    dealing = _Chunks()
    rows: list[Row] = []
    lines: list[Row] = []
    seen = {one.row.row: one for one in found.seen}
    for customer, theirs in _by_customer([*found.new, *(one.row for one in found.seen)]).items():
        for row, chunk in zip(theirs, dealing.deal(customer, len(theirs)), strict=True):
            known = seen.get(row.row)
            made = _row(row, hold.run_id, chunk, len(rows), clock)
            if known is None:
                lines += _lines(row, hold.run_id, chunk, len(rows))
            else:
                made |= {"invoice_id": known.invoice_id, "change_minor": known.change, "hold_public_id":
                         new_public_id() if known.newly_disputed else None}
            rows.append(made)
    last = dealing.number
    customers = [_customer(one, business, hold.run_id, dealing.of.get(one.number, 0)) for one in found.new_customers]
    customers += [_address(number, text, business, hold.run_id, dealing.of.get(number, 0))
                  for number, text in found.addresses.items()]
    findings = []
    by_debtor = sorted(found.findings, key=lambda one: (one.debtor_id or 0, one.customer_number))
    for part in chunks(by_debtor, FINDINGS_OF_A_CHUNK):
        last += 1
        findings += [_finding(one, business.id, hold.run_id, last, now) for one in part]
    return rows, customers, lines, findings, last + 1


class _Noons:
    """Noon of a day where the business is; of the day of the import, no later than now. Reckoned once for each day."""

    def __init__(self, business: Business, now: datetime) -> None:
        self._zone, self._known = ZoneInfo(business.timezone), dict[date, datetime]()
        self.now = now

    def of(self, day: date) -> datetime:
        found = self._known.get(day)
        if found is None:
            found = min(datetime.combine(day, NOON, self._zone).astimezone(UTC), self.now)
            self._known[day] = found
        return found


def _by_customer(rows: Iterable[ParsedInvoice]) -> dict[str, list[ParsedInvoice]]:
    found: dict[str, list[ParsedInvoice]] = {}
    for row in rows:
        found.setdefault(row.customer_number, []).append(row)
    return found


def _row(row: ParsedInvoice, run_id: int, chunk: int, position: int, clock: _Noons) -> Row:
    received = clock.of(row.settled_on) if row.settled_on else clock.now
    return {
        "run_id": run_id, "chunk": chunk, "position": position, "invoice_id": None,
        "customer_number": row.customer_number, "number": row.invoice_number, "currency": row.currency,
        "total_minor": row.amount, "change_minor": 0, "public_id": new_public_id(), "title": title(row),
        "issued_on": row.issued_on, "due_on": row.due_on, "issued_at": clock.of(row.issued_on),
        "paid_minor": row.paid_minor, "received_at": received if row.paid_minor else None,
        "payment_public_id": new_public_id() if row.paid_minor else None, "payment_number": None,
        "hold_public_id": new_public_id() if is_held(row) else None, "words": sorted(words_of(row.invoice_number))}


def is_held(row: ParsedInvoice) -> bool:
    """Say whether a new invoice arrives on hold: it is disputed and something of it is open."""
    return row.disputed and row.paid_minor < row.amount


def title(row: ParsedInvoice) -> str:
    """What an invoice is called: the description of its first line, cut where it is too long."""
    text = row.line_description or ""
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


def _lines(row: ParsedInvoice, run_id: int, chunk: int, position: int) -> Iterator[Row]:
    for number, line in enumerate(row.lines):
        text = line.description or title(row) or row.invoice_number
        yield {"run_id": run_id, "chunk": chunk, "position": position, "line": number, "description": text,
               "amount_minor": line.amount, "tax_minor": line.tax, "tax_basis_points": line.tax_basis_points}


def _customer(one: Customer, business: Business, run_id: int, chunk: int) -> Row:
    country = one.country or business.country
    facts = ("postal_code", "phone_last4")
    usable = [fact for fact in facts if stored_fact(fact, one.postal_code, one.phone, country)]
    name = one.name or one.number
    return {
        "run_id": run_id, "number": one.number, "chunk": chunk, "public_id": new_public_id(), "kind": kind(one),
        "name": name, "email": one.email, "phone": one.phone, "postal_address": one.postal_address or "",
        "postal_code": one.postal_code, "country": one.country, "locale": one.locale or business.locale,
        "identity_fact": usable[0] if usable else "none", "words": sorted(words_of(name, one.number, one.email))}


def kind(one: Customer) -> str:
    """Take who is not said to be a business for a consumer: these are better protected, and lose nothing by it."""
    return one.kind or "consumer"


def _address(number: str, text: str, business: Business, run_id: int, chunk: int) -> Row:
    """Stage the address of a debtor we know; without a public id it makes nobody new."""
    return {"run_id": run_id, "number": number, "chunk": chunk, "public_id": "", "kind": "consumer", "name": "",
            "email": None, "phone": None, "postal_address": text, "postal_code": None, "country": None,
            "locale": business.locale, "identity_fact": "none", "words": []}


def _finding(one: Finding, business_id: int, run_id: int, chunk: int, now: datetime) -> Row:
    return {
        "public_id": new_public_id(), "business_id": business_id, "run_id": run_id, "chunk": chunk, "row": one.row,
        "kind": one.kind, "state": "staged", "debtor_id": one.debtor_id, "customer_number": one.customer_number,
        "invoice_id": one.invoice_id, "reference": one.reference, "invoice_number": one.invoice_number,
        "currency": one.currency, "amount_minor": one.amount, "day": one.day, "created_at": now, "decision": ""}


def _number_payments(rt: Runtime, business_id: int, rows: Sequence[Row]) -> None:
    """Give each payment a number that no other has: among a hundred thousand, chance alone would repeat one."""
    paid = [row for row in rows if row["payment_public_id"]]
    with rt.db.reading() as session:
        for row, number in zip(paid, fresh_numbers(session, business_id, len(paid)), strict=True):
            row["payment_number"] = number


def fresh_numbers(session: Session, business_id: int, count: int) -> list[str]:
    """Make so many numbers that no payment of the business has."""
    numbers: set[str] = set()
    while len(numbers) < count:
        fresh = {new_number() for _ in range(count - len(numbers))}
        for part in chunks(sorted(fresh)):
            fresh -= set(session.scalars(select(Payment.number).where(
                Payment.business_id == business_id, Payment.number.in_(part))))
        numbers |= fresh
    return sorted(numbers)


def _write(session: Session, hold: Hold, table: Table, rows: Sequence[Row], now: datetime, done: int,
           total: int) -> None:
    hold.keep(session, now, step=STAGING, done=done, total=total)
    if session.get_bind().dialect.name == "postgresql":
        _copy(session, table, rows)
    else:
        session.execute(insert(table), rows)


def _copy(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Send rows by PostgreSQL's COPY, which takes them several times faster than INSERT."""
    names = list(rows[0])
    as_json = {name for name in names if isinstance(table.c[name].type, JSON)}
    # The names are our own columns': no input reaches the statement.
    columns = ", ".join(f'"{name}"' for name in names)
    statement = f"COPY {table.name} ({columns}) FROM STDIN"
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([json.dumps(row[name]) if name in as_json else row[name] for name in names])


def empty(rt: Runtime, run_id: int) -> None:
    """Forget what a run had staged, in short commits: it is in the books, or was let go."""
    for table in (ImportLine, ImportRow, ImportCustomer):
        while rt.db.run(lambda session, table=table: _empty(session, table, run_id)):  # type: ignore[misc]
            pass
    rt.db.run(lambda session: session.execute(delete(ImportFinding).where(
        ImportFinding.run_id == run_id, ImportFinding.state == "staged")))


def _empty(session: Session, table: type[ImportLine] | type[ImportRow] | type[ImportCustomer], run_id: int) -> int:
    first = select(table.chunk).where(table.run_id == run_id).order_by(table.chunk).limit(1).scalar_subquery()
    done = session.execute(delete(table).where(table.run_id == run_id, table.chunk == first)
                           .execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
