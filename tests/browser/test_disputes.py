"""A dispute in a real browser: opened on a phone with a paper, asked about, answered, upheld in part, the rest paid."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.models import DisputeFile, InvoiceLine
from tests.browser.conftest import Product, Watch, visitor
from tests.browser.test_office_queues import office
from tests.browser.test_walk import Walk, cast, enter
from tests.cast import Owed
from tests.gateways.proofs import a_pdf

pytestmark = pytest.mark.browser


@pytest.fixture
def owed(product: Product) -> Owed:
    owed = cast(product)
    with product.rt.db.transaction() as session:
        session.add_all(InvoiceLine(
            business_id=owed.business.id, invoice_id=owed.invoices[0].id, position=place, description=text,
            amount_minor=minor) for place, text, minor in ((1, "Garden care, October", 496_50),
                                                           (2, "Second visit, October 20", 100_00)))
    return owed


def test_opened_asked_answered_partly_upheld_and_the_rest_paid(product: Product, browser: Browser, owed: Owed) -> None:
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page, visitor(browser, 1280, watch) as desk:
        walk, seat = Walk(product, page, watch, "dispute"), Walk(product, desk, watch, "dispute-desk")
        enter(walk, owed)
        walk.follow("I need help")
        walk.follow("Something is wrong")
        expect(page.get_by_role("heading", name="What is wrong?")).to_be_visible()
        walk.look("something-wrong")
        page.fill("textarea[name=words]", "Nobody came on October 20.")
        walk.press("Get the code")
        expect(page.get_by_label("Code from the email")).to_be_visible()
        product.work()
        code = next(part for mail in reversed(product.mailbox.messages(str(owed.debtor.email)))
                    for part in mail["text"].split() if part.isdigit() and len(part) == 6)
        page.fill("input[name=code]", code)
        walk.press("Check the code")
        expect(page.get_by_label("Papers or pictures")).to_be_visible()
        expect(page.locator("textarea[name=words]")).to_have_value("Nobody came on October 20.")
        page.get_by_label("Second visit, October 20").check()
        page.get_by_label("I did not receive it").check()
        page.set_input_files("input[name=files]", {"name": "calendar.pdf", "mimeType": "application/pdf",
                                                   "buffer": a_pdf()})
        walk.look("filled")
        walk.press("Tell us")
        expect(page.get_by_role("heading", name="We are looking at it")).to_be_visible()
        expect(page.get_by_text("calendar.pdf")).to_be_visible()
        walk.look("told")

        office(product, owed, desk)
        desk.goto(f"{product.url}/office/requests/disputes")
        desk.get_by_role("link", name="Begin with the first").click()
        seat.look("queue")
        desk.get_by_label("Your words").fill("Was the gate open that day?")
        desk.get_by_role("button", name="Send these words").click()
        expect(desk.get_by_text("It is their turn now")).to_be_visible()

        page.reload()
        expect(page.get_by_text("Was the gate open that day?")).to_be_visible()
        walk.look("asked")
        page.fill("textarea[name=words]", "Yes, all day.")
        walk.press("Send")
        expect(page.get_by_text("Yes, all day.")).to_be_visible()

        desk.goto(f"{product.url}/office/requests/disputes")
        desk.get_by_role("link", name="Begin with the first").click()
        desk.get_by_role("link", name="Second visit, October 20").click()
        expect(desk.get_by_role("heading", name="Part by part")).to_be_visible()
        desk.get_by_label("Credit of Second visit").fill("60")
        desk.get_by_label("Your words to them").fill("The visit was cut short. We credit 60 of it.")
        seat.look("part-by-part")
        desk.get_by_role("button", name="Decide it").click()
        expect(desk.get_by_text("Decided. They are told by email")).to_be_visible()
        seat.look("decided")

        page.reload()
        expect(page.get_by_role("heading", name="Partly credited")).to_be_visible()
        walk.look("partly-upheld")
        page.goto(f"{product.url}/pay")
        walk.press("Check before you pay")
        # 596.50 less 60.00, and the other invoice with its discount.
        walk.press("Pay $2,184.66 at Stripe")
        walk.at_stripe("pay")
        page.wait_for_url(f"{product.url}/payments/**")
        product.work()
        page.goto(f"{product.url}/balance")
        expect(page.get_by_text("there is nothing left to pay")).to_be_visible()
        walk.look("paid")
    with product.rt.db.reading() as session:
        assert len(session.scalars(select(DisputeFile)).all()) == 1
    assert watch.foreign == [] and [words for words in watch.complaints if "422" not in words] == []
