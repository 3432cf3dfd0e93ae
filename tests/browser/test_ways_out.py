"""The ways out in a browser: side by side, hard times, a plan read, signed and checked, a part of an old debt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.domain.policy import Policy
from portal.models import Agreement, Arrangement, Payment, ShownNotice
from portal.services import links
from tests.access.visitor import CODE
from tests.browser.conftest import NARROW, Product, Watch, visitor
from tests.browser.test_walk import Walk
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link

pytestmark = pytest.mark.browser


def owing(product: Product) -> Owed:
    """Helen owes an invoice of four years ago and one of last month."""
    now = datetime.now(UTC)
    with product.rt.db.transaction() as session:
        business = make_business(session, policy=Policy(quiet_from_hour=0, quiet_until_hour=0))
        helen = make_debtor(session, business)
        old = make_invoice(session, helen, 120_00, due_on=now.date() - timedelta(days=1_460), now=now)
        late = make_invoice(session, helen, 80_00, due_on=now.date() - timedelta(days=23), now=now)
        link = make_link(session, helen, created_at=now, expires_at=now + timedelta(days=30))
    return Owed(business, helen, link, [old, late])


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize("width", [NARROW])
def test_each_way_out_is_walked_to_its_end(product: Product, browser: Browser, width: int) -> None:
    owed = owing(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, width, watch) as page:
        walk = Walk(product, page, watch, f"ways-{width}")
        page.goto(links.url_of(product.rt.settings, owed.link))
        walk.press("Continue")
        page.fill("input[name=fact]", "97301")
        walk.press("Continue")
        page.wait_for_url("**/balance")
        page.goto(f"{product.url}/pay")
        walk.follow("All ways side by side")
        expect(page.get_by_role("link", name="Pay over time").first).to_be_visible()
        walk.look("side-by-side")

        page.goto(f"{product.url}/more-time")
        expect(page.get_by_text("In many states the law sets a time")).to_be_visible()
        page.fill("input[name=until]", in_days(20))
        page.check("input[name=hard_times]")
        walk.look("hard-times")
        walk.press("Ask for this time")
        expect(page.get_by_role("heading", name="You have time until")).to_be_visible()

        page.goto(f"{product.url}/plan")
        walk.look("plan")
        page.locator("main button.go").first.click()
        page.wait_for_url("**/sign/**")
        page.check("input[name=consent][value=electronic_records]")
        page.fill("input[name=name]", "Helen Adaeze Okafor")
        walk.look("read-and-sign")
        walk.press("Go on to the code")
        product.work()
        mail = product.mailbox.wait_for(1, str(owed.debtor.email))[-1]
        code = CODE.search(mail["text"])
        assert code is not None
        page.fill("input[name=code]", code[1])
        walk.look("code")
        walk.press("Sign the agreement")
        page.wait_for_load_state()
        walk.look("signed")

        page.goto(f"{product.url}/agreements")
        walk.look("agreements")
        walk.follow("Payment plan, signed on")
        walk.look("agreement")
        walk.follow("Check it")
        expect(page.get_by_text("Genuine and unchanged.")).to_be_visible()
        walk.look("verified")

        invoice = owed.invoices[0].public_id
        page.goto(f"{product.url}/pay/transfer?currency=USD&invoice={invoice}&part=4000")
        expect(page.get_by_text("In many states the law sets a time")).to_be_visible()
        walk.look("part-of-an-old-debt")
        walk.press("I have sent it")
        page.wait_for_url("**/payments/**")
    with product.rt.db.reading() as session:
        assert session.scalars(select(Agreement.kind)).all() == ["plan"]
        assert session.scalars(select(Arrangement.state).where(Arrangement.kind == "plan")).all() == ["active"]
        assert session.scalars(select(Payment.amount_minor)).all() == [40_00]
        assert {cause for cause in session.scalars(select(ShownNotice.cause))} == {"arrangement", "payment"}
    assert watch.foreign == [] and watch.complaints == []
