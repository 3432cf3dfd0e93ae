"""Installments charged by themselves: told before, charged once, declined in every way, and never when on hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import AutopayStop, Hold, Installment, Message, Payment, SuspenseItem
from portal.services import (
    asking,
    autopay_charges,
    autopay_notices,
    autopay_pages,
    autopay_stops,
    fetching,
    installment_checkout,
    ledger_verify,
    method_setups,
    payments,
    saved_methods,
)
from tests.autopay.conftest import Open
from tests.autopay.house import House
from tests.cast import balances

FUNDS, STOLEN = "pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedStolenCard"


def come_to(house: House, days: int) -> None:
    """Let days pass at once, then have the jobs run."""
    house.stripe.control.advance(days * 24 * 3600)
    house.jobs()


def ready(house: House) -> House:
    """A card is saved, and the first notice has left: its debit is five days away."""
    house.save_method()
    come_to(house, 9)
    assert [one.kind for one in house.emails("debit_notice")] == ["debit_notice"]
    return house


def hold(house: House, **more: object) -> None:
    with house.rt.db.transaction() as session:
        session.add(Hold(
            business_id=house.owed.business.id, debtor_id=house.owed.debtor.id, invoice_id=house.owed.invoices[0].id,
            autopay=True, reminders=True, cause="dispute", cause_id="d", starts_at=house.rt.now(), **more))


def test_each_debit_is_told_before_and_made_once_and_its_receipt_says_so(house: House) -> None:
    assert house.save_method().last4 == "4242"
    assert "50.00" in house.emails("autopay_on")[0].body_text, "a copy of what was allowed"
    come_to(house, 8)
    assert house.emails("debit_notice") == [] and house.taken() == []
    come_to(house, 1)
    told = house.emails("debit_notice")[0]
    assert "Monday, March 15" in told.body_text and "$50.00" in told.body_text and "4242" in told.body_text
    come_to(house, 4)
    assert house.taken() == []
    for _ in range(2):
        come_to(house, 1)
    assert house.taken() == [50_00]
    assert [(row.state, row.paid_minor) for row in house.installments()][:2] == [("paid", 50_00), ("open", 0)]
    with house.rt.db.transaction() as session:
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        from portal.models import Business, Debtor
        from portal.services import messages
        messages.write_if_blank(session, house.rt.now(), receipt, session.get_one(Business, receipt.business_id),
                                session.get_one(Debtor, receipt.debtor_id))
        assert "As you allowed" in receipt.body_text
    assert ledger_verify.verify(house.rt)[0] == []


def test_a_charge_without_its_notice_waits(house: House) -> None:
    house.save_method()
    house.stripe.control.advance(14 * 24 * 3600)
    autopay_notices.prepare(house.rt)
    autopay_charges.charge_due(house.rt)
    assert house.taken() == [], "the notice is written, and nobody has it yet"
    house.mail()
    for days in (2, 1):
        house.stripe.control.advance(days * 24 * 3600)
        autopay_charges.charge_due(house.rt)
        assert house.taken() == ([50_00] if days == 1 else [])


@pytest.mark.parametrize(("like", "outcome", "told"), [
    (FUNDS, "later", "debit_again"), (STOLEN, "never", "debit_stopped"),
    ("pm_card_authenticationRequired", "confirm", "debit_confirm"),
    ("pm_card_chargeDeclinedIncorrectCvc", "payer", "debit_stopped")])
def test_a_refusal_is_told_for_what_it_is(house: House, like: str, outcome: str, told: str) -> None:
    method = ready(house).methods()[0]
    house.stripe.control.change_heart(method.method, like)
    come_to(house, 6)
    assert [row.outcome for row in house.charges()] == [outcome] and house.taken() == []
    assert [one.kind for one in house.emails("debit_again", "debit_stopped", "debit_confirm")] == [told]
    row = house.installments()[0]
    assert (row.state, row.try_at is not None, row.claim_token) == ("open", outcome == "later", None)
    assert house.methods()[0].state == ("unusable" if outcome == "never" else "active")
    fetching.fetch_due(house.rt)
    given_up = [intent["status"] for intent in house.stripe.control.objects("payment_intent")]
    assert given_up == ["canceled"], "nobody can complete a failed charge later"


def test_it_is_tried_again_on_the_days_of_the_plan_and_then_no_more(house: House) -> None:
    method = ready(house).methods()[0]
    house.stripe.control.change_heart(method.method, FUNDS)
    come_to(house, 6)
    for _ in range(11):
        come_to(house, 1)
    days = [row.created_at.date() - house.charges()[0].created_at.date() for row in house.charges()]
    assert [one.days for one in days] == [0, 3, 5, 7]
    assert house.installments()[0].try_at is None and house.taken() == []
    assert len(house.emails("debit_stopped")) == 1


def test_who_pays_in_between_is_not_charged_and_who_confirms_has_paid(house: House) -> None:
    method = ready(house).methods()[0]
    house.stripe.control.change_heart(method.method, "pm_card_authenticationRequired")
    come_to(house, 6)
    state = autopay_pages.standing(house.rt, house.owed.access).plans[0]
    assert state.confirm and state.trouble == house.installments()[0].public_id
    url = installment_checkout.pay(house.rt, house.owed.access, state.trouble)
    assert installment_checkout.pay(house.rt, house.owed.access, state.trouble) == url, "pressed twice it is one page"
    house.stripe.control.press(house.page_of(url), "saved", method.method)
    house.hear()
    assert house.installments()[0].state == "paid" and house.taken() == [50_00]


def test_nothing_is_charged_on_hold_while_another_payment_is_open_or_once_it_is_paid(house: House) -> None:
    ready(house)
    hold(house)
    come_to(house, 6)
    assert house.taken() == [] and house.installments()[0].try_at is not None
    with house.rt.db.transaction() as session:
        session.execute(update(Hold).where(Hold.cause == "dispute").values(released_at=house.rt.now()))
    page = payments.start_checkout(house.rt, house.owed.access, Choice("USD"), expected_total_minor=200_00)
    house.stripe.control.advance(25 * 3600)
    payments.start_checkout(house.rt, house.owed.access, Choice("USD"), expected_total_minor=200_00)
    autopay_charges.charge_due(house.rt)
    assert house.taken() == [], "a page on which it could be paid is open"
    assert page
    newest = house.payments()[-1]
    house.stripe.control.press(newest.checkout_session or "", "pay")
    house.hear()
    come_to(house, 1)
    assert house.taken() == [200_00]
    assert {row.state for row in house.installments()} == {"paid"}


def test_a_bank_debit_is_on_its_way_for_days_and_opens_the_installment_again_when_it_fails(house: House) -> None:
    method = house.save_method("bank_debit")
    assert method.kind == "us_bank_account"
    come_to(house, 9)
    come_to(house, 6)
    payment = house.payments()[-1]
    assert (payment.state, house.installments()[0].paid_minor) == ("processing", 0)
    assert payment.payment_intent is not None
    house.stripe.control.fail_debit(payment.payment_intent)
    house.hear()
    assert house.payments()[-1].state == "failed" and house.installments()[0].state == "open"
    assert [one.kind for one in house.emails("debit_again", "debit_failed")] == ["debit_again"]
    come_to(house, 4)
    assert len(house.charges()) == 2


def test_an_answer_that_is_lost_is_looked_up_and_never_charged_anew(house: House) -> None:
    ready(house)
    house.stripe.control.advance(5 * 24 * 3600 + 3600)
    house.stripe.control.fail_next("drop_after", "/v1/payment_intents", times=3)
    autopay_charges.charge_due(house.rt)
    assert house.payments()[-1].state == "unknown" and house.taken() == [50_00]
    house.stripe.control.clear_faults()
    house.stripe.control.advance(300)
    asking.ask_due(house.rt)
    house.hear()
    assert house.payments()[-1].state == "succeeded" and house.taken() == [50_00]


def test_a_worker_that_dies_before_it_asks_leaves_a_charge_that_is_looked_at_again(house: House) -> None:
    ready(house)
    house.stripe.control.advance(5 * 24 * 3600 + 3600)
    row = house.installments()[0]
    claimed = house.rt.db.run(lambda session: autopay_charges._claim(house.rt, session, row.id))
    assert claimed is not None and autopay_charges.charge_due(house.rt) == 0
    hold(house)
    house.stripe.control.advance(600)
    asking.ask_due(house.rt)
    assert (house.payments()[-1].state, house.taken()) == ("canceled", []), "a hold came in between"
    with house.rt.db.transaction() as session:
        session.execute(update(Hold).where(Hold.cause == "dispute").values(released_at=house.rt.now()))
    come_to(house, 2)
    assert house.taken() == [50_00] and house.charges()[0].outcome == "untried"


def test_a_restored_backup_charges_nothing_before_its_books_are_whole(house: House) -> None:
    ready(house)
    customer = saved_methods.ensure_customer(house.rt, house.owed.business.id, house.owed.debtor.id).customer
    # A charge of ours that the restored database has forgotten.
    house.rt.stripe.charge({"amount": 50_00, "currency": "usd", "customer": customer, "confirm": True,
                            "payment_method": house.methods()[0].method, "off_session": True,
                            "metadata": {"payment": "forgotten"}}, key="forgotten", account=None)
    house.stripe.control.advance(5 * 24 * 3600 + 3600)
    autopay_charges.charge_due(house.rt)
    assert house.taken() == [50_00]
    with house.rt.db.reading() as session:
        assert session.scalars(select(AutopayStop.reason)).all() == ["forgotten"]
    assert autopay_charges.charge_due(house.rt) == 0
    with pytest.raises(Refusal) as caught:
        autopay_stops.resume(house.rt)
    assert caught.value.code in ("autopay_reconcile_first", "autopay_suspense")
    with house.rt.db.reading() as session:
        assert session.scalars(select(SuspenseItem.reason)).all() == ["unknown_payment"]


def test_turning_off_removing_and_replacing_count_at_once(house: House, open_house: Open) -> None:
    ready(house)
    house.save_method()
    assert [one.state for one in house.methods()] == ["active", "active"]
    assert house.mandate().saved_method_id == house.methods()[1].id, "the new one pays"
    saved_methods.remove(house.rt, house.owed.access, house.methods()[1].public_id)
    assert (house.mandate().state, house.mandate().ended_by) == ("ended", "debtor")
    assert house.mandate().keep_until == date(2029, 3, 10)
    come_to(house, 6)
    assert house.taken() == []
    gone = {each["id"]: each["customer"] for each in house.stripe.control.objects("payment_method")}
    assert gone[house.methods()[1].method] is None
    with pytest.raises(Refusal):
        method_setups.begin(house.rt, house.owed.access, house.plan)
    shown = autopay_pages.to_allow(house.rt, house.owed.access, house.plan)
    with pytest.raises(Refusal):
        autopay_pages.allow(house.rt, house.owed.access, house.plan, agreed=False, seen=shown.statement.sha256)
    autopay_pages.allow(house.rt, house.owed.access, house.plan, agreed=True, seen=shown.statement.sha256)
    method_setups.choose(house.rt, house.owed.access, house.plan, house.methods()[0].public_id)
    assert house.mandate().state == "active"
    other = open_house()
    with pytest.raises(Refusal) as caught:
        method_setups.choose(other.rt, other.owed.access, other.plan, house.methods()[0].public_id)
    assert caught.value.code == "unknown_page", "never another debtor's method"


def test_the_first_installment_is_paid_while_the_card_is_saved(open_house: Open) -> None:
    house = open_house(50_00, 50_00, first=date(2027, 3, 1))
    house.pay_first()
    assert house.taken() == [50_00] and house.installments()[0].state == "paid"
    assert (house.mandate().state, house.methods()[0].last4) == ("active", "4242")
    come_to(house, 10)
    come_to(house, 5)
    assert house.taken() == [50_00, 50_00] and house.payments()[-1].channel == "off_session"
    assert balances(house.rt.db, house.owed.business.id)["stripe_clearing USD"] > 0


def test_a_changed_day_or_amount_is_told_earlier(house: House) -> None:
    house.save_method()
    with house.rt.db.transaction() as session:
        session.execute(update(Installment).where(Installment.position == 1).values(
            due_on=date(2027, 3, 18)))
        session.execute(update(Installment).where(Installment.position == 2).values(amount_minor=40_00))
        session.execute(update(Installment).where(Installment.position == 3).values(amount_minor=60_00))
    told: dict[int, date] = {}
    for day in range(1, 20):
        come_to(house, 1)
        for message in house.emails("debit_notice"):
            told.setdefault(message.id, date(2027, 3, 1) + timedelta(days=day))
    days = [date(2027, 3, 9), date(2027, 3, 17)]
    assert sorted(told.values())[:2] == days, "9 days before the 18th, 12 before the 29th"


def test_payments_that_never_were_leave_nothing_open(house: House) -> None:
    """A card that expired, and one whose page was left."""
    url = method_setups.begin(house.rt, house.owed.access, house.plan)
    assert method_setups.begin(house.rt, house.owed.access, house.plan) == url
    house.stripe.control.advance(2 * 3600)
    method_setups.ask_due(house.rt)
    assert house.methods() == [] and house.mandate().state == "waiting"
    ready(house)
    with house.rt.db.transaction() as session:
        session.execute(update(type(house.methods()[0])).values(exp_month=1, exp_year=2027))
    come_to(house, 6)
    assert house.taken() == [] and house.mandate().state == "waiting"
    assert [one.kind for one in house.emails("autopay_lost")] == ["autopay_lost"]
    assert [payment for payment in house.payments() if isinstance(payment, Payment)] == []
