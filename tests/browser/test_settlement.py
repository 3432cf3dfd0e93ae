"""A settlement in a real browser, on a phone: asked for, answered twice, signed, paid by one payment, closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from portal.domain.policy import Policy
from portal.domain.roles import StaffAccess
from portal.models import Agreement, Arrangement, ArrangementRound
from portal.services import debts, links, settlement_answers
from tests.access.visitor import CODE
from tests.browser.conftest import Product, Watch, visitor
from tests.browser.test_walk import Walk
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link
from tests.offers.people import RULES, seen
from tests.office.people import make_staff

pytestmark = pytest.mark.browser


def owing(product: Product) -> tuple[Owed, StaffAccess]:
    """Helen owes 150.00, five weeks late, to a business that settles where it can."""
    now = datetime.now(UTC)
    with product.rt.db.transaction() as session:
        policy = Policy(quiet_from_hour=0, quiet_until_hour=0).with_settlements(RULES)
        business = make_business(session, policy=policy)
        helen = make_debtor(session, business)
        invoices = [make_invoice(session, helen, total, due_on=now.date() - timedelta(days=35), now=now)
                    for total in (100_00, 50_00)]
        link = make_link(session, helen, created_at=now, expires_at=now + timedelta(days=30))
        priya = make_staff(session, business, "owner", name="Priya Marsh")
    return (Owed(business, helen, link, invoices),
            StaffAccess(business.id, priya.id, priya.public_id, "owner", 0, now))


def code_for(product: Product, owed: Owed) -> str:
    product.work()
    found = [CODE.search(mail["text"]) for mail in product.mailbox.wait_for(1, str(owed.debtor.email))]
    return next(code[1] for code in reversed(found) if code)


def test_a_settlement_is_asked_for_answered_signed_and_closed_by_one_payment(product: Product,
                                                                             browser: Browser) -> None:
    owed, priya = owing(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, 360, watch) as page:
        walk = Walk(product, page, watch, "settlement")
        page.goto(links.url_of(product.rt.settings, owed.link))
        walk.press("Continue")
        page.fill("input[name=fact]", "97301")
        walk.press("Continue")
        page.wait_for_url("**/balance")
        walk.follow("I need help")
        walk.follow("All of it is too much")
        page.fill("input[name=amount]", "90")
        page.fill("textarea[name=words]", "My hours were cut.")
        walk.look("ask")
        page.locator("main form button.go").first.click()
        expect(page.get_by_text("One payment of $120.00 would close it.")).to_be_visible()
        walk.look("countered-by-the-rules")
        address = page.url
        walk.press("Ask Priya Marsh about $90.00")
        expect(page.get_by_text("Reminders wait until we have answered.")).to_be_visible()

        made = address.rsplit("/", 1)[1]
        settlement_answers.counter(product.rt, priya, made, 110_00, seen=seen(product.rt, made),
                                   words="Would this do, Helen?")
        page.goto(address)
        expect(page.get_by_text("Would this do, Helen?")).to_be_visible()
        walk.look("countered-by-a-person")
        walk.follow("Read and sign")
        page.check("input[name=consent][value=electronic_records]")
        page.fill("input[name=name]", "Helen Adaeze Okafor")
        walk.press("Go on to the code")
        page.fill("input[name=code]", code_for(product, owed))
        walk.press("Sign the agreement")
        page.wait_for_load_state()
        page.goto(address)
        walk.look("signed")

        page.goto(f"{product.url}/pay/review?currency=USD")
        walk.press("Pay $110.00 at Stripe")
        walk.at_stripe("pay")
        page.wait_for_url(f"{product.url}/payments/**")
        product.work()
        page.goto(address)
        expect(page.get_by_text("It is closed. Thank you.")).to_be_visible()
        walk.look("closed")
    with product.rt.db.reading() as session:
        assert session.scalars(select(Agreement.kind)).all() == ["settlement"]
        assert session.scalars(select(Arrangement.state)).all() == ["kept"]
        steps = [(row.said_by, row.what, row.amount_minor) for row in session.scalars(
            select(ArrangementRound).order_by(ArrangementRound.position))]
        assert debts.open_invoices(session, owed.access) == []
    assert steps == [("debtor", "asked", 90_00), ("rules", "countered", 120_00), ("debtor", "referred", 90_00),
                     ("staff", "countered", 110_00), ("debtor", "accepted", 110_00)]
    assert watch.foreign == [] and watch.complaints == []
