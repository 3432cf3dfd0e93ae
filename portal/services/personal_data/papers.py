"""Letters on paper, as they were worded, and invoices that were handed over to somebody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, PaperLetter
from portal.services import hand_overs

NAME = "papers"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every letter with its words, and to whom what was handed over, the oldest letter first."""
    letters = session.scalars(select(PaperLetter).where(
        PaperLetter.business_id == debtor.business_id, PaperLetter.debtor_id == debtor.id).order_by(PaperLetter.id))
    return {
        "letters": [{"kind": one.kind, "state": one.state, "reason": one.reason, "created_at": one.created_at,
                     "printed_at": one.printed_at, "words": one.contents.get("said")} for one in letters],
        "hand_overs": [{"kind": one.to_kind, "to": one.to_name, "contact": one.to_contact, "reference": one.reference,
                        "status": one.status, "from": one.started_at, "until": one.ended_at,
                        "invoices": [invoice.number for invoice in one.invoices]}
                       for one in hand_overs.cases(session, debtor)],
    }


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """Empty every letter and drop those that wait; which letter it was and when stays, as do hand-overs."""
    mine = (PaperLetter.business_id == debtor.business_id, PaperLetter.debtor_id == debtor.id)
    session.execute(update(PaperLetter).where(*mine, PaperLetter.state == "waiting").values(
        state="dropped", reason="erased", dropped_at=now))
    emptied = session.execute(update(PaperLetter).where(*mine).values(contents={"invoices": []}))
    return int(emptied.rowcount)  # type: ignore[attr-defined]
