"""The office's whole chain in a real browser, from an empty database to a correction in the books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.services import ledger_verify
from tests.browser.chain import (
    PASSWORD,
    Person,
    ask,
    card_payment,
    make_owner,
    page_of,
    pay_by_card,
    quiet_now,
    sign_in,
    write_file,
)
from tests.browser.conftest import Product, Watch, visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch((product.url, product.stripe.url, product.mailbox.url))


@pytest.fixture
def people(product: Product, browser: Browser, watch: Watch) -> Iterator[tuple[Person, Person, Person]]:
    """The owner, the second person and the debtor."""
    with ExitStack() as stack:
        seen: list[str] = []
        pages = [stack.enter_context(visitor(browser, 1280, watch)) for _ in range(3)]
        yield (Person(product, pages[0], seen, "ines@office.example"),
               Person(product, pages[1], seen, "priya@office.example"),
               Person(product, pages[2], seen, "dale@debtor.example"))


def test_from_an_empty_database_to_a_correction(
        product: Product, people: tuple[Person, Person, Person], watch: Watch, tmp_path: Path) -> None:
    owner, second, debtor = people
    first_run(owner)
    set_up(owner)
    take_in(owner, tmp_path)
    invite(owner, second)
    record_a_transfer(owner)
    pay_by_card(debtor, link_for(owner))
    refund_with_a_second_person(owner, second)
    ask(debtor, "Was the storage not part of the price for the sail?")
    answer(owner)
    debtor.page.reload()
    debtor.reads("They are two invoices, Dale.")
    debtor.look("debtor-answered")
    correct(owner)
    assert ledger_verify.verify(product.rt)[0] == []
    # The code that was asked for in the same form: the browser counts such an answer as an error of its own.
    assert watch.foreign == [] and [said for said in watch.complaints if "422" not in said] == []


def first_run(owner: Person) -> None:
    """The command's link, a password, a second factor; then in by the door, and a business."""
    owner.go(make_owner(owner.product, owner.email, "Ines Harrow"), "choose-password")
    owner.page.locator("#new").fill(PASSWORD)
    owner.page.locator("#again").fill(PASSWORD)
    owner.press("Keep this password")
    owner.fill(Email=owner.email, Password=PASSWORD)
    owner.press("Next: your code")
    owner.look("second-factor")
    owner.set_second_factor()
    owner.look("recovery-codes")
    owner.page.context.clear_cookies()
    sign_in(owner)
    owner.page.wait_for_url("**/office/first-run")
    owner.look("first-run")
    owner.fill(Name_as_debtors_know_it="Tidewell Sail & Rigging", Short_name_in_addresses="tidewell",
               Where_debtors_call="+14015550144", Postal_address="3 Wharf Road, Newport, RI 02840")
    owner.press("Make the business")
    owner.look("first-steps")


def set_up(owner: Person) -> None:
    """Brand, Stripe and terms, each by its step."""
    owner.follow("Brand")
    owner.page.get_by_label("Color", exact=True).fill("#1c5f8a")
    owner.press("Keep")
    owner.reads("Kept.")
    owner.look("brand")
    owner.go("/office/set-up/contact")
    owner.page.get_by_label("When people answer, in English").fill("Monday to Friday, 8 am to 5 pm")
    owner.page.get_by_label("Bank details for transfers").fill("Bank: Harbor Savings\nAccount number: 0044 1187 2093")
    owner.press("Keep")
    owner.page.locator("#proof").fill(owner.code())
    owner.press("Keep")
    owner.reads("Kept.")
    owner.go("/office/set-up/stripe", "stripe")
    owner.reads("can be taken")
    owner.go("/office/set-up/terms")
    first, last = quiet_now()
    owner.page.get_by_label("Refunds and write-offs above this need a second person").fill("200")
    owner.page.get_by_label("No reminders from this hour").fill(str(first))
    owner.page.get_by_label("Until this hour").fill(str(last))
    owner.press("Keep")
    owner.reads("Kept.")
    owner.look("terms")


