"""The borders of handing invoices over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.models import HandOver, HandOverInvoice, Hold
from tests.cast import make_debtor, make_invoice
from tests.office.matrix import OfficePart, OfficeRow, said


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A debtor with an invoice to hand over and one that somebody has already."""
    part = office.part
    now = part.business.created_at + timedelta(days=400)
    debtor = make_debtor(session, part.business, name=f"{part.marks.word} Deed", email=None)
    open_one, away = (
        make_invoice(session, debtor, 70_00, number=f"{part.marks.word}-{letter}", now=now) for letter in "HJ")
    case = HandOver(business_id=part.business.id, debtor_id=debtor.id, to_kind="lawyer", to_name="Reed & Sons",
                    to_contact="office@reed.example", reference="R-1", status="handed_over", started_at=now)
    session.add(case)
    session.flush()
    session.add(HandOverInvoice(hand_over_id=case.id, invoice_id=away.id, business_id=part.business.id, open=True,
                                left_minor=70_00))
    session.add(Hold(business_id=part.business.id, debtor_id=debtor.id, invoice_id=away.id, reminders=True, fees=True,
                     cause="hand_over", cause_id=case.public_id, starts_at=now))
    return {"deed_debtor": debtor, "deed_invoice": open_one, "case": case}


PREPARE = prepare

OWN = {"debtor_id": lambda office: office.things["deed_debtor"].public_id}

ROWS = {
    ("office.debtor_hand_over", "GET"): OfficeRow("hand_over", target=OWN, canary=True, audits=0),
    ("office.hand_over", "POST"): OfficeRow(
        "hand_over", own="303 /office/debtors/", target=OWN, audits=1, proof=True, form={
            "nonce": said("h" * 22), "invoices": lambda office: office.things["deed_invoice"].public_id,
            "to_kind": said("agency"), "to_name": said("Fair Collect"), "to_contact": said("+1 503 555 0100")}),
    ("office.change_hand_over", "POST"): OfficeRow(
        "hand_over", own="303 /office/debtors/", audits=1, form={"became": said("in_progress")},
        target=OWN | {"case_id": lambda office: office.things["case"].public_id}),
}
