"""Reckons the figures of a dashboard from the books: what is owed and how late, what came in, what is to come.

Each figure is one statement over the open or recent part of the books. Currencies are kept apart everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, exists, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from portal.domain import ages
from portal.domain.ledger import BANK, CLEARING, RECEIVABLE
from portal.models import (
    Arrangement,
    Business,
    DebtorStanding,
    Hold,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Note,
    Payment,
    PaymentInvoice,
)

WEEKS = 8
AHEAD_DAYS = 30
SALES_DAYS = 90
LONGEST_DSO = 999
Sums = dict[str, int]


@dataclass(frozen=True)
class Books:
    """Whose books, on which day, as of when."""

    session: Session
    business: Business
    today: date
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """Where the business counts its days."""
        return ZoneInfo(self.business.timezone)

    def start_of(self, day: date) -> datetime:
        """The moment a day begins where the business is."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def open_accounts(self) -> tuple[ColumnElement[bool], ...]:
        """What says that something is left on an invoice; an index holds exactly these."""
        return (LedgerAccount.business_id == self.business.id, LedgerAccount.kind == RECEIVABLE,
                LedgerAccount.credits < LedgerAccount.debits)


def reckon(books: Books) -> dict[str, Any]:
    """Give all figures in the form that is stored: currency codes, minor units, ISO days."""
    aged = _ages(books)
    outstanding = together(age.sums for age in aged)
    weeks = _weeks(books)
    expected = _expected(books)
    used = {*outstanding, *(currency for week in weeks for currency in (*week["collected"], *week["fell_due"]))}
    used |= {currency for part in expected.values() for currency in part["sums"]}
    return {
        "currencies": _in_order(used, books.business.currency, outstanding), "outstanding": outstanding,
        "ages": [asdict(age) for age in aged], "weeks": weeks, "expected": expected,
        "sold": _sold(books), "paid": _punctuality(books),
    }


def _in_order(used: set[str], main: str, outstanding: Sums) -> list[str]:
    others = sorted(used - {main}, key=lambda code: (-outstanding.get(code, 0), code))
    return [main, *others] if main in used else others


def together(parts: Iterable[Mapping[str, int]]) -> Sums:
    """Add sums up, each currency by itself."""
    found: Sums = {}
    for sums in parts:
        for currency, minor in sums.items():
            found[currency] = found.get(currency, 0) + minor
    return found


def _ages(books: Books) -> list[ages.Age]:
    left = LedgerAccount.debits - LedgerAccount.credits
    cut = case(*((LedgerAccount.due_on >= books.today - timedelta(days=edge), index)
                 for index, edge in enumerate(ages.EDGES)), else_=len(ages.EDGES))
    query = (select(LedgerAccount.currency, cut.label("cut"), func.count(), func.sum(left))
             .where(*books.open_accounts()).group_by(LedgerAccount.currency, cut))
    found = ages.gather((currency, cut, n, int(minor)) for currency, cut, n, minor in books.session.execute(query))
    by_code = {age.code: age for age in found}
    for currency, late, minor in _held(books):
        held = by_code[ages.code_of(late)].held
        held[currency] = held.get(currency, 0) + minor
    return found


