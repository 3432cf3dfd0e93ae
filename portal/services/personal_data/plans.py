"""Plans somebody proposed or signed, with every payment of them; sums and days, no words of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, Installment, Plan

NAME = "plans"


def take_out(session: Session, debtor: Debtor) -> list[dict[str, Any]]:
    """Give the terms of every plan and what became of each payment; what was said stands with the arrangements."""
    found = session.scalars(select(Plan).where(
        Plan.business_id == debtor.business_id, Plan.debtor_id == debtor.id).order_by(Plan.arrangement_id))
    return [{
        "kind": one.kind, "frequency": one.frequency, "total_minor": one.total_minor, "currency": one.currency,
        "autopay": one.autopay, "terms": one.terms, "signed_at": one.signed_at, "standing": one.standing,
        "installments": [{
            "due_on": row.due_on, "original_on": row.original_on, "amount_minor": row.amount_minor,
            "paid_minor": row.paid_minor, "state": row.state}
            for row in session.scalars(select(Installment).where(
                Installment.business_id == one.business_id, Installment.arrangement_id == one.arrangement_id)
                .order_by(Installment.position))]} for one in found]


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Let nothing of a plan go on; its sums and days stay with the books."""
    quiet = {"synchronize_session": False}
    open_rows = session.execute(update(Installment).where(
        Installment.business_id == debtor.business_id, Installment.debtor_id == debtor.id, Installment.state == "open")
        .values(state="void", try_at=None), execution_options=quiet)
    session.execute(update(Plan).where(
        Plan.business_id == debtor.business_id, Plan.debtor_id == debtor.id,
        Plan.standing.in_(("good", "late", "cure"))).values(standing="ended", autopay=False), execution_options=quiet)
    return int(open_rows.rowcount)  # type: ignore[attr-defined]
