"""The first page of the office in a real browser: readable in both themes and widths, and worked with keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from portal import create_app
from portal.models import Hold, Note, Question, Staff
from portal.services import bookkeeping, dashboard_summary
from tests.browser.conftest import NARROW, WIDE, Product, Watch, violations, visitor
from tests.cast import make_business, make_debtor, make_invoice
from tests.office.people import cookie_of, make_staff

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"
PEOPLE = (
    # name, kind, currency, (minor, days late) …
    ("Rhys Calder", "consumer", "GBP", ((845_00, 118),)),
    ("Bell Charters LLC", "business", "USD", ((4_860_00, 31), (1_240_00, -12))),
    ("Dale Okonjo", "consumer", "USD", ((310_00, 86), (486_50, 32))),
    ("Northstar Sailing School", "business", "USD", ((2_718_00, 84), (900_00, 95))),
    ("Voiles du Ponant SARL", "business", "EUR", ((1_420_00, 38), (4_400_00, -9))),
    ("Joan Whitlow", "consumer", "USD", ((730_00, 96),)),
    ("Harbor Light Yacht Club", "business", "USD", ((3_275_50, 75), (31_260_00, -20))),
    ("Ray Delacroix", "consumer", "USD", ((912_40, 17), (61_00, 2))),
)

pytestmark = pytest.mark.browser


def furnish(product: Product) -> Staff:
    """A business as it is on a Monday: people who are late, one who asks for a call, one who broke a promise."""
    now = datetime.now(UTC)
    today = now.date()
    with product.rt.db.transaction() as session:
        business = make_business(session, name="Tidewater Sail & Rigging", timezone="America/New_York", created_at=now)
        staff = make_staff(session, business, "owner", name="Ines Marlow")
        debtors = []
        for name, kind, currency, owed in PEOPLE:
            debtor = make_debtor(session, business, name=name, kind=kind, created_at=now)
            debtors.append(debtor)
            for minor, late in owed:
                make_invoice(session, debtor, minor, currency=currency, due_on=today - timedelta(days=late), now=now)
        _talk(session, business.id, staff.id, [debtor.id for debtor in debtors], now)
        for week in range(1, 9):
            payer = make_debtor(session, business, name=f"Payer {week}", created_at=now)
            sum_ = 7_000_00 + (week * 613_25) % 3_400_00
            invoice = make_invoice(session, payer, sum_ + (80_00 if week % 3 else 0), now=now,
                                   due_on=today - timedelta(days=7 * week))
            bookkeeping.receive_outside(
                session, payer, [bookkeeping.Part(invoice, sum_)], channel="transfer", amount=sum_, reference="",
                received_at=now - timedelta(days=7 * week), now=now, number=f"P-{week}")
    dashboard_summary.refresh(product.rt, business.id)
    return staff


def _talk(session: Session, business_id: int, staff_id: int, ids: list[int], now: datetime) -> None:
    rows = [
        Question(business_id=business_id, debtor_id=ids[0], kind="call_back", state="business", reply_key="k-call",
                 opened_at=now, moved_at=now, answer_by=now + timedelta(hours=3)),
        Question(business_id=business_id, debtor_id=ids[3], kind="question", state="business", reply_key="k-ask",
                 opened_at=now, moved_at=now, answer_by=now + timedelta(days=2)),
        Note(business_id=business_id, debtor_id=ids[1], staff_id=staff_id, kind="call", result="promised", body="",
             promised_on=now.date() - timedelta(days=3), at=now - timedelta(days=9)),
        Note(business_id=business_id, debtor_id=ids[7], staff_id=staff_id, kind="call", result="promised", body="",
             promised_on=now.date() + timedelta(days=4), at=now - timedelta(days=1)),
        Hold(business_id=business_id, debtor_id=ids[6], reminders=True, cause="staff",
             starts_at=now - timedelta(days=1)),
    ]
    session.add_all(rows)


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch((product.url,))


def seat(product: Product, page: Page, staff: Staff) -> None:
    """Let somebody of the staff sit down at a browser."""
    name, value = cookie_of(create_app(product.rt.settings, product.rt), staff)
    page.context.add_cookies([{"name": name, "value": value, "url": product.url}])


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "dark"), (WIDE, "light")])
def test_the_first_page_is_readable_and_complete(product: Product, browser: Browser, watch: Watch, width: int,
                                                 scheme: str) -> None:
    staff = furnish(product)
    SCREENS.mkdir(parents=True, exist_ok=True)
    with visitor(browser, width, watch, color_scheme=scheme) as page:
        seat(product, page, staff)
        for path, what in (("/office/", "today"), ("/office/calls", "calls"), ("/office/nowhere", "nowhere")):
            page.goto(product.url + path)
            assert violations(page) == [], (path, width, scheme)
            page.screenshot(path=SCREENS / f"office-{what}-{width}-{scheme}.png", full_page=True)
        page.goto(f"{product.url}/office/")
        expect(page.get_by_role("heading", name="Rhys Calder")).to_be_visible()
        expect(page.get_by_text("Asked you to call")).to_be_visible()
        for opened in page.locator("details > summary").all():
            opened.click()
        assert violations(page) == []
    # A page that does not exist answers 404, and browsers say so in their console.
    assert watch.foreign == [] and [line for line in watch.complaints if "404" not in line] == []


def test_the_menu_of_a_phone_opens_without_script(product: Product, browser: Browser, watch: Watch) -> None:
    staff = furnish(product)
    with visitor(browser, 360, watch, java_script_enabled=False) as page:
        seat(product, page, staff)
        page.goto(f"{product.url}/office/")
        expect(page.locator("#menu")).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        expect(page.locator("#menu")).to_be_visible()


def test_keys_walk_the_calls_and_can_be_turned_off(product: Product, browser: Browser, watch: Watch) -> None:
    staff = furnish(product)
    with visitor(browser, 1280, watch) as page:
        seat(product, page, staff)
        page.goto(f"{product.url}/office/calls")
        page.keyboard.press("j")
        expect(page.locator(".calls > li.at h3")).to_have_text("Rhys Calder")
        page.keyboard.press("j")
        expect(page.locator(".calls > li.at h3")).to_have_text("Bell Charters LLC")
        page.keyboard.press("?")
        expect(page.get_by_text("next and previous row")).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("t")
        page.wait_for_url("**/office/")
        page.get_by_label("Keys on").uncheck()
        page.get_by_label("Colors").select_option("dark")
        page.get_by_role("button", name="Keep", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Kept.")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
        page.goto(f"{product.url}/office/calls")
        page.keyboard.press("j")
        expect(page.locator(".calls > li.at")).to_have_count(0)


def test_a_second_press_of_not_today_sends_nothing_twice(product: Product, browser: Browser, watch: Watch) -> None:
    staff = furnish(product)
    with visitor(browser, 1280, watch) as page:
        seat(product, page, staff)
        page.goto(f"{product.url}/office/")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.get_by_role("button", name="Not today Rhys Calder").dblclick()
        expect(page.get_by_role("status")).to_contain_text("Rhys Calder is not on today")
        expect(page.get_by_role("heading", name="Rhys Calder")).to_have_count(0)
        assert len(sent) == 1
