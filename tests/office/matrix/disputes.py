"""Who may see a dispute, decide it, and take the files that came with it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Chargeback
from tests.office.matrix import OfficePart, OfficeRow, said


def _dispute(office: OfficePart) -> str:
    return office.part.dispute.public_id


def _file(office: OfficePart) -> str:
    return office.part.dispute_file.public_id


def _chargeback(office: OfficePart) -> str:
    return str(office.things["chargeback"])


def _charged_back(session: Session, office: OfficePart) -> dict[str, str]:
    return {"chargeback": session.scalars(select(Chargeback.public_id).where(
        Chargeback.business_id == office.part.business.id).order_by(Chargeback.id).limit(1)).one()}


PREPARE = _charged_back
DEBTOR = {"debtor_id": lambda office: office.part.debtor.public_id}
ITEM = {"dispute_id": _dispute}
ROWS = {
    ("office.dispute", "GET"): OfficeRow("see", canary=True, target=ITEM),
    ("office.decide_dispute", "POST"): OfficeRow(
        "move_money", own="409", audits=0, target=ITEM, form={"words": said("It stays."), "seen": said("0")}),
    ("office.dispute_file", "GET"): OfficeRow("work", target={**ITEM, "file_id": _file}),
    ("office.debtor_evidence", "GET"): OfficeRow("export", canary=True, target=DEBTOR),
    ("office.make_evidence", "POST"): OfficeRow("export", target=DEBTOR, audits=1, proof=True),
    ("office.chargeback_proof", "GET"): OfficeRow("work", target={"chargeback_id": _chargeback}),
}
