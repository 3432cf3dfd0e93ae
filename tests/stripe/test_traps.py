"""The traps of Stripe's interface that others paid for, each with the test that keeps us out of it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from sqlalchemy import func, select, update

from portal.db import NetworkInsideTransaction
from portal.domain.currencies import exponent, minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.gateways import stripe_client as gateway
from portal.models import Message, Payment, PaymentInvoice, Refund, StripeEvent
from portal.services import attempts, debts, inbox, payments, refunds
from portal.services.audit import Actor
from portal.services.refunds import RefundOrder
from tests.cast import balances, make_offer, someone_owes
from tests.sandbox.sdk_schema import check_request
from tests.stripe.conftest import Shop
from tests.stripe.test_money_path import the_payment


def page(shop: Shop) -> str:
    return the_payment(shop).checkout_session or ""


def test_trap_1_and_2_every_request_is_one_the_sdk_knows(shop: Shop) -> None:
    """payment_method_types is gone and ui_mode renamed: all we send fits the installed SDK's own types."""
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "pay")
    shop.hear()
    refunds.refund(shop.rt, RefundOrder(owed.business.id, the_payment(shop).public_id, 5_00, "reopen", Actor("cli")))
    asked = [request for request in shop.stripe.requests if request.path.startswith("/v1/")]
    assert {request.method for request in asked} == {"GET", "POST"}
    for request in asked:
        check_request(request.method, request.path, request.params)
        assert "payment_method_types" not in str(request.params)


def test_trap_3_objects_are_read_as_plain_data(shop: Shop) -> None:
    with pytest.raises((AttributeError, TypeError, KeyError)):
        stripe.Event.construct_from({"id": "evt_1"}, "sk_test_x").get("id")
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    found = shop.rt.stripe.events(account=None, since=datetime.now(UTC) - timedelta(hours=1))
    assert json.dumps(found)


