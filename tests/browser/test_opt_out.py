"""Stopping emails in a real browser, from the email itself, with script and without; and what staff then see."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app
from portal.models import Debtor
from portal.services import opt_out, reminders
from tests.browser.conftest import NARROW, WIDE, Product, Watch, violations, visitor
from tests.browser.test_walk import cast
from tests.cast import Owed
from tests.office.people import cookie_of, make_staff

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"

pytestmark = pytest.mark.browser


def look(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
    assert violations(page) == [], name


def reminded(product: Product, **debtor: object) -> tuple[Owed, str]:
    """Helen with a reminder in her mailbox; gives the way to stop from it."""
    owed = cast(product, **debtor)
    reminders.send_reminder(product.rt, owed.business.slug, owed.debtor.number)
    product.work()
    mail = product.mailbox.wait_for(1, str(owed.debtor.email))[-1]
    headers = {name.lower(): value for name, value in mail["headers"]}
    stop = next(url for url in mail["links"] if "/stop/" in url)
    assert headers["list-unsubscribe"] == f"<{stop}>", "the button of mail programs and the words lead to one place"
    return owed, stop


def stopped(product: Product, owed: Owed) -> bool:
    with product.rt.db.reading() as session:
        return session.get_one(Debtor, owed.debtor.id).opted_out_at is not None


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("width", [NARROW])
def test_one_press_stops_them_and_one_brings_them_back(
        product: Product, browser: Browser, width: int, script: bool) -> None:
    owed, stop = reminded(product)
    watch = Watch((product.url, product.mailbox.url))
    with visitor(browser, width, watch, java_script_enabled=script) as page:
        page.goto(stop)
        expect(page.get_by_role("heading", level=1)).to_have_text("Stop these emails from Marsh & Daughter?")
        assert not stopped(product, owed), "to look is not to press"
        if script:
            look(page, f"stop-{width}-asked")
        assert "596" not in page.inner_text("body") and "Helen" not in page.inner_text("body"), "nothing of a debt"
        page.get_by_role("button", name="Stop these emails").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("These emails are stopped")
        assert stopped(product, owed)
        if script:
            look(page, f"stop-{width}-done")
        page.get_by_role("button", name="Send me these emails again").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Stop these emails from Marsh & Daughter?")
        assert not stopped(product, owed)
    assert watch.foreign == [] and watch.complaints == []


def test_the_page_speaks_the_readers_language(product: Product, browser: Browser) -> None:
    _owed, stop = reminded(product, locale="es")
    with visitor(browser, 360, Watch((product.url,))) as page:
        page.goto(stop)
        expect(page.locator("html")).to_have_attribute("lang", "es")
        look(page, "stop-360-es")


@pytest.mark.parametrize("width", [WIDE])
def test_staff_see_it_and_why_nothing_leaves(product: Product, browser: Browser, width: int) -> None:
    owed = cast(product)
    with product.rt.db.transaction() as session:
        staff = make_staff(session, owed.business, "owner", name="Ines Harrow")
    name, value = cookie_of(create_app(runtime=product.rt), staff, owed.business)
    watch = Watch((product.url,))
    with visitor(browser, width, watch) as page:
        page.goto(opt_out.url_of(product.rt.settings, owed.debtor, product.rt.now()))
        page.get_by_role("button", name="Stop these emails").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("These emails are stopped")
        asked = reminders.send_reminder(product.rt, owed.business.slug, owed.debtor.number)
        assert (asked.state, asked.reason) == ("skipped", "opted_out")
        page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
        page.goto(f"{product.url}/office/debtors/{owed.debtor.public_id}")
        for words in ("They stopped the emails that ask", "On the page behind the email.",
                      "They asked for no such emails."):
            expect(page.get_by_text(words).first).to_be_visible()
        page.goto(f"{product.url}/office/debtors/{owed.debtor.public_id}/preferences")
        expect(page.get_by_label("No emails that ask for money")).to_be_checked()
        look(page, f"preferences-{width}")
        page.get_by_label("No calls").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("They want no calls").first).to_be_visible()
        look(page, f"debtor-consents-{width}")
    assert watch.foreign == [] and watch.complaints == []
