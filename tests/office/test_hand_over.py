"""Invoices handed over: they leave reminders, fees and checkout, the page says whom to pay, and they can come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import AuditEvent, HandOver, Hold, Payment, StripeFetch
from portal.services import askable, fetching, hand_overs, inbox, payments
from portal.services.hand_overs import Wanted
from sandbox.stripe.server import StripeStandIn
from tests.access.visitor import House
from tests.account.payers import canary, make_on_page, payer, shop
from tests.cast import NOON
from tests.ledger.stories import moved, received, start_payment, tell
from tests.office.desk import Desk, access_of, open_desk
from tests.office.people import make_staff
from tests.office.test_debtor_money import at_once

TYPED = {"to_kind": "agency", "to_name": "Fair Collect Ltd", "to_contact": "+1 503 555 0100\nIBAN ES91 2100",
         "reference": "FC-77", "words": "Three letters without an answer."}


def give(desk: Desk, *places: int, **changes: Any) -> str:
    """Hand invoices over as the page does."""
    wanted = Wanted(tuple(desk.owed.invoices[place].public_id for place in places), "agency", "Fair Collect Ltd",
                    "+1 503 555 0100", "FC-77", "hand-over-nonce-000001")
    return hand_overs.hand_over(desk.rt, desk.access, desk.owed.debtor.public_id, replace(wanted, **changes))


def case_of(desk: Desk) -> HandOver:
    with desk.db.reading() as session:
        return session.scalars(select(HandOver).order_by(HandOver.id.desc())).first()  # type: ignore[return-value]


def refused(work: Any) -> str:
    with pytest.raises(Refusal) as found:
        work()
    return found.value.code


def test_staff_hand_over_one_of_two_invoices_and_everyone_sees_it(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00, role="manager", proven=True)
    desk.get("/hand-over")
    assert "A last resort." in desk.words
    desk.send("/hand-over", invoices=desk.owed.invoices[0].public_id, **TYPED)
    assert "With Fair Collect Ltd since" in desk.words and "Handed over" in desk.words
    assert "Three letters without an answer." in desk.words
    assert desk.acts() == ["hand_over.made"] and desk.left() == [100_00, 80_00]
    with db.reading() as session:
        (hold,) = session.scalars(select(Hold))
        assert (hold.reminders, hold.fees, hold.autopay, hold.discount_clock) == (True, True, True, True)
        owed = askable.askable(session, desk.rt.now(), desk.debtor())
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "hand_over.made")).one()
    assert [one.id for one in owed.invoices] == [desk.owed.invoices[1].id]
    assert "Fair" not in str(event.details) and event.details["count"] == 1


def test_handing_over_needs_a_fresh_code_and_a_manager(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, role="manager")
    desk.get("/hand-over")
    desk.send("/hand-over", invoices=desk.owed.invoices[0].public_id, **TYPED)
    assert desk.page is not None and desk.page.status_code == 422 and desk.acts() == []
    assert "Fair Collect Ltd" in desk.text
    unproven = replace(desk.access, stepped_up_at=None)
    wanted = Wanted((desk.owed.invoices[0].public_id,), "agency", "A", "B", "", "hand-over-nonce-000001")
    assert refused(lambda: hand_overs.hand_over(
        desk.rt, unproven, desk.owed.debtor.public_id, wanted)) == "prove_first"
    agent = desk.colleague("agent", proven=True)
    assert agent.get("/hand-over").status_code == 403
    assert refused(lambda: hand_overs.hand_over(
        desk.rt, access_of(desk.owed, agent.staff, "agent"), desk.owed.debtor.public_id, wanted)) == "role_may_not"


@pytest.mark.parametrize(("changes", "code"), [
    ({"invoice_ids": ()}, "nothing_chosen"), ({"to_kind": "cousin"}, "unknown_reason"),
    ({"to_name": "  "}, "hand_over_words_missing"), ({"to_contact": ""}, "hand_over_words_missing"),
    ({"to_name": "x" * 161}, "note_too_long"), ({"invoice_ids": ("nobody's",)}, "unknown_invoice"),
    ({"nonce": "short"}, "form_without_id"),
])
def test_what_is_wrong_is_said_and_nothing_is_handed_over(
        db: Database, tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    assert refused(lambda: give(desk, 0, **changes)) == code
    assert case_of(desk) is None and desk.acts() == []


def test_the_same_form_twice_and_two_people_at_once_make_one_case(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    assert at_once(lambda: give(desk, 0), lambda: give(desk, 0)) == []
    (other,) = at_once(lambda: give(desk, 0, nonce="hand-over-nonce-000002"))
    assert isinstance(other, Refusal) and other.code == "hand_over_stands"
    assert desk.acts() == ["hand_over.made"]


def test_what_a_bank_is_moving_or_what_is_paid_cannot_be_handed_over(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00)
    debit = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(db, moved(debit, "processing"))
    assert refused(lambda: give(desk, 0)) == "hand_over_on_its_way"
    tell(db, received(debit))
    assert refused(lambda: give(desk, 0)) == "hand_over_nothing_open"
    give(desk, 1)


def test_recovered_asks_for_the_money_first_and_returned_takes_it_back(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 80_00, proven=True)
    give(desk, 0, 1)
    case = case_of(desk)
    path = f"/hand-overs/{case.public_id}"
    desk.get("/hand-over")
    assert "80.00" in desk.words
    desk.send(path, became="in_progress", reference="FC-78")
    assert (case_of(desk).status, case_of(desk).reference) == ("in_progress", "FC-78")
    desk.send(path, became="recovered")
    assert "Something is still open on these invoices." in desk.words and case_of(desk).status == "in_progress"
    desk.get("/hand-over")
    desk.send(path, became="returned", reference="FC-78")
    assert case_of(desk).status == "returned" and case_of(desk).ended_at is not None
    with db.reading() as session:
        assert all(hold.released_at is not None for hold in session.scalars(select(Hold)))
        assert len(askable.askable(session, desk.rt.now(), desk.debtor()).invoices) == 2
    assert refused(lambda: hand_overs.change(
        desk.rt, desk.access, desk.owed.debtor.public_id, case.public_id, "in_progress")) == "hand_over_ended"
    give(desk, 0, nonce="hand-over-nonce-000003")
    desk.get("/payments/record")
    desk.send("/payments/record", amount="100.00", invoices=desk.owed.invoices[0].public_id)
    hand_overs.change(desk.rt, desk.access, desk.owed.debtor.public_id, case_of(desk).public_id, "recovered")
    assert case_of(desk).status == "recovered" and desk.books_are_sound()
    assert desk.acts() == ["hand_over.made", "hand_over.in_progress", "hand_over.returned", "hand_over.made",
                           "payment.recorded", "hand_over.recovered"]
    desk.get()
    for said in ("Invoices handed over", "Hand-over in progress", "Hand-over ended: recovered"):
        assert said in desk.words


@pytest.fixture
def stripe() -> Iterator[StripeStandIn]:
    with StripeStandIn() as stand_in:
        yield stand_in


def hand_over_all(house: House, owed: Any, *places: int) -> None:
    with house.db.transaction() as session:
        staff = make_staff(session, owed.business, "owner")
    access = replace(access_of(owed, staff), stepped_up_at=house.rt.now())
    wanted = Wanted(tuple(owed.invoices[place].public_id for place in places), "lawyer", "Reed & Sons",
                    "+1 503 555 0100", "R-1", "hand-over-nonce-000009")
    hand_overs.hand_over(house.rt, access, owed.debtor.public_id, wanted)


def test_the_debtor_reads_whom_to_pay_and_pays_the_rest_here(
        db: Database, tmp_path: Path, stripe: StripeStandIn) -> None:
    house = shop(db, tmp_path, stripe)
    owed = canary(house, 60_00, 40_00)
    sister = make_on_page(_inside(house, owed), what=f"one:USD:{owed.invoices[0].public_id}")
    hand_over_all(house, owed, 0)
    browser = _inside(house, owed)
    browser.get("/balance")
    assert "We have asked a lawyer, Reed & Sons, to look after this for us:" in browser.words
    assert "Please name the reference R-1." in browser.words and "+1 503 555 0100" in browser.words
    browser.get("/pay")
    assert "$40.00" in browser.words and "$60.00" not in browser.words
    handed, own = (Choice("USD", (one.public_id,)) for one in owed.invoices)
    assert refused(lambda: payments.quote_for(house.rt, owed.access, handed)) == "invoice_handed_over"
    assert refused(lambda: payments.start_checkout(
        house.rt, owed.access, handed, expected_total_minor=60_00)) == "invoice_handed_over"
    assert refused(lambda: payments.announce_transfer(house.rt, owed.access, handed)) == "invoice_handed_over"
    assert payments.quote_for(house.rt, owed.access, Choice("USD")).total_minor == 40_00
    assert payments.start_checkout(house.rt, owed.access, own, expected_total_minor=40_00).startswith("http")
    # Who pays for somebody else is told that it does not work here, and neither of a lawyer nor of whom.
    stranger = payer(house, sister)
    assert "This can no longer be paid here." in stranger.words
    assert "Reed" not in stranger.text and "Pay $" not in stranger.words


def test_with_everything_handed_over_nothing_can_be_paid_here(
        db: Database, tmp_path: Path, stripe: StripeStandIn) -> None:
    house = shop(db, tmp_path, stripe)
    owed = canary(house, 60_00)
    hand_over_all(house, owed, 0)
    browser = _inside(house, owed)
    browser.get("/balance")
    assert "there is nothing to pay here" in browser.words and "settled" not in browser.words
    browser.get("/pay")
    assert "Somebody else looks after this invoice now." in browser.words
    assert refused(lambda: payments.quote_for(house.rt, owed.access, Choice("USD"))) == "invoice_handed_over"


def test_a_page_that_was_open_is_closed_and_one_that_was_paid_is_booked(
        db: Database, tmp_path: Path, stripe: StripeStandIn) -> None:
    house = shop(db, tmp_path, stripe)
    owed = canary(house, 60_00, 40_00)
    for place, sum in ((0, 60_00), (1, 40_00)):
        payments.start_checkout(house.rt, owed.access, Choice("USD", (owed.invoices[place].public_id,)),
                                expected_total_minor=sum)
    with db.reading() as session:
        first, second = session.scalars(select(Payment).order_by(Payment.id))
    stripe.control.press(str(first.checkout_session))
    hand_over_all(house, owed, 0, 1)
    with db.reading() as session:
        assert session.scalars(select(StripeFetch.kind)).all() == ["close_page", "close_page"]
    fetching.fetch_due(house.rt)
    inbox.catch_up(house.rt)
    with db.reading() as session:
        states = {payment.id: payment.state for payment in session.scalars(select(Payment))}
        left = {one.id: left for one in owed.invoices for left in [_left(session, owed, one.id)]}
    assert states == {first.id: "succeeded", second.id: "expired"}
    assert list(left.values()) == [0, 40_00]


def _left(session: Any, owed: Any, invoice_id: int) -> int:
    from portal.services import ledger
    return ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)[invoice_id]


def _inside(house: House, owed: Any) -> Any:
    browser = house.browser()
    browser.enter(house.address(owed.link), "90817")
    return browser


def test_what_was_handed_over_is_in_the_moment_it_happened(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    give(desk, 0)
    (case,) = hand_overs.page(desk.rt, desk.access, desk.owed.debtor.public_id)
    assert (case.started_at, case.invoices[0].then_minor, case.invoices[0].left_minor) == (NOON, 100_00, 100_00)
