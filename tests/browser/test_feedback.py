"""One press after paying in a real browser, words beside it, and the same question from the receipt's own link."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.models import Feedback
from tests.browser.conftest import NARROW, Product, Watch, visitor
from tests.browser.test_walk import Walk, cast, enter

pytestmark = pytest.mark.browser


def answers(product: Product) -> list[tuple[int, str]]:
    with product.rt.db.reading() as session:
        return [(row.score, row.body) for row in session.scalars(select(Feedback))]


@pytest.mark.parametrize("width", [NARROW])
def test_how_it_was_is_said_in_one_press_and_from_the_receipt(product: Product, browser: Browser, width: int) -> None:
    owed = cast(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, width, watch) as page:
        walk = Walk(product, page, watch, f"feedback-{width}")
        enter(walk, owed)
        walk.follow("Pay")
        walk.press("Check before you pay")
        walk.press("Pay $2,244.66 at Stripe")
        walk.at_stripe("pay")
        page.wait_for_url(f"{product.url}/payments/**")
        product.work()
        page.goto(page.url.partition("?")[0])
        expect(page.get_by_role("heading", name="How was this for you?")).to_be_visible()
        assert answers(product) == [], "looking is no answer"
        walk.look("asked")
        walk.press("All right")
        expect(page.get_by_text("You said: All right.")).to_be_visible()
        assert answers(product) == [(2, "")]
        walk.look("said")
        page.fill("textarea[name=words]", "The second button was hard to find.")
        walk.press("Send these words")
        expect(page.get_by_text("Your words have reached us.")).to_be_visible()
        product.work()
        links = [link for mail in product.mailbox.messages(str(owed.debtor.email)) for link in mail["links"]]
        page.goto(next(link for link in links if "/feedback/" in link))
        expect(page.get_by_text("You said: All right.")).to_be_visible()
        assert not any(secret in page.content() for secret in ("$", "Helen", "hard to find"))
        walk.look("by-link")
        walk.press("Rather: Easy")
        expect(page.get_by_text("You said: Easy.")).to_be_visible()
        assert answers(product) == [(3, "The second button was hard to find.")]
    assert watch.foreign == []
    assert watch.complaints == []
