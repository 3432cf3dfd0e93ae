"""Requests in a real browser: asked on a phone, answered at a desk by keys alone, and the next one comes up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app
from portal.models import Debtor, Staff
from portal.services import questions, search
from portal.services.questions import Asked
from tests.browser.conftest import NARROW, WIDE, Product, Watch, visitor
from tests.browser.test_walk import Walk, cast, enter
from tests.cast import Owed, make_debtor, make_invoice
from tests.ledger.stories import charged_back, line, received, start_payment, tell
from tests.office.people import cookie_of, make_staff

pytestmark = pytest.mark.browser


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch((product.url, product.stripe.url, product.mailbox.url))


def office(product: Product, owed: Owed, page: Page) -> Staff:
    """Sit down at a desk of the business as its manager."""
    with product.rt.db.transaction() as session:
        staff = make_staff(session, owed.business, "manager", name="Ines Marlow")
    name, value = cookie_of(create_app(runtime=product.rt), staff, owed.business)
    page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
    return staff


def everything_waits(product: Product, owed: Owed) -> None:
    """Two questions, a call back, money that fits nothing, a chargeback and a failed payment."""
    db, now = product.rt.db, datetime.now(UTC)
    questions.ask(product.rt, owed.access, Asked(
        words="The invoice says three beds, but you planted two.\n\nCan you look at that before Friday? Thanks, Helen"))
    questions.ask(product.rt, owed.access, Asked(call=True, call_when="Thursday after 4", call_number="(503) 555-0177"))
    with db.transaction() as session:
        other = make_debtor(session, owed.business, name="Ray Delacroix", greeting_name="Ray")
        invoice = make_invoice(session, other, 912_40, now=now, due_on=(now - timedelta(days=9)).date())
        search.index_debtors(session, [other, session.get_one(Debtor, owed.debtor.id)])
    ray = Owed(owed.business, other, owed.link, [invoice])
    paid = start_payment(db, owed, (owed.invoices[0], 100_00), at=now - timedelta(days=2))
    tell(db, received(paid, happened_at=now - timedelta(days=2)), charged_back(
        paid, 100_00, line(paid, -100_00, 15_00, id="txn_back", kind="adjustment")), now=now)
    lost = start_payment(db, ray, (invoice, 340_00), opens=False, at=now - timedelta(hours=5), state="failed",
                         failure_code="insufficient_funds", method_brand="visa", method_last4="0341")
    stray = received(lost, happened_at=now, amount=75_00)
    tell(db, replace(stray, payment="nobody's", intent="pi_3MadeUpForTheDemoOnly00", charge=None), now=now)


@pytest.mark.parametrize("width", [WIDE])
def test_every_kind_of_request_is_looked_at_and_solved(product: Product, browser: Browser, watch: Watch,
                                                       width: int) -> None:
    owed = cast(product)
    everything_waits(product, owed)
    with visitor(browser, width, watch) as page:
        office(product, owed, page)
        walk = Walk(product, page, watch, f"requests-{width}")
        page.goto(f"{product.url}/office/requests")
        walk.look("all-kinds")
        for name in ("questions", "suspense", "chargebacks", "failed-payments"):
            page.goto(f"{product.url}/office/requests/{name}")
            walk.look(f"line-of-{name}")
            walk.follow("Begin with the first")
            walk.look(name)
        page.goto(f"{product.url}/office/requests/suspense")
        walk.follow("Begin with the first")
        page.locator("#find").fill("delac")
        walk.press("Search")
        walk.look("invoice-found")
        page.get_by_role("radio").first.check()
        walk.press("Apply to this invoice")
        expect(page.get_by_text("is applied to invoice")).to_be_visible()
        expect(page.get_by_text("That was the last one here.")).to_be_visible()
        walk.look("last-one")
    assert watch.foreign == [] and watch.complaints == []


def test_solved_by_keys_alone_and_a_stale_one_is_told(product: Product, browser: Browser, watch: Watch) -> None:
    owed = cast(product)
    for number in range(3):
        questions.ask(product.rt, owed.access, Asked(words=f"Question number {number}?"))
    with visitor(browser, 1280, watch) as page, visitor(browser, 1280, watch) as colleague:
        walk = Walk(product, page, watch, "requests-keys")
        office(product, owed, page)
        office(product, owed, colleague)
        page.goto(f"{product.url}/office/requests/questions")
        page.get_by_role("link", name="Begin with the first").press("Enter")
        colleague.goto(page.url)
        first = page.url
        page.get_by_label("Your words").fill("It was two beds; you get a corrected invoice tomorrow.")
        page.get_by_label("Your words").press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("a")
        expect(page.get_by_text("Answered. It stands on their page")).to_be_visible()
        assert page.url != first
        second = page.url
        page.keyboard.press("s")
        page.wait_for_url(lambda url: url != second)
        colleague.get_by_label("Your words").fill("My own long answer")
        colleague.get_by_role("button", name="Send the answer").click()
        expect(colleague.get_by_text("Something new was said here in the meantime").first).to_be_visible()
        assert colleague.get_by_label("Your words").input_value() == "My own long answer"
        walk.look("skipped-to")
        colleague.goto(first)
        expect(colleague.get_by_text("Ines Marlow answered this")).to_be_visible()
        Walk(product, colleague, watch, "requests-stale").look("answered-by-a-colleague")
    assert watch.foreign == [] and [words for words in watch.complaints if "409" not in words] == []


@pytest.mark.parametrize("width", [NARROW])
def test_a_debtor_asks_and_reads_the_answer(product: Product, browser: Browser, watch: Watch, width: int) -> None:
    owed = cast(product)
    with visitor(browser, width, watch) as page, visitor(browser, 1280, watch) as desk:
        walk = Walk(product, page, watch, f"question-{width}")
        enter(walk, owed)
        page.goto(f"{product.url}/help")
        walk.look("help")
        walk.follow("A question")
        walk.look("ask")
        page.get_by_label("Your question").fill("Why three beds?\n\nWe have two.")
        walk.press("Send the question")
        expect(page.get_by_text("We answer by")).to_be_visible()
        walk.look("asked")
        office(product, owed, desk)
        desk.goto(f"{product.url}/office/requests/questions")
        desk.get_by_role("link", name="Begin with the first").click()
        desk.get_by_label("Your words").fill("You are right, Helen. The corrected invoice comes tomorrow.\n\nInes")
        desk.get_by_role("button", name="Send the answer").click()
        expect(desk.get_by_text("That was the last one here.")).to_be_visible()
        product.work()
        mail = product.mailbox.messages(str(owed.debtor.email))[-1]
        assert mail["subject"].startswith("An answer from") and "You are right, Helen." in mail["text"]
        page.reload()
        expect(page.get_by_text("You are right, Helen.")).to_be_visible()
        walk.look("answered")
        page.goto(f"{product.url}/call-me")
        walk.look("call-me")
        page.get_by_label("Which number?").fill("none")
        walk.press("Ask for a call")
        expect(page.locator("[role=alert]")).to_be_visible()
        walk.look("number-malformed")
        page.get_by_label("Which number?").fill("")
        walk.press("Ask for a call")
        expect(page.get_by_text("We call you by")).to_be_visible()
        page.goto(f"{product.url}/questions")
        walk.look("asked-before")
    assert watch.foreign == [] and [words for words in watch.complaints if "422" not in words] == []
