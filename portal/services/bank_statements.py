"""A bank's file in two steps: read and shown first, kept for two hours, taken in when a person says so.

Each line is stored once, whichever files it stands in. What was said about a bank's columns is remembered for the next
file with the same headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import bank_lines
from portal.domain.bank_lines import Line, Reading, Sheet, Statement
from portal.domain.errors import Refusal
from portal.domain.imports.results import DateOrder
from portal.domain.listing import PAGE
from portal.domain.roles import StaffAccess
from portal.gateways.files import FileStore, UnknownFile
from portal.models import BankLine, BankMapping, BankStatement, Business, Staff
from portal.runtime import Runtime
from portal.services.audit import record, staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.tokens import Ended, NotGenuine, cookie_tokens

KEPT = timedelta(hours=2)
# What one request of the office may carry, less the form around it.
LARGEST = 2 * 1024 * 1024 - 16 * 1024
FIRST_ROWS = 3
SHOWN = 8
CHUNK = 500
MONTH_FIRST = ("US",)
COMMA_COUNTRIES = frozenset((
    "AT", "BE", "BR", "DE", "DK", "ES", "FI", "FR", "IT", "NL", "NO", "PL", "PT", "SE", "AR", "CL", "CO"))


@dataclass(frozen=True)
class Column:
    """One column of a file: its header, its first cells, and what it becomes ("" when it is left out)."""

    header: str
    first: tuple[str, ...]
    becomes: str


@dataclass(frozen=True)
class Checked:
    """What a file holds and would add, or why it cannot be read; `kept` names it in the next form.

    `money_in` by currency is what of it nobody has looked at, minor units. `remembered`: read as the last one was.
    """

    kept: str
    columns: tuple[Column, ...]
    statement: Statement | None
    refusal: Refusal | None
    new: int = 0
    known: int = 0
    out: int = 0
    money_in: tuple[tuple[str, int], ...] = ()
    remembered: bool = False

    @property
    def unused(self) -> tuple[str, ...]:
        """Name the columns that nothing is read from, so that none is left out unseen."""
        return tuple(column.header for column in self.columns if not column.becomes and any(column.first))

    @property
    def shown(self) -> tuple[Line, ...]:
        return self.statement.lines[:SHOWN] if self.statement else ()


@dataclass(frozen=True)
class Taken:
    """What taking a file in brought: lines that are new, and ones that were there already."""

    new: int
    known: int


@dataclass(frozen=True)
class Earlier:
    """A statement that was taken in, as the list of them shows it."""

    at: datetime
    by: str
    first_on: date
    last_on: date
    new: int
    known: int


def check(rt: Runtime, access: StaffAccess, data: bytes) -> Checked:
    """Read a file that was sent, keep it, and say what it would add. Nothing is taken in.

    Raises Refusal: role_may_not, file_missing, file_too_large.
    """
    access.require("record_money")
    if not data:
        raise Refusal("invalid", "file_missing")
    if len(data) > LARGEST:
        raise Refusal("too_large", "file_too_large")
    forget(rt)
    key = _room(rt).put(data)
    kept = cookie_tokens(rt.settings).make("bank-file", key, rt.now() + KEPT, _owner(access))
    return _checked(rt, access, kept, data, None)


def check_again(rt: Runtime, access: StaffAccess, kept: str, reading: Reading) -> Checked:
    """Read a kept file once more, with other columns; raises Refusal bank_file_ended."""
    access.require("record_money")
    return _checked(rt, access, kept, _read(rt, access, kept)[1], reading)


def take_in(rt: Runtime, access: StaffAccess, kept: str, reading: Reading) -> Taken | Checked:
    """Store the lines of a kept file that are not there yet, all or none; gives what is wrong where something is.

    Raises Refusal: role_may_not, bank_file_ended.
    """
    access.require("record_money")
    key, data = _read(rt, access, kept)
    now = rt.now()
    try:
        sheet = bank_lines.read_sheet(data, reading.delimiter)
        statement = _statement(rt, access, sheet, reading)
    except Refusal as refusal:
        return _refused(kept, data, reading, refusal)
    if statement.errors or not statement.lines:
        return _checked(rt, access, kept, data, reading)
    taken = rt.db.run(lambda session: _store(session, access, sheet, reading, statement, now))
    _room(rt).delete(key)
    return taken


def forget(rt: Runtime) -> int:
    """Remove files that nobody took in within two hours: they are full of people's data."""
    return _room(rt).forget_older(rt.now() - KEPT)


def earlier(session: Session, access: StaffAccess) -> list[Earlier]:
    """List the statements that were taken in, the newest first."""
    rows = session.execute(
        select(BankStatement, Staff.name).join(Staff, Staff.id == BankStatement.staff_id)
        .where(BankStatement.business_id == access.business_id)
        .order_by(BankStatement.taken_in_at.desc(), BankStatement.id.desc()).limit(PAGE))
    return [Earlier(row.taken_in_at, name, row.first_on, row.last_on, row.lines_new, row.lines_known)
            for row, name in rows]


