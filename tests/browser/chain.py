"""The people of the office's whole chain: an owner, a second person and a debtor, each in a browser of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyotp
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal import create_app
from portal.models import Debtor, Payment
from tests.browser.conftest import WIDTHS, Product, violations

SCREENS = Path(__file__).resolve().parents[2] / "build" / "screens"
PASSWORD = "seven grey herons wait"
STEP = 30
HEADER = "Invoice no.,Customer,Email,Phone,Postal code,Kind,Description,Date,Due date,Amount,Currency"


@dataclass
class Person:
    """Somebody at a browser. Every page is looked at in both widths: for axe, and for a picture."""

    product: Product
    page: Page
    seen: list[str]
    email: str = ""
    secret: str = ""
    last_step: int = field(default=0)

    def go(self, path: str, look: str = "") -> None:
        self.page.goto(path if "://" in path else self.product.url + path)
        if look:
            self.look(look)

    def look(self, what: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.seen.append(what)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.screenshot(path=SCREENS / f"chain-{width}-{len(self.seen):02d}-{what}.png", full_page=True)
            found = violations(self.page)
            assert found == [], (what, width, found)

    def press(self, name: str) -> None:
        self._lead_on("button", name)

    def follow(self, name: str) -> None:
        self._lead_on("link", name)

    def _lead_on(self, role: Literal["button", "link"], name: str) -> None:
        """Everything leads to a page here; a click alone does not wait for it."""
        with self.page.expect_navigation():
            self.page.get_by_role("main").get_by_role(role, name=name).first.click()

    def fill(self, **fields: str) -> None:
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=False).first.fill(value)

    def reads(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def code(self) -> str:
        """A code of the app that was not used yet: of the step before, of this one or of the next."""
        now = int(datetime.now(UTC).timestamp()) // STEP
        self.last_step = max(self.last_step + 1, now - 1)
        assert self.last_step <= now + 1, "one code too many in so short a time"
        return pyotp.TOTP(self.secret).at(self.last_step * STEP)

    def set_second_factor(self) -> None:
        self.page.wait_for_url("**/office/second-factor")
        self.secret = self.page.locator("main code").first.inner_text().replace(" ", "")
        self.page.locator("#code").fill(self.code())
        self.press("Keep this app")
        self.page.get_by_role("link", name="I have kept them").wait_for()


def make_owner(product: Product, email: str, name: str) -> str:
    """Run the command on the empty database; gives the link it prints."""
    result = create_app(product.rt.settings, product.rt).test_cli_runner().invoke(
        args=["create-owner"], input=f"{email}\n{name}\n")
    assert result.exit_code == 0, result.output
    return next(line for line in result.output.splitlines() if line.startswith("http"))


def sign_in(person: Person) -> None:
    """Come in by password and code."""
    person.go("/office/sign-in", "sign-in")
    person.fill(Email=person.email, Password=PASSWORD)
    person.press("Next: your code")
    person.look("code")
    person.page.locator("#code").fill(person.code())
    person.press("Sign in")


def quiet_now() -> tuple[int, int]:
    """Four quiet hours that are not now, whichever zone of the country somebody is in."""
    hour = datetime.now(UTC).hour
    return (hour + 5) % 24, (hour + 9) % 24


def write_file(folder: Path) -> Path:
    """A list of invoices as a billing program writes it: one person late, one company not yet."""
    today = datetime.now(UTC).date()
    dale = ("Dale Rowan", "dale@debtor.example", "+15035550177", "97301", "consumer")
    charters = ("Seabright Charters LLC", "books@seabright.example", "+14015550120", "02840", "business")
    rows = (("TW-2377", dale, "Mainsail: new UV strip", -40, "480.00"),
            ("TW-2391", dale, "Winter storage", 9, "150.00"),
            ("TW-2402", charters, "Standing rigging", -75, "1462.50"))
    path = folder / "invoices.csv"
    path.write_text("\n".join([HEADER, *(
        f"{number},{','.join(who)},{what},{today + timedelta(due - 30)},{today + timedelta(due)},{amount},USD"
        for number, who, what, due, amount in rows)]) + "\n")
    return path


def page_of(product: Product, name: str) -> str:
    """The address of a debtor's page in the office."""
    with product.rt.db.reading() as session:
        return f"/office/debtors/{session.scalars(select(Debtor.public_id).where(Debtor.name == name)).one()}"


def card_payment(product: Product) -> str:
    """The address of the newest payment by card in the office."""
    with product.rt.db.reading() as session:
        return "/office/payments/" + session.scalars(
            select(Payment.public_id).where(Payment.channel == "checkout").order_by(Payment.id.desc()).limit(1)).one()


def pay_by_card(debtor: Person, link: str) -> None:
    """Open the link, pass the short check, and pay all of it at Stripe's stand-in."""
    debtor.go(link)
    debtor.press("Continue")
    debtor.page.fill("input[name=fact]", "97301")
    debtor.press("Continue")
    debtor.page.wait_for_url("**/balance")
    debtor.look("debtor-balance")
    debtor.follow("Pay")
    debtor.press("Check before you pay")
    debtor.press("at Stripe")
    debtor.page.wait_for_url(f"{debtor.product.stripe.url}/**")
    debtor.page.locator("button[name=outcome][value=pay]").click()
    debtor.page.wait_for_url(f"{debtor.product.url}/payments/**")
    debtor.product.work()
    debtor.page.reload()
    debtor.reads("We have received")


def ask(debtor: Person, words: str) -> None:
    """Ask a question on the page."""
    debtor.go("/help")
    debtor.follow("A question")
    debtor.fill(Your_question=words)
    debtor.press("Send the question")
    debtor.reads("We answer by")
