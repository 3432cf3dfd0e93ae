"""The trial balance: what lies on every account, per currency, at the end of a day. Both sides are always equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Business, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime


@dataclass(frozen=True)
class Balance:
    """What lies on one kind of account, minor units; one of the two is 0."""

    kind: str
    debit: int
    credit: int


@dataclass(frozen=True)
class TrialBalance:
    """All balances of one currency. Both sides are equal, because every transfer leaves one account for another."""

    currency: str
    balances: tuple[Balance, ...]
    debits: int
    credits: int
    transfers: int


@dataclass(frozen=True)
class Trial:
    """The trial balances of every currency, the business's own first, at a moment."""

    currencies: tuple[TrialBalance, ...]
    at: datetime
    on: date


def trial_balance(rt: Runtime, access: StaffAccess, on: date | None = None) -> Trial:
    """Sum up the whole books of a business until the end of a day, or until now."""
    access.require("see")
    now = rt.now()
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        today = now.astimezone(ZoneInfo(business.timezone)).date()
        day = min(on or today, today)
        sums = _sums(session, access.business_id, None if day == today else day_start(business, day, 1))
    known: dict[str, list[Balance]] = {}
    counts: dict[str, int] = {}
    for kind, currency, debits, credits, count in sums:
        left = debits - credits
        known.setdefault(currency, []).append(Balance(kind, max(0, left), max(0, -left)))
        counts[currency] = counts.get(currency, 0) + count
    order = sorted(known, key=lambda code: (code != business.currency, code))
    return Trial(tuple(_trial(code, known[code], counts[code] // 2) for code in order), now, day)


def _trial(currency: str, balances: list[Balance], transfers: int) -> TrialBalance:
    shown = sorted((one for one in balances if one.debit or one.credit),
                   key=lambda one: (one.credit > 0, -one.debit if one.debit else one.credit))
    return TrialBalance(currency, tuple(shown), sum(one.debit for one in shown), sum(one.credit for one in shown),
                        transfers)


def _sums(session: Session, business_id: int, before: datetime | None) -> list[tuple[str, str, int, int, int]]:
    mine = [LedgerTransfer.business_id == business_id]
    if before is not None:
        mine.append(LedgerTransfer.happened_at < before)
    # A debtor's account is one of very many: summed by account first, the names are looked up once for each.
    sides = union_all(
        select(LedgerTransfer.debit_account_id.label("account"), LedgerTransfer.amount.label("debit"),
               literal(0).label("credit")).where(*mine),
        select(LedgerTransfer.credit_account_id, literal(0), LedgerTransfer.amount).where(*mine)).subquery()
    by_account = select(
        sides.c.account, func.sum(sides.c.debit).label("debits"), func.sum(sides.c.credit).label("credits"),
        func.count().label("count")).group_by(sides.c.account).subquery()
    query = (
        select(LedgerAccount.kind, LedgerAccount.currency, func.sum(by_account.c.debits),
               func.sum(by_account.c.credits), func.sum(by_account.c.count))
        .join(by_account, by_account.c.account == LedgerAccount.id)
        .group_by(LedgerAccount.kind, LedgerAccount.currency))
    return [(kind, currency, int(debits), int(credits), int(count))
            for kind, currency, debits, credits, count in session.execute(query)]


def day_start(business: Business, day: date, after: int = 0) -> datetime:
    """Tell when a day begins where the business is, or the one so many days after it."""
    return datetime.combine(day + timedelta(days=after), time(), ZoneInfo(business.timezone))
