"""The borders of a debtor's page and of everything done there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Hold, LedgerTransfer
from portal.services import bookkeeping
from portal.services.bookkeeping import Part
from tests.cast import make_debtor, make_invoice
from tests.office.matrix import OfficePart, OfficeRow, said

NONCE = "n" * 22
HOME = "303 /office/debtors/"


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A recorded payment, a hold to lift, a fee, a debtor with credit and one who owes nothing."""
    part = office.part
    now = part.business.created_at + timedelta(days=400)
    late = make_debtor(session, part.business, name=f"{part.marks.word} Credit", email=None)
    invoice = make_invoice(session, late, 40_00, number=f"{part.marks.word}-C", now=now)
    check = bookkeeping.receive_outside(
        session, late, [Part(invoice, 25_00)], channel="check", amount=25_00, reference="", received_at=now, now=now,
        number=f"P-{part.marks.digits}")
    hold = Hold(business_id=part.business.id, debtor_id=late.id, reminders=True, cause="staff",
                cause_id=f"matrix-{part.marks.word}", starts_at=now)
    held_back = make_debtor(session, part.business, name=f"{part.marks.word} Held", email=None)
    disputed = make_invoice(session, held_back, 30_00, number=f"{part.marks.word}-D", now=now)
    dispute = Hold(business_id=part.business.id, debtor_id=held_back.id, invoice_id=disputed.id, reminders=True,
                   cause="dispute", starts_at=now)
    forgotten = make_debtor(session, part.business, name=f"{part.marks.word} Gone", number=f"{part.marks.digits}-G")
    session.add_all([hold, dispute])
    session.flush()
    bookkeeping.thank(session, held_back, "USD", 10_00, cause=f"matrix-{part.marks.word}", now=now)
    dispute.released_at = now
    fee = session.scalars(
        select(LedgerTransfer.id).where(LedgerTransfer.business_id == part.business.id, LedgerTransfer.kind == "fee")
        .order_by(LedgerTransfer.id)).first()
    return {"check": check, "check_debtor": late, "hold": hold, "fee": fee, "in_credit": held_back,
            "to_forget": forgotten}


PREPARE = prepare

OWN = {"debtor_id": lambda office: office.part.debtor.public_id}
INVOICE = OWN | {"invoice_id": lambda office: office.part.owed.invoices[1].public_id}
CHECK = {"debtor_id": lambda office: office.things["check_debtor"].public_id,
         "payment_id": lambda office: office.things["check"].public_id}
HOLD = {"debtor_id": lambda office: office.things["check_debtor"].public_id,
        "hold_id": lambda office: office.things["hold"].public_id}
LINK = OWN | {"link_id": lambda office: office.part.owed.link.public_id}
FORGET = {"debtor_id": lambda office: office.things["to_forget"].public_id}
ONCE = {"nonce": said(NONCE)}


def _look(permission: str, **more: Any) -> OfficeRow:
    return OfficeRow(permission, **{"target": OWN, "canary": True, "audits": 0, **more})


def _act(permission: str, form: dict[str, Any], **more: Any) -> OfficeRow:
    return OfficeRow(permission, **{"own": HOME, "target": OWN, "form": ONCE | form, "audits": 1, **more})


ROWS = {
    ("office.debtor", "GET"): _look("see"),
    ("office.debtor_statement", "GET"): _look("see"),
    ("office.debtor_log", "GET"): _look("work"),
    ("office.log_talk", "POST"): _act("work", {"result": said("reached"), "body": said("Will pay on Friday.")}),
    ("office.debtor_hold", "GET"): _look("work"),
    ("office.make_hold", "POST"): _act("work", {"reminders": said("y"), "reason": said("agreed")}),
    ("office.lift_hold", "POST"): _act("work", {}, target=HOLD),
    ("office.debtor_link", "GET"): _look("work"),
    ("office.send_link", "POST"): _act("work", {}),
    ("office.copy_link", "POST"): _act("work", {}, own="200", canary=True),
    ("office.read_out_code", "POST"): _act("work", {}, own="200", canary=True),
    ("office.end_links", "POST"): _act("work", {}),
    ("office.end_link", "POST"): _act("work", {}, target=LINK),
    ("office.debtor_payment", "GET"): _look("record_money"),
    ("office.record_payment", "POST"): _act("record_money", {
        "channel": said("transfer"), "currency": said("USD"), "amount": said("12.50"),
        "received_on": said("2026-11-01"), "reference": said("MATRIX-1")}),
    ("office.debtor_bounce", "GET"): _look("record_money", target=CHECK),
    ("office.bounce_payment", "POST"): _act("record_money", {"happened_on": said("2026-11-02")}, target=CHECK),
    ("office.use_credit", "POST"): _act("record_money", {"currency": said("USD")}, target={
        "debtor_id": lambda office: office.things["in_credit"].public_id}),
    ("office.debtor_goodwill", "GET"): _look("move_money"),
    ("office.give_goodwill", "POST"): _act("move_money", {
        "currency": said("USD"), "amount": said("5.00"), "reason": said("thanks")}),
    ("office.debtor_credit_note", "GET"): _look("move_money", target=INVOICE),
    ("office.make_credit_note", "POST"): _act("move_money", {
        "amount": said("3.00"), "reason": said("billed_wrong")}, target=INVOICE),
    ("office.debtor_fees", "GET"): _look("move_money"),
    ("office.waive_fee", "POST"): _act("move_money", {
        "fee": lambda office: str(office.things["fee"]), "reason": said("first_time")}),
    ("office.debtor_write_off", "GET"): _look("move_money", target=INVOICE),
    ("office.write_off_invoice", "POST"): _act("move_money", {"reason": said("uncollectable")}, target=INVOICE),
    ("office.debtor_contact_form", "GET"): _look("work"),
    ("office.edit_contact", "POST"): _act("work", {
        "version": said("1"), "name": lambda office: f"{office.part.marks.word} Renamed", "kind": said("consumer"),
        "locale": said("en"), "identity_fact": said("none")}),
    ("office.debtor_preferences", "GET"): _look("work"),
    ("office.edit_preferences", "POST"): _act("work", {
        "version": said("1"), "prefers": said("phone"), "opted_out": said("y"), "said_by": said("phone")}),
    ("office.debtor_terms", "GET"): _look("work"),
    ("office.edit_terms", "POST"): _act("work", {"version": said("1"), "terms_days": said("14")}),
    ("office.debtor_export", "GET"): _look("erase"),
    ("office.export_debtor", "POST"): OfficeRow("erase", own="200", target=OWN, audits=1, proof=True),
    ("office.debtor_erase", "GET"): _look("erase"),
    ("office.erase_debtor", "POST"): OfficeRow(
        "erase", own=HOME, target=FORGET, audits=1, proof=True,
        form={"number": lambda office: office.things["to_forget"].number}),
}
