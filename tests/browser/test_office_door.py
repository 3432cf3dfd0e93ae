"""The office's door in a real browser, at both widths: the way in, the account and the people; axe finds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from portal.models import Business, Invitation, Staff
from portal.services import staff_links
from portal.services.tokens import link_tokens
from tests.browser.conftest import NARROW, Product, Watch, violations, visitor
from tests.cast import make_business
from tests.office.people import PASSWORD, code_at, make_staff

pytestmark = pytest.mark.browser


@pytest.fixture
def people(product: Product) -> tuple[Business, Staff, Staff]:
    with product.rt.db.transaction() as session:
        business = make_business(session, name="Tidewell Sail & Rigging")
        return business, make_staff(session, business), make_staff(session, business, "agent", second_factor=False)


def settled(page: Page) -> str:
    """What axe finds on the page in hand, with its address."""
    found = violations(page)
    return f"{page.url}: {found}" if found else ""


@pytest.mark.parametrize("width", [NARROW])
def test_the_door_is_for_everybody(product: Product, browser: Browser, people: tuple[Business, Staff, Staff],
                                   width: int) -> None:
    business, owner, new = people
    watch = Watch((product.url,))
    wrong: list[str] = []
    with visitor(browser, width, watch) as page:
        def look(path: str) -> None:
            page.goto(product.url + path)
            wrong.append(settled(page))

        for path in ("/office/forgotten-password", "/office/forgotten-password/sent", *_links(product, business, owner),
                     "/office/sign-in"):
            look(path)
        page.fill("#email", owner.email)
        page.fill("#password", "not this one at all")
        page.click("button[type=submit]")
        wrong.append(settled(page))
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        wrong.append(settled(page))
        look("/office/sign-in/recovery-code")
        look("/office/sign-in/code")
        page.fill("#code", code_at(datetime.now(UTC)))
        page.click("button.btn-primary")
        page.wait_for_url("**/office/first-run")
        for path in ("/office/first-run", "/office/account", "/office/businesses", "/office/staff",
                     f"/office/staff/{new.public_id}", "/office/second-factor"):
            look(path)
        assert page.locator("img").evaluate("picture => picture.naturalWidth") > 100
    assert [line for line in wrong if line] == []
    assert watch.foreign == []
    # The wrong password is answered with 422, which the browser's console counts as an error of its own.
    assert [line for line in watch.complaints if "422" not in line] == []


def _links(product: Product, business: Business, owner: Staff) -> tuple[str, str]:
    now = datetime.now(UTC)
    with product.rt.db.transaction() as session:
        invitation = Invitation(business_id=business.id, email="wren@office.example", role="agent", created_at=now,
                                expires_at=now + timedelta(days=7))
        session.add(invitation)
        session.flush()
    token = link_tokens(product.rt.settings).make("invitation", invitation.public_id, invitation.expires_at)
    chosen = staff_links.address(product.rt.settings, owner, now)
    return f"/office/invitation/{token}", chosen.removeprefix(product.url)
