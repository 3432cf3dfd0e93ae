"""Who may read the books, and who may correct them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import LedgerTransfer
from portal.services import bookkeeping
from tests.cast import NOON
from tests.office.matrix import OfficePart, OfficeRow, said


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A small late fee, which anybody who moves money may correct alone."""
    invoice = office.part.owed.invoices[0]
    bookkeeping.charge_fee(session, invoice, 1_00, step="matrix", interest=False, rule="late_fee", now=NOON)
    return {"transfer": session.scalars(select(LedgerTransfer).where(
        LedgerTransfer.key == f"fee:{invoice.id}:matrix", LedgerTransfer.business_id == invoice.business_id)).one()}


PREPARE = prepare
TRANSFER = {"transfer_id": lambda office: str(office.things["transfer"].id)}
ACCOUNT = {"account_id": lambda office: f"receivable-USD-{office.part.owed.invoices[0].public_id}"}
ROWS = {
    ("office.ledger", "GET"): OfficeRow("see", others=("200",)),
    ("office.trial_balance", "GET"): OfficeRow("see", others=("200",)),
    ("office.ledger_account", "GET"): OfficeRow("see", canary=True, target=ACCOUNT),
    ("office.transfer", "GET"): OfficeRow("see", canary=True, target=TRANSFER),
    ("office.correct_transfer", "POST"): OfficeRow(
        "move_money", own="303 /office/ledger/transfers/", target=TRANSFER,
        form={"reason": said("mistake"), "reviewed": said("done:mistake")}),
}
