"""Quote, checkout, event, ledger: each state of a payment, at a Stripe that answers over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Hold, Invoice, Payment, PortalLink
from portal.services import bookkeeping, payments, refunds
from portal.services.audit import Actor
from portal.services.refunds import RefundOrder
from tests.cast import Owed, balances, make_offer, someone_owes
from tests.stripe.conftest import Shop


def the_payment(shop: Shop) -> Payment:
    with shop.rt.db.reading() as session:
        return session.scalars(select(Payment).order_by(Payment.id.desc()).limit(1)).one()


def test_paid_by_card(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 60_00, 40_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    shop.hear()
    assert the_payment(shop).state == "succeeded"
    assert the_payment(shop).method_last4 == "4242"
    assert balances(shop.rt.db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 96_80, "processing_fees USD": 3_20}


def test_paid_by_card_and_no_webhook_ever_arrives(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    shop.stripe.control.advance(3 * 60)
    assert shop.ask() == 1
    assert the_payment(shop).state == "succeeded"
    shop.stripe.control.advance(20 * 60)
    shop.ask()
    assert balances(shop.rt.db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 96_80, "processing_fees USD": 3_20}


def test_declined_then_tried_again_on_the_same_page(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    page = shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "decline")
    shop.hear()
    assert the_payment(shop).state == "open"
    assert the_payment(shop).failure_code
    assert shop.pay_page(owed, total=100_00) == page
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    shop.hear()
    assert the_payment(shop).state == "succeeded"


def test_a_bank_debit_is_on_its_way_and_then_fails(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "bank_debit")
    shop.hear()
    payment = the_payment(shop)
    assert payment.state == "processing"
    with shop.rt.db.reading() as session:
        assert session.scalars(select(Hold).where(Hold.cause == "payment", Hold.released_at.is_(None))).one().reminders
    with pytest.raises(Refusal, match="payment_processing"):
        shop.pay_page(owed, total=100_00)
    shop.stripe.control.fail_debit(payment.payment_intent or "")
    shop.hear()
    assert the_payment(shop).state == "failed"
    with shop.rt.db.reading() as session:
        assert session.scalars(select(Hold).where(Hold.released_at.is_(None))).all() == []
    assert balances(shop.rt.db, owed.business.id) == {
        "sales USD": -100_00, f"receivable invoice:{owed.invoices[0].id} USD": 100_00}
    assert shop.pay_page(owed, total=100_00)


def test_a_bank_debit_settles(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "bank_debit")
    shop.hear()
    shop.stripe.control.settle_debit(the_payment(shop).payment_intent or "")
    shop.hear()
    assert the_payment(shop).state == "succeeded"


def test_a_changed_choice_closes_the_old_page(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    first = the_payment(shop)
    shop.pay_page(owed, total=30_00, choice=Choice("USD", amount_minor=30_00))
    with shop.rt.db.reading() as session:
        assert session.get_one(Payment, first.id).state == "expired"
    assert the_payment(shop).amount_minor == 30_00


def test_a_page_paid_while_it_was_being_replaced_is_booked(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    with pytest.raises(Refusal, match="nothing_open"):
        shop.pay_page(owed, total=30_00, choice=Choice("USD", amount_minor=30_00))
    assert the_payment(shop).state == "succeeded"


def test_the_price_is_the_servers(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    with pytest.raises(Refusal, match="quote_changed"):
        shop.pay_page(owed, total=1_00)
    assert shop.stripe.requests == []


def test_a_link_revoked_while_its_page_was_open_starts_nothing(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    with shop.rt.db.transaction() as session:
        session.get_one(PortalLink, owed.link.id).revoked_at = shop.rt.now()
    with pytest.raises(Refusal, match="link_ended"):
        shop.pay_page(owed, total=100_00)


def test_a_discount_is_earned_by_starting_in_time(shop: Shop) -> None:
    from datetime import timedelta

    owed = someone_owes(shop.rt.db, 100_00)
    with shop.rt.db.transaction() as session:
        make_offer(session, owed.invoices[0], 2_00, shop.rt.now() + timedelta(minutes=5))
    shop.pay_page(owed, total=98_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "bank_debit")
    shop.hear()
    shop.stripe.control.advance(3 * 24 * 3600)
    shop.stripe.control.settle_debit(the_payment(shop).payment_intent or "")
    shop.hear()
    found = balances(shop.rt.db, owed.business.id)
    assert found["discounts_allowed USD"] == 2_00
    assert not any(name.startswith("receivable") for name in found)


def test_refunded_and_the_refund_fails_later(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    shop.hear()
    order = RefundOrder(owed.business.id, the_payment(shop).public_id, 40_00, "reopen", Actor("cli"))
    refunds.refund(shop.rt, order)
    shop.hear()
    left = f"receivable invoice:{owed.invoices[0].id} USD"
    assert balances(shop.rt.db, owed.business.id)[left] == 40_00
    with shop.rt.db.reading() as session:
        from portal.models import Refund
        made = session.scalars(select(Refund)).one()
    shop.stripe.control.fail_refund(made.stripe_refund or "")
    shop.hear()
    assert left not in balances(shop.rt.db, owed.business.id)


def test_a_chargeback_is_withdrawn_and_won(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    shop.pay_page(owed, total=100_00)
    shop.stripe.control.press(the_payment(shop).checkout_session or "", "pay")
    shop.hear()
    before = balances(shop.rt.db, owed.business.id)
    dispute = shop.stripe.control.open_dispute(the_payment(shop).charge or "")
    shop.hear()
    found = balances(shop.rt.db, owed.business.id)
    assert found[f"receivable invoice:{owed.invoices[0].id} USD"] == 100_00
    assert found["chargeback_fees USD"] > 0
    with pytest.raises(Refusal, match="refund_"):
        refunds.refund(shop.rt, RefundOrder(
            owed.business.id, the_payment(shop).public_id, 40_00, "reopen", Actor("cli")))
    shop.stripe.control.win_dispute(dispute["id"])
    shop.hear()
    assert balances(shop.rt.db, owed.business.id) == before


def pay_too_much(shop: Shop, owed: Owed) -> None:
    """Pay an invoice by card that was given up while the page stood open: all of it is credit."""
    page = shop.pay_page(owed, total=100_00)
    with shop.rt.db.transaction() as session:
        bookkeeping.write_off(session, session.get_one(Invoice, owed.invoices[0].id), cause="late", now=shop.rt.now())
    shop.stripe.control.press(page, "pay")
    shop.hear()


def test_what_was_paid_beyond_what_was_owed_goes_back_with_one_press(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    pay_too_much(shop, owed)
    assert balances(shop.rt.db, owed.business.id)[f"debtor_credit debtor:{owed.debtor.id} USD"] == -100_00
    refunds.request_refund_of_credit(shop.rt, owed.access, "USD")
    shop.hear()
    found = balances(shop.rt.db, owed.business.id)
    assert not any(name.startswith(("debtor_credit", "receivable")) for name in found)


def test_a_transfer_announced_twice_is_one(shop: Shop) -> None:
    owed = someone_owes(shop.rt.db, 100_00)
    first = payments.announce_transfer(shop.rt, owed.access, Choice("USD"))
    assert payments.announce_transfer(shop.rt, owed.access, Choice("USD")) == first
    with shop.rt.db.reading() as session:
        hold = session.scalars(select(Hold)).one()
        assert hold.reminders
        assert hold.until is not None
