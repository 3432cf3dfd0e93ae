"""Lists in a real browser: filters, picks, previews and single pages, at both widths, with axe looking on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from portal import create_app
from portal.models import Assignment, Debtor, Hold, Staff
from portal.services import bookkeeping, reminders
from portal.services.bookkeeping import Part
from tests.browser.conftest import WIDE, Product, Watch, visitor
from tests.browser.test_walk import Walk
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.ledger.stories import line, received, start_payment, tell
from tests.office.people import cookie_of, make_staff

pytestmark = pytest.mark.browser
PEOPLE = (
    ("Coastline Ferries Inc.", "business", (1_450_00, "USD", 163)),
    ("Brightwater Events LLC", "business", (2_560_00, "USD", 131)),
    ("Rhys Pritchard", "consumer", (845_00, "GBP", 118)),
    ("Kestrel Adventure Co.", "business", (1_180_00, "USD", 112)), ("Joan Whitlock", "consumer", (730_00, "USD", 96)),
    ("Nautica Bizkaia SL", "business", (1_180_00, "EUR", 84)), ("Petra Lindqvist", "consumer", (520_00, "USD", 79)),
    ("Harbor Light Yacht Club", "business", (3_275_50, "USD", 75)),
    ("Old Salt Charters", "business", (298_00, "USD", 12)),
    ("Dale Rowan", "consumer", (486_50, "USD", -5)), ("Seabright Charters", "business", (1_840_00, "USD", -20)),
)


def furnish(product: Product) -> Staff:
    """A business in the middle of its work: late, held, part paid, unreachable, and one payment by card."""
    now = datetime.now(UTC)
    db = product.rt.db
    with db.transaction() as session:
        business = make_business(session, name="Tidewell Sail & Rigging")
        owner = make_staff(session, business, "owner", name="Ines Harrow")
        agent = make_staff(session, business, "agent", name="Tom Penrose")
        debtors, invoices = [], []
        for number, (name, kind, (total, currency, late)) in enumerate(PEOPLE):
            debtor = make_debtor(session, business, name=name, kind=kind, number=f"TW-C{number:03d}",
                                 email=f"debtor{number}@debtor.example")
            debtors.append(debtor)
            due = now.date() - timedelta(days=late)
            invoices.append(make_invoice(
                session, debtor, total, currency=currency, due_on=due, now=now - timedelta(days=max(late, 0) + 30),
                number=f"TW-{1987 + 11 * number}", title="Mainsail: re-stitch, new UV strip"))
        session.get_one(Debtor, debtors[4].id).email_state = "bounced"
        session.get_one(Debtor, debtors[6].id).opted_out_at = now
        session.add(Assignment(debtor_id=debtors[7].id, business_id=business.id, staff_id=agent.id, at=now))
        session.add(Hold(
            business_id=business.id, debtor_id=debtors[0].id, invoice_id=invoices[0].id, reminders=True, fees=True,
            cause="dispute", starts_at=now - timedelta(days=9), until=now + timedelta(days=5)))
        bookkeeping.receive_outside(session, debtors[1], [Part(invoices[1], 500_00)], channel="check", amount=500_00,
                                    reference="7731", received_at=now, now=now, number="P-7K3M-Q9TX")
        owed = Owed(business, debtors[10], make_link(session, debtors[10]), [invoices[10]])
        slug = business.slug
    payment = start_payment(db, owed, (invoices[10], 1_840_00), at=now)
    tell(db, received(payment, happened_at=now), line(payment, 1_840_00, 53_66), now=now)
    reminders.send_reminder(product.rt, slug, "TW-C003")
    reminders.send_reminder(product.rt, slug, "TW-C004")
    return owner


@pytest.mark.parametrize("width", [WIDE])
def test_lists_from_a_filter_to_a_bulk_act(browser: Browser, product: Product, width: int, tmp_path: Path) -> None:
    owner, watch = furnish(product), Watch((product.url,))
    with visitor(browser, width, watch) as page:
        name, value = cookie_of(create_app(product.rt.settings, product.rt), owner, proven=True)
        page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
        walk = Walk(product, page, watch, f"lists-{width}")
        page.goto(f"{product.url}/office/invoices")
        walk.look("invoices")
        page.get_by_label("Age", exact=True).select_option("late30")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("8 invoices match")).to_be_visible()
        page.get_by_role("checkbox", name="Pick TW-1998").check()
        page.get_by_role("checkbox", name="Pick TW-2031").check()
        page.get_by_role("checkbox", name="Pick TW-1987").check()
        walk.look("invoices-narrowed")
        page.get_by_role("button", name="Send link").click()
        expect(page.get_by_text("All that is open is on hold.")).to_be_visible()
        walk.look("bulk-preview")
        page.get_by_role("button", name="Send 2 emails").or_(page.get_by_role("button", name="Send 1 email")).click()
        expect(page.get_by_role("heading", name="Done")).to_be_visible()
        walk.look("bulk-done")
        for path, told in (
            ("debtors", "debtors"), ("payments", "payments"), ("messages", "messages"), ("search?q=harbor", "search"),
            ("exports/invoices?age=late30", "export"), ("invoices?age=never&from=x", "wrong-address"),
            ("invoices?q=nobody+at+all", "nothing-found"),
        ):
            page.goto(f"{product.url}/office/{path}")
            walk.look(told)
        page.goto(f"{product.url}/office/bulk/debtors?act=hold&everything=y&state=owing")
        walk.look("bulk-hold")
        page.goto(f"{product.url}/office/invoices?q=TW-1998")
        page.get_by_role("row").get_by_role("link", name="TW-1998").click()
        expect(page.get_by_role("heading", name="Invoice TW-1998")).to_be_visible()
        walk.look("invoice")
        page.goto(f"{product.url}/office/payments?q=1840")
        page.get_by_role("rowheader").get_by_role("link").first.click()
        walk.look("payment")
        page.get_by_role("link", name="Refund").first.click()
        walk.look("refund")
        page.goto(f"{product.url}/office/messages?about=reminder&state=queued")
        page.get_by_role("row").get_by_role("link", name="Reminder").first.click()
        expect(page.get_by_text("[the private link to their page]").first).to_be_visible()
        walk.look("message")
    assert watch.foreign == []
