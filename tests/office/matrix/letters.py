"""The borders of letters on paper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.models import PaperLetter
from portal.services import letter_print
from tests.cast import make_debtor, make_invoice
from tests.office.matrix import OfficePart, OfficeRow, said


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A debtor with an address and two letters: one that was made ready, one to take out."""
    part = office.part
    now = part.business.created_at + timedelta(days=400)
    debtor = make_debtor(session, part.business, name=f"{part.marks.word} Post", email=None,
                         postal_address="1 Elm Street\nSalem, OR 97301")
    invoice = make_invoice(session, debtor, 90_00, number=f"{part.marks.word}-L", now=now)
    ready, other = (PaperLetter(
        business_id=part.business.id, debtor_id=debtor.id, kind="formal", key=f"matrix:{part.marks.word}:{number}",
        contents={"invoices": [invoice.id], "tone": "formal"}, state="waiting", created_at=now) for number in (1, 2))
    session.add_all([ready, other])
    session.flush()
    assert letter_print.make_ready(session, now, ready, debtor, paused=False)
    return {"post_debtor": debtor, "post_invoice": invoice, "letter": ready, "other_letter": other}


PREPARE = prepare

OWN = {"debtor_id": lambda office: office.things["post_debtor"].public_id}

ROWS = {
    ("office.letters", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.print_letters", "POST"): OfficeRow("work", own="200", audits=1, others=()),
    ("office.letters_printed", "POST"): OfficeRow(
        "work", own="303 /office/letters", audits=1, others=(),
        form={"letters": lambda office: office.things["letter"].public_id}),
    ("office.letter_pdf", "GET"): OfficeRow(
        "see", target={"letter_id": lambda office: office.things["letter"].public_id}),
    ("office.drop_letter", "POST"): OfficeRow(
        "work", own="303 /office/letters", audits=1,
        target={"letter_id": lambda office: office.things["other_letter"].public_id}),
    ("office.debtor_letter", "GET"): OfficeRow("work", target=OWN, canary=True, audits=0),
    ("office.write_letter", "POST"): OfficeRow(
        "work", own="303 /office/letters", target=OWN, audits=1, form={
            "nonce": said("l" * 22), "kind": said("final"),
            "invoices": lambda office: office.things["post_invoice"].public_id}),
}
