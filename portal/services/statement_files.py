"""The books taken out as files for an accountant: a trial balance, one account's statement, every transfer of a time.

Each file holds exactly what the ledger holds: sums are added up from the transfers, and texts that a spreadsheet would
run are made harmless. The file is whole before its first byte leaves.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session, aliased

from portal.domain.errors import Refusal
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.listing import neutralized
from portal.domain.money import to_decimal
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Invoice, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services import explorer, trial_balance
from portal.services.audit import record, staff_actor
from portal.services.explorer import Period
from portal.services.lists.exports import MEDIA, Export
from portal.services.trial_balance import day_start
from portal.words import office_books
from portal.words.core import Words
from portal.words.refusals import N_

KINDS = ("trial-balance", "account", "transfers")
IN_MEMORY = 4 * 1024 * 1024
# More rows than a spreadsheet takes are no file for one.
MOST = 1_000_000
BATCH = 2_000
Cell = str | int | Decimal | date | datetime | None


@dataclass(frozen=True)
class Wanted:
    """What is to be taken out: which kind, of which account (only "account"), from which day to which."""

    kind: str
    file_format: str
    first: date | None = None
    last: date | None = None
    account: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table of a file: its name, its heads, and its rows as they come."""

    name: str
    heads: Sequence[str]
    rows: Iterator[Sequence[Cell]]


def take_out(rt: Runtime, access: StaffAccess, words: Words, wanted: Wanted) -> Export:
    """Write a part of the books into a file, and note that it was taken out.

    Raises Refusal: role_may_not, prove_first, unknown_format, unknown_page, period_missing, period_backwards.
    """
    access.require("export")
    access.require_proof(rt.now())
    if wanted.file_format not in MEDIA or wanted.kind not in KINDS:
        raise Refusal("invalid", "unknown_format")
    if wanted.first is not None and wanted.last is not None and wanted.first > wanted.last:
        raise Refusal("invalid", "period_backwards")
    if wanted.kind == "transfers" and (wanted.first is None or wanted.last is None):
        raise Refusal("invalid", "period_missing")
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        sheets = _SHEETS[wanted.kind](rt, access, session, business, words, wanted)
        content, rows = (_csv if wanted.file_format == "csv" else _xlsx)(sheets)
    with rt.db.transaction() as session:
        record(session, at=rt.now(), actor=staff_actor(access), act="statement.exported",
               business_id=access.business_id, target=f"statement:{wanted.kind}", format=wanted.file_format, rows=rows,
               first=str(wanted.first or ""), last=str(wanted.last or ""))
    content.seek(0)
    days = "-".join(day.isoformat() for day in (wanted.first, wanted.last) if day is not None)
    name = "-".join(part for part in (wanted.kind, wanted.account, days) if part)
    return Export(f"{name[:120]}.{wanted.file_format}", MEDIA[wanted.file_format], rows, content)


def accounts(rt: Runtime, access: StaffAccess) -> list[str]:
    """Name every kind of account there is, as statements of one are asked for: bank-USD, receivable-USD …"""
    access.require("see")
    with rt.db.reading() as session:
        rows = session.execute(select(LedgerAccount.kind, LedgerAccount.currency).where(
            LedgerAccount.business_id == access.business_id).distinct().order_by(
                LedgerAccount.kind, LedgerAccount.currency))
        return [f"{kind}-{currency}" for kind, currency in rows]


def _trial(rt: Runtime, access: StaffAccess, _session: Session, _business: Business, words: Words,
           wanted: Wanted) -> list[Sheet]:
    trial = trial_balance.trial_balance(rt, access, wanted.last)
    rows: list[Sequence[Cell]] = []
    for one in trial.currencies:
        code = one.currency
        rows += [[code, office_books.account(words, row.kind), to_decimal(row.debit, code),
                  to_decimal(row.credit, code)] for row in one.balances]
        rows.append([code, words.text(N_("Together")), to_decimal(one.debits, code), to_decimal(one.credits, code)])
    heads = [words.text(head) for head in (N_("Currency"), N_("Account"), N_("Debit"), N_("Credit"))]
    return [Sheet(words.text(N_("Trial balance")), heads, iter(rows))]


def _account(rt: Runtime, access: StaffAccess, session: Session, business: Business, words: Words,
             wanted: Wanted) -> list[Sheet]:
    """An account from what lay on it before, by each transfer, to what lies on it after."""
    figures = explorer.figures(session, business, wanted.account, Period(wanted.first, wanted.last))
    currency = figures.currency

    def rows() -> Iterator[Sequence[Cell]]:
        balance = figures.before
        yield [wanted.first, words.text(N_("Brought forward")), "", "", None, None, to_decimal(balance, currency)]
        for row in _transfers(session, business, Period(wanted.first, wanted.last), figures.ids):
            sign = 1 if row.debit_id in figures.own else -1
            balance += sign * row.amount
            other, number = ((row.credit_kind, row.credit_number) if sign > 0 else (row.debit_kind, row.debit_number))
            amount = to_decimal(row.amount, currency)
            yield [_local(row.at, business), office_books.entry(words, row.kind), office_books.account(words, other),
                   number, amount if sign > 0 else None, amount if sign < 0 else None, to_decimal(balance, currency)]

    heads = [words.text(head) for head in (
        N_("When"), N_("What"), N_("Other account"), N_("Number"), N_("Debit"), N_("Credit"), N_("Balance"))]
    return [Sheet(words.text(N_("Account")), heads, rows())]


