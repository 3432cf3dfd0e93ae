"""What files told about a debtor's invoices. It names nobody; the customer's number in it goes when they are erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, ImportFinding

NAME = "imports"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give everything a file implied about a debtor, and what was decided."""
    rows = session.scalars(select(ImportFinding).where(
        ImportFinding.business_id == debtor.business_id, ImportFinding.debtor_id == debtor.id)
        .order_by(ImportFinding.id))
    return [{"kind": one.kind, "state": one.state, "amount_minor": one.amount_minor, "currency": one.currency,
             "day": one.day, "reference": one.reference, "told_at": one.created_at, "decided_at": one.decided_at}
            for one in rows]


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Take the customer's number out of what files told; the debtor's own row has it for the books."""
    done = session.execute(update(ImportFinding).where(
        ImportFinding.business_id == debtor.business_id, ImportFinding.debtor_id == debtor.id,
        ImportFinding.customer_number != "").values(customer_number="")
        .execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
