"""The books and the set-up in a real browser: from a figure to its cause, an import, a decision, terms, a color."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from portal.domain.roles import StaffAccess
from portal.models import Staff
from portal.services import approvals, bookkeeping
from portal.services.bookkeeping import Part
from tests.browser.conftest import WIDE, Product, Watch, visitor
from tests.browser.test_walk import Walk
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.ledger.stories import line, received, start_payment, tell
from tests.office.people import cookie_of, make_staff

pytestmark = pytest.mark.browser
BAD = ("Invoice no.,Customer,Date,Due date,Amount,Rep\nTW-2377,Dale Rowan,05/11/2026,31/02/2026,180.00,IH\n"
       "TW-2378,=HYPERLINK(1),05/11/2026,05/12/2026,\"-180,00\",TP\nTW-2379,Lighthouse,13/11/2026,13/12/2026,99.5,TP\n")
GOOD = ("Invoice no.;Customer;Date;Due date;Amount;Curr.\nTW-1;Dale Rowan;13/11/2026;05/12/2026;180.00;USD\n"
        "TW-2;Seabright Charters LLC;14/11/2026;05/12/2026;1462.50;EUR\n")


def furnish(product: Product) -> dict[str, Staff]:
    """A business whose books hold a bit of everything, and a write-off that waits."""
    now = datetime.now(UTC)
    db = product.rt.db
    with db.transaction() as session:
        business = make_business(session, name="Tidewell Sail & Rigging")
        helen = make_debtor(session, business, name="Seabright Charters LLC")
        invoices = [make_invoice(session, helen, total, now=now - timedelta(days=30 - number))
                    for number, total in enumerate((1_840_00, 620_00, 3_275_00, 80_00))]
        euros = make_invoice(session, helen, 1_425_50, currency="EUR", now=now)
        owed = Owed(business, helen, make_link(session, helen), invoices)
        staff = {role: make_staff(session, business, role, name=name) for role, name in (
            ("owner", "Ines Harrow"), ("manager", "Priya Nair"))}
        bookkeeping.charge_fee(session, euros, 21_38, step="1", interest=False, rule="late_fee", now=now)
    payment = start_payment(db, owed, (invoices[0], 1_840_00), (invoices[1], 120_00), at=now)
    tell(db, received(payment, happened_at=now), line(payment, 1_960_00, 57_10), now=now)
    with db.transaction() as session:
        bookkeeping.receive_outside(session, helen, [Part(invoices[3], 80_00)], channel="check", amount=80_00,
                                    reference="7731", received_at=now, now=now, number="P-CHECK")
    person = staff["manager"]
    approvals.write_off(
        product.rt, StaffAccess(business.id, person.id, person.public_id, "manager", 0, product.rt.now()),
        invoices[2].public_id, "insolvent", note="Their administrator wrote to us on Friday.")
    return staff


@pytest.mark.parametrize("width", [WIDE])
def test_the_books_and_the_set_up(browser: Browser, product: Product, width: int, tmp_path: Path) -> None:
    staff, watch = furnish(product), Watch((product.url,))
    with visitor(browser, width, watch) as page:
        from portal import create_app

        app = create_app(product.rt.settings, product.rt)
        name, value = cookie_of(app, staff["owner"], proven=True)
        page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
        walk = Walk(product, page, watch, f"books-{width}")
        page.goto(f"{product.url}/office/ledger")
        expect(page.get_by_text("sums to $0.00")).to_be_visible()
        walk.look("ledger")
        page.get_by_role("main").get_by_role("link", name="Stripe clearing").first.click()
        walk.look("account")
        page.get_by_role("link", name="Payment received").first.click()
        expect(page.get_by_text("A mirror would not put this right.")).to_be_visible()
        walk.look("transfer")
        page.goto(f"{product.url}/office/ledger/accounts/receivable-USD")
        walk.look("receivables")
        page.goto(f"{product.url}/office/ledger/accounts/fee_income-EUR")
        page.get_by_role("link", name="Late fee").first.click()
        page.get_by_label("Why is it wrong?").select_option("wrong_debtor")
        walk.press("Next: look once more")
        walk.press("Correct it")
        expect(page.get_by_text("undone by its mirror")).to_be_visible()
        walk.look("corrected")
        page.goto(f"{product.url}/office/approvals")
        walk.look("approvals")
        page.get_by_role("link", name="Write-off").first.click()
        walk.look("approval")
        walk.press("Approve and do it")
        expect(page.get_by_text("Approved and done.")).to_be_visible()
        imports(walk, tmp_path)
        set_up(walk)
        page.goto(f"{product.url}/office/audit")
        expect(page.locator("tbody th", has_text="Set-up changed").first).to_be_visible()
        walk.look("audit")
        assert watch.foreign == []
        assert [said for said in watch.complaints if "422" not in said] == []


def imports(walk: Walk, folder: Path) -> None:
    """A file with errors, then a good one."""
    page = walk.page
    page.goto(f"{walk.product.url}/office/imports")
    walk.look("imports")
    for file, text, what in (("bad.csv", BAD, "import-errors"), ("good.csv", GOOD, "import-check")):
        (folder / file).write_text(text)
        page.goto(f"{walk.product.url}/office/imports")
        page.set_input_files("#file", folder / file)
        walk.press("Read and check it")
        expect(page.get_by_role("heading", name="What this file would do")).to_be_visible()
        walk.look(what)
    walk.press("Take in 2 new invoices")
    expect(page.get_by_text("Taken in: 2 new invoices.")).to_be_visible()


def set_up(walk: Walk) -> None:
    """Every section, a look before keeping, and a contradiction."""
    page, url = walk.page, f"{walk.product.url}/office/set-up"
    for path, what in (("", "setup"), ("/contact", "contact"), ("/stripe", "stripe"), ("/danger", "danger"),
                       ("/danger?act=links", "links")):
        page.goto(url + path)
        walk.look(what)
    page.goto(f"{url}/terms")
    page.get_by_label("Days a link to pay only works").fill("60")
    walk.press("Keep")
    expect(page.get_by_text("contradict each other").first).to_be_visible()
    walk.look("terms")
    page.goto(f"{url}/brand")
    page.get_by_label("Color", exact=True).fill("#1c5f8a")
    walk.press("Look first what it means")
    walk.look("brand")
    page.goto(f"{url}/brand")
    page.get_by_label("Color", exact=True).fill("#1c5f8a")
    walk.press("Keep")
    expect(page.get_by_text("Kept.", exact=True)).to_be_visible()
    walk.follow("See the page as debtors do")
    walk.look("brand-page")