def _journal(rt: Runtime, access: StaffAccess, session: Session, business: Business, words: Words,
             wanted: Wanted) -> list[Sheet]:
    """Every transfer of a time, each with both of its accounts, and the trial balance at its end."""
    def rows() -> Iterator[Sequence[Cell]]:
        for row in _transfers(session, business, Period(wanted.first, wanted.last), None):
            yield [row.id, _local(row.at, business), _local(row.recorded_at, business),
                   office_books.entry(words, row.kind), office_books.account(words, row.debit_kind), row.debit_number,
                   office_books.account(words, row.credit_kind), row.credit_number, row.debtor,
                   to_decimal(row.amount, row.currency), row.currency, row.key, row.corrects]

    heads = [words.text(head) for head in (
        N_("Transfer"), N_("Happened"), N_("Written down"), N_("What"), N_("Debit account"), N_("Its number"),
        N_("Credit account"), N_("Its number"), N_("Debtor"), N_("Amount"), N_("Currency"), N_("Cause"),
        N_("Corrects"))]
    sheets = [Sheet(words.text(N_("Transfers")), heads, rows())]
    # CSV is one table; the trial balance is taken out by itself there.
    return sheets + (_trial(rt, access, session, business, words, wanted) if wanted.file_format == "xlsx" else [])


@dataclass(frozen=True)
class _Row:
    id: int
    at: datetime
    recorded_at: datetime
    kind: str
    amount: int
    currency: str
    key: str
    corrects: int | None
    debit_id: int
    debit_kind: str
    debit_number: str
    credit_kind: str
    credit_number: str
    debtor: str


def _transfers(session: Session, business: Business, period: Period, ids: Select[tuple[int]] | None) -> Iterator[_Row]:
    """Walk the transfers of a time, the oldest first, a batch at a time so that memory stays flat."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    debit_invoice, credit_invoice = aliased(Invoice), aliased(Invoice)
    debit_debtor, credit_debtor = aliased(Debtor), aliased(Debtor)
    query = (
        select(LedgerTransfer, debit.kind, debit_invoice.number, debit_debtor.number, credit.kind,
               credit_invoice.number, credit_debtor.number)
        .join(debit, debit.id == LedgerTransfer.debit_account_id)
        .join(credit, credit.id == LedgerTransfer.credit_account_id)
        .outerjoin(debit_invoice, debit_invoice.id == debit.invoice_id)
        .outerjoin(credit_invoice, credit_invoice.id == credit.invoice_id)
        .outerjoin(debit_debtor, debit_debtor.id == debit.debtor_id)
        .outerjoin(credit_debtor, credit_debtor.id == credit.debtor_id)
        .where(LedgerTransfer.business_id == business.id)
        .order_by(LedgerTransfer.happened_at, LedgerTransfer.id).limit(BATCH))
    if period.first is not None:
        query = query.where(LedgerTransfer.happened_at >= day_start(business, period.first))
    if period.last is not None:
        query = query.where(LedgerTransfer.happened_at < day_start(business, period.last, 1))
    if ids is not None:
        query = query.where(
            LedgerTransfer.debit_account_id.in_(ids) | LedgerTransfer.credit_account_id.in_(ids))
    batch = session.execute(query).all()
    while batch:
        for row, debit_kind, debit_invoice_no, debit_owner, credit_kind, credit_invoice_no, credit_owner in batch:
            yield _Row(
                row.id, row.happened_at, row.recorded_at, row.kind, row.amount, row.currency, row.key, row.corrects_id,
                row.debit_account_id, debit_kind, _number(debit_kind, debit_invoice_no, debit_owner), credit_kind,
                _number(credit_kind, credit_invoice_no, credit_owner), debit_owner or credit_owner or "")
        last = batch[-1][0]
        session.expunge_all()
        batch = session.execute(query.where(
            tuple_(LedgerTransfer.happened_at, LedgerTransfer.id) > (last.happened_at, last.id))).all()


def _number(kind: str, invoice: str | None, debtor: str | None) -> str:
    return (invoice if kind == RECEIVABLE else debtor if kind == DEBTOR_CREDIT else "") or ""


def _local(moment: datetime, business: Business) -> datetime:
    # Spreadsheets know no zones; the business's own is meant, to the second.
    return moment.astimezone(ZoneInfo(business.timezone)).replace(tzinfo=None, microsecond=0)


def _safe(value: Cell) -> Cell:
    return neutralized(value) if isinstance(value, str) else value


def _csv(sheets: Sequence[Sheet]) -> tuple[IO[bytes], int]:
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    # The mark by which spreadsheets know UTF-8.
    content.write(b"\xef\xbb\xbf")
    rows = 0
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for sheet in sheets:
        writer.writerow(sheet.heads)
        for row in sheet.rows:
            rows = _counted(rows)
            writer.writerow([_text(_safe(value)) for value in row])
            if rows % BATCH == 0:
                content.write(text.getvalue().encode())
                text.seek(0)
                text.truncate()
    content.write(text.getvalue().encode())
    return content, rows


def _text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _xlsx(sheets: Sequence[Sheet]) -> tuple[IO[bytes], int]:
    # The library takes longer to load than all the rest; whoever takes no such file out waits for none.
    from openpyxl import Workbook

    book, rows = Workbook(write_only=True), 0
    for sheet in sheets:
        page = book.create_sheet(sheet.name[:31])
        page.append(list(sheet.heads))
        for row in sheet.rows:
            rows = _counted(rows)
            page.append([_safe(value) for value in row])
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    book.save(content)
    return content, rows


def _counted(rows: int) -> int:
    if rows >= MOST:
        raise Refusal("too_large", "export_too_many", rows=MOST)
    return rows + 1


_SHEETS = {"trial-balance": _trial, "account": _account, "transfers": _journal}