def _held(books: Books) -> list[tuple[str, int, int]]:
    """What is on hold, as (currency, days late, minor); holds are few, so their accounts are looked at one by one."""
    part = func.coalesce(Hold.amount_minor, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
    query = (
        select(LedgerAccount.id, LedgerAccount.currency, LedgerAccount.due_on,
               (LedgerAccount.debits - LedgerAccount.credits).label("left"), part.label("part"))
        .select_from(Hold).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .join(LedgerAccount, (LedgerAccount.debtor_id == Hold.debtor_id)
              & or_(Hold.invoice_id.is_(None), LedgerAccount.invoice_id == Hold.invoice_id))
        .where(Hold.business_id == books.business.id, Hold.reminders, Hold.released_at.is_(None),
               Hold.starts_at <= books.now, or_(Hold.until.is_(None), Hold.until > books.now),
               *books.open_accounts()))
    found: dict[int, tuple[str, int, int]] = {}
    for row in books.session.execute(query):
        before = found[row.id][2] if row.id in found else 0
        covered = min(row.left, before + (row.left if row.part is None else row.part))
        found[row.id] = (row.currency, (books.today - row.due_on).days, covered)
    return list(found.values())


def _weeks(books: Books) -> list[dict[str, Any]]:
    """What came in and what fell due in each of the last full weeks, the oldest first."""
    monday = books.today - timedelta(days=books.today.weekday())
    starts = [monday - timedelta(weeks=WEEKS - index) for index in range(WEEKS)]
    collected, fell_due = _collected(books, [*starts, monday]), _fell_due(books, starts[0], monday)
    return [{"from": start.isoformat(), "collected": collected[index], "fell_due": fell_due[index]}
            for index, start in enumerate(starts)]


def _collected(books: Books, edges: Sequence[date]) -> list[Sums]:
    """Money that reached an invoice less money that was taken back from one, week by week."""
    moments = [books.start_of(edge) for edge in edges]
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    came_in = debit.kind.in_((CLEARING, BANK)) & (credit.kind == RECEIVABLE)
    went_back = credit.kind.in_((CLEARING, BANK)) & (debit.kind == RECEIVABLE)
    at = LedgerTransfer.happened_at
    week = case(*((at < moment, index) for index, moment in enumerate(moments[1:])), else_=WEEKS)
    signed = case((came_in, LedgerTransfer.amount), else_=-LedgerTransfer.amount)
    query = (
        select(week.label("week"), LedgerTransfer.currency, func.sum(signed))
        .join(debit, debit.id == LedgerTransfer.debit_account_id)
        .join(credit, credit.id == LedgerTransfer.credit_account_id)
        .where(LedgerTransfer.business_id == books.business.id, at >= moments[0], at < moments[-1],
               LedgerTransfer.kind != "issued", came_in | went_back)
        .group_by(week, LedgerTransfer.currency))
    found: list[Sums] = [{} for _ in range(WEEKS)]
    for index, currency, minor in books.session.execute(query):
        found[index][currency] = int(minor)
    return found


def _fell_due(books: Books, first: date, until: date) -> list[Sums]:
    query = (
        select(Invoice.due_on, Invoice.currency, func.sum(Invoice.total_minor))
        .where(Invoice.business_id == books.business.id, Invoice.due_on >= first, Invoice.due_on < until)
        .group_by(Invoice.due_on, Invoice.currency))
    found: list[Sums] = [{} for _ in range(WEEKS)]
    for due_on, currency, minor in books.session.execute(query):
        week = found[(due_on - first).days // 7]
        week[currency] = week.get(currency, 0) + int(minor)
    return found


def _expected(books: Books) -> dict[str, dict[str, Any]]:
    """What is likely to come in within thirty days; every invoice is in one of the three only."""
    return {"on_its_way": _on_its_way(books), "promised": _promised(books), "falling_due": _falling_due(books)}


_MOVING = ("processing", "announced")


def _on_its_way(books: Books) -> dict[str, Any]:
    query = (
        select(Payment.currency, func.count(), func.sum(Payment.amount_minor))
        .where(Payment.business_id == books.business.id, Payment.state.in_(_MOVING)).group_by(Payment.currency))
    return _part(books.session.execute(query))


def _promised(books: Books) -> dict[str, Any]:
    """What is late and was promised on the phone or on their page; who did both is counted once."""
    until = books.today + timedelta(days=AHEAD_DAYS)
    said = (
        select(DebtorStanding.debtor_id, DebtorStanding.currency)
        .join(Note, Note.debtor_id == DebtorStanding.debtor_id)
        .where(Note.business_id == books.business.id, Note.kind == "call", Note.result == "promised",
               Note.promised_on >= books.today, Note.promised_on < until))
    named = select(Arrangement.debtor_id, Arrangement.currency).where(
        Arrangement.business_id == books.business.id, Arrangement.kind == "promise", Arrangement.state == "active",
        Arrangement.until >= books.today, Arrangement.until < until)
    promised = union(said, named).subquery()
    moving = exists().where(Payment.debtor_id == DebtorStanding.debtor_id, Payment.state.in_(_MOVING))
    query = (
        select(DebtorStanding.currency, func.count(), func.sum(DebtorStanding.overdue_minor))
        .join(promised, (promised.c.debtor_id == DebtorStanding.debtor_id)
              & (promised.c.currency == DebtorStanding.currency))
        .where(DebtorStanding.business_id == books.business.id, DebtorStanding.overdue_minor > 0, ~moving)
        .group_by(DebtorStanding.currency))
    return _part(books.session.execute(query))


def _falling_due(books: Books) -> dict[str, Any]:
    moving = exists().where(PaymentInvoice.invoice_id == LedgerAccount.invoice_id,
                            Payment.id == PaymentInvoice.payment_id, Payment.state.in_(_MOVING))
    query = (
        select(LedgerAccount.currency, func.count(), func.sum(LedgerAccount.debits - LedgerAccount.credits))
        .where(*books.open_accounts(), LedgerAccount.due_on >= books.today,
               LedgerAccount.due_on < books.today + timedelta(days=AHEAD_DAYS), ~moving)
        .group_by(LedgerAccount.currency))
    return _part(books.session.execute(query))


def _part(rows: Any) -> dict[str, Any]:
    found = {currency: (n, int(minor)) for currency, n, minor in rows}
    return {"n": sum(n for n, _ in found.values()), "sums": {currency: minor for currency, (_, minor) in found.items()}}


def _sold(books: Books) -> Sums:
    """What was invoiced in the last ninety days, for the days sales outstanding."""
    since = books.start_of(books.today - timedelta(days=SALES_DAYS))
    query = (
        select(LedgerTransfer.currency, func.sum(LedgerTransfer.amount))
        .where(LedgerTransfer.business_id == books.business.id, LedgerTransfer.happened_at >= since,
               LedgerTransfer.kind == "issued").group_by(LedgerTransfer.currency))
    return {currency: int(minor) for currency, minor in books.session.execute(query)}


def _punctuality(books: Books) -> dict[str, int]:
    query = (select(func.sum(DebtorStanding.paid_invoices), func.sum(DebtorStanding.paid_late))
             .where(DebtorStanding.business_id == books.business.id))
    paid, late = books.session.execute(query).one()
    return {"invoices": int(paid or 0), "late": int(late or 0)}


def days_of_sales(outstanding: int, sold: int) -> int | None:
    """Tell what is owed as days of sales: 118,878.70 owed and 254,740.00 sold in 90 days is 42 days."""
    return None if sold <= 0 else min(LONGEST_DSO, round(outstanding * SALES_DAYS / sold))
