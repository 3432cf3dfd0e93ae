"""The pages of a link that only pays: what the debtor makes, what the payer sees, what stays behind the door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.quotes import Choice
from portal.models import Payment
from portal.services import inbox, pay_links
from sandbox.stripe.server import StripeStandIn
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.account.payers import assert_silent, canary, link_of, make_on_page, offered, payer, shop
from tests.cast import make_debtor, make_invoice, make_link, someone_owes
from tests.ledger.stories import charged_back, line, moved, received, start_payment, tell


@pytest.fixture
def stripe() -> Iterator[StripeStandIn]:
    with StripeStandIn() as stand_in:
        yield stand_in


def test_the_debtor_makes_a_link_sees_it_once_and_ends_it(house: House) -> None:
    owed = canary(house, 60_00, 40_00)
    browser = inside(house, owed.link, "90817")
    address = make_on_page(browser, what="part:USD", amount_USD="25.50")
    assert "Your link is ready" in browser.words and "$25.50" in browser.words and "readonly" in browser.text
    browser.get("/pay-link")
    assert address not in browser.text and "$25.50" in browser.words and "An amount of your choice" in browser.words
    stranger = payer(house, address)
    form = next(form for form in browser.forms() if "/revoke" in form.action)
    browser.post(form.action, dict(form.form_values()))
    assert "$25.50" not in browser.words
    assert stranger.get("/pay-only", follow=False).status_code == 303
    again = house.browser()
    again.get(address)
    assert "Continue" not in [form.text_content().strip() for form in again.forms()] and again.path != "/pay-only"
    assert house.acts().count("pay_link.made") == 1 and house.acts().count("pay_link.revoked") == 1


def test_the_payer_sees_payee_reference_and_amount_and_nothing_else(house: House) -> None:
    owed = canary(house, 60_00, 40_00)
    other_sum = "$40.00"
    address = make_on_page(inside(house, owed.link, "90817"), what=f"one:USD:{owed.invoices[0].public_id}")
    browser = payer(house, address)
    assert_silent(browser.text)
    assert "Marsh & Daughter LLC" in browser.words and "$60.00" in browser.words
    assert owed.invoices[0].number in browser.words
    assert other_sum not in browser.words and "$100.00" not in browser.words
    assert owed.debtor.number not in browser.words
    before = house.digest()
    for path in ("/balance", "/history", "/pay", "/pay-link", "/statement.pdf", "/help",
                 f"/invoices/{owed.invoices[0].public_id}.pdf"):
        answer = browser.get(path, follow=False)
        assert answer.status_code == 303 and answer.headers["Location"] == "/pay-only", path
    for path in ("/pay-link", f"/pay-link/{owed.link.public_id}/revoke", "/pay/start"):
        form = dict(browser.forms()[0].form_values()) if browser.get("/pay-only") else {}
        assert browser.post(path, {"csrf_token": form["csrf_token"]}, follow=False).status_code == 404, path
    assert house.digest() == before


def test_amounts_that_are_none_come_back_with_a_sentence(house: House) -> None:
    owed = canary(house, 60_00)
    browser = inside(house, owed.link, "90817")
    for typed, said in (("60.01", "The most you can pay is $60.00"), ("-5", "above zero"), ("abc", "digits only"),
                        ("", "enter an amount"), ("0", "above zero"), ("1.234567", "more exact"),
                        ("9" * 70, "too long")):
        browser.get("/pay-link")
        answer = browser.send("/pay-link", what="part:USD", amount_USD=typed)
        assert answer.status_code == 422 and said in browser.words, (typed, browser.words)
    browser.get("/pay-link")
    assert browser.send("/pay-link", what="part:XXX").status_code == 422
    assert "pay_link.made" not in house.acts()


@pytest.mark.parametrize(("state", "said"), [
    ("open", "We have not heard yet"), ("processing", "Please do not pay again"), ("failed", "Nothing was taken"),
    ("expired", "Nothing was charged"), ("received", "This has been paid, thank you"),
    ("taken_back", "went back to you")])
def test_the_payer_is_told_how_their_own_payment_stands(house: House, state: str, said: str) -> None:
    owed = canary(house, 60_00)
    public_id = pay_links.make(house.rt, owed.access, Choice("USD"))
    link = link_of(house.rt, public_id)
    payment = start_payment(house.db, owed, (owed.invoices[0], 60_00), link_id=link.id)
    if state in ("received", "taken_back"):
        tell(house.db, received(payment))
        if state == "taken_back":
            tell(house.db, charged_back(payment, 60_00, line(payment, -60_00, 1500, id="txn_cb", kind="adjustment")))
    elif state != "open":
        tell(house.db, moved(payment, state))
    browser = payer(house, house.address(link))
    assert said in browser.words, browser.words
    assert_silent(browser.text)
    pressed = [form.action for form in browser.forms()]
    assert ("/pay-only/start" in pressed) == (state in ("open", "failed", "expired", "taken_back"))


def test_a_debtors_own_payment_is_no_news_for_the_payer(house: House) -> None:
    owed = canary(house, 60_00)
    link = link_of(house.rt, pay_links.make(house.rt, owed.access, Choice("USD")))
    start_payment(house.db, owed, (owed.invoices[0], 60_00), state="failed", opens=False, link_id=owed.link.id)
    browser = payer(house, house.address(link))
    assert "Your bank did not" not in browser.words and "Pay $60.00" in browser.words


def test_paying_with_it_from_the_page_to_the_thank_you(db: Database, tmp_path: Path, stripe: StripeStandIn) -> None:
    house = shop(db, tmp_path, stripe)
    owed = canary(house, 60_00)
    link = link_of(house.rt, pay_links.make(house.rt, owed.access, Choice("USD", amount_minor=20_00)))
    browser = payer(house, house.address(link))
    answer = browser.send("/pay-only/start", follow=False)
    assert answer.status_code == 303
    assert_silent(str(stripe.requests))
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
    assert (payment.amount_minor, payment.link_id, payment.checkout_url) == (20_00, link.id, answer.headers["Location"])
    browser.get(f"/payments/{payment.public_id}")
    assert browser.path == "/pay-only" and "We have not heard yet" in browser.words
    stripe.control.press(payment.checkout_session or "", "pay")
    browser.send("/pay-only/ask")
    assert browser.path == "/pay-only" and "This has been paid, thank you" in browser.words
    assert_silent(browser.text)
    inbox.catch_up(house.rt)
    assert offered(house.rt, link).state == "paid"


def test_a_price_that_changed_since_it_was_shown_starts_nothing(db: Database, tmp_path: Path,
                                                               stripe: StripeStandIn) -> None:
    house = shop(db, tmp_path, stripe)
    owed = canary(house, 60_00)
    browser = payer(house, house.address(link_of(house.rt, pay_links.make(house.rt, owed.access, Choice("USD")))))
    tell(db, received(start_payment(db, owed, (owed.invoices[0], 50_00))))
    browser.send("/pay-only/start")
    assert browser.path == "/pay-only" and "The amount has changed" in browser.words and "Pay $10.00" in browser.words
    for tampered in ("1", "", "-1", "abc", "9" * 30):
        browser.get("/pay-only")
        browser.send("/pay-only/start", expected_total=tampered)
        assert "The amount has changed" in browser.words, tampered
    assert stripe.requests == []


def test_who_has_a_whole_page_is_led_to_it_and_starts_nothing_here(house: House) -> None:
    owed = canary(house, 60_00)
    browser = inside(house, owed.link, "90817")
    assert browser.get("/pay-only", follow=False).headers["Location"] == "/balance"
    browser.get("/pay-link")
    token = dict(browser.forms()[0].form_values())["csrf_token"]
    for path in ("/pay-only/start", "/pay-only/ask"):
        assert browser.post(path, {"csrf_token": token}, follow=False).status_code == 404


def test_in_spanish(house: House) -> None:
    owed = someone_owes(house.db, locale="es", country="ES", currency="EUR")
    with house.db.transaction() as session:
        debtor = make_debtor(session, owed.business, country="ES", postal_code="46001")
        make_invoice(session, debtor, 60_00, currency="EUR")
        link = make_link(session, debtor)
    browser = inside(house, link, "46001")
    address = make_on_page(browser, what="part:EUR", amount_EUR="25,50")
    assert "Su enlace está listo" in browser.words and "What they will see" not in browser.words
    stranger = house.browser()
    stranger.get(address)
    stranger.send("/continue")
    assert "Le han pedido que pague a Marsh & Daughter LLC" in stranger.words
    assert "Pagar 25,50" in stranger.words
