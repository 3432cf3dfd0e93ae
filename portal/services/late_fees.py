"""Charges late fees and interest: invoices that fell due are put on the list, and a job looks at those whose day came.

Set-based: a batch of invoices is read with a fixed number of questions, reckoned by domain/fees.py and posted at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Select, Table, bindparam, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.fees import NEVER, Charge, look
from portal.domain.ledger import RECEIVABLE
from portal.models import Business, Debtor, FeeTrack, Invoice, LedgerAccount
from portal.runtime import Runtime
from portal.services import bookkeeping, fee_facts
from portal.services.audit import Actor, record
from portal.services.fee_facts import Late

BATCH = 400
# Rules are new for so long, should the job have slept.
NEWS = timedelta(days=7)
JOB = Actor("job", "charge_late_fees")
_TRACKS = cast(Table, FeeTrack.__table__)


def track(rt: Runtime) -> int:
    """List the late invoices of businesses that charge fees, also those that were settled and are owed again.

    Returns how many are to be looked at anew. After a change of the rules that is what rests for good as well.
    """
    now = rt.now()
    with rt.db.reading() as session:
        zones = {id: ZoneInfo(name) for id, name in session.execute(select(Business.id, Business.timezone))}
        charging = fee_facts.charging(session, zones)
    listed = 0
    for business_id, since in sorted(charging.items()):
        today = now.astimezone(zones[business_id]).date()
        is_new = since >= today - NEWS
        listed += rt.db.run(lambda session: _list(session, business_id, today, is_new))  # noqa: B023
    return listed


def charge_due(rt: Runtime, limit: int = BATCH) -> int:
    """Charge what is due, one batch of invoices; returns how many were looked at. Each charge is posted once."""
    now = rt.now()
    with rt.db.reading() as session:
        # A day is over where it began last before it is looked at, so that "today" has come in every business's zone.
        due = session.execute(
            select(FeeTrack.invoice_id, Invoice.debtor_id).join(Invoice, Invoice.id == FeeTrack.invoice_id)
            .where(FeeTrack.look_on < now.astimezone(UTC).date())
            .order_by(FeeTrack.look_on, FeeTrack.invoice_id).limit(limit)).all()
    if not due:
        return 0
    return rt.db.run(lambda session: _charge(session, now, {invoice: debtor for invoice, debtor in due}))


def _list(session: Session, business_id: int, today: date, is_new: bool) -> int:
    # So far back that the day is over everywhere.
    late, at_once = _late(business_id, today), today - timedelta(days=2)
    fresh = late.where(~exists().where(FeeTrack.invoice_id == LedgerAccount.invoice_id)).add_columns(
        literal(business_id), literal(at_once, Date))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(FeeTrack).from_select(["invoice_id", "business_id", "look_on"], fresh)
    made = session.execute(statement.on_conflict_do_nothing())
    rests = or_(FeeTrack.look_on.is_(None), FeeTrack.look_on == (NEVER if is_new else None))
    woken = session.execute(update(FeeTrack).where(rests, FeeTrack.invoice_id.in_(late)).values(look_on=at_once)
                            .execution_options(synchronize_session=False))
    return int(made.rowcount + woken.rowcount)  # type: ignore[attr-defined]


def _late(business_id: int, today: date) -> Select[Any]:
    return select(LedgerAccount.invoice_id).where(
        LedgerAccount.business_id == business_id, LedgerAccount.kind == RECEIVABLE,
        LedgerAccount.credits < LedgerAccount.debits, LedgerAccount.due_on < today)


def _charge(session: Session, now: datetime, due: Mapping[int, int]) -> int:
    # In the order of their ids; those another worker holds are left to it.
    locked = set(session.scalars(
        select(Debtor.id).where(Debtor.id.in_(set(due.values()))).order_by(Debtor.id)
        .with_for_update(key_share=True, skip_locked=True)))
    mine = [invoice for invoice, debtor in due.items() if debtor in locked]
    looks: list[dict[str, Any]] = []
    charged: list[tuple[Late, Charge]] = []
    for late in fee_facts.gather(session, now, mine):
        again: date | None
        if late.left_minor <= 0:
            again = None
        elif late.is_being_paid:
            # Who pays right now pays what they were shown; nothing may be left over afterwards.
            again = late.today + timedelta(days=1)
        else:
            found = look(late.account, late.rules, late.today)
            charged += [(late, charge) for charge in found.charges]
            again = found.again_on
        looks.append({"invoice": late.invoice.id, "again": again})
    _post(session, now, charged)
    if looks:
        session.connection().execute(_MOVE, looks)
    return len(looks)


def _post(session: Session, now: datetime, charged: Sequence[tuple[Late, Charge]]) -> None:
    for business_id in sorted({late.invoice.business_id for late, _ in charged}):
        mine = [(late, charge) for late, charge in charged if late.invoice.business_id == business_id]
        bookkeeping.charge_fees(session, business_id, [
            bookkeeping.Fee(late.invoice, charge.amount_minor, charge.step, charge.interest, charge.memo)
            for late, charge in mine], now=now)
    for late, charge in charged:
        record(session, at=now, actor=JOB, act="fee.charged", business_id=late.invoice.business_id,
               debtor_id=late.invoice.debtor_id, target=f"invoice:{late.invoice.public_id}",
               amount=charge.amount_minor, currency=late.invoice.currency, rule=charge.memo)


_MOVE = update(_TRACKS).where(_TRACKS.c.invoice_id == bindparam("invoice")).values(look_on=bindparam("again"))
