"""A debtor chooses a plan, sees it change, proposes it, reads and signs it: over real HTTP, without a script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.agreements import ELECTRONIC_RECORDS
from portal.models import Arrangement, ArrangementInvoice, Hold, Installment, Message, Plan
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import Clock
from tests.office.books import Desk, open_desk

AT_THE_DOOR = ("link.opened", "identity.passed", "code.sent", "code.passed")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def page(desk: Desk) -> Browser:
    return inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)


def carried(browser: Browser, action: str, last: bool = False) -> dict[str, Any]:
    """Read the fields of the form that posts to an address; of several the first or the last."""
    forms = [form for form in browser.forms() if form.method == "POST" and urlsplit(form.action).path == action]
    fields: dict[str, Any] = {}
    for name, value in forms[-1 if last else 0].form_values():
        fields.setdefault(name, []).append(value)
    return fields


def status(browser: Browser) -> int:
    assert browser.page is not None
    return browser.page.status_code


def plan_rows(desk: Desk) -> list[tuple[str, int, int, str]]:
    with desk.rt.db.reading() as session:
        return [(row.due_on.isoformat(), row.amount_minor, row.paid_minor, row.state) for row in session.scalars(
            select(Installment).order_by(Installment.position))]


def sign(browser: Browser, house: House) -> None:
    """Read the agreement that is open, and sign it with the emailed code."""
    path = browser.path
    boxes = re.findall(r'name="consent" value="([^"]+)"', browser.text)
    named: dict[str, Any] = {"name": "Helen Adaeze Okafor", "consent": boxes}
    browser.post(path, {**carried(browser, path), **named, "do": "code"})
    browser.post(path, {**carried(browser, path), **named, "do": "sign", "code": house.newest_code()})


def test_a_plan_that_fits_is_chosen_seen_and_signed_in_one_sitting(desk: Desk) -> None:
    house = House(desk.app, desk.rt, desk.rt.db, Clock())
    browser = inside(house, desk.owed.link)
    browser.get("/plan")
    assert "Pay $160.00 over time" in browser.words and "This plan fits." in browser.words
    browser.get("/plan?currency=USD&every=monthly&first=2026-12-05&by=n&n=4&autopay=no")
    # The fifth of December is a Saturday.
    assert "Monday, December 7" in browser.words and "$40.00" in browser.words
    browser.post("/plan", carried(browser, "/plan"))
    assert browser.path.startswith("/sign/") and "Agreement to pay over time" in browser.words
    assert "no interest and no fee" in browser.words and "In 4 payments" in browser.words.replace("\n", " ")
    sign(browser, house)
    assert "Your plan runs. $160.00 are left." in browser.words, browser.words
    assert plan_rows(desk) == [("2026-12-07", 40_00, 0, "open"), ("2027-01-05", 40_00, 0, "open"),
                               ("2027-02-05", 40_00, 0, "open"), ("2027-03-05", 40_00, 0, "open")]
    with desk.rt.db.reading() as session:
        plan = session.scalars(select(Plan)).one()
        assert (plan.standing, plan.autopay, plan.signed_version) == ("good", False, 2)
        assert [(hold.cause, hold.reminders, hold.fees, hold.until) for hold in session.scalars(select(Hold))] == [
            ("plan", True, True, None)] * 2
        covered = session.scalars(select(ArrangementInvoice).order_by(ArrangementInvoice.invoice_id)).all()
        assert [(one.covered_minor, one.outside_minor, one.binding) for one in covered] == [
            (100_00, 0, True), (60_00, 0, True)]
    assert desk.acts(*AT_THE_DOOR) == ["plan.proposed", "agreement.signed"]
    browser.get("/plan")
    assert "Your plan runs." in browser.words
    told = desk.as_("agent").get(f"/office/debtors/{desk.owed.debtor.public_id}").text
    assert told.count("<h3>They signed a payment plan</h3>") == 1 and "They signed the plan" not in told
    browser.get("/balance")
    assert "Your plan runs: $40.00 on Monday, December 7. Reminders and late fees rest." in browser.words


def test_what_goes_beyond_is_answered_with_the_nearest_or_goes_to_a_person(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/plan?currency=USD&every=monthly&first=2027-01-20&by=n&n=4&autopay=no")
    assert "This is more than we can say yes to at once." in browser.words
    assert "The first payment is on Tuesday, December 15 at the latest." in browser.words
    nearest = carried(browser, "/plan")
    assert nearest["first"] == ["2026-12-15"]
    asked = carried(browser, "/plan", last=True)
    browser.post("/plan", {name: value for name, value in asked.items() if name != "person"})
    assert "goes beyond what can be agreed on at once" in browser.words
    browser.post("/plan", {**asked, "words": "My season begins in January."})
    assert "You proposed to pay $160.00 over time." in browser.words
    assert "You have an answer by" in browser.words
    browser.post("/plan", {**asked, "words": "My season begins in January."})
    with desk.rt.db.reading() as session:
        arrangement = session.scalars(select(Arrangement)).one()
        assert arrangement.state == "asked" and arrangement.answer_by is not None
        assert {hold.cause for hold in session.scalars(select(Hold).where(Hold.released_at.is_(None)))} == {"plan"}
        told = session.scalars(select(Message).where(Message.key.startswith("plan_"))).all()
        assert {message.kind for message in told} == {"plan_asked", "answer"}
        assert all("160" not in message.subject and "plan" not in message.subject.lower() for message in told)
    # Another choice takes its place.
    browser.post("/plan", nearest)
    with desk.rt.db.reading() as session:
        states = list(session.scalars(select(Arrangement.state).order_by(Arrangement.id)))
    assert states == ["withdrawn", "countered"] and browser.path.startswith("/sign/")
    assert desk.acts(*AT_THE_DOOR) == ["plan.proposed", "plan.proposed"]


def test_a_consumer_is_stopped_at_five_and_told_why(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/plan?currency=USD&every=weekly&first=2026-11-20&by=n&n=5&autopay=no")
    assert "This plan cannot be agreed on here." in browser.words and "the law asks for a loan" in browser.words
    fields = carried(browser, "/plan")
    assert fields["n"] == ["4"] and "Ask for this plan" not in browser.words
    browser.post("/plan", {**fields, "n": "5", "person": "yes"})
    assert "More than four payments cannot be agreed on here." in browser.words


def test_days_and_sums_of_ones_own_and_one_invoice_alone(desk: Desk) -> None:
    browser = page(desk)
    first = desk.owed.invoices[0].public_id
    browser.get(f"/plan?currency=USD&every=own&invoice={first}&rows=4&day_1=2026-11-10&sum_1=50&day_2=2027-03-01"
                "&sum_2=50.00&autopay=yes")
    assert "Pay $100.00 over time" in browser.words and "This plan fits." in browser.words
    browser.post("/plan", carried(browser, "/plan"))
    assert browser.path.startswith("/sign/") and "Charge me by itself" in browser.words
    assert "What is due today or before I pay at once, when I save a card" in browser.words
    assert ELECTRONIC_RECORDS in browser.text and 'value="autopay"' in browser.text


NO_PLANS = (
    ("every=monthly&first=2020-01-01&by=n&n=3", "still to come"),
    ("every=monthly&first=2126-01-01&by=n&n=3", "too far away"),
    ("every=monthly&first=2026-02-31&by=n&n=3", "like this: 2026-12-01"),
    ("every=monthly&first=&by=n&n=3", "choose the day of the first payment"),
    ("every=monthly&first=2026-12-01&by=n&n=", "how many payments"),
    ("every=monthly&first=2026-12-01&by=n&n=-2", "how many payments"),
    ("every=monthly&first=2026-12-01&by=n&n=0", "how many payments"),
    ("every=monthly&first=2026-12-01&by=n&n=1000", "more than 120 payments"),
    ("every=monthly&first=2026-12-01&by=n&n=99999999999", "more than 120 payments"),
    ("every=monthly&first=2026-12-01&by=n&n=٣", "how many payments"),
    ("every=monthly&first=2026-12-01&by=sum&each=", "what you can pay each time"),
    ("every=monthly&first=2026-12-01&by=sum&each=0.01", "This sum is too small"),
    ("every=monthly&first=2026-12-01&by=n&n=2&down=500", "less than $160.00"),
    ("every=monthly&first=2026-12-01&by=n&n=2&down=-5", "above zero"),
    ("every=hourly&first=2026-12-01&by=n&n=2", "how often"),
    ("every=own&rows=2&day_1=2026-12-01&sum_1=", "needs a day and an amount"),
    ("every=own&rows=2&day_1=2026-12-01&sum_1=159.99", "and it has to be $160.00"),
    ("every=own&rows=2&day_1=9999-12-31&sum_1=160", "too far away"),
    ("every=own&rows=x", "Choose your days and amounts"),
)


def test_what_no_plan_can_be_is_said_plainly(desk: Desk) -> None:
    browser = page(desk)
    for query, said in NO_PLANS:
        browser.get(f"/plan?currency=USD&{query}")
        assert status(browser) == 200 and said in browser.words, (query, browser.words)
    assert desk.acts(*AT_THE_DOOR) == []


def test_forged_fields_and_foreign_things_make_no_plan(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/plan")
    good = carried(browser, "/plan")
    forged: list[tuple[dict[str, Any], int]] = [
        ({"total": ["1"]}, 409), ({"total": ["x"]}, 404), ({"currency": ["EUR"]}, 404), ({"currency": ["???"]}, 404),
        ({"invoice": ["not-mine"]}, 404)]
    for change, refused in forged:
        browser.post("/plan", {**good, **change})
        assert status(browser) == refused, change
    browser.get("/plan/unknown")
    assert status(browser) == 404
    browser.post("/plan/unknown/withdraw", {"csrf_token": good["csrf_token"], "seen": "1"})
    assert status(browser) == 404
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Arrangement)).all() == []
