"""Bringing a file in, in a real browser, on a phone and at a desk: checked, taken in, and what it implied answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import WIDTHS, Product, Watch, violations, visitor
from tests.browser.test_office_queues import office
from tests.browser.test_walk import cast
from tests.imports.test_weekly import FIRST, SECOND

pytestmark = pytest.mark.browser
SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"
WRONG = FIRST.replace("80.68", "=1+1").replace("9/6/2026", "soon")


@pytest.mark.parametrize("width", WIDTHS)
def test_two_weeks_of_a_file_at_every_width(product: Product, browser: Browser, tmp_path: Path, width: int) -> None:
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    owed = cast(product)
    SCREENS.mkdir(parents=True, exist_ok=True)
    with visitor(browser, width, watch) as page:
        office(product, owed, page)

        def look(what: str) -> None:
            page.screenshot(path=SCREENS / f"import-{width}-{what}.png", full_page=True)
            assert violations(page) == [], what

        def send(text: str) -> None:
            path = tmp_path / "open.csv"
            path.write_text(text)
            page.goto(f"{product.url}/office/imports")
            page.set_input_files("#file", str(path))
            with page.expect_navigation():
                page.get_by_role("button", name="Read and check it").click()

        send(WRONG)
        expect(page.get_by_text("A value is expected, not a formula.")).to_be_visible()
        look("errors")
        send(FIRST)
        look("check")
        with page.expect_navigation():
            page.get_by_role("button", name="Take in 6 new invoices").click()
        expect(page.get_by_role("heading", name="The file is in the books")).to_be_visible()
        send(SECOND)
        expect(page.get_by_text("Settled elsewhere since: 2")).to_be_visible()
        look("second")
        with page.expect_navigation():
            page.get_by_role("button", name="Take in 1 new invoice").click()
        look("done")
        with page.expect_navigation():
            page.get_by_role("link", name="Look at what files told").click()
        look("told")
        with page.expect_navigation():
            page.get_by_role("button", name="They were paid").first.click()
        expect(page.get_by_text("Done: 2.")).to_be_visible()
        page.goto(f"{product.url}/office/requests/imported")
        expect(page.get_by_role("heading", name="From imports").first).to_be_visible()
        look("queue")
    assert watch.foreign == [] and watch.complaints == []
