"""Filters and searches that several lists share. Each test is a subquery of one row, so that it bounds itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, literal_column, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.money import parse_amount, to_decimal
from portal.models import Assignment, Debtor, DebtorStanding, Hold, Invoice, LedgerAccount, Staff
from portal.services import search
from portal.services.lists.frame import Columns, Context, Filter, Hits, Option
from portal.services.search import Found
from portal.words.refusals import N_

# Written out, not bound: a partial index is used only where its own words stand in the question.
RECEIVABLE: ColumnElement[str] = literal_column("'receivable'")
MOST_OF_AN_AMOUNT = 1_000
# So many debtors or things a search leads on with; whoever finds more is asked for more letters.
MOST_HITS = 500
KINDS = (("consumer", N_("Consumers")), ("business", N_("Businesses")))
NOBODY = "nobody"


def currency_filter() -> Filter:
    """Narrow to one currency."""
    return Filter("currency", N_("Currency"), lambda context: [(one, one) for one in context.currencies],
                  lambda _context, value, columns: columns["currency"] == value, own_words=True)


def kind_filter() -> Filter:
    """Narrow to people or to companies."""
    return Filter("kind", N_("Kind"), lambda _context: KINDS, lambda _context, value, columns: (
        select(Debtor.kind).where(Debtor.id == columns["debtor_id"]).scalar_subquery() == value))


def who_filter() -> Filter:
    """Narrow to those one of the staff looks after, or nobody does."""
    return Filter("who", N_("Looked after by"), _people, _looked_after)


def _people(context: Context) -> Sequence[Option]:
    return [(NOBODY, context.words.text(N_("Nobody"))), *context.people]


def _looked_after(_context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    theirs = (
        select(Staff.public_id).join(Assignment, Assignment.staff_id == Staff.id)
        .where(Assignment.debtor_id == columns["debtor_id"]).scalar_subquery())
    return theirs.is_(None) if value == NOBODY else theirs == value


def hold_filter() -> Filter:
    """Narrow to what reminders rest on, or to the rest."""
    return Filter("hold", N_("Holds"), lambda _context: (("on", N_("On hold")), ("off", N_("Not on hold"))), _held)


def _held(context: Context, value: str, columns: Columns) -> ColumnElement[bool]:
    holds = select(func.count(Hold.id)).where(
        Hold.debtor_id == columns["debtor_id"], *holding(context.now), reach(columns)).scalar_subquery()
    return holds > 0 if value == "on" else holds == 0


def reach(columns: Columns) -> ColumnElement[bool]:
    """A hold on the whole account reaches each invoice; one on an invoice reaches that one."""
    if "due_on" not in columns:
        return Hold.id.is_not(None)
    return or_(Hold.invoice_id.is_(None), Hold.invoice_id == columns["id"])


def holding(now: datetime) -> list[ColumnElement[bool]]:
    """What makes a hold rest the reminders at a moment."""
    return [Hold.released_at.is_(None), Hold.reminders.is_(True), Hold.starts_at <= now,
            or_(Hold.until.is_(None), Hold.until > now)]


def left_of(columns: Columns) -> ColumnElement[int]:
    """What is left of an invoice, minor units."""
    if "left" in columns:
        found: ColumnElement[int] = columns["left"]  # type: ignore[assignment]
        return found
    return (select(LedgerAccount.debits - LedgerAccount.credits)
            .where(LedgerAccount.invoice_id == columns["id"], LedgerAccount.kind == RECEIVABLE).scalar_subquery())


def midnight(context: Context, day: str, *, after_days: int = 0) -> datetime:
    """The moment a day of an address begins where the business is."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=after_days), time(), context.words.zone)


def words_found(session: Session, context: Context, typed: str) -> Found:
    """Whom and what the typed words lead to."""
    return search.find(session, context.business_id, typed)


def hits(more: bool, **ids: Iterable[int]) -> Hits:
    """Give what a search found, by column; only as many as an index is asked for one by one."""
    kept = {name: frozenset(sorted(found)[-MOST_HITS:]) for name, found in ids.items()}
    return Hits(kept, more or any(len(kept[name]) < len(set(found)) for name, found in ids.items()))


def sums_typed(context: Context, typed: str) -> dict[str, int]:
    """Read what was typed as an amount, in each currency of the business it can be one of; minor units."""
    sums = {}
    for currency in context.currencies:
        try:
            sums[currency] = parse_amount(typed, currency, context.words.decimal_mark)
        except Refusal:
            continue
    return {currency: minor for currency, minor in sums.items() if minor}


def invoices_of_sum(session: Session, context: Context, typed: str) -> tuple[dict[int, int], bool]:
    """Find invoices by what they came to or what is left of them, with their debtors; and whether there are more."""
    found: dict[int, int] = {}
    more = False
    for currency, minor in sums_typed(context, typed).items():
        queries = (
            select(Invoice.id, Invoice.debtor_id).where(
                Invoice.business_id == context.business_id, Invoice.total_minor == minor,
                Invoice.currency == currency).order_by(Invoice.id.desc()),
            select(LedgerAccount.invoice_id, LedgerAccount.debtor_id).where(
                LedgerAccount.business_id == context.business_id, LedgerAccount.kind == RECEIVABLE,
                LedgerAccount.credits < LedgerAccount.debits, LedgerAccount.debits - LedgerAccount.credits == minor,
                LedgerAccount.currency == currency).order_by(LedgerAccount.invoice_id.desc()))
        for query in queries:
            rows = session.execute(query.limit(MOST_OF_AN_AMOUNT)).all()
            found |= {invoice_id: debtor_id for invoice_id, debtor_id in rows if invoice_id and debtor_id}
            more = more or len(rows) == MOST_OF_AN_AMOUNT
    return found, more


def debtors_of_sum(session: Session, context: Context, typed: str) -> tuple[set[int], bool]:
    """Find debtors by what they owe in all, or by one of their invoices."""
    invoices, more = invoices_of_sum(session, context, typed)
    found = set(invoices.values())
    for currency, minor in sums_typed(context, typed).items():
        for column in (DebtorStanding.balance_minor, DebtorStanding.overdue_minor):
            rows = session.scalars(
                select(DebtorStanding.debtor_id).where(
                    DebtorStanding.business_id == context.business_id, DebtorStanding.currency == currency,
                    column == minor).order_by(DebtorStanding.debtor_id).limit(MOST_OF_AN_AMOUNT)).all()
            found |= set(rows)
            more = more or len(rows) == MOST_OF_AN_AMOUNT
    return found, more


def plain_sum(minor: int, currency: str) -> Decimal:
    """An amount for a file: a number with its decimals, and no sign of a currency."""
    return to_decimal(minor, currency)
