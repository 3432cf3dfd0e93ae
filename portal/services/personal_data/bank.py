"""Lines of bank statements that are somebody's payment: who paid, as their bank wrote it, and what they wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from portal.models import BankLine, Debtor, Payment

NAME = "bank"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every line that was matched with a payment of theirs, the oldest first."""
    rows = session.scalars(select(BankLine).where(
        BankLine.business_id == debtor.business_id, BankLine.payment_id.in_(_payments(debtor))).order_by(BankLine.id))
    return {"lines": [{"booked_on": row.booked_on, "amount_minor": row.amount_minor, "currency": row.currency,
                       "payer": row.payer, "reference": row.reference} for row in rows]}


def erase(session: Session, debtor: Debtor, _now: datetime) -> int:
    """Empty the names and words of these lines; day and sum stay, and the same line in a later file is still known."""
    emptied = session.execute(
        update(BankLine)
        .where(BankLine.business_id == debtor.business_id, BankLine.payment_id.in_(_payments(debtor)))
        .values(payer="", reference="").execution_options(synchronize_session=False))
    return int(emptied.rowcount)  # type: ignore[attr-defined]


def _payments(debtor: Debtor) -> Select[int]:
    return select(Payment.id).where(
        Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id)
