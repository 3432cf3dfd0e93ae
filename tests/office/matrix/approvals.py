"""Who may see, approve, refuse and take back what waits for a second person."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.models import Approval
from tests.cast import NOON
from tests.office.matrix import OfficePart, OfficeRow


def _waiting(session: Session, office: OfficePart, asker: str, invoice: int) -> Approval:
    owed = office.part.owed
    approval = Approval(
        business_id=owed.business.id, debtor_id=owed.debtor.id, act="write_off",
        target=owed.invoices[invoice].public_id, currency="USD", amount_minor=1, reason="agreed", state="waiting",
        asked_by=office.staff[asker].id, asked_at=NOON)
    session.add(approval)
    session.flush()
    return approval


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """One act that the second manager asked for."""
    return {"approval": _waiting(session, office, "second", 0)}


PREPARE = prepare
TARGET = {"approval_id": lambda office: office.things["approval"].public_id}
ROWS = {
    ("office.approvals", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.approval", "GET"): OfficeRow("see", canary=True, target=TARGET),
    # What waits was asked long ago and for another sum: it is told, and nothing is done.
    ("office.approve", "POST"): OfficeRow("approve", own="409", target=TARGET, audits=0, proof=True),
    ("office.refuse_approval", "POST"): OfficeRow("approve", own="303 /office/approvals/", target=TARGET),
    ("office.withdraw_approval", "POST"): OfficeRow("move_money", own="403", target=TARGET, audits=0),
}
