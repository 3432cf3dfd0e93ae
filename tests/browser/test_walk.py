"""A debtor's walk in a real browser: from the email to the receipt, with everything that can come between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from portal.models import Payment
from portal.services import reminders
from tests.browser.conftest import WIDTHS, Product, Watch, violations, visitor
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link, make_offer

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"

pytestmark = pytest.mark.browser


class Walk:
    """One person on the way through the pages; every page is looked at as they go."""

    def __init__(self, product: Product, page: Page, watch: Watch, name: str) -> None:
        self.product, self.page, self.watch, self.name = product, page, watch, name
        self.seen = 0

    def look(self, what: str) -> None:
        """Check a page for accessibility and keep a picture of it."""
        assert violations(self.page) == [], what
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.seen += 1
        self.page.screenshot(path=SCREENS / f"{self.name}-{self.seen:02d}-{what}.png", full_page=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=False).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=False).first.click()

    def at_stripe(self, outcome: str) -> None:
        self.page.wait_for_url(f"{self.product.stripe.url}/**")
        self.page.locator(f"button[name=outcome][value={outcome}]").click()

    def text(self) -> str:
        return self.page.inner_text("main")


def cast(product: Product, **debtor: object) -> Owed:
    """Helen owes two invoices, one late and one with a discount that runs."""
    now = datetime.now(UTC)
    today = now.date()
    with product.rt.db.transaction() as session:
        from portal.domain.policy import Policy
        business = make_business(session, policy=Policy(quiet_from_hour=0, quiet_until_hour=0))
        helen = make_debtor(session, business, **debtor)
        late = make_invoice(session, helen, 596_50, due_on=today - timedelta(days=23), now=now)
        planting = make_invoice(session, helen, 1_681_80, due_on=today + timedelta(days=26), now=now,
                                title="Autumn planting, three beds")
        make_offer(session, planting, 33_64, now + timedelta(days=9), basis_points=200, created_at=now)
        link = make_link(session, helen, created_at=now, expires_at=now + timedelta(days=30))
    return Owed(business, helen, link, [late, planting])


def read_mail(product: Product, page: Page, to: str, watch: Watch) -> str:
    """Open the newest email to an address in the mailbox and give its link to the portal."""
    product.work()
    mail = product.mailbox.wait_for(1, to)[-1]
    link = next(link for link in mail["links"] if "/l/" in link)
    page.goto(f"{product.mailbox.url}/")
    expect(page.get_by_text(mail["subject"]).first).to_be_visible()
    return str(link)


def enter(walk: Walk, owed: Owed) -> None:
    """From the email through the short check to the balance."""
    assert reminders.send_reminder(walk.product.rt, owed.business.slug, owed.debtor.number)
    link = read_mail(walk.product, walk.page, str(owed.debtor.email), walk.watch)
    walk.page.goto(link)
    assert "/l/" not in walk.page.url
    walk.look("welcome")
    walk.press("Continue")
    walk.look("check")
    walk.page.fill("input[name=fact]", "97301")
    walk.press("Continue")
    walk.page.wait_for_url("**/balance")
    walk.look("balance")


def newest(product: Product) -> Payment:
    with product.rt.db.reading() as session:
        return session.scalars(select(Payment).order_by(Payment.id.desc()).limit(1)).one()


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch((product.url, product.stripe.url, product.mailbox.url))


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_email_to_the_receipt(product: Product, browser: Browser, watch: Watch, width: int) -> None:
    owed = cast(product)
    with visitor(browser, width, watch) as page:
        walk = Walk(product, page, watch, f"pay-{width}")
        enter(walk, owed)
        assert "$2,278" in walk.text()
        walk.follow("Pay")
        walk.look("choose")
        walk.press("Check before you pay")
        walk.look("review")
        assert "$2,244.66" in walk.text()
        walk.press("Pay $2,244.66 at Stripe")
        walk.at_stripe("decline")
        page.wait_for_url(f"{product.stripe.url}/**")
        page.goto(f"{product.url}/payments/{newest(product).public_id}")
        product.work()
        page.reload()
        expect(page.get_by_text("Your bank did not let this payment through")).to_be_visible()
        walk.look("declined")
        walk.press("Try again at Stripe")
        walk.at_stripe("pay")
        page.wait_for_url(f"{product.url}/payments/**")
        product.work()
        page.reload()
        expect(page.get_by_text("We have received")).to_be_visible()
        walk.look("receipt")
        with page.expect_download() as download:
            walk.follow("Receipt as PDF")
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
        product.work()
        receipt = product.mailbox.wait_for(2, str(owed.debtor.email))[-1]
        assert receipt["attachments"]
        page.goto(f"{product.url}/balance")
        walk.look("paid-up")
        page.goto(f"{product.url}/history")
        walk.look("history")
        walk.press("Leave")
        walk.look("left")
    assert watch.foreign == []
    assert watch.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_bank_debit_on_its_way_and_sent_back(product: Product, browser: Browser, watch: Watch, width: int) -> None:
    owed = cast(product)
    with visitor(browser, width, watch) as page:
        walk = Walk(product, page, watch, f"debit-{width}")
        enter(walk, owed)
        walk.follow("Pay")
        walk.press("Check before you pay")
        walk.press("Pay $2,244.66 at Stripe")
        walk.at_stripe("bank_debit")
        page.wait_for_url(f"{product.url}/payments/**")
        product.work()
        page.reload()
        expect(page.get_by_text("Your bank is sending us")).to_be_visible()
        walk.look("processing")
        page.goto(f"{product.url}/balance")
        walk.look("balance-with-debit")
        page.goto(f"{product.url}/pay")
        walk.look("nothing-to-pay-now")
        product.stripe.control.fail_debit(newest(product).payment_intent or "")
        product.work()
        page.goto(f"{product.url}/payments/{newest(product).public_id}")
        expect(page.get_by_text("Your bank did not let this payment through")).to_be_visible()
        walk.look("debit-failed")
    mails = product.mailbox.messages(str(owed.debtor.email))
    assert len(mails) >= 2
    assert watch.foreign == []
    assert watch.complaints == []


def test_every_form_posts_over_https(secure_product: Product, browser: Browser) -> None:
    """Referer-Policy, Secure cookies and CSRF hold together only over HTTPS."""
    product = secure_product
    owed = cast(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page:
        walk = Walk(product, page, watch, "https-360")
        enter(walk, owed)
        walk.follow("Pay")
        page.locator("input[name=what][value^='part:']").check()
        page.fill("input[name=amount_USD]", "0.10")
        walk.press("Check before you pay")
        expect(page.locator("[role=alert]")).to_be_visible()
        walk.look("amount-too-small")
        page.fill("input[name=amount_USD]", "100.00")
        page.locator("input[name=how][value=transfer]").check()
        walk.press("Check before you pay")
        walk.look("transfer")
        walk.press("I have sent it")
        page.wait_for_url(f"{product.url}/payments/**")
        walk.look("announced")
        page.goto(f"{product.url}/pay")
        walk.press("Check before you pay")
        walk.press("Pay $2,244.66 at Stripe")
        walk.at_stripe("pay")
        page.wait_for_url(f"{product.url}/payments/**")
        expect(page.get_by_text("We have received")).to_be_visible()
    assert watch.foreign == []
    # The browser itself notes the one form that was answered with what is amiss in it.
    assert [words for words in watch.complaints if "422" not in words] == []


def test_in_spanish_and_dark(product: Product, browser: Browser, watch: Watch) -> None:
    owed = cast(product, locale="es", name="Elena Ortega", greeting_name="Elena")
    with visitor(browser, 360, watch, color_scheme="dark") as page:
        walk = Walk(product, page, watch, "es-dark-360")
        assert reminders.send_reminder(product.rt, owed.business.slug, owed.debtor.number)
        page.goto(read_mail(product, page, str(owed.debtor.email), watch))
        walk.press("Continuar")
        page.fill("input[name=fact]", "97301")
        walk.press("Continuar")
        page.wait_for_url("**/balance")
        walk.look("balance")
        page.goto(f"{product.url}/pay")
        walk.look("choose")
    assert watch.foreign == []

