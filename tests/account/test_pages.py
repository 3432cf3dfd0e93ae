"""The account's pages over HTTP: what they say, what they refuse, and what looking at them leaves untouched."""

from __future__ import annotations

import gzip
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.policy import Policy
from portal.models import Payment
from tests.access.visitor import Browser, House
from tests.account.conftest import counted, inside
from tests.cast import NOON, Clock, Owed, make_debtor, make_invoice, make_link, make_offer, someone_owes
from tests.ledger.stories import moved, received, refunded, start_payment, tell
from tests.stage import set_stage
from tests.words.test_pseudo_language import bypassed

FOUND = re.compile(r'(?:href|src)="(/(?:static|brand)/[^"]+)"')
FONT = "/static/vendor/figtree/figtree-latin.woff2"
# A bold word inside a sentence would cut its brackets in two.
INLINE = re.compile(r"</?b(?: [^>]*)?>")
# What the cast, numbers and dates bring along; each is written by code that knows the reader's language.
DATA = frozenset({
    "French", "drain", "along", "the", "patio", "Example", "Bank", "MG", "MD", "EUR", "USD", "Visa",
    "pm", "Pacific", "Helen", "Okafor", "Oct", "Nov", "Dec", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
    "Friday", "Saturday", "October", "November", "December"})
NUMBERS = re.compile(r"\bP-\w{4}-\w{4}\b|\bMD \d+ \w+")


def of_a_language(db: Database, locale: str) -> Owed:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        debtor = make_debtor(session, owed.business, locale=locale, greeting_name="")
        link = make_link(session, debtor)
        invoices = [make_invoice(session, debtor, total, due_on=due)
                    for total, due in ((608_43, date(2026, 10, 18)), (1681_80, date(2026, 12, 6)))]
        make_offer(session, invoices[1], 33_64, NOON + timedelta(days=9), basis_points=200)
    return Owed(owed.business, debtor, link, invoices)


def addresses(db: Database, owed: Owed) -> list[str]:
    """Every page of one's own account, with a payment in each state."""
    found = ["/balance", "/pay", "/pay/review?currency=USD", "/pay/transfer?currency=USD", "/history", "/pay-link"]
    first = owed.invoices[0]
    for state in ("created", "unknown", "open", "announced", "processing", "failed", "expired", "canceled"):
        payment = start_payment(db, owed, (first, 1_00), opens=False, state=state, failure_code="insufficient_funds"
                                if state == "failed" else None, checkout_url="http://checkout.test/c")
        found.append(f"/payments/{payment.public_id}")
    for state in ("expired", "canceled"):
        told = start_payment(db, owed, (first, 1_00), opens=False, state=state, channel="transfer", expires_at=None)
        found.append(f"/payments/{told.public_id}")
    done = start_payment(db, owed, (first, 10_00), opens=False)
    tell(db, received(done), refunded(done, 4_00))
    return [*found, f"/payments/{done.public_id}"]


@pytest.mark.parametrize("locale", ["en", "es", "qps"])
def test_every_page_speaks_its_readers_language_and_writes_nothing(house: House, locale: str) -> None:
    owed = of_a_language(house.db, locale)
    pages = addresses(house.db, owed)
    browser = inside(house, owed.link)
    before = house.digest()
    for address in pages:
        assert browser.get(address, follow=False).status_code == 200, address
        assert f'<html lang="{locale}"' in browser.text, address
        if locale == "qps":
            left = set(bypassed(NUMBERS.sub("", INLINE.sub("", browser.text)))) - DATA
            assert not left, (address, left)
        if locale == "es":
            assert "Back to your balance" not in browser.words, address
    assert house.digest() == before, "looking changed something"


def test_the_balance_costs_five_questions_with_the_session(house: House, db: Database) -> None:
    stage = set_stage(db, house.rt.settings.files_dir.parent, NOON)
    browser = inside(house, stage.own.owed.link, stage.own.marks.digits)
    with counted(db) as asked:
        assert browser.get("/balance", follow=False).status_code == 200
    assert len(asked) <= 5, "\n\n".join(asked)


def test_a_first_visit_weighs_less_than_fifty_kilobytes(house: House) -> None:
    browser = inside(house, someone_owes(house.db, 608_43, 1681_80).link)
    browser.get("/balance")
    page = browser.text
    weight = len(gzip.compress(page.encode()))
    for address in {FONT, *FOUND.findall(page)}:
        body = browser.get(address).get_data()
        weight += len(body) if address.endswith(".woff2") else len(gzip.compress(body))
    assert weight <= 50_000, weight
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!portal\.test)', page), "nothing comes from elsewhere"


