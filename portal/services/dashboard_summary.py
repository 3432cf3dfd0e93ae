"""Keeps the figures of every dashboard up to date: what the books tell anew is counted, the rest is left as it is.

New rows are found by their ids; because one begun earlier may be committed later, rows of the last minutes are looked
at again each time. A new day changes what is overdue, so everyone is looked at again then, a batch at a time.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, func, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, Business, DashboardSummary, Debtor, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services import audit, standings
from portal.services.dashboard_figures import Books, reckon

# Longer than any commit takes.
SETTLED_AFTER = timedelta(minutes=10)
# Counting may take a twentieth of the time, however large the books are.
PART_OF_THE_TIME = 20
# So many debtors are counted while a person waits; more are left to the worker.
WHILE_WAITING = 5_000
_TABLE = cast(Table, DashboardSummary.__table__)


@dataclass(frozen=True)
class Seen:
    """How far the books were read: up to which rows for good, and how many there were behind them."""

    transfer: int = 0
    event: int = 0
    transfers_behind: int = 0
    events_behind: int = 0

    @classmethod
    def of(cls, row: DashboardSummary | None) -> Seen:
        """Read it from a summary; nothing was read when there is none."""
        return cls(**row.figures["seen"]) if row is not None else cls()


def refresh_due(rt: Runtime) -> int:
    """Count anew for every business about which the books tell something new; says for how many."""
    with rt.db.reading() as session:
        businesses = list(session.scalars(select(Business.id).order_by(Business.id)))
    return sum(refresh(rt, business_id) for business_id in businesses)


def refresh(rt: Runtime, business_id: int, *, at_once: bool = False) -> bool:
    """Count anew for one business; False when nothing is new, or when it was done so lately that it can wait."""
    began, now = time.monotonic(), rt.now()
    with rt.db.reading() as session:
        business = session.get_one(Business, business_id)
        row = session.get(DashboardSummary, business_id)
        seen, newest = Seen.of(row), _behind(session, business_id, Seen.of(row))
        # Looked at before anything is counted: what comes in meanwhile is then new for the next time.
        ahead = _ahead(session, business_id, seen, now)
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    new_day = row is None or row.local_day != today
    if not new_day and not at_once:
        assert row is not None
        rests = timedelta(milliseconds=row.figures["took_ms"] * PART_OF_THE_TIME)
        if newest == seen or now < row.made_at + rests:
            return False
    if new_day:
        _count_everyone(rt, business_id, now)
    else:
        rt.db.run(lambda session: _count_moved(session, business, seen, now))
    rt.db.run(lambda session: _keep(session, Books(session, business, today, now), ahead, began))
    return True


def refresh_now(rt: Runtime, access: StaffAccess) -> bool:
    """Count anew because somebody asks for it; False when there is so much that the worker has to do it."""
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        row = session.get(DashboardSummary, access.business_id)
        today = rt.now().astimezone(ZoneInfo(business.timezone)).date()
        long = (row is None or row.local_day != today) and _has_many(session, access.business_id)
    if not long:
        refresh(rt, access.business_id, at_once=True)
    with rt.db.transaction() as session:
        audit.record(session, at=rt.now(), actor=audit.staff_actor(access), act="dashboard.refresh",
                     business_id=access.business_id, done=not long)
    return not long


def _has_many(session: Session, business_id: int) -> bool:
    query = (select(Debtor.id).where(Debtor.business_id == business_id).order_by(Debtor.id)
             .offset(WHILE_WAITING).limit(1))
    return session.scalar(query) is not None


def _behind(session: Session, business_id: int, seen: Seen) -> Seen:
    """Look how many rows there are behind those that were read for good."""
    transfers = select(func.count()).where(LedgerTransfer.business_id == business_id, LedgerTransfer.id > seen.transfer)
    events = select(func.count()).where(
        AuditEvent.business_id == business_id, AuditEvent.id > seen.event, AuditEvent.debtor_id.is_not(None))
    return Seen(seen.transfer, seen.event, session.scalar(transfers) or 0, session.scalar(events) or 0)


def _ahead(session: Session, business_id: int, seen: Seen, now: datetime) -> Seen:
    """Look how far the books may be taken as read, and how much there is behind that."""
    settled = now - SETTLED_AFTER
    transfer = session.scalar(select(func.max(LedgerTransfer.id)).where(
        LedgerTransfer.business_id == business_id, LedgerTransfer.id > seen.transfer,
        LedgerTransfer.recorded_at <= settled))
    event = session.scalar(select(func.max(AuditEvent.id)).where(
        AuditEvent.business_id == business_id, AuditEvent.id > seen.event, AuditEvent.at <= settled))
    return _behind(session, business_id, Seen(transfer or seen.transfer, event or seen.event))


def _count_everyone(rt: Runtime, business_id: int, now: datetime) -> None:
    last, more = 0, True
    while more:
        def work(session: Session, after: int = last) -> int:
            ids = standings.batches(session, business_id, after)
            if ids:
                standings.recount(session, session.get_one(Business, business_id), ids, now)
            return ids[-1] if ids else 0

        # One commit for each batch, so that nobody waits long for a row.
        last = rt.db.run(work)
        more = last > 0


def _count_moved(session: Session, business: Business, seen: Seen, now: datetime) -> None:
    """Look again at the debtors of whom ledger or audit tell something new: every act leaves a row in one of them."""
    new = (LedgerTransfer.business_id == business.id, LedgerTransfer.id > seen.transfer)
    of_events = select(AuditEvent.debtor_id).where(
        AuditEvent.business_id == business.id, AuditEvent.id > seen.event, AuditEvent.debtor_id.is_not(None))
    of_accounts = [
        select(LedgerAccount.debtor_id).join(LedgerTransfer, LedgerAccount.id == side)
        .where(*new, LedgerAccount.debtor_id.is_not(None))
        for side in (LedgerTransfer.debit_account_id, LedgerTransfer.credit_account_id)]
    moved = [debtor_id for debtor_id in session.scalars(union(of_events, *of_accounts)) if debtor_id is not None]
    standings.recount(session, business, moved, now)


def _keep(session: Session, books: Books, seen: Seen, began: float) -> None:
    figures: dict[str, Any] = {**reckon(books), "seen": asdict(seen)}
    figures["took_ms"] = int((time.monotonic() - began) * 1000)
    values = {"business_id": books.business.id, "figures": figures, "up_to_transfer": seen.transfer,
              "local_day": books.today, "made_at": books.now}
    postgres = session.get_bind().dialect.name == "postgresql"
    row: Any = (postgresql if postgres else sqlite).insert(_TABLE).values(values)
    session.execute(row.on_conflict_do_update(
        index_elements=["business_id"], set_={name: row.excluded[name] for name in values if name != "business_id"}))
