"""The copy of what Stripe lists: kept row by row, page by page, so that whoever was interrupted goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.reconciling import Seen
from portal.models import Reconciliation, StripeRecord

CHUNK = 500
_TABLE = cast(Table, StripeRecord.__table__)


def keep(session: Session, run: Reconciliation, seen: Sequence[Seen]) -> None:
    """Keep some objects as Stripe shows them now; what was known of a payout's parts stays."""
    if not seen:
        return
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = dialect.insert(_TABLE).values([_row(run, one) for one in seen])
    newly = added.excluded
    kept = {name: newly[name] for name in (
        "kind", "amount", "fee", "currency", "status", "source", "made_at", "run_id")}
    # A list does not tell which payment a line is about; a look at the line itself did.
    kept["intent"] = case((newly.intent == "", _TABLE.c.intent), else_=newly.intent)
    kept["parts"] = case((_TABLE.c.parts == "known", _TABLE.c.parts), else_=newly.parts)
    session.execute(added.on_conflict_do_update(index_elements=["account", "object_id"], set_=kept))


def _row(run: Reconciliation, one: Seen) -> dict[str, Any]:
    return {"account": run.account, "kind": one.kind, "object_id": one.id, "amount": one.amount, "fee": one.fee,
            "currency": one.currency, "status": one.status, "source": one.source, "intent": one.intent,
            "payout": one.payout, "parts": "asked" if one.automatic else "none", "made_at": one.made_at,
            "run_id": run.id}


def forget_vanished(session: Session, run: Reconciliation, kind: str) -> None:
    """Take out of the copy what a run, having listed a kind to its end, did not see any more."""
    session.execute(delete(StripeRecord).where(
        StripeRecord.account == run.account, StripeRecord.kind == kind, StripeRecord.made_at >= run.since,
        StripeRecord.made_at <= run.until, StripeRecord.run_id != run.id)
        .execution_options(synchronize_session=False))


def forget(session: Session, account: str, object_id: str) -> None:
    """Take one object out of the copy: Stripe does not know it."""
    session.execute(delete(StripeRecord).where(
        StripeRecord.account == account, StripeRecord.object_id == object_id)
        .execution_options(synchronize_session=False))


def unasked_payouts(session: Session, account: str) -> list[str]:
    """Name the payouts whose lines Stripe can tell and nobody has asked for."""
    return list(session.scalars(select(StripeRecord.object_id).where(
        StripeRecord.account == account, StripeRecord.kind == "payout", StripeRecord.parts == "asked")
        .order_by(StripeRecord.id)))


def carry(session: Session, account: str, payout: str, lines: Sequence[str]) -> None:
    """Note which lines a payout carried to the bank; now all of them are known."""
    for start in range(0, len(lines), CHUNK):
        session.execute(update(StripeRecord).where(
            StripeRecord.account == account, StripeRecord.object_id.in_(lines[start:start + CHUNK]))
            .values(payout=payout).execution_options(synchronize_session=False))
    session.execute(update(StripeRecord).where(
        StripeRecord.account == account, StripeRecord.object_id == payout)
        .values(parts="known").execution_options(synchronize_session=False))


def made_since(session: Session, account: str, since: datetime) -> dict[str, Seen]:
    """Give what was made since a time, by its id."""
    rows = session.scalars(select(StripeRecord).where(StripeRecord.account == account, StripeRecord.made_at >= since))
    return {row.object_id: seen_of(row) for row in rows}


def named(session: Session, account: str, ids: Iterable[str]) -> dict[str, Seen]:
    """Give some objects of the copy, by their ids."""
    wanted = sorted(ids)
    found: dict[str, Seen] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = session.scalars(select(StripeRecord).where(
            StripeRecord.account == account, StripeRecord.object_id.in_(wanted[start:start + CHUNK])))
        found |= {row.object_id: seen_of(row) for row in rows}
    return found


def elsewhere(session: Session, account: str, ids: Iterable[str]) -> set[str]:
    """Say which of some objects another account holds: a business may have changed its account."""
    wanted = sorted(ids)
    found: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        found |= set(session.scalars(select(StripeRecord.object_id).where(
            StripeRecord.account != account, StripeRecord.object_id.in_(wanted[start:start + CHUNK]))))
    return found


def seen_of(row: StripeRecord) -> Seen:
    """Give a row of the copy as the object it is a copy of."""
    return Seen(row.kind, row.object_id, row.amount, row.currency, row.status, row.made_at, fee=row.fee,
                source=row.source, intent=row.intent, payout=row.payout, automatic=row.parts != "none")