# Paying: what is typed or tampered with

def chosen(browser: Browser, **typed: str) -> int:
    browser.get("/pay")
    return browser.send("/pay", follow=False, **typed).status_code


@pytest.mark.parametrize(("typed", "said"), [
    ("", "Please enter an amount."), ("0", "above zero"), ("0.10", "smallest"), ("-5", "above zero"),
    ("lots", "digits only"), ("1.005", "more exact"), ("99999", "too much"), ("9" * 40, "too much"),
    ("1,2,3", "digits only"), ("€5", "USD"), ("5\u202e", "digits only"), ("<b>7</b>", "digits only"),
])
def test_an_amount_that_cannot_be_paid_is_said_above_the_field_and_kept(house: House, typed: str, said: str) -> None:
    browser = inside(house, someone_owes(house.db, 100_00).link)
    assert chosen(browser, what="part:USD", amount_USD=typed) == 422
    form = next(f for f in browser.forms() if f.action == "/pay")
    assert form.fields["amount_USD"] == typed
    assert said in browser.words and 'aria-invalid="true"' in browser.text
    assert "Pay %(" not in browser.text


def test_the_readers_own_decimal_sign_is_read(house: House) -> None:
    owed = someone_owes(house.db, 100_00, currency="EUR")
    with house.db.transaction() as session:
        debtor = make_debtor(session, owed.business, locale="es", country="ES", postal_code="46001")
        make_invoice(session, debtor, 100_00, currency="EUR")
        link = make_link(session, debtor)
    browser = inside(house, link, "46001")
    browser.get("/pay")
    browser.send("/pay", what="part:EUR", amount_EUR="12,50")
    assert browser.path == "/pay/review" and "12,50" in browser.words
    browser.get("/pay")
    browser.send("/pay", what="part:EUR", amount_EUR="nada")
    assert "¿" in browser.words or "importe" in browser.words.lower()


def test_change_leads_back_to_what_was_chosen(house: House) -> None:
    owed = someone_owes(house.db, 100_00, 40_00, 30_00, 20_00, 10_00)
    browser = inside(house, owed.link)
    for what, more in ((f"one:USD:{owed.invoices[1].public_id}", {}), ("part:USD", {"amount_USD": "37.5"}),
                       ("some:USD", {"invoice_USD": owed.invoices[2].public_id})):
        choice = {"what": what, **more}
        browser.get("/pay")
        browser.post("/pay", {**dict(browser.forms()[-1].form_values()), **choice})
        assert browser.path == "/pay/review", choice
        change = re.search(r'class="change"><a href="([^"]+)"', browser.text)
        assert change is not None
        browser.get(change[1].replace("&amp;", "&"))
        form = next(f for f in browser.forms() if f.action == "/pay")
        kept = dict(form.form_values())
        if what == "part:USD":
            assert (kept["what"], kept["amount_USD"]) == ("part:USD", "37.50")
        else:
            one = more.get("invoice_USD", what.rsplit(":", 1)[-1])
            assert kept["what"].endswith((one, "some:USD")) and kept.get("invoice_USD", one) == one


@pytest.mark.parametrize("query", [
    "currency=USD&part=-5", "currency=USD&part=abc", "currency=USD&part=1.5", "currency=USD&part=" + "9" * 30,
    "currency=USD&part=0", "currency=XXX", "", "currency=USD&invoice=made-up", "currency=USD&invoice=" + "x" * 60,
    "currency=usd%00",
])
@pytest.mark.parametrize("page", ["/pay/review", "/pay/transfer"])
def test_an_address_that_was_tampered_with_opens_nothing(house: House, page: str, query: str) -> None:
    browser = inside(house, someone_owes(house.db, 100_00).link)
    before = house.digest()
    answer = browser.get(f"{page}?{query}")
    assert answer.status_code in (200, 400, 404), answer.status_code
    if answer.status_code == 200:
        assert browser.path in ("/pay", "/balance"), "a refused choice leads back to choosing"
    assert house.digest() == before


@pytest.mark.parametrize("changed", [
    {"expected_total": "1"}, {"expected_total": "-10000"}, {"expected_total": "free"}, {"expected_total": "9" * 40},
    {"expected_total": ""}, {"part": "1"}, {"part": "-1"}, {"part": "0"}, {"currency": "EUR"},
    {"currency": "JPY", "expected_total": "100"}, {"invoice": "made-up"}, {"invoice": "foreign"},
])
def test_a_price_named_by_the_browser_starts_no_payment(house: House, changed: dict[str, str]) -> None:
    owed, stranger = someone_owes(house.db, 100_00), someone_owes(house.db, 1_00)
    browser = inside(house, owed.link)
    browser.get("/pay/review?currency=USD")
    changed = {name: stranger.invoices[0].public_id if value == "foreign" else value for name, value in changed.items()}
    browser.send("/pay/start", **changed)
    assert browser.page is not None and browser.page.status_code < 500
    with house.db.reading() as session:
        assert not session.scalars(select(Payment)).all()


