"""What was asked, named and told stands where it is looked for: on their page, in the terms and in the office."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import Arrangement, Debtor, Note
from portal.services import call_facts, dashboard_figures, more_time, payment_claims, promises, standings
from portal.services.dashboard_figures import Books
from portal.services.more_time import Asked
from tests.access.visitor import Browser, House
from tests.account.conftest import counted, inside
from tests.cast import NOON, Clock
from tests.help.test_claims import TOLD
from tests.help.test_more_time import TODAY, at
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk

ILLNESS = "I broke my leg in October."


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def page(desk: Desk) -> Browser:
    browser = inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)
    browser.get("/balance")
    return browser


def ask(desk: Desk, days: int, **more: object) -> str:
    return more_time.ask(desk.rt, desk.owed.access, Asked(TODAY + timedelta(days=days), **more))  # type: ignore[arg-type]


def test_time_that_was_given_stands_on_their_page(desk: Desk) -> None:
    time_id = ask(desk, 20)
    browser = page(desk)
    assert browser.words.count("You have time until Monday, November 30.") == 1
    assert f"/more-time/{time_id}" in browser.text


def test_a_wish_that_waits_and_a_payment_told_of_stand_there_too_in_no_more_questions(desk: Desk) -> None:
    ask(desk, 60)
    time_id = ask(desk, 61)
    with desk.rt.db.reading() as session:
        seen = str(session.scalars(select(Arrangement.version).where(Arrangement.public_id == time_id)).one())
    more_time.ask_person(desk.rt, desk.owed.access, time_id, seen=seen)
    claim_id = payment_claims.claim(desk.rt, desk.owed.access, TOLD)
    browser = page(desk)
    assert "You asked for more time. Reminders wait until it is decided." in browser.words
    assert f"/more-time/{time_id}" in browser.text
    assert "You told us that you have paid." in browser.words and f"/already-paid/{claim_id}" in browser.text
    assert "We are looking for it; reminders wait until Friday, November 20." in browser.words
    with counted(desk.rt.db) as asked:
        browser.get("/balance")
    assert len(asked) <= 5


def test_a_promised_day_stands_there_and_in_what_happens_next(desk: Desk) -> None:
    promises.make(desk.rt, desk.owed.access, date(2026, 11, 20), "USD")
    browser = page(desk)
    assert "You named Friday, November 20 as the day you pay." in browser.words
    assert "The day you named to pay ends." in browser.words and "You named a day" in browser.words


def test_the_terms_say_how_much_time_is_given_and_the_office_previews_it(desk: Desk) -> None:
    browser = page(desk)
    browser.get(f"/b/{desk.owed.business.slug}/terms")
    for said in ("Up to 30 days of time are given at once", "so 2 times within a year", "up to 90 days ahead",
                 "named up to 14 days ahead", "after 60 days at the latest", "wait 10 days when somebody tells"):
        assert said in browser.words, said
    owner = desk.as_("owner")
    shown = owner.get("/office/set-up/help").get_data(as_text=True)
    assert "Up to 30 days of time are given at once" in shown
    looked = owner.post("/office/set-up/help/keep", do="look", version="0", deferral_days="0",
                        deferral_longest_days="45", deferrals_a_year="2", promise_days="0", hardship_review_days="30",
                        claim_wait_days="1", dispute_answer_days="30")
    means = looked.get_data(as_text=True)
    assert "agreed with a person" in means and "Reminders and fees wait 1 day when" in means
    assert "given at once, without" not in means.partition("h-changes")[0]


def test_promised_days_are_expected_and_no_debtor_twice(desk: Desk) -> None:
    late = at(desk, 60)
    with desk.rt.db.transaction() as session:
        session.merge(desk.owed.link).expires_at = late.now() + timedelta(days=9)
        session.add(Note(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, kind="call", body="",
                         staff_id=desk.staff["agent"].id, result="promised", at=late.now(),
                         promised_on=(NOON + timedelta(days=64)).date()))
    promises.make(late, desk.owed.access, (NOON + timedelta(days=65)).date(), "USD")
    with desk.rt.db.transaction() as session:
        standings.recount_one(session, desk.owed.business.id, desk.owed.debtor.id, late.now())
    with desk.rt.db.reading() as session:
        figures = dashboard_figures.reckon(Books(session, desk.owed.business, late.now().date(), late.now()))
    assert figures["expected"]["promised"] == {"n": 1, "sums": {"USD": 160_00}}


def test_a_broken_promise_is_a_reason_to_call_until_something_is_paid(desk: Desk) -> None:
    promises.make(desk.rt, desk.owed.access, TODAY + timedelta(days=3), "USD")
    assert facts(desk, 1) == (TODAY + timedelta(days=3), True)
    assert promises.note_ended(at(desk, 5)) == 1
    assert facts(desk, 5) == (TODAY + timedelta(days=3), True)
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00), at=NOON + timedelta(days=6))
    tell(desk.rt.db, received(payment, happened_at=NOON + timedelta(days=6)))
    assert facts(desk, 7) == (TODAY + timedelta(days=3), False)


def test_why_somebody_needs_time_is_read_by_who_decides_and_nobody_else(desk: Desk) -> None:
    time_id = ask(desk, 60, hardship=True, words=ILLNESS)
    pages = (f"/office/debtors/{desk.owed.debtor.public_id}", f"/office/requests/time/{time_id}")
    others = ("/office/requests", "/office/requests/time", "/office/", f"{pages[0]}?show=talk")
    agent, viewer = desk.as_("agent"), desk.as_("viewer")
    for path in pages:
        assert ILLNESS in agent.get(path).get_data(as_text=True), path
    for path in (*pages, *others):
        shown = viewer.get(path)
        assert shown.status_code == 200, path
        text = shown.get_data(as_text=True)
        assert ILLNESS not in text and "Hard times" not in text, path
    assert viewer.get(f"{pages[0]}/data/export").status_code == 403


def facts(desk: Desk, days: int) -> tuple[date | None, bool]:
    now = NOON + timedelta(days=days)
    with desk.rt.db.transaction() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        debtor.phone = "+15035550142"
        standings.recount_one(session, desk.owed.business.id, debtor.id, now)
        session.flush()
        found = call_facts.gather(session, desk.owed.business, [debtor.id], now.date(), now)[debtor.id]
        return found.promised_on, found.promise_open
