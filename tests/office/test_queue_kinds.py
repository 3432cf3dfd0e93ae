"""Each queue: money that fits nothing, chargebacks and failed payments, dealt with once and with true books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import (
    Debtor,
    Hold,
    Message,
    Note,
    Payment,
    PaymentInvoice,
    QueueMark,
    SuspenseItem,
)
from portal.services import ledger, search, suspense
from sandbox.stripe.server import StripeStandIn
from tests.cast import NOON, balances, make_invoice
from tests.ledger.stories import charged_back, moved, received, start_payment, tell
from tests.office.books import Desk, at, open_desk
from tests.office.lines import at_once, charged, count, failed, refused, solve, suspended
from tests.office.people import SECRET, code_at
from tests.stripe.conftest import Shop, stripe_time
from tests.stripe.test_money_path import the_payment


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


# ---- money in suspense ----

def test_unmatched_money_is_applied_to_an_invoice_that_was_found(db: Database, desk: Desk) -> None:
    item = suspended(desk)
    with db.transaction() as session:
        search.index_debtors(session, [session.get_one(Debtor, desk.owed.debtor.id)])
    seat = desk.as_("manager")
    invoice = desk.owed.invoices[1]
    nothing = seat.get(f"/office/requests/suspense/{item}?find=zzz").get_data(as_text=True)
    assert "No open invoice in this currency fits that." in nothing
    for typed in (invoice.number, "okaf", desk.owed.debtor.number):
        page = seat.get(f"/office/requests/suspense/{item}?find={typed}").get_data(as_text=True)
        assert invoice.number in page and "Apply to this invoice" in page, typed
    unpicked = seat.post(f"/office/requests/suspense/{item}?find=okaf", answer="apply")
    assert unpicked.status_code == 422 and "Please choose an invoice first." in unpicked.get_data(as_text=True)
    done = seat.post(f"/office/requests/suspense/{item}?find=okaf", answer="apply", pick=invoice.public_id)
    assert done.location == "/office/requests/suspense"
    with db.reading() as session:
        left = ledger.left_by_invoice(session, desk.owed.business.id, desk.owed.debtor.id)
    # What it had no room for pays what is due earlier.
    assert "suspense USD" not in balances(db, desk.owed.business.id)
    assert (left[desk.owed.invoices[0].id], left[invoice.id]) == (desk.owed.invoices[0].total_minor - 15_00, 0)
    assert desk.acts("payment.suspended")[-1] == "suspense.applied"
    assert count(desk, "suspense") == 0
    desk.assert_sound()


def test_what_staff_note_as_sent_back_leaves_the_books_true(db: Database, desk: Desk) -> None:
    item = suspended(desk)
    solve(desk, "suspense", item, "returned")
    assert balances(db, desk.owed.business.id).get("suspense USD") is None
    assert refused(desk, "suspense", item, "returned") == "queue_solved"
    desk.assert_sound()


def test_an_agent_sees_unmatched_money_and_does_not_move_it(desk: Desk) -> None:
    item = suspended(desk)
    seat = desk.as_("agent")
    assert "a manager or an owner decides" in seat.get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert seat.post(f"/office/requests/suspense/{item}", answer="returned").status_code == 403
    assert count(desk, "suspense") == 1


def test_unmatched_money_never_goes_to_an_invoice_of_another_business_or_currency(db: Database, desk: Desk,
                                                                                  tmp_path: Path) -> None:
    item = suspended(desk)
    other = open_desk(db, tmp_path)
    assert refused(desk, "suspense", item, "apply", pick=other.owed.invoices[0].public_id) == "unknown_invoice"
    with db.transaction() as session:
        euros = make_invoice(session, desk.owed.debtor, 10_00, currency="EUR")
    assert refused(desk, "suspense", item, "apply", pick=euros.public_id) == "other_currency"
    assert refused(other, "suspense", item, "returned") == "unknown_page"


def test_two_who_apply_the_same_money_at_once_apply_it_once(desk: Desk) -> None:
    item, found = suspended(desk), []

    def work(pick: str) -> None:
        try:
            solve(desk, "suspense", item, "apply", pick=pick)
            found.append("applied")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(*(lambda pick=one.public_id: work(pick) for one in desk.owed.invoices * 2))
    assert found.count("applied") == 1 and set(found) <= {"applied", "suspense_resolved", "queue_solved"}
    desk.assert_sound()


@pytest.fixture
def paid(db: Database, tmp_path: Path) -> Iterator[tuple[Desk, StripeStandIn, str]]:
    """An office into which a card payment came with another amount than was asked for."""
    with StripeStandIn() as stand_in:
        desk = open_desk(db, tmp_path, 100_00, clock=lambda: stripe_time(stand_in), stripe_api_base=stand_in.url,
                         stripe_timeout_seconds=3)
        shop = Shop(desk.rt, stand_in)
        page = shop.pay_page(desk.owed, total=100_00)
        with db.transaction() as session:
            session.get_one(Payment, the_payment(shop).id).amount_minor = 90_00
            session.scalars(select(PaymentInvoice)).one().amount_minor = 90_00
        stand_in.control.press(page, "pay")
        shop.hear()
        with db.reading() as session:
            item = session.scalars(select(SuspenseItem)).one()
        assert item.reason == "other_amount"
        yield desk, stand_in, item.payment_intent


def test_unmatched_money_goes_back_by_stripe_with_proof(paid: tuple[Desk, StripeStandIn, str]) -> None:
    desk, stand_in, item = paid
    seat = desk.as_("manager")
    page = seat.get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert "The amount is not the one that was asked for." in page and 'name="proof"' in page
    without = seat.post(f"/office/requests/suspense/{item}", answer="refund", proof="000000")
    assert without.status_code == 422 and count(desk, "suspense") == 1
    done = seat.post(f"/office/requests/suspense/{item}", answer="refund", proof=code_at(desk.rt.now()))
    assert done.location == "/office/requests/suspense", done.get_data(as_text=True)
    Shop(desk.rt, stand_in).hear()
    assert balances(desk.rt.db, desk.owed.business.id).get("suspense USD") is None
    assert desk.acts().count("suspense.refund_requested") == 1
    sent = [one for one in stand_in.requests if one.path == "/v1/refunds"]
    assert len(sent) == 1 and SECRET not in page
    desk.assert_sound()


def test_money_on_its_way_back_is_not_applied_and_is_sent_once(paid: tuple[Desk, StripeStandIn, str]) -> None:
    desk, stand_in, item = paid
    stand_in.control.fail_next("hang_after", path="/v1/refunds", method="POST", times=9)
    solve(desk, "suspense", item, "refund")
    assert count(desk, "suspense") == 1, "nobody has confirmed it"
    page = desk.as_("manager").get(f"/office/requests/suspense/{item}").get_data(as_text=True)
    assert "has not confirmed it yet" in page and "Apply to this invoice" not in page
    assert refused(desk, "suspense", item, "apply", pick=desk.owed.invoices[0].public_id) == "queue_solved"
    with pytest.raises(Refusal, match="suspense_going_back"):
        suspense.apply(desk.rt, desk.access("manager"), item, desk.owed.invoices[0].public_id)
    stand_in.control.clear_faults()
    solve(desk, "suspense", item, "refund")
    Shop(desk.rt, stand_in).hear()
    assert count(desk, "suspense") == 0
    assert balances(desk.rt.db, desk.owed.business.id).get("suspense USD") is None
    desk.assert_sound()


# ---- chargebacks ----

def test_a_chargeback_tells_what_happened_and_what_can_be_handed_in(desk: Desk) -> None:
    row = charged(desk)
    item = f"{row.public_id}:needs_response"
    page = desk.as_("agent").get(f"/office/requests/chargebacks/{item}").get_data(as_text=True)
    for said in ("did not make this payment", "Stripe waits for your evidence.", "$100.00", "What you can hand in",
                 desk.owed.invoices[0].number, f"du_{row.payment_id}"):
        assert said in page, said
    solve(desk, "chargebacks", item, "answered", "agent")
    assert count(desk, "chargebacks") == 0
    again = desk.as_("agent").get(f"/office/requests/chargebacks/{item}").get_data(as_text=True)
    assert "Agent of the house dealt with this" in again and 'value="answered"' not in again
    assert refused(desk, "chargebacks", item, "answered") == "queue_solved"
    assert desk.acts("payment.suspended")[-1] == "chargeback.answered"


def test_a_lost_chargeback_comes_up_again_and_reminders_go_on_when_staff_say_so(desk: Desk) -> None:
    row = charged(desk)
    solve(desk, "chargebacks", f"{row.public_id}:needs_response", "let")
    with desk.rt.db.reading() as session:
        payment = session.get_one(Payment, row.payment_id)
    tell(desk.rt.db, charged_back(payment, 100_00, id=row.stripe_dispute, status="lost"))
    assert count(desk, "chargebacks") == 1
    moved_on = desk.as_("agent").get(f"/office/requests/chargebacks/{row.public_id}:needs_response")
    assert "This has moved on since" in moved_on.get_data(as_text=True)
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Hold.released_at)).all() == [None]
    solve(desk, "chargebacks", f"{row.public_id}:lost", "ask_again")
    with desk.rt.db.reading() as session:
        assert None not in session.scalars(select(Hold.released_at)).all()
    assert desk.last_act().details["holds_ended"] == 1 and count(desk, "chargebacks") == 0


def test_two_who_decide_the_same_chargeback_at_once_decide_once(desk: Desk) -> None:
    item, found = f"{charged(desk).public_id}:needs_response", []

    def work(code: str) -> None:
        try:
            solve(desk, "chargebacks", item, code)
            found.append("done")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(*(lambda code=one: work(code) for one in ("answered", "let") * 2))
    assert sorted(found) == ["done", *["queue_solved"] * 3]
    assert len([act for act in desk.acts() if act in ("chargeback.answered", "chargeback.let")]) == 1
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(QueueMark)).all()) == 1


# ---- failed payments ----

def test_a_failed_payment_waits_while_something_is_owed_and_is_called_about(desk: Desk) -> None:
    payment = failed(desk)
    page = desk.as_("agent").get(f"/office/requests/failed-payments/{payment.public_id}").get_data(as_text=True)
    assert "There was not enough money on the account at that moment." in page and "visa 0341" in page
    assert refused(desk, "failed-payments", payment.public_id, "called") == "words_missing"
    solve(desk, "failed-payments", payment.public_id, "called", "agent", words="Pays on Friday.")
    with desk.rt.db.reading() as session:
        note = session.scalars(select(Note)).one()
    assert (note.kind, note.about, note.body) == ("call", f"payment:{payment.public_id}", "Pays on Friday.")
    assert count(desk, "failed-payments") == 0 and desk.acts() == ["failed_payment.called"]
    assert refused(desk, "failed-payments", payment.public_id, "done") == "queue_solved"


def test_a_fresh_link_leaves_once(desk: Desk) -> None:
    payment = failed(desk)
    found: list[str] = []

    def work() -> None:
        try:
            solve(desk, "failed-payments", payment.public_id, "send_link")
            found.append("sent")
        except Refusal as refusal:
            found.append(refusal.code)

    at_once(work, work, work)
    assert "sent" in found and set(found) <= {"sent", "queue_solved"}
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(Message).where(Message.kind == "new_link")).all()) == 1
    assert desk.acts() == ["link.sent"]


def test_who_paid_tried_again_or_owes_nothing_is_left_alone(db: Database, desk: Desk) -> None:
    first = failed(desk)
    assert count(desk, "failed-payments") == 1
    second = start_payment(db, desk.owed, (desk.owed.invoices[1], 60_00), at=NOON - timedelta(minutes=5))
    assert count(desk, "failed-payments") == 0, "they are trying again"
    assert refused(desk, "failed-payments", first.public_id, "done") == "queue_solved"
    tell(db, moved(second, "expired"))
    assert count(desk, "failed-payments") == 1
    third = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00), (desk.owed.invoices[1], 60_00))
    tell(db, received(third))
    assert count(desk, "failed-payments") == 0, "they paid"
    assert count(at(desk, NOON + timedelta(days=30)), "failed-payments") == 0


def test_a_card_declined_on_the_page_waits_an_hour_before_anyone_calls(db: Database, desk: Desk) -> None:
    payment = start_payment(db, desk.owed, (desk.owed.invoices[0], 100_00))
    tell(db, moved(payment, "declined", failure_code="expired_card"))
    assert count(desk, "failed-payments") == 0
    assert count(at(desk, NOON + timedelta(hours=2)), "failed-payments") == 1
