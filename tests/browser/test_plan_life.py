"""A plan's whole life in a real browser, on a phone: from what a debtor can manage to the last payment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from portal.domain.policy import Policy
from portal.models import Arrangement, Installment, Plan, SavedMethod
from portal.services import links
from tests.access.visitor import CODE
from tests.browser.conftest import Product, Watch, running, visitor
from tests.browser.test_office_queues import office
from tests.browser.test_walk import Walk
from tests.cast import Owed, make_business, make_debtor, make_invoice, make_link

pytestmark = pytest.mark.browser
PHONE = 360


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running(tmp_path, https=False, clock_of_stripe=True) as found:
        yield found


def owing(product: Product) -> Owed:
    """Helen owes one invoice of 160.00, three weeks late."""
    now = product.rt.now()
    with product.rt.db.transaction() as session:
        business = make_business(session, policy=Policy(quiet_from_hour=0, quiet_until_hour=0))
        helen = make_debtor(session, business)
        late = make_invoice(session, helen, 160_00, due_on=now.date() - timedelta(days=23), now=now)
        link = make_link(session, helen, created_at=now, expires_at=now + timedelta(days=300))
    return Owed(business, helen, link, [late])


def standing(product: Product) -> tuple[str, str]:
    with product.rt.db.reading() as session:
        plan = session.scalars(select(Plan)).one()
        return session.get_one(Arrangement, plan.arrangement_id).state, plan.standing


def installments(product: Product) -> list[tuple[date, int, str]]:
    with product.rt.db.reading() as session:
        return [(row.due_on, row.paid_minor, row.state)
                for row in session.scalars(select(Installment).order_by(Installment.position))]


def come_in(walk: Walk, owed: Owed) -> None:
    """Open the link again, as a session does not outlive a day."""
    walk.page.goto(links.url_of(walk.product.rt.settings, owed.link))
    walk.press("Continue")
    walk.page.fill("input[name=fact]", "97301")
    walk.press("Continue")
    walk.page.wait_for_url("**/balance")


def today(product: Product, owed: Owed) -> date:
    return product.rt.now().astimezone(ZoneInfo(owed.business.timezone)).date()


def live_until(product: Product, owed: Owed, day: date) -> None:
    """Let the days pass, two at a time, each time with its work."""
    while today(product, owed) < day:
        product.stripe.control.advance(2 * 24 * 3600)
        product.work()


def propose(walk: Walk) -> str:
    """Choose a first day that the rules cannot say yes to, and ask a person; gives the plan's address."""
    page = walk.page
    walk.follow("Pay over time")
    later = walk.product.rt.now().date() + timedelta(days=75)
    page.goto(f"{walk.product.url}/plan?currency=USD&every=monthly&first={later}&by=n&n=2&autopay=yes")
    page.get_by_label("should know").fill("My season begins in spring.")
    walk.look("chosen")
    walk.press("Ask for this plan")
    expect(page.get_by_role("heading", name="You proposed to pay $160.00 over time.")).to_be_visible()
    walk.look("proposed")
    return page.url


def answer(walk: Walk, desk: Page, first: date) -> None:
    """Look at the proposal in the office, and offer two payments, a week apart, that begin sooner."""
    desk.goto(f"{walk.product.url}/office/requests/plans")
    desk.get_by_role("link", name="Begin with the first").click()
    desk.get_by_role("link", name="Open the plans of this customer").click()
    desk.locator("select[name=every]").select_option("weekly")
    desk.fill("input[name=first]", first.isoformat())
    desk.fill("input[name=count]", "2")
    desk.fill("textarea[name=words]", "We can wait a week, Helen. Would this do?")
    desk.get_by_role("button", name="Offer it").click()
    expect(desk.get_by_text("Offered. It counts once they sign")).to_be_visible()


def read_and_sign(walk: Walk, owed: Owed, address: str) -> None:
    """Read the answer, have it charged by itself, and sign with the code from the mailbox."""
    page, product = walk.page, walk.product
    page.goto(address)
    expect(page.get_by_text("We can wait a week, Helen.")).to_be_visible()
    walk.look("countered")
    walk.press("Read and sign")
    for box in page.locator("input[name=consent]").all():
        box.check()
    page.fill("input[name=name]", "Helen Adaeze Okafor")
    walk.look("sign")
    walk.press("Go on to the code")
    product.work()
    codes = [CODE.search(mail["text"]) for mail in product.mailbox.wait_for(1, str(owed.debtor.email))]
    page.fill("input[name=code]", next(code[1] for code in reversed(codes) if code))
    walk.press("Sign the agreement")
    expect(page.get_by_role("heading", name="One thing is left to do for your plan")).to_be_visible()
    walk.look("runs")


def save_a_card(walk: Walk) -> None:
    """Save a card on Stripe's own page."""
    walk.follow("Automatic payments: save or change a card")
    walk.look("nothing-saved")
    walk.press("Save a card or bank account")
    walk.at_stripe("pay")
    walk.page.wait_for_url(f"{walk.product.url}/autopay/**")
    walk.product.work()
    walk.page.goto(f"{walk.product.url}/autopay")
    expect(walk.page.get_by_text("ending in 4242").first).to_be_visible()
    walk.look("saved")


def repair(walk: Walk, owed: Owed) -> None:
    """See what the bank refused, and pay it by hand."""
    come_in(walk, owed)
    walk.look("balance-with-trouble")
    walk.page.goto(f"{walk.product.url}/autopay")
    expect(walk.page.get_by_text("$80.00 could not be charged.")).to_be_visible()
    walk.look("refused")
    walk.press("Pay it now")
    walk.at_stripe("pay")
    walk.page.wait_for_url(f"{walk.product.url}/payments/**")
    walk.product.work()


def test_from_a_proposal_to_the_last_payment(product: Product, browser: Browser) -> None:
    owed = owing(product)
    watch = Watch((product.url, product.stripe.url, product.mailbox.url))
    with visitor(browser, PHONE, watch) as page, visitor(browser, 1280, watch) as desk:
        office(product, owed, desk)
        walk = Walk(product, page, watch, "plan-life")
        come_in(walk, owed)
        address = propose(walk)
        answer(walk, desk, today(product, owed) + timedelta(days=7))
        read_and_sign(walk, owed, address)
        save_a_card(walk)
        (first, *_), (second, *_) = installments(product)
        live_until(product, owed, first + timedelta(days=1))
        assert [(paid, state) for _, paid, state in installments(product)] == [(80_00, "paid"), (0, "open")]
        with product.rt.db.reading() as session:
            card = session.scalars(select(SavedMethod.method)).one()
        product.stripe.control.change_heart(card, "pm_card_visa_chargeDeclinedStolenCard")
        live_until(product, owed, second + timedelta(days=2))
        assert standing(product) == ("active", "late")
        repair(walk, owed)
        assert standing(product) == ("kept", "good")
        page.goto(address)
        expect(page.get_by_role("heading", name="All of your plan is paid. Thank you.")).to_be_visible()
        walk.look("completed")
    subjects = [mail["subject"] for mail in product.mailbox.messages(str(owed.debtor.email))]
    assert len(subjects) >= 6, subjects
    assert watch.foreign == [] and watch.complaints == []
