"""On a phone no sum of the first page is cut off, and nothing the audit notes makes its page scroll sideways."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from portal import create_app
from portal.models import Staff
from portal.services import audit
from tests.browser.conftest import Product, Watch, visitor
from tests.browser.test_office_dashboard import furnish
from tests.office.people import cookie_of

PHONE, TABLET = 360, 768
WIDER = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
# A heading of one word under the other is fine, one of letters is not.
TALL = """() => [...document.querySelectorAll('thead th')]
    .filter(head => head.scrollHeight > 80).map(head => head.innerText)"""
CUT = """() => [...document.querySelectorAll('.age td.num, .age tbody th, .age tfoot th')]
    .filter(cell => cell.offsetParent)
    .filter(cell => cell.getBoundingClientRect().right > innerWidth || cell.scrollWidth > cell.clientWidth + 1)
    .map(cell => cell.textContent)"""

pytestmark = pytest.mark.browser


def enter(page: Page, product: Product, staff: Staff) -> None:
    name, value = cookie_of(create_app(product.rt.settings, product.rt), staff)
    page.context.add_cookies([{"name": name, "value": value, "url": product.url}])


def test_no_sum_is_cut_off_and_no_id_widens_the_audit(browser: Browser, product: Product) -> None:
    staff = furnish(product)
    with product.rt.db.transaction() as session:
        audit.record(session, at=datetime.now(UTC), actor=audit.STRIPE, act="payment.suspended", business_id=1,
                     target="intent:pi_" + "x" * 60, reason="unknown_payment", amount=12_34, currency="USD",
                     charge="ch_" + "y" * 120, file_name="z" * 200)
    with visitor(browser, PHONE, Watch((product.url,))) as page:
        enter(page, product, staff)
        page.goto(f"{product.url}/office/")
        assert page.locator(".age td.num").first.is_visible()
        assert page.evaluate(CUT) == [] and page.evaluate(WIDER) <= 0
        page.goto(f"{product.url}/office/audit")
        assert "money in suspense" in page.content() and page.evaluate(WIDER) <= 0
        page.set_viewport_size({"width": TABLET, "height": 800})
        page.goto(f"{product.url}/office/debtors")
        assert page.locator("thead th").last.is_visible()
        assert page.evaluate(TALL) == [] and page.evaluate(WIDER) <= 0