def _checked(rt: Runtime, access: StaffAccess, kept: str, data: bytes, reading: Reading | None) -> Checked:
    remembered = False
    try:
        sheet = bank_lines.read_sheet(data, reading.delimiter if reading else "")
        if reading is None:
            reading = _remembered(rt, access, sheet)
            remembered = bool(reading.mapping)
        statement = _statement(rt, access, sheet, reading)
    except Refusal as refusal:
        return _refused(kept, data, reading or Reading(), refusal)
    with rt.db.reading() as session:
        known = _known(session, access.business_id, [line.fingerprint for line in statement.lines])
    fresh = [line for line in statement.lines if line.fingerprint not in known]
    money: dict[str, int] = {}
    for line in fresh:
        if line.amount > 0:
            money[line.currency] = money.get(line.currency, 0) + line.amount
    return Checked(kept, _columns(sheet, statement.mapping), statement, None, len(fresh),
                   len(statement.lines) - len(fresh), sum(line.amount < 0 for line in fresh),
                   tuple(sorted(money.items())), remembered)


def _refused(kept: str, data: bytes, reading: Reading, refusal: Refusal) -> Checked:
    try:
        # The columns are shown all the same: choosing them by hand is often what helps.
        sheet = bank_lines.read_sheet(data, reading.delimiter)
        columns = _columns(sheet, reading.mapping or bank_lines.guess(sheet.headers))
    except Refusal:
        columns = ()
    return Checked(kept, columns, None, refusal)


def _statement(rt: Runtime, access: StaffAccess, sheet: Sheet, reading: Reading) -> Statement:
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
    order: DateOrder = "mdy" if business.country in MONTH_FIRST else "dmy"
    statement = bank_lines.read(sheet, reading, business.currency, order,
                                "," if business.country in COMMA_COUNTRIES else ".")
    today = rt.now().date() + timedelta(days=1)
    if any(line.booked_on > today for line in statement.lines):
        # A bank books nothing in the future: day and month were taken for each other.
        raise Refusal("invalid", "bank_days_to_come")
    return statement


def _remembered(rt: Runtime, access: StaffAccess, sheet: Sheet) -> Reading:
    with rt.db.reading() as session:
        row = session.scalars(select(BankMapping).where(
            BankMapping.business_id == access.business_id, BankMapping.headers == sheet.fingerprint)).one_or_none()
    if row is None:
        return Reading()
    fields = {name: header for name, header in row.reading.items() if name in bank_lines.SYNONYMS}
    return Reading(fields, row.reading.get("date_order", ""), row.reading.get("decimal", ""), sheet.delimiter)


def _store(session: Session, access: StaffAccess, sheet: Sheet, reading: Reading, statement: Statement,
           now: datetime) -> Taken:
    # Two people with the same file come one after the other, and the second adds nothing.
    lock_business(session, access.business_id)
    known = _known(session, access.business_id, [line.fingerprint for line in statement.lines])
    fresh = [line for line in statement.lines if line.fingerprint not in known]
    days = [line.booked_on for line in statement.lines]
    kept = BankStatement(
        business_id=access.business_id, staff_id=access.staff_id, first_on=min(days), last_on=max(days),
        lines_new=len(fresh), lines_known=len(statement.lines) - len(fresh), taken_in_at=now)
    session.add(kept)
    session.flush()
    session.add_all([BankLine(
        business_id=access.business_id, statement_id=kept.id, fingerprint=line.fingerprint, booked_on=line.booked_on,
        amount_minor=line.amount, currency=line.currency, payer=line.payer, reference=line.reference,
        state="waiting" if line.amount > 0 else "out", added_at=now) for line in fresh])
    _remember(session, access, sheet, reading, statement, now)
    record(session, at=now, actor=staff_actor(access), act="bank.taken_in", business_id=access.business_id,
           target=f"bank:{kept.public_id}", new=len(fresh), known=kept.lines_known)
    return Taken(kept.lines_new, kept.lines_known)


def _remember(session: Session, access: StaffAccess, sheet: Sheet, reading: Reading, statement: Statement,
              now: datetime) -> None:
    row = session.scalars(select(BankMapping).where(
        BankMapping.business_id == access.business_id, BankMapping.headers == sheet.fingerprint)).one_or_none()
    stated: dict[str, Any] = {"date_order": reading.date_order, "decimal": reading.decimal}
    said = {**statement.mapping, **{name: value for name, value in stated.items() if value}}
    if row is None:
        row = BankMapping(business_id=access.business_id, headers=sheet.fingerprint)
        session.add(row)
    row.reading, row.used_at = said, now


def _known(session: Session, business_id: int, fingerprints: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(fingerprints), CHUNK):
        found |= set(session.scalars(select(BankLine.fingerprint).where(
            BankLine.business_id == business_id, BankLine.fingerprint.in_(fingerprints[start:start + CHUNK]))))
    return found


def _columns(sheet: Sheet, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    becomes = {header: name for name, header in mapping.items()}
    return tuple(
        Column(header, tuple(cells[place][:60] for _, cells in sheet.rows[:FIRST_ROWS] if place < len(cells)),
               becomes.get(header, "")) for place, header in enumerate(sheet.headers) if header)


def _room(rt: Runtime) -> FileStore:
    return rt.files.room("bank")


def _owner(access: StaffAccess) -> str:
    return f"{access.business_id}.{access.staff_public_id}"


def _read(rt: Runtime, access: StaffAccess, kept: str) -> tuple[str, bytes]:
    try:
        token = cookie_tokens(rt.settings).read("bank-file", kept, rt.now())
        if token.word != _owner(access):
            raise NotGenuine
        return token.id, _room(rt).get(token.id)
    except (NotGenuine, Ended, UnknownFile) as error:
        raise Refusal("gone", "bank_file_ended") from error
