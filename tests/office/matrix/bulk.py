"""Borders of one act for many rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.models import AuditEvent
from tests.cast import NOON
from tests.office.matrix import OfficePart, OfficeRow, said

DONE = "matrix-bulk"


def _done_before(session: Session, office: OfficePart) -> dict[str, Any]:
    """An act that somebody has done already, whose result can be looked at."""
    debtor = office.part.owed.debtor
    name = f"{DONE}-{office.part.business.id}"
    session.add(AuditEvent(
        business_id=office.part.business.id, actor_kind="staff", actor_id=office.staff["agent"].public_id,
        act="bulk.link", target=f"bulk:{name}", at=NOON,
        details={"list": "debtors", "done": [debtor.public_id], "left_out": {}, "count": 1, "rows": 1}))
    return {"bulk": name}


PREPARE = _done_before
ROWS = {
    # Without picked rows it leads back to the list.
    ("office.bulk_preview", "GET"): OfficeRow(
        "work", own="303 /office/debtors", target={"list_name": said("debtors")}, others=("303 /office/debtors",)),
    ("office.bulk_do", "POST"): OfficeRow(
        "work", own="303 /office/bulk/done/", target={"list_name": said("debtors")}, audits=1,
        form={"act": said("assign"), "nonce": said("matrix-nonce-of-one-form"),
              "picks": lambda office: office.part.owed.debtor.public_id,
              "person": lambda office: office.staff["second"].public_id}),
    ("office.bulk_done", "GET"): OfficeRow("work", canary=True, target={
        "bulk_id": lambda office: office.things["bulk"]}),
}
