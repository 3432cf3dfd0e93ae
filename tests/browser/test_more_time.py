"""Help in a real browser, as wide as a phone: time that is countered and taken, a promised day, a proof sent along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.models import Arrangement, PaymentClaim
from portal.services import links
from tests.browser.conftest import Product, Watch, visitor
from tests.browser.test_walk import Walk, cast, enter
from tests.cast import Owed
from tests.gateways.proofs import a_pdf, a_picture

pytestmark = pytest.mark.browser


def arrangements(product: Product) -> dict[str, str]:
    with product.rt.db.reading() as session:
        return {row.kind: row.state for row in session.scalars(select(Arrangement).order_by(Arrangement.id))}


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_a_promised_day_then_time_that_is_countered_and_taken(product: Product, browser: Browser) -> None:
    owed = cast(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page:
        walk = Walk(product, page, watch, "more-time")
        enter(walk, owed)
        walk.follow("I need help")
        walk.look("help")
        walk.follow("More time")
        walk.look("more-time")
        walk.follow("I only need to name the day I pay")
        page.fill("input[name=until]", in_days(10))
        walk.look("promise")
        walk.press("Write it down")
        expect(page.get_by_text("Thank you. We have written it down.")).to_be_visible()
        walk.look("promised")
        page.goto(f"{product.url}/balance")
        expect(page.get_by_text("as the day you pay.")).to_be_visible()
        said = walk.text()
        assert said.index("The day you named to pay ends.") < said.index("Autumn planting, three beds is due.")
        walk.look("balance-promised")

        page.goto(f"{product.url}/more-time")
        page.fill("input[name=until]", in_days(60))
        page.fill("textarea[name=words]", "My pay comes at the end of the month.")
        walk.press("Ask for this time")
        expect(page.get_by_role("heading", name="We offered time until")).to_be_visible()
        walk.look("countered")
        walk.press("Take ")
        expect(page.get_by_role("heading", name="You have time until")).to_be_visible()
        walk.look("taken")
        page.goto(f"{product.url}/balance")
        expect(page.get_by_text("You have time until")).to_be_visible()
        walk.look("balance-time")
    assert arrangements(product) == {"promise": "ended", "deferral": "active"}
    assert watch.foreign == [] and watch.complaints == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_payment_told_of_with_its_proof(product: Product, browser: Browser, language: str) -> None:
    owed = cast(product, locale="es_US" if language == "es" else "en_US")
    looking, unknown, stands = {
        "en": ("We are looking for your payment.", "Please choose a PDF", "You told us that you have paid."),
        "es": ("Estamos buscando su pago.", "elija un PDF", "Nos dijo que ya pagó."),
    }[language]
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page:
        walk = Walk(product, page, watch, f"already-paid-{language}")
        _inside(walk, owed)
        page.goto(f"{product.url}/already-paid")
        page.fill("input[name=amount]", "596.50")
        page.fill("input[name=paid_on]", in_days(-3))
        page.set_input_files("input[name=proof]", {"name": "slip.pdf", "mimeType": "application/pdf",
                                                   "buffer": b"not one"})
        walk.look("filled")
        page.locator("main form button.go").click()
        expect(page.get_by_text(unknown)).to_be_visible()
        walk.look("not-a-file")
        page.set_input_files("input[name=proof]", {
            "name": "slip.jpg", "mimeType": "image/jpeg", "buffer": a_picture()} if language == "en" else {
            "name": "recibo.pdf", "mimeType": "application/pdf", "buffer": a_pdf(3 * 1024 * 1024)})
        page.locator("main form button.go").click()
        expect(page.get_by_role("heading", name=looking)).to_be_visible()
        walk.look("told")
        page.goto(f"{product.url}/balance")
        expect(page.get_by_text(stands)).to_be_visible()
        walk.look("balance")
    with product.rt.db.reading() as session:
        assert session.scalars(select(PaymentClaim)).one().file_id is not None
    assert watch.foreign == []
    # A form that is told what is wrong answers 422, and the console notes it.
    assert all("422" in said for said in watch.complaints)


def _inside(walk: Walk, owed: Owed) -> None:
    walk.page.goto(links.url_of(walk.product.rt.settings, owed.link))
    walk.page.locator("main form button").first.click()
    walk.page.fill("input[name=fact]", "97301")
    walk.page.locator("main form button.go").first.click()
    walk.page.wait_for_url("**/balance")
