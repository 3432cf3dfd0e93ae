"""Reminders in a real browser: a draft edited, looked at in the simulator, switched on, and a call that is made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app
from portal.models import CadenceStep, CallTask
from portal.services import cadences
from tests.browser.conftest import NARROW, WIDE, Product, Watch, visitor
from tests.browser.test_walk import Walk, cast
from tests.cast import Owed
from tests.office.people import cookie_of, make_staff

pytestmark = pytest.mark.browser


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch((product.url, product.stripe.url, product.mailbox.url))


def office(product: Product, owed: Owed, page: Page) -> None:
    """Sit down at a desk of the business as its owner, who has just proven themselves."""
    with product.rt.db.transaction() as session:
        staff = make_staff(session, owed.business, "owner", name="Ines Marlow")
    name, value = cookie_of(create_app(runtime=product.rt), staff, owed.business, proven=True)
    page.context.add_cookies([{"name": name, "value": value, "url": product.url}])


@pytest.mark.parametrize("width", [NARROW])
def test_from_the_first_draft_to_what_is_on(product: Product, browser: Browser, watch: Watch, width: int) -> None:
    owed = cast(product)
    cadences.track_new(product.rt)
    with visitor(browser, width, watch) as page:
        office(product, owed, page)
        walk = Walk(product, page, watch, f"cadence-{width}")
        page.goto(f"{product.url}/office/cadences")
        walk.look("nothing-yet")
        page.get_by_label("Gentle").check()
        page.get_by_label("Name", exact=True).fill("Everybody")
        walk.press("Make a draft")
        expect(page.get_by_text("This is a draft.")).to_be_visible()
        walk.look("draft")
        # Two steps on one day are refused beside the field, and nothing typed is lost.
        page.get_by_label("Day", exact=True).fill("14")
        page.get_by_label("How", exact=True).select_option("call")
        walk.press("Add the step")
        expect(page.locator("#day-error")).to_contain_text("Another step stands on this day")
        assert page.get_by_label("How", exact=True).input_value() == "call"
        walk.look("refused")
        page.get_by_label("Day", exact=True).fill("16")
        walk.press("Add the step")
        expect(page.get_by_text("Not ready to be switched on.")).to_be_visible()
        walk.look("mistakes")
        page.get_by_role("button", name="Take out step on day +16").click()
        expect(page.get_by_text("Not ready to be switched on.")).to_have_count(0)
        page.get_by_role("link", name="Change step on day +28").click()
        page.get_by_label("Day", exact=True).fill("30")
        walk.look("step-open")
        walk.press("Keep in the draft")
        expect(page.get_by_role("rowheader", name="+30")).to_be_visible()
        walk.follow("Simulate 30 days")
        expect(page.get_by_text("As if the draft were switched on now")).to_be_visible()
        walk.look("simulator")
        page.get_by_role("link", name=owed.debtor.name).first.click()
        page.get_by_role("link", name="Text").first.click()
        expect(page.get_by_text("Private links are left out.")).to_be_visible()
        walk.look("exact-text")
        page.goto(f"{product.url}/office/cadences")
        walk.follow("Everybody")
        walk.follow("Review and switch on")
        walk.look("review")
        walk.press("Switch on")
        expect(page.get_by_text("2 open invoices follow a cadence now.")).to_be_visible()
        walk.look("on")
        walk.follow("Everybody")
        walk.look("what-is-on")
        page.goto(f"{product.url}/office/safe-mode")
        walk.press("Begin safe mode")
        expect(page.get_by_text("Safe mode is on since").first).to_be_visible()
        walk.look("safe-mode")
    assert watch.foreign == [] and [words for words in watch.complaints if "409" not in words] == []


@pytest.mark.parametrize("width", [WIDE])
def test_a_call_with_its_script_is_made_and_kept(product: Product, browser: Browser, watch: Watch, width: int) -> None:
    owed, now = cast(product), datetime.now(UTC)
    with product.rt.db.transaction() as session:
        cadence = cadences.propose(session, owed.business.id, "standard", now=now)
        step = CadenceStep(business_id=owed.business.id, cadence_id=cadence.id, day=400, tone="firm", channel="call",
                           created_at=now)
        session.add(step)
        session.flush()
        session.add(CallTask(business_id=owed.business.id, debtor_id=owed.debtor.id, step_id=step.id,
                             due_on=now.date(), created_at=now))
    with visitor(browser, width, watch) as page:
        office(product, owed, page)
        walk = Walk(product, page, watch, f"call-{width}")
        page.goto(f"{product.url}/office/requests/calls")
        walk.look("line")
        walk.follow("Begin with the first")
        expect(page.get_by_text("Ask first whether something is in the way.")).to_be_visible()
        walk.look("script")
        page.get_by_label("What was said").fill("Pays half on Friday.")
        walk.press("I reached them")
        expect(page.get_by_text("The call is kept with the debtor.")).to_be_visible()
        walk.look("done")
    assert watch.foreign == [] and watch.complaints == []