def test_a_price_that_rose_in_the_meantime_is_shown_again_before_anything_starts(house: House, clock: Clock) -> None:
    owed = someone_owes(house.db, 100_00, policy=Policy(discount_grace_minutes=0))
    with house.db.transaction() as session:
        make_offer(session, owed.invoices[0], 5_00, NOON + timedelta(minutes=5))
    browser = inside(house, owed.link)
    browser.get("/pay/review?currency=USD")
    assert "Pay $95.00 at Stripe" in browser.words
    clock.pass_time(minutes=6)
    browser.send("/pay/start")
    assert browser.path == "/pay/review" and "Pay $100.00 at Stripe" in browser.words
    assert "The discount has ended since you looked" in browser.words


def test_without_a_session_a_return_from_stripe_tells_of_no_debt(house: House) -> None:
    owed = someone_owes(house.db, 731_17)
    payment = start_payment(house.db, owed, (owed.invoices[0], 731_17))
    nobody = house.browser()
    known, unknown = nobody.get(f"/payments/{payment.public_id}"), house.browser().get("/payments/made-up")
    assert known.status_code == unknown.status_code == 200
    text = known.get_data(as_text=True)
    assert not any(word in text for word in ("731", payment.number, "Helen", "French drain", owed.business.name))


# What the page says must be so

def test_nobody_reads_that_everything_is_paid_while_another_currency_is_open(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        make_invoice(session, owed.debtor, 45_00, currency="EUR")
    payment = start_payment(house.db, owed, (owed.invoices[0], 100_00))
    tell(house.db, received(payment))
    browser = inside(house, owed.link)
    browser.get(f"/payments/{payment.public_id}")
    assert "another currency stands on your balance" in browser.words
    assert "Everything is paid" not in browser.words and "$45" not in browser.words


def test_who_is_waiting_for_the_bank_is_not_asked_to_pay_nor_told_of_reminders(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = start_payment(house.db, owed, (owed.invoices[0], 100_00))
    tell(house.db, moved(payment, "processing", brand="us_bank_account", last4="6789"))
    browser = inside(house, owed.link)
    browser.get("/balance")
    assert "See how it stands" in browser.words and 'class="way main" href="/pay"' not in browser.text
    assert "We may write to you" not in browser.words


def test_a_payment_nobody_has_heard_of_is_not_called_not_taken(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = start_payment(house.db, owed, (owed.invoices[0], 100_00), checkout_url="http://checkout.test/c")
    browser = inside(house, owed.link)
    browser.get(f"/payments/{payment.public_id}")
    assert "not taken" not in browser.words and "Check again" in browser.words


@pytest.mark.parametrize(
    "code", ["fraudulent", "lost_card", "stolen_card", "pickup_card", "never_heard_of", "<script>"])
def test_a_decline_never_accuses(house: House, code: str) -> None:
    owed = someone_owes(house.db, 100_00)
    payment = start_payment(house.db, owed, (owed.invoices[0], 100_00), state="failed", failure_code=code)
    browser = inside(house, owed.link)
    browser.get(f"/payments/{payment.public_id}")
    assert "Your bank gave no reason" in browser.words
    assert not re.search("fraud|stolen|lost|pickup|never_heard|<script>", browser.text)


def test_a_link_for_who_only_pays_shows_nothing_else(house: House, db: Database) -> None:
    stage = set_stage(db, house.rt.settings.files_dir.parent, NOON)
    browser = house.browser()
    browser.open(house.address(stage.own.pay_only))
    for address in ("/pay-only", "/balance", "/pay", "/history", "/pay-link", "/help", "/statement.pdf",
                    *(f"/payments/{payment.public_id}" for payment in stage.own.payments.values()),
                    *(f"/invoices/{invoice.public_id}.pdf" for invoice in stage.own.owed.invoices)):
        browser.get(address)
        assert browser.path == "/pay-only" or browser.page.status_code == 404, address  # type: ignore[union-attr]
        # The reference names the account by its number, as it does on a transfer; nothing else may show.
        shown = [mark for mark in stage.own.secrets if mark in browser.text and mark != stage.own.marks.digits]
        assert not shown, (address, shown)
