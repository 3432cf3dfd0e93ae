"""A plan follows every fact of money in the commit that books it, and a signature takes what is no part of it away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import Invoice, LedgerTransfer, Offer, Payment, SuspenseItem
from portal.services import bookkeeping, plan_answers, policies
from portal.services.bookkeeping import Part
from portal.services.payments import new_number
from tests.cast import NOON, make_offer
from tests.ledger.stories import charged_back, line, received, refunded, start_payment, tell
from tests.office.books import Desk, open_desk
from tests.office.test_setup import keep
from tests.plans.test_answers import FOUR, LATE, begin, propose, rows, seen, the


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    found = open_desk(db, tmp_path, 100_00, 60_00)
    begin(found, propose(found))
    return found


def paid(desk: Desk) -> list[int]:
    return [minor for _, _, minor, _ in rows(desk)]


def pay(desk: Desk, amount: int = 50_00) -> Payment:
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], amount))
    tell(desk.rt.db, received(payment))
    return payment


def cash(desk: Desk, amount: int) -> Payment:
    with desk.rt.db.transaction() as session:
        return bookkeeping.receive_outside(
            session, desk.owed.debtor, [Part(session.get_one(Invoice, desk.owed.invoices[0].id), amount)],
            channel="check", amount=amount, reference="", received_at=NOON, now=NOON, number=new_number())


def test_what_goes_back_is_asked_for_again_at_once(desk: Desk) -> None:
    payment = pay(desk)
    assert paid(desk) == [40_00, 10_00, 0, 0]
    tell(desk.rt.db, refunded(payment, 20_00))
    assert paid(desk) == [30_00, 0, 0, 0]
    tell(desk.rt.db, charged_back(payment, 30_00, line(payment, -30_00, 15_00, id="txn_2", kind="adjustment")))
    assert paid(desk) == [0, 0, 0, 0]


def test_money_from_outside_counts_at_once_and_until_it_bounces(desk: Desk) -> None:
    check = cash(desk, 70_00)
    assert paid(desk) == [40_00, 30_00, 0, 0]
    with desk.rt.db.transaction() as session:
        bookkeeping.bounce_outside(session, session.get_one(Payment, check.id), happened_at=NOON, now=NOON)
    assert paid(desk) == [0, 0, 0, 0]


def test_what_is_given_up_or_put_right_is_not_asked_for(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        bookkeeping.write_off(session, session.get_one(Invoice, desk.owed.invoices[0].id), cause="w1", now=NOON)
    assert paid(desk) == [40_00, 40_00, 20_00, 0]
    with desk.rt.db.transaction() as session:
        given_up = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "write_off")).one()
        bookkeeping.correct(session, given_up, now=NOON)
    assert paid(desk) == [0, 0, 0, 0]


def test_money_that_was_looked_for_counts_once_it_is_applied(desk: Desk) -> None:
    stray = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 45_00))
    tell(desk.rt.db, replace(received(stray), payment="nobody's"))
    with desk.rt.db.transaction() as session:
        item = session.scalars(select(SuspenseItem)).one()
        bookkeeping.resolve_suspense(session, item, session.get_one(Invoice, desk.owed.invoices[0].id), now=NOON)
    assert paid(desk) == [40_00, 5_00, 0, 0]


def test_a_signature_takes_the_discounts_of_what_it_covers_away(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 60_00)
    with db.transaction() as session:
        make_offer(session, desk.owed.invoices[0], 2_00, NOON + timedelta(days=9), basis_points=200, created_at=NOON)
    plan_id = propose(desk)
    with db.reading() as session:
        assert session.scalars(select(Offer.withdrawn_at)).all() == [None], "a proposal takes nothing away"
    begin(desk, plan_id)
    with db.reading() as session:
        assert session.execute(select(Offer.withdrawn_at, Offer.ended_as)).one() == (NOON, "superseded")


def test_the_plans_of_a_debtor_are_shown_whatever_waits(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00, 60_00)
    agent, page = desk.as_("agent"), f"/office/debtors/{desk.owed.debtor.public_id}/plans"
    assert b"Nobody has proposed a plan." in agent.get(page).data
    plan_id = propose(desk, replace(LATE, autopay=True), person=True)
    assert b"This answers their proposal" in agent.get(page).data
    plan_answers.counter(desk.rt, desk.access("agent"), plan_id, FOUR, seen=seen(desk, plan_id))
    assert the(desk, plan_id)[1].autopay, "who pays decides how, whatever days are offered"
    assert agent.get(page).status_code == 200
    begin(desk, plan_id)
    assert agent.get(page).status_code == 200


def test_what_the_rules_about_plans_mean_is_read_before_they_are_kept(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    seat = desk.as_("owner")
    assert "Each automatic charge is told by email 3 days before it" in seat.get("/office/set-up/plans").text
    looked = keep(seat, "plans", autopay_notice_days="5", moves="0", beyond_four="owner", do="look")
    assert "told by email 5 days before it" in looked.text and "Only you move a day." in looked.text
    assert "wait for an owner" in looked.text and desk.acts() == []
    assert keep(seat, "plans", autopay_notice_days="31").status_code == 422
    assert keep(seat, "plans", autopay_notice_days="5").status_code == 303
    with db.reading() as session:
        assert policies.in_force(session, desk.owed.business.id).autopay_notice_days == 5
