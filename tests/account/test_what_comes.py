"""What happens next, on a debtor's own page: the real next steps with their days, and what stops each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.models import (
    BlockedAddress,
    Business,
    CadenceStep,
    Debtor,
    Hold,
    PortalLink,
    PortalLinkInvoice,
    ReminderTrack,
)
from portal.services import cadences, not_me
from portal.services.audit import COMMAND_LINE
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.cast import NOON, Owed, make_invoice, make_link, someone_owes


@pytest.fixture
def owed(house: House) -> Owed:
    """Two invoices that are late and one that is not due yet; a standard series is on."""
    found = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        debtor = session.get_one(Debtor, found.debtor.id)
        make_invoice(session, debtor, 60_00, title="Autumn planting", due_on=(NOON + timedelta(days=30)).date())
    cadences.track_new(house.rt)
    cadences.switch_on(house.rt, found.business.slug, "standard", actor=COMMAND_LINE)
    return found


def balance(house: House, link: PortalLink) -> str:
    """The page, as it is read."""
    browser = inside(house, link)
    browser.get("/balance")
    return browser.words


def shown(house: House, owed: Owed) -> str:
    """The list of what happens next."""
    return balance(house, owed.link).partition("What happens next")[2].partition("Statement as PDF")[0]


def hold(house: House, owed: Owed, **changes: object) -> None:
    with house.db.transaction() as session:
        session.add(Hold(**{"business_id": owed.business.id, "debtor_id": owed.debtor.id, "reminders": True,
                            "cause": "deferral", "starts_at": NOON - timedelta(days=1), **changes}))


def test_the_next_steps_stand_there_with_their_days_and_what_stops_them(house: House, owed: Owed) -> None:
    said = shown(house, owed)
    # Late since October 18: met today, again a week later, and firmly nine days after that.
    assert "Tuesday, November 10 We remind you of French drain along the patio by email." in said
    assert "Tuesday, November 17 We remind you of French drain along the patio by email." in said
    assert "We ask you by email to choose a way for French drain along the patio." in said
    assert "Not if you pay it, or tell us what is wrong." in said
    assert "We may write to you about what is late" not in said


def test_a_pause_moves_the_steps_and_its_own_end_is_told(house: House, owed: Owed) -> None:
    hold(house, owed, until=NOON + timedelta(days=13))
    said = shown(house, owed)
    assert "Monday, November 23 The pause for everything ends. Until then we do not remind you of it." in said
    assert "November 10 We remind you" not in said and "Monday, November 23 We remind you of" in said


def test_nothing_is_announced_that_does_not_come(house: House, owed: Owed) -> None:
    with house.db.transaction() as session:
        session.get_one(Debtor, owed.debtor.id).opted_out_at = NOON
    said = shown(house, owed)
    assert "no reminder comes by email" in said and "We remind you of" not in said
    with house.db.transaction() as session:
        session.get_one(Debtor, owed.debtor.id).opted_out_at = None
        session.get_one(Business, owed.business.id).paused_at = NOON
    assert "We remind you of" not in shown(house, owed)
    with house.db.transaction() as session:
        session.get_one(Business, owed.business.id).paused_at = None
        session.add(BlockedAddress(business_id=owed.business.id, created_at=NOON, address_hash=not_me.address_hash(
            house.rt.settings, owed.business.id, owed.debtor.email)))
    assert "We remind you of" not in shown(house, owed)


def test_a_link_to_one_invoice_tells_of_no_other(house: House, owed: Owed) -> None:
    with house.db.transaction() as session:
        link = make_link(session, owed.debtor)
        other = make_invoice(session, session.get_one(Debtor, owed.debtor.id), 30_00, title="Only this one",
                             due_on=(NOON - timedelta(days=3)).date())
        session.add(PortalLinkInvoice(business_id=owed.business.id, link_id=link.id,
                                      invoice_id=other.id))
    cadences.track_new(house.rt)
    words = balance(house, link)
    assert "Only this one" in words and "French drain" not in words and "2 invoices" not in words


def test_the_last_notice_names_its_day_and_says_plainly_what_may_follow(house: House, owed: Owed) -> None:
    with house.db.transaction() as session:
        debtor = session.get_one(Debtor, owed.debtor.id)
        debtor.postal_address = "9 Juniper Way\nSalem"
        # They have been called already, a week ago.
        step = session.scalars(select(CadenceStep).where(CadenceStep.channel == "call")).one()
        track = session.get_one(ReminderTrack, owed.invoices[0].id)
        track.step_id, track.step_on = step.id, (NOON - timedelta(days=7)).date()
    words = shown(house, owed)
    assert "Our formal request to pay French drain along the patio goes to you by letter." in words
    assert "goes to you by letter. After" in words and "we may ask others to pursue it, which can add costs" in words
    assert "every way on this page stays open" in words
