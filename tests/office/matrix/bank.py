"""Who may bring in bank statements and say whose money it is: whoever may write money down."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.models import BankLine, BankStatement, Payout
from tests.cast import NOON
from tests.office.matrix import OfficePart, OfficeRow, said


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A statement with a line that waits and one that was tied to a payout."""
    business, staff = office.part.business, office.staff["owner"]
    kept = BankStatement(business_id=business.id, staff_id=staff.id, first_on=NOON.date(), last_on=NOON.date(),
                         lines_new=2, lines_known=0, taken_in_at=NOON)
    payout = Payout(business_id=business.id, stripe_payout=f"po_bank_{office.part.marks.digits}", amount_minor=31_00,
                    currency="USD", state="paid", arrives_at=NOON, created_at=NOON)
    session.add_all([kept, payout])
    session.flush()
    found: dict[str, Any] = {}
    for state, payout_id in (("waiting", None), ("matched", payout.id)):
        found[f"bank.{state}"] = BankLine(
            business_id=business.id, statement_id=kept.id, fingerprint=f"{state}-{business.id}-{office.part.debtor.id}",
            booked_on=NOON.date(), amount_minor=31_00, currency="USD", payer=office.part.debtor.name[:140],
            reference=f"for {office.part.debtor.number}"[:500], state=state, payout_id=payout_id, added_at=NOON,
            staff_id=staff.id if payout_id else None, decided_at=NOON if payout_id else None)
    session.add_all(found.values())
    session.flush()
    return found


def _pick(office: OfficePart) -> str:
    return f"{office.things['bank.waiting'].public_id} d.{office.part.debtor.public_id}"


PREPARE = prepare
NOBODYS = {"kept": said("nobodys")}
ROWS = {
    ("office.bank", "GET"): OfficeRow("see", canary=True, others=("200",)),
    # Reading a file takes nothing in, and so leaves no trace in the books.
    ("office.check_bank", "POST"): OfficeRow("record_money", own="422", others=("422",), audits=0),
    ("office.check_bank_again", "POST"): OfficeRow("record_money", own="410", others=("410",), form=NOBODYS, audits=0),
    ("office.take_in_bank", "POST"): OfficeRow("record_money", own="410", others=("410",), form=NOBODYS, audits=0),
    ("office.confirm_bank", "POST"): OfficeRow(
        "record_money", own="303 /office/bank", form={"pick": _pick}, others=("303 /office/bank",)),
    ("office.undo_bank", "POST"): OfficeRow(
        "record_money", own="303 /office/bank",
        target={"line_id": lambda office: str(office.things["bank.matched"].public_id)}),
}