def test_trap_4_retries_are_on_and_time_is_bounded(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.stripe.control.fail_next("error_before", path="/v1/checkout/sessions", method="POST", times=1)
    assert shop.pay_page(owed, total=100_00)
    assert shop.rt.settings.stripe_timeout_seconds < 80


def test_trap_6_the_fee_comes_with_a_later_event(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "pay")
    inbox.catch_up(shop.rt)
    assert "processing_fees USD" not in balances(shop.rt.db, owed.business.id)
    shop.hear()
    assert balances(shop.rt.db, owed.business.id)["processing_fees USD"] == 3_20


def test_trap_7_completed_but_unpaid_is_neither_paid_nor_failed(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "bank_debit")
    shop.hear()
    assert the_payment(shop).state == "processing"
    assert balances(shop.rt.db, owed.business.id)[f"receivable invoice:{owed.invoices[0].id} USD"] == 100_00


def test_trap_8_every_attempt_keeps_its_row_and_only_one_is_open(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    first = shop.pay_page(owed, total=100_00)
    assert shop.pay_page(owed, total=100_00) == first
    shop.pay_page(owed, total=50_00, choice=Choice("USD", amount_minor=50_00))
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 2
        assert session.scalar(select(func.count()).select_from(PaymentInvoice).where(PaymentInvoice.open)) == 1


def test_trap_8_a_page_with_under_ten_minutes_left_is_replaced(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    first = shop.pay_page(owed, total=100_00)
    shop.stripe.control.advance(51 * 60)
    assert shop.pay_page(owed, total=100_00) != first


def test_trap_9_both_payments_of_a_race_are_booked_and_the_surplus_is_credit(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    early = page(shop)
    shop.stripe.control.press(early, "pay")
    # The tab that lost its attempt: our row says expired, Stripe's page was paid all the same.
    with shop.rt.db.transaction() as session:
        session.execute(update(Payment).values(state="expired"))
        session.execute(update(PaymentInvoice).values(open=False))
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "pay")
    shop.hear()
    found = balances(shop.rt.db, owed.business.id)
    assert found[f"debtor_credit debtor:{owed.debtor.id} USD"] == -100_00
    assert found["stripe_clearing USD"] == 200_00 - 2 * 3_20


@pytest.mark.parametrize("fault", ["hang_after", "drop_after"])
def test_trap_10_an_answer_that_was_lost_is_unknown_and_asked_for_again(shop: Shop, fault: str) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.stripe.control.fail_next(fault, path="/v1/checkout/sessions", method="POST", times=3, seconds=4)
    with pytest.raises(Refusal, match="stripe_unreachable"):
        shop.pay_page(owed, total=100_00)
    assert the_payment(shop).state == "unknown"
    shop.stripe.control.advance(60)
    shop.ask()
    shop.pay_page(owed, total=100_00)
    assert len(shop.stripe.control.objects("checkout.session")) == 1
    shop.stripe.control.press(page(shop), "pay")
    shop.hear()
    assert balances(shop.rt.db, owed.business.id)["stripe_clearing USD"] == 96_80


def test_trap_10_a_server_error_that_repeats_under_its_key_is_looked_up(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.stripe.control.fail_next("error_after", path="/v1/checkout/sessions", method="POST")
    assert shop.pay_page(owed, total=100_00)
    assert len(shop.stripe.control.objects("checkout.session")) == 1
    shop.stripe.control.press(page(shop), "pay")
    shop.hear()
    shop.stripe.control.fail_next("error_after", path="/v1/refunds", method="POST")
    refunds.refund(shop.rt, RefundOrder(owed.business.id, the_payment(shop).public_id, 5_00, "reopen", Actor("cli")))
    assert len(shop.stripe.control.objects("refund")) == 1
    assert balances(shop.rt.db, owed.business.id)[f"receivable invoice:{owed.invoices[0].id} USD"] == 5_00


def test_trap_10_older_than_a_day_it_is_looked_up_never_made_anew(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.stripe.control.fail_next("drop_after", path="/v1/checkout/sessions", method="POST", times=3)
    with pytest.raises(Refusal, match="stripe_unreachable"):
        shop.pay_page(owed, total=100_00)
    shop.stripe.control.clear_faults()
    shop.stripe.control.advance(24 * 3600)
    attempts.open_page(shop.rt, the_payment(shop).id)
    assert len(shop.stripe.control.objects("checkout.session")) == 1
    assert the_payment(shop).checkout_session


def test_trap_12_an_event_and_its_fact_stand_or_fall_together(shop: Shop) -> None:
    """What makes a fact fail also takes the event's row back, so that Stripe's retry is a first delivery."""
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "pay")
    event = next(event for event in shop.rt.stripe.events(account=None, since=datetime.now(UTC) - timedelta(hours=1))
                 if event["type"] == "payment_intent.succeeded")
    with pytest.raises(RuntimeError), shop.rt.db.transaction() as session:
        inbox._receive(session, event, shop.rt.now())
        raise RuntimeError
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(StripeEvent)) == 0
    assert inbox.receive_event(shop.rt, event) == "applied"


def test_trap_13_no_refund_under_a_chargeback_or_of_a_debit_that_may_bounce(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "bank_debit")
    shop.hear()
    shop.stripe.control.settle_debit(the_payment(shop).payment_intent or "")
    shop.hear()
    order = RefundOrder(owed.business.id, the_payment(shop).public_id, 5_00, "reopen", Actor("cli"))
    with pytest.raises(Refusal, match="refund_may_bounce"):
        refunds.refund(shop.rt, order)
    shop.stripe.control.open_dispute(the_payment(shop).charge or "")
    shop.hear()
    with pytest.raises(Refusal, match="refund_under_chargeback"):
        refunds.refund(shop.rt, order)
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Refund)) == 0


@pytest.mark.parametrize(("currency", "total", "sent"), [
    ("JPY", 5000, 5000), ("KWD", 12_340, 12_340), ("ISK", 500_00, 500_00), ("USD", 12_34, 12_34)])
def test_trap_14_amounts_are_in_stripes_own_exponents(shop: Shop, currency: str, total: int, sent: int) -> None:
    owed = someone_owes(shop.rt.db, total, currency=currency)
    shop.pay_page(owed, total=total, choice=Choice(currency))
    made = shop.stripe.control.objects("checkout.session")[0]
    assert (made["amount_total"], made["currency"]) == (sent, currency.lower())


def test_trap_14_the_table_is_stripes() -> None:
    assert [exponent(code) for code in ("JPY", "KWD", "ISK", "UGX", "USD", "HUF", "KRW")] == [0, 3, 2, 2, 2, 2, 0]
    assert [step(code) for code in ("KWD", "ISK", "USD")] == [10, 100, 1]
    assert minimum_charge("USD") == 50


def test_trap_15_metadata_holds_ids_only(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    words = json.dumps([request.params for request in shop.stripe.requests])
    assert owed.debtor.name not in words
    assert str(owed.debtor.email) not in words
    made = shop.stripe.control.objects("checkout.session")[0]
    assert made["metadata"] == {"payment": the_payment(shop).public_id}


def test_the_page_closes_by_the_discounts_deadline_and_grace() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    grace = timedelta(minutes=45)
    assert attempts.page_closes_at(now, None, grace) == now + timedelta(minutes=60)
    assert attempts.page_closes_at(now, now + timedelta(minutes=5), grace) == now + timedelta(minutes=50)
    assert attempts.page_closes_at(now, now, timedelta(0)) >= now + timedelta(minutes=30)


def test_no_network_inside_a_transaction(shop: Shop) -> None:
    with pytest.raises(NetworkInsideTransaction), shop.rt.db.transaction():
        shop.rt.stripe.look_up_session("cs_1", account=None)
    with pytest.raises(NetworkInsideTransaction), shop.rt.db.reading():
        shop.rt.stripe.look_up_session("cs_1", account=None)


def test_two_tabs_at_once_have_one_payable_page(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    found: list[str] = []

    def press() -> None:
        try:
            found.append(shop.pay_page(owed, total=100_00))
        except Refusal as refusal:
            found.append(refusal.code)

    tabs = [threading.Thread(target=press) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert any(name.startswith("cs_") for name in found)
    assert sum(page["status"] == "open" for page in shop.stripe.control.objects("checkout.session")) <= 1
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(PaymentInvoice).where(PaymentInvoice.open)) == 1


def test_an_offer_is_lost_a_microsecond_after_its_deadline(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    deadline = datetime(2026, 11, 20, 7, 59, 59, 999_999, tzinfo=UTC)
    with shop.rt.db.transaction() as session:
        make_offer(session, owed.invoices[0], 2_00, deadline)
    from portal.domain.quotes import quote

    with shop.rt.db.reading() as session:
        invoices = debts.open_invoices(session, owed.access)
    for late, total in ((timedelta(0), 98_00), (timedelta(microseconds=1), 100_00)):
        assert quote(invoices, Choice("USD"), now=deadline + late, minimum_part=50).total_minor == total


def test_a_connected_business_is_paid_on_its_own_account(shop: Shop) -> None:
    account = shop.stripe.control.create_account("acct_alder")["id"]
    owed = someone_owes(shop.rt.db, 100_00, stripe_account=account)
    shop.pay_page(owed, total=100_00)
    assert {request.headers.get("Stripe-Account") for request in shop.stripe.requests} == {account}
    shop.stripe.control.press(page(shop), "pay")
    shop.hear()
    assert balances(shop.rt.db, owed.business.id)["stripe_clearing USD"] == 96_80


def test_the_library_answers_for_its_own_signature_scheme() -> None:
    assert stripe.api_version == gateway.API_VERSION


def test_the_return_page_races_the_webhook_and_books_once(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(page(shop), "pay")
    public_id = the_payment(shop).public_id
    racers = [threading.Thread(target=payments.ask_stripe, args=(shop.rt, owed.access, public_id)) for _ in range(2)]
    racers += [threading.Thread(target=inbox.catch_up, args=(shop.rt,)) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    shop.hear()
    assert balances(shop.rt.db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 96_80, "processing_fees USD": 3_20}
    with shop.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message).where(Message.kind == "receipt")) == 1
