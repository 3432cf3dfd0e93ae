"""Somebody who only pays, the debtor they pay for, and the words of that debtor they must never read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lxml import html as lxml_html
from sqlalchemy import select

from portal.db import Database
from portal.domain.access import KNOWN, Access
from portal.models import PortalLink, PortalLinkInvoice
from portal.runtime import Runtime
from portal.services import pay_only
from sandbox.stripe.server import StripeStandIn
from tests.access.visitor import Browser, House, open_house
from tests.cast import Clock, Owed, make_debtor, make_invoice, make_link, someone_owes

# What must never be read by somebody who only pays.
CANARIES = {"name": "Wilhelmina Xanthos", "greeting_name": "Mina", "email": "mina@canary.example",
            "phone": "+15035557788", "postal_code": "90817"}
TITLE = "Secret rose garden"


def canary(house: House, *totals: int) -> Owed:
    owed = someone_owes(house.db)
    with house.db.transaction() as session:
        debtor = make_debtor(session, owed.business, **CANARIES)
        link = make_link(session, debtor, expires_at=house.rt.now() + timedelta(days=30))
        invoices = [make_invoice(session, debtor, total, title=TITLE) for total in totals]
    return Owed(owed.business, debtor, link, invoices)


def link_of(rt: Runtime, public_id: str) -> PortalLink:
    with rt.db.reading() as session:
        return session.scalars(select(PortalLink).where(PortalLink.public_id == public_id)).one()


def shop(db: Database, folder: Path, stripe: StripeStandIn) -> House:
    """A portal whose clock shows what Stripe's shows."""
    clock = Clock(datetime.fromtimestamp(stripe.control.now(), UTC))
    return open_house(db, folder, clock, stripe_api_base=stripe.url, stripe_timeout_seconds=3)


def behind(rt: Runtime, link: PortalLink) -> Access:
    """The access of somebody who has opened a link that only pays."""
    with rt.db.reading() as session:
        ids = frozenset(session.scalars(
            select(PortalLinkInvoice.invoice_id).where(PortalLinkInvoice.link_id == link.id)))
    return Access(link.business_id, link.debtor_id, link.id, link.public_id, KNOWN, ids or None, pay_only=True)


def assert_silent(page: str) -> None:
    for secret in (*CANARIES.values(), TITLE, "(503) 555-7788", "Wilhelmina", "Xanthos"):
        assert secret not in page, secret


def offered(rt: Runtime, link: PortalLink) -> pay_only.Offer:
    return pay_only.offer(rt, behind(rt, link))


def make_on_page(browser: Browser, **typed: str) -> str:
    """Make a link on the page and give the address it shows."""
    browser.get("/pay-link")
    browser.send("/pay-link", **typed)
    (address,) = lxml_html.fromstring(browser.text).xpath("//input[@id='address']/@value")
    return str(address)


def payer(house: House, address: str) -> Browser:
    browser = house.browser()
    browser.get(address)
    assert_silent(browser.text)
    assert browser.path == "/welcome"
    browser.send("/continue")
    assert browser.path == "/pay-only"
    return browser
