"""What is agreed on leads a debtor's page: the next installment and its card, and what waits for a signature."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.models import Arrangement, AutopayMandate, Installment, Plan
from tests.access.visitor import House
from tests.account.conftest import inside
from tests.agreements.staged import signed
from tests.autopay.house import days_from, sign_plan
from tests.cast import NOON, Owed, someone_owes
from tests.ledger.stories import received, start_payment, tell
from tests.plans.staged import proposed
from tests.stage_autopay import save_things

FIRST = date(2026, 11, 30)


@pytest.fixture
def owed(house: House) -> Owed:
    return someone_owes(house.db, 120_00, 80_00)


def balance(house: House, owed: Owed) -> str:
    browser = inside(house, owed.link)
    browser.get("/balance")
    return browser.words


def coming(said: str) -> str:
    return said.partition("What happens next")[2].partition("Statement as PDF")[0]


def test_a_running_plan_leads_with_its_next_payment(house: House, owed: Owed) -> None:
    sign_plan(house.db, owed, NOON, *days_from(FIRST, 50_00, 50_00, 50_00, 50_00), allow=False)
    said = balance(house, owed)
    assert "Nothing is charged unless" not in said and "Nothing happens until you confirm it" not in said
    assert coming(said).strip().startswith("Monday, November 30 $50.00 of your plan is due. You pay it yourself")
    assert "Your plan runs: $50.00 on Monday, November 30." in said
    assert "Monday, December 14 $50.00 of your plan is due." in coming(said)
    assert "is due. " not in coming(said).replace("of your plan is due. ", ""), "an invoice falls due as its plan says"


def test_a_charge_names_its_card_and_one_without_a_card_says_so(house: House, owed: Owed) -> None:
    with house.db.transaction() as session:
        save_things(session, owed.debtor, owed.link, "visa", "4242", NOON)
    with house.db.transaction() as session:
        for one in session.scalars(select(Installment)):
            one.due_on, one.try_at = FIRST, NOON + timedelta(days=20)
    said = balance(house, owed)
    assert "Monday, November 30 $41.23 is charged to Visa ending in 4242." in said
    with house.db.transaction() as session:
        mandate = session.scalars(select(AutopayMandate)).one()
        mandate.state, mandate.saved_method_id = "waiting", None
    assert "No card or account is saved yet, so it is not charged by itself. Save one" in balance(house, owed)


def test_a_plan_stays_when_its_first_invoice_is_paid(house: House, owed: Owed) -> None:
    sign_plan(house.db, owed, NOON, *days_from(FIRST, 100_00, 100_00), allow=False)
    tell(house.db, received(start_payment(house.db, owed, (owed.invoices[0], 120_00), opens=False)))
    assert "Your plan runs: $80.00 on Monday, December 14." in balance(house, owed)


def test_a_missing_installment_is_called_missing(house: House, owed: Owed) -> None:
    sign_plan(house.db, owed, NOON, *days_from(date(2026, 11, 2), 100_00, 100_00), allow=False)
    assert "Monday, November 2 $100.00 of your plan was due on this day and is missing." in balance(house, owed)


def test_a_proposal_says_when_it_is_answered_and_an_agreed_one_is_signed_from_here(house: House, owed: Owed) -> None:
    with house.db.transaction() as session:
        asked = proposed(session, owed.debtor, owed.invoices[0], "Work", NOON)
    said = balance(house, owed)
    assert "You proposed to pay $10.00 over time. We answer by Wednesday, November 11." in said
    with house.db.transaction() as session:
        session.get_one(Arrangement, asked.id).state = "countered"
        session.get_one(Arrangement, asked.id).answer_by = None
        session.get_one(Plan, asked.id).expires_at = NOON + timedelta(days=9)
    browser = inside(house, owed.link)
    browser.get("/balance")
    assert "We offer you this: sign by Thursday, November 19." in browser.words
    assert f'href="/sign/{asked.public_id}"' in browser.text


def test_the_page_leads_to_what_was_signed_only_where_something_was(house: House, owed: Owed) -> None:
    assert "What you have signed" not in balance(house, owed)
    with house.db.transaction() as session:
        signed(session, owed.debtor, owed.link, owed.invoices[0], "Work", NOON)
    assert "What you have signed" in balance(house, owed)


def test_a_plan_without_a_card_says_what_is_missing_and_what_saving_one_pays(house: House, owed: Owed) -> None:
    plan = sign_plan(house.db, owed, NOON, *days_from(NOON.date(), 100_00, 100_00))
    browser = inside(house, owed.link)
    browser.get(f"/plan/{plan}")
    assert "By itself, once a card or account is saved" in browser.words and "What you have signed" in browser.words
    browser.get("/autopay")
    assert "Save a card or account and pay $100.00 now" in browser.words


def test_a_sum_each_time_says_which_is_the_smallest_and_where_it_cannot_be_read(house: House, owed: Owed) -> None:
    browser = inside(house, owed.link)
    typed = f"/plan?currency=USD&every=monthly&first={NOON.date() + timedelta(days=9)}&by=sum"
    browser.get(f"{typed}&each=0.60")
    least = re.search(r"At least \$(\d\.\d\d) each time fits", browser.words)
    assert least and 'id="each-error"' in browser.text
    browser.get(f"{typed}&each={least[1]}")
    assert 'role="alert"' not in browser.text, "the smallest sum that is named does fit"
    browser.get(f"{typed}&each=plenty")
    assert 'id="each-error"' in browser.text
