"""A debtor's page in a real browser: everything done by hand, wide and narrow, and clean for axe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from portal import create_app
from portal.models import DebtorStanding, Hold, Message, Question, QuestionEntry, Staff
from tests.browser.conftest import NARROW, Product, Watch, violations, visitor
from tests.browser.test_walk import cast
from tests.cast import Owed
from tests.office.people import cookie_of, make_staff

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"

pytestmark = pytest.mark.browser


def story(product: Product) -> tuple[Owed, Staff]:
    """Helen with all that fills a page: a hold, a question, emails of every fate, and a reason to call."""
    owed, now = cast(product), datetime.now(UTC)
    business, debtor = owed.business, owed.debtor
    with product.rt.db.transaction() as session:
        staff = make_staff(session, business, "owner", name="Ines Harrow")
        session.add(Hold(business_id=business.id, debtor_id=debtor.id, invoice_id=owed.invoices[0].id,
                         amount_minor=96_50, reminders=True, fees=True, cause="dispute",
                         starts_at=now - timedelta(days=3)))
        question = Question(business_id=business.id, debtor_id=debtor.id, kind="question", state="business",
                            reply_key="browser", opened_at=now - timedelta(hours=20),
                            moved_at=now - timedelta(hours=20))
        session.add(question)
        session.flush()
        session.add(QuestionEntry(
            business_id=business.id, question_id=question.id, said_by="debtor", channel="page",
            body="The two blocks were never fitted. Can you look?", at=now - timedelta(hours=20)))
        fates = (("sent", "clear"), ("skipped", "one_a_day"), ("queued", "quiet_hours"))
        for place, (state, reason) in enumerate(fates):
            at = now - timedelta(days=9 - 2 * place)
            session.add(Message(
                business_id=business.id, debtor_id=debtor.id, kind="reminder", message_class="courtesy",
                key=f"browser:{place}", to_address=debtor.email, language="en", subject="Your invoice MG-1001",
                body_text="", body_html="", message_id=f"browser{place}", state=state, reason=reason, created_at=at,
                due_at=now + timedelta(hours=9), sent_at=at if state == "sent" else None))
        session.add(DebtorStanding(
            debtor_id=debtor.id, currency="USD", business_id=business.id, balance_minor=2_278_30,
            overdue_minor=596_50, open_invoices=2, paid_late=6, paid_invoices=8, call_score=7,
            call_reasons=[["late", {"days": 23}], ["paid_before", {"n": 8, "late": 6}]], made_at=now))
    return owed, staff


class Walk:
    """One of the staff at the page; every page is looked at as they go."""

    def __init__(self, product: Product, page: Page, owed: Owed, name: str) -> None:
        self.product, self.page, self.name = product, page, name
        self.home = f"{product.url}/office/debtors/{owed.debtor.public_id}"

    def go(self, path: str, look: str) -> None:
        self.page.goto(f"{self.home}{path}")
        self.look(look)

    def look(self, what: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{self.name}-{what}.png", full_page=True)
        assert violations(self.page) == [], what

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name).first.click()


@pytest.mark.parametrize("width", [NARROW])
def test_a_debtor_is_worked_with(product: Product, browser: Browser, width: int) -> None:
    owed, staff = story(product)
    watch = Watch((product.url,))
    with visitor(browser, width, watch) as page:
        name, value = cookie_of(create_app(runtime=product.rt), staff, owed.business, proven=True)
        page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
        walk = Walk(product, page, owed, f"office-debtor-{width}")
        walk.go("", "page")
        walk.go("/log", "log")
        page.get_by_label("Result").select_option("promised")
        page.get_by_label("Promised for").fill((datetime.now(UTC) + timedelta(days=3)).date().isoformat())
        page.get_by_label("Words").fill("Pays on Friday, after the holiday.")
        walk.press("Keep it")
        expect(page.get_by_text("Call, promised to pay")).to_be_visible()
        walk.go("/hold", "hold")
        walk.press("Let it rest")
        walk.go("/payments/record", "record")
        page.get_by_label("Amount").fill("lots")
        walk.press("Record it")
        walk.look("record-refused")
        page.get_by_label("Amount").fill("96.50")
        page.get_by_label("Reference").fill("Check 118")
        walk.press("Record it")
        expect(page.get_by_text("$96.50 recorded as")).to_be_visible()
        walk.go("/links", "links")
        walk.press("Make a link to copy")
        walk.look("link-made")
        for path, look in (("/contact", "contact"), ("/preferences", "preferences"), ("/terms", "terms"),
                           ("/goodwill", "goodwill"), ("/fees", "fees"), ("/data/export", "export"),
                           ("/data/erase", "erase"),
                           (f"/invoices/{owed.invoices[0].public_id}/credit-note", "credit-note"),
                           (f"/invoices/{owed.invoices[0].public_id}/write-off", "write-off")):
            walk.go(path, look)
        walk.go("?show=talk&invoices=all", "page-after")
        assert watch.foreign == [] and watch.complaints == ["Failed to load resource: the server responded with a "
                                                            "status of 422 (UNPROCESSABLE ENTITY)"]