def take_in(owner: Person, folder: Path) -> None:
    """The first import; the first page shows it."""
    owner.go("/office/first-run")
    owner.follow("First import")
    owner.page.set_input_files("#file", write_file(folder))
    owner.press("Read and check it")
    owner.look("import-check")
    owner.press("Take in 3 new invoices")
    owner.reads("Taken in: 3 new invoices.")
    owner.product.work()
    owner.go("/office/")
    owner.press("Count again")
    owner.look("dashboard")
    owner.reads("Dale Rowan")
    assert "$2,092.50" in owner.page.inner_text("main")


def invite(owner: Person, second: Person) -> None:
    """A manager joins by the emailed link."""
    owner.go("/office/staff")
    owner.fill(Their_email=second.email)
    owner.page.get_by_label("Manager").check()
    owner.press("Send the invitation")
    owner.reads("The invitation is on its way.")
    owner.look("staff")
    owner.product.work()
    mail = owner.product.mailbox.wait_for(1, second.email)[-1]
    second.go(next(link for link in mail["links"] if "/office/invitation/" in link), "invitation")
    second.fill(Your_name="Priya Nair")
    second.page.locator("#new").fill(PASSWORD)
    second.page.locator("#again").fill(PASSWORD)
    second.press("Next: your second factor")
    second.set_second_factor()
    second.follow("I have kept them")


def record_a_transfer(owner: Person) -> None:
    """On a debtor's page, money that came by bank."""
    owner.go(page_of(owner.product, "Seabright Charters LLC"), "debtor")
    owner.follow("Record a bank, cash or check payment")
    owner.page.get_by_label("Amount").fill("1,462.50")
    owner.page.get_by_label("Reference").fill("SEABRIGHT 2402")
    owner.look("record")
    owner.press("Record it")
    owner.reads("$1,462.50 recorded as")
    assert "Account Seabright" not in owner.page.inner_text("main")
    owner.look("recorded")


def link_for(owner: Person) -> str:
    """A link to hand on, as staff make it for somebody on the phone."""
    owner.go(page_of(owner.product, "Dale Rowan") + "/links")
    owner.press("Make a link to copy")
    owner.look("link")
    return owner.page.locator("#address").input_value()


def refund_with_a_second_person(owner: Person, second: Person) -> None:
    """Above the limit nothing is sent before a second person agrees."""
    owner.go(card_payment(owner.product))
    owner.follow("Refund")
    owner.page.get_by_label("Amount").fill("480.00")
    owner.page.get_by_label("Why").first.select_option("agreed")
    owner.look("refund")
    owner.press("Next: look once more")
    owner.reads("a second person is asked first")
    owner.look("refund-review")
    owner.press("Ask a second person")
    owner.reads("Others were asked to decide")
    second.go("/office/approvals", "approvals")
    second.follow("Refund")
    second.page.locator("#proof").fill(second.code())
    second.look("approval")
    second.press("Approve and do it")
    second.reads("Approved and done.")
    second.product.work()
    second.go(card_payment(second.product))
    second.reads("$480.00")
    second.look("refunded")


def answer(owner: Person) -> None:
    """The question comes up first; the answer stands on the debtor's page."""
    owner.go("/office/requests/questions")
    owner.follow("Begin with the first")
    owner.page.get_by_label("Your words").fill("They are two invoices, Dale. The storage begins this winter.")
    owner.look("question")
    assert "Dale Rowan, Dale Rowan" not in owner.page.inner_text("main"), "the file knew them by name alone"
    owner.press("Send the answer")
    owner.reads("That was the last one here.")


def correct(owner: Person) -> None:
    """From the figure to the transfer, and its mirror after a look at what it does."""
    owner.go("/office/ledger", "ledger")
    owner.go("/office/ledger/accounts/processing_fees-USD")
    owner.page.locator("main tbody a[href*='/transfers/']").first.click()
    owner.page.get_by_label("Why is it wrong?").select_option("mistake")
    owner.press("Next: look once more")
    owner.reads("Nothing has happened yet.")
    owner.look("correction-review")
    owner.press("Correct it")
    owner.reads("undone by its mirror")
    owner.look("corrected")
    owner.go("/office/audit", "audit")
