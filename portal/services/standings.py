"""Keeps where each debtor stands, so that lists and the call list need not add up the books: one row per currency.

Sums are made by the database, a batch of debtors at a time; whether to call them is asked of domain/calls.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Table,
    bindparam,
    case,
    func,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.calls import rank
from portal.domain.ledger import RECEIVABLE
from portal.models import Business, Debtor, DebtorStanding, LedgerAccount, LedgerTransfer
from portal.services import call_facts

BATCH = 2_000
# Transfers by which money came to an invoice; what was written off or credited was not paid.
PAID_BY = ("payment", "manual_payment", "suspense_applied", "credit_used")
_TABLE = cast(Table, DebtorStanding.__table__)
_KEYS = ("debtor_id", "currency")
_SUMS = ("balance_minor", "overdue_minor", "oldest_due_on", "open_invoices", "paid_late", "paid_invoices",
         "last_paid_at", "made_at")


def recount(session: Session, business: Business, debtor_ids: Sequence[int], now: datetime) -> None:
    """Make the rows of some debtors anew: their sums by currency, and whether to call them today."""
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    ids = sorted(debtor_ids)
    for start in range(0, len(ids), BATCH):
        some = ids[start:start + BATCH]
        _sum_up(session, business, some, today, now)
        _rank(session, business, some, today, now)


def recount_one(session: Session, business_id: int, debtor_id: int, now: datetime) -> None:
    """Look again at one debtor in the commit of what was just done about them: no page tells what was before."""
    session.flush()
    recount(session, session.get_one(Business, business_id), [debtor_id], now)


def batches(session: Session, business_id: int, after: int) -> list[int]:
    """Give the next debtors of a business in the order of their ids; [] behind the last."""
    query = (select(Debtor.id).where(Debtor.business_id == business_id, Debtor.id > after)
             .order_by(Debtor.id).limit(BATCH))
    return list(session.scalars(query))


def forget_call(session: Session, debtor_id: int) -> None:
    """Take a debtor off today's calls at once; the next count decides anew."""
    session.execute(update(DebtorStanding).where(DebtorStanding.debtor_id == debtor_id)
                    .values(call_score=0, call_reasons=[]))


def _sum_up(session: Session, business: Business, ids: Sequence[int], today: date, now: datetime) -> None:
    rows = _rows(session, business, ids, now)
    left, is_open = rows.c.left_minor, rows.c.left_minor > 0
    paid = (rows.c.left_minor == 0) & rows.c.paid_at.is_not(None)
    one, none = literal(1), literal(0)
    sums = select(
        rows.c.debtor_id, rows.c.currency, literal(business.id),
        func.sum(left), func.sum(case((rows.c.due_on < today, left), else_=none)),
        func.min(case((is_open, rows.c.due_on))), func.sum(case((is_open, one), else_=none)),
        func.sum(case((paid & rows.c.late, one), else_=none)), func.sum(case((paid, one), else_=none)),
        func.max(rows.c.paid_at), literal(0), literal([], _TABLE.c.call_reasons.type),
        literal(now, _TABLE.c.made_at.type),
    ).group_by(rows.c.debtor_id, rows.c.currency)
    names = ["debtor_id", "currency", "business_id", "balance_minor", "overdue_minor", "oldest_due_on",
             "open_invoices", "paid_late", "paid_invoices", "last_paid_at", "call_score", "call_reasons", "made_at"]
    new: Any = (postgresql if _is_postgres(session) else sqlite).insert(_TABLE).from_select(names, sums)
    session.execute(new.on_conflict_do_update(
        index_elements=list(_KEYS), set_={name: new.excluded[name] for name in _SUMS}))


def _rows(session: Session, business: Business, ids: Sequence[int], now: datetime) -> Any:
    """Every invoice of a batch with what is left of it, and when the money that came to it last was there."""
    # The last one by its number, because an index is in that order, however many entries the books have.
    paid_at = (
        select(LedgerTransfer.happened_at).where(
            LedgerTransfer.credit_account_id == LedgerAccount.id, LedgerTransfer.kind.in_(PAID_BY))
        .order_by(LedgerTransfer.id.desc()).limit(1).correlate(LedgerAccount).scalar_subquery())
    rows = select(
        LedgerAccount.debtor_id, LedgerAccount.currency, LedgerAccount.due_on,
        (LedgerAccount.debits - LedgerAccount.credits).label("left_minor"),
        case((LedgerAccount.credits > 0, paid_at)).label("paid_at"),
    ).where(LedgerAccount.business_id == business.id, LedgerAccount.kind == RECEIVABLE,
            LedgerAccount.debtor_id.in_(ids)).cte("rows")
    if _is_postgres(session):
        # Asked once for each invoice, and not again wherever it is used.
        rows = rows.prefix_with("MATERIALIZED")
    late = rows.c.paid_at >= _end_of_day(session, rows.c.due_on, ZoneInfo(business.timezone), now)
    return select(rows, late.label("late")).subquery()


def _end_of_day(session: Session, day: ColumnElement[Any], zone: ZoneInfo, now: datetime) -> ColumnElement[Any]:
    """The moment a due date is over where the business is."""
    if _is_postgres(session):
        return cast(ColumnElement[Any], func.timezone(zone.key, sql_cast(day, DateTime()) + timedelta(days=1)))
    # SQLite knows no timezones: today's distance from UTC, which is an hour off for dates across a clock change.
    minutes = int((now.astimezone(zone).utcoffset() or timedelta()).total_seconds() // 60)
    return type_coerce(func.datetime(day, "+1 day", f"{-minutes:+d} minutes"), DateTime())


def _rank(session: Session, business: Business, ids: Sequence[int], today: date, now: datetime) -> None:
    wanted: dict[tuple[int, str], tuple[int, list[Any]]] = {}
    for debtor_id, facts in call_facts.gather(session, business, ids, today, now).items():
        call = rank(facts, today)
        if call is not None:
            wanted[debtor_id, facts.currency] = (call.score, [[code, dict(values)] for code, values in call.reasons])
    before = session.execute(
        select(DebtorStanding.debtor_id, DebtorStanding.currency, DebtorStanding.call_score,
               DebtorStanding.call_reasons).where(DebtorStanding.debtor_id.in_(ids)))
    changes = list(_changes(before, wanted))
    if changes:
        # By key, so that two counts never wait for each other in a circle.
        session.execute(_SCORES, sorted(changes, key=lambda one: (one["which"], one["money"])))


def _changes(before: Any, wanted: dict[tuple[int, str], tuple[int, list[Any]]]) -> Iterator[dict[str, Any]]:
    for debtor_id, currency, score, reasons in before:
        new_score, new_reasons = wanted.get((debtor_id, currency), (0, []))
        if (score, reasons) != (new_score, new_reasons):
            yield {"which": debtor_id, "money": currency, "score": new_score, "reasons": new_reasons}


_SCORES = (
    update(_TABLE).where(_TABLE.c.debtor_id == bindparam("which"), _TABLE.c.currency == bindparam("money"))
    .values(call_score=bindparam("score"), call_reasons=bindparam("reasons", type_=_TABLE.c.call_reasons.type)))


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
