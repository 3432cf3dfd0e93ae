"""Why to call somebody never tells what was before: each act on a debtor looks at them again in its own commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Note
from portal.services import debtor_holds, debtor_money, debtor_notes
from tests.cast import NOON
from tests.office.test_dashboard import TODAY, Office

PROMISED = TODAY - timedelta(days=4)


@pytest.fixture
def office(db: Database, tmp_path: Path) -> Office:
    return Office(db, tmp_path)


def broken(office: Office) -> Debtor:
    """Somebody whose promise did not come, counted."""
    debtor, _ = office.owes((300_00, 40), name="Joan Whitlow")
    office.add(Note(business_id=office.business.id, debtor_id=debtor.id, staff_id=office.staff.id, kind="call",
                    result="promised", promised_on=PROMISED, body="", at=NOON - timedelta(days=9)))
    office.count()
    assert office.reasons(debtor)[0] == "promise_broken" and "Joan Whitlow" in office.get()
    return debtor


def access(office: Office, role: str = "agent") -> StaffAccess:
    return StaffAccess(office.business.id, office.staff.id, office.staff.public_id, role, 0, None)


@pytest.mark.parametrize("said", [
    debtor_notes.Said("", "a" * 22, "no_answer"),
    debtor_notes.Said("", "a" * 22, "promised", TODAY + timedelta(days=3))])
def test_who_was_called_leaves_the_list_with_the_call(office: Office, said: debtor_notes.Said) -> None:
    debtor = broken(office)
    debtor_notes.log(office.rt, access(office), debtor.public_id, said)
    assert office.reasons(debtor) == [] and "Joan Whitlow" not in office.get()
    assert "Promise broken" not in office.get(f"/office/debtors/{debtor.public_id}")


def test_a_pause_takes_them_off_and_its_end_brings_them_back(office: Office) -> None:
    debtor = broken(office)
    hold = debtor_holds.pause(office.rt, access(office), debtor.public_id,
                              debtor_holds.Pause(True, False, "checking", "b" * 22, until=TODAY))
    assert office.reasons(debtor) == []
    debtor_holds.lift(office.rt, access(office), debtor.public_id, hold)
    assert office.reasons(debtor)[0] == "promise_broken"


def test_money_that_was_recorded_and_did_not_hold_is_known_at_once(office: Office) -> None:
    debtor = broken(office)
    who = replace(access(office), role="manager")
    made = debtor_money.record_payment(office.rt, who, debtor.public_id, debtor_money.Seen(
        "check", "USD", 300_00, TODAY, "c" * 22))
    assert (office.standing(debtor).balance_minor, office.reasons(debtor)) == (0, [])
    debtor_money.take_back(office.rt, who, debtor.public_id, made.public_id, happened_on=TODAY, words="")
    assert office.standing(debtor).overdue_minor == 300_00 and "late" in office.reasons(debtor)


def test_who_wants_no_emails_is_called(office: Office) -> None:
    debtor, _ = office.owes((300_00, 2), name="Joan Whitlow", opted_out_at=NOON)
    office.count()
    assert office.reasons(debtor)[0] == "wants_no_email"
    page = office.get()
    assert "Wants no emails that ask for money, so a call is the way." in page and "No email reaches" not in page
