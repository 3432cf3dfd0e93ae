"""Letters on paper as rows: made when a step asks for one, waiting until they are printed, or dropped with the reason.

What a letter says is written when it is printed (see letter_print.py); until then its row names invoices, never sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import Debtor, PaperLetter
from portal.models.base import new_public_id
from portal.services.reachable import Reachable

WAITING, PRINTED, DROPPED = "waiting", "printed", "dropped"


@dataclass(frozen=True)
class LetterStep:
    """A step of a cadence that is taken by letter today, with the invoices it is taken for (their keys)."""

    id: int
    public_id: str
    tone: str
    invoice_ids: Sequence[int]


def has_address(debtor: Reachable) -> bool:
    """Say whether a letter would find this debtor."""
    return bool(debtor.postal_address.strip()) and debtor.erased_at is None


def rows_for(debtor: Debtor, steps: Sequence[LetterStep], *, local_day: date, now: datetime) -> list[dict[str, Any]]:
    """Give the rows of the letters these steps ask for, one for each step; `local_day` is the debtor's day.

    They go to write_rows() in the transaction that takes the steps, under the debtor's lock.
    """
    return [{
        "public_id": new_public_id(), "business_id": debtor.business_id, "debtor_id": debtor.id, "kind": step.tone,
        "key": f"step:{step.public_id}:{debtor.public_id}:{local_day}",
        "contents": {"step": step.id, "invoices": sorted(step.invoice_ids), "local_day": local_day.isoformat(),
                     "tone": step.tone},
        "file_id": None, "state": WAITING, "created_at": now, "printed_at": None} for step in steps]


def write_rows(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Put letters into the print queue, all at once; a letter that is there already is not made twice."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(PaperLetter).on_conflict_do_nothing(), list(rows))
