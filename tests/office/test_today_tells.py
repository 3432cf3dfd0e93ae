"""What must not be overlooked: what waits for a second person, reminders that are paused, and the first steps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.models import Business, Payment
from portal.services import approvals, dashboard_summary, first_run
from tests.cast import NOON, make_business
from tests.office.books import Desk, at, open_desk
from tests.office.people import make_staff, sign_in


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 2_500_00)


def test_what_waits_for_a_second_person_stands_on_today_and_in_the_menu_of_who_may_decide(desk: Desk) -> None:
    assert "Nothing waits for you" in desk.as_("second").get("/office/").text
    invoice = desk.owed.invoices[0].public_id
    assert approvals.write_off(desk.rt, desk.access("manager"), invoice, "uncollectable") == "waiting"
    for who in ("second", "owner"):
        page = desk.as_(who).get("/office/").text
        assert "1 answer to give" in page and "For you to approve" in page
        assert 'Approvals<span class="n">1</span>' in desk.as_(who).get("/office/debtors").text
    for who in ("manager", "agent", "viewer"):
        page = desk.as_(who).get("/office/").text
        assert "For you to approve" not in page and "Approvals<span" not in page
    late = at(desk, NOON + approvals.STANDS + timedelta(hours=1)).as_("second").get("/office/").text
    assert "For you to approve" not in late, "what can only be asked anew waits for nobody"


def test_paused_reminders_are_told_on_every_page_to_every_role(desk: Desk) -> None:
    told = "All reminders are paused since Nov 10."
    assert told not in desk.as_("owner").get("/office/").text
    owner = desk.as_("owner", proven=True)
    assert owner.post("/office/set-up/danger/pause", name=desk.owed.business.name).status_code == 303
    for who in ("owner", "manager", "agent", "viewer"):
        for path in ("/office/", "/office/debtors", "/office/nothing-here"):
            page = desk.as_(who).get(path).text
            assert told in page
            assert ("Resume reminders</a>" in page) == (who == "owner")
    assert owner.post("/office/set-up/danger/resume").status_code == 303
    assert told not in desk.as_("agent").get("/office/").text


def test_the_open_first_steps_stand_on_today_until_there_is_an_invoice(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path)
    with db.transaction() as session:
        new = make_business(session, slug="new-house")
        owner, agent = (make_staff(session, new, role) for role in ("owner", "agent"))
    pages = [sign_in(desk.app.test_client(), person, new).get("/office/", base_url=desk.rt.settings.base_url).text
             for person in (owner, agent)]
    assert 'href="/office/first-run"' in pages[0] and "First import" in pages[0]
    assert 'href="/office/first-run"' not in pages[1], "who cannot set up is not sent there"
    dashboard_summary.refresh(desk.rt, desk.owed.business.id)
    assert "First import" not in desk.as_("owner").get("/office/").text


def test_stripe_is_done_only_where_money_of_this_business_is_heard_of(desk: Desk) -> None:
    def done() -> bool:
        return next(step.done for step in first_run.steps(desk.rt, desk.access("owner")) if step.name == "stripe")

    assert done(), "the only business of an installation uses its account"
    with desk.rt.db.transaction() as session:
        make_business(session, slug="other-house")
    assert not done(), "of several, nobody has said whose account it is"
    with desk.rt.db.transaction() as session:
        session.add(Payment(
            business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, number="P-1", channel="checkout",
            currency="USD", amount_minor=100, state="succeeded", payment_intent="pi_1",
            captured_minor=100, created_at=NOON, received_at=NOON))
    assert done()
    with desk.rt.db.transaction() as session:
        session.get_one(Business, desk.owed.business.id).stripe_account = "acct_1MadeUp"
    assert done()
