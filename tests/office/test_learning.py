"""The page of what works: money after a step counts for the last step before it, and small numbers say so."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from portal.db import Database
from portal.models import AuditEvent, CadenceStep, Feedback, Invoice, StepOutcome
from portal.services import cadences, learning
from portal.services.learning import Learned, Row
from tests.cast import NOON, make_business, make_debtor, make_invoice
from tests.ledger.stories import received, start_payment, tell
from tests.office.books import Desk, open_desk

DAY = timedelta(days=1)
LONG_AGO = NOON - 60 * DAY


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    desk = open_desk(db, tmp_path)
    with db.transaction() as session:
        cadences.propose(session, desk.owed.business.id, "standard", now=LONG_AGO)
    return desk


def steps(desk: Desk) -> list[CadenceStep]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(CadenceStep).order_by(CadenceStep.day)))


def invoice(desk: Desk, total: int = 100_00) -> Invoice:
    with desk.rt.db.transaction() as session:
        return make_invoice(session, desk.owed.debtor, total)


def take(desk: Desk, one: Invoice, step: CadenceStep, at: datetime) -> None:
    with desk.rt.db.transaction() as session:
        session.add(StepOutcome(
            business_id=one.business_id, debtor_id=one.debtor_id, invoice_id=one.id, step_id=step.id, outcome="taken",
            reason="due", local_day=at.date(), at=at))


def pay(desk: Desk, one: Invoice, amount: int, at: datetime) -> None:
    payment = start_payment(desk.rt.db, desk.owed, (one, amount), at=at)
    tell(desk.rt.db, received(payment, happened_at=at), now=at)


def learned(desk: Desk) -> Learned:
    return learning.learned(desk.rt, desk.access("viewer"))


def counts(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    return [(row.about, row.tally.asked, row.tally.paid, dict(row.recovered)) for row in rows]


def test_money_counts_for_the_last_step_before_it_within_seven_days(desk: Desk) -> None:
    note, friendly, again = steps(desk)[:3]
    one, late, never, early = (invoice(desk) for _ in range(4))
    take(desk, one, note, LONG_AGO)
    take(desk, one, friendly, LONG_AGO + 5 * DAY)
    pay(desk, one, 60_00, LONG_AGO + 6 * DAY)
    pay(desk, one, 40_00, LONG_AGO + 9 * DAY)
    take(desk, late, friendly, LONG_AGO)
    pay(desk, late, 100_00, LONG_AGO + 8 * DAY)
    take(desk, never, again, LONG_AGO)
    pay(desk, early, 100_00, LONG_AGO)
    take(desk, early, friendly, LONG_AGO + DAY)
    found = learned(desk)
    assert counts(found.steps) == [
        ((-3, "note", "email"), 1, 0, {}), ((2, "friendly", "email"), 3, 1, {"USD": 100_00}),
        ((9, "friendly", "email"), 1, 0, {})]
    assert counts(found.tones) == [(("note",), 1, 0, {}), (("friendly",), 4, 1, {"USD": 100_00})]
    assert (found.looked_at, found.steps[1].tally.days) == (5, 1)


def test_a_step_of_this_week_is_not_counted_yet_but_ends_the_one_before(desk: Desk) -> None:
    first, second = steps(desk)[1:3]
    one = invoice(desk)
    take(desk, one, first, NOON - 9 * DAY)
    take(desk, one, second, NOON - 4 * DAY)
    pay(desk, one, 100_00, NOON - 3 * DAY)
    assert counts(learned(desk).steps) == [((2, "friendly", "email"), 1, 0, {})]


def test_steps_whose_words_changed_since_belong_to_nobody_s_words(desk: Desk) -> None:
    ours, theirs = steps(desk)[:2]
    for at in (LONG_AGO, LONG_AGO + 20 * DAY):
        take(desk, invoice(desk), theirs, at)
    take(desk, invoice(desk), ours, LONG_AGO)
    with desk.rt.db.transaction() as session:
        session.get_one(CadenceStep, theirs.id).own_words = {"en": {"body": "Hello."}}
        session.add(AuditEvent(
            business_id=theirs.business_id, actor_kind="staff", act="step.words_changed",
            target=f"step:{theirs.public_id}", details={}, at=LONG_AGO + 10 * DAY))
    found = learned(desk)
    assert counts(found.voices) == [(("ours",), 1, 0, {}), (("yours",), 1, 0, {})] and found.other_words == 1


def test_few_are_shown_as_few_and_many_make_a_suggestion(desk: Desk) -> None:
    email = steps(desk)[1]
    for _ in range(31):
        take(desk, invoice(desk), email, LONG_AGO)
    page = desk.as_("viewer").get("/office/what-works").text
    assert "2 days after the due date, friendly, email" in page and "Hardly any money follows this step" in page
    assert "0 of 31" in page and "nobody is asked more often because of them" in page
    call = steps(desk)[4]
    take(desk, invoice(desk), call, LONG_AGO)
    assert "too few to say" in desk.as_("viewer").get("/office/what-works").text


def test_what_people_said_is_counted_and_read_and_not_another_business_s(desk: Desk) -> None:
    seat = desk.as_("agent")
    assert "No reminder step is a week old yet" in seat.get("/office/what-works").text
    for score, body in ((3, "<b>Quick</b> & kind"), (3, ""), (1, "")):
        one = invoice(desk)
        payment = start_payment(desk.rt.db, desk.owed, (one, 100_00))
        with desk.rt.db.transaction() as session:
            session.add(Feedback(business_id=one.business_id, debtor_id=one.debtor_id, payment_id=payment.id,
                                 score=score, body=body, at=NOON))
    found = learned(desk)
    assert found.scores == {3: 2, 1: 1} and [words.body for words in found.said] == ["<b>Quick</b> & kind"]
    page = seat.get("/office/what-works").text
    assert "&lt;b&gt;Quick&lt;/b&gt; &amp; kind" in page and desk.owed.debtor.name in page
    assert elsewhere(desk) == ({}, ())


def elsewhere(desk: Desk) -> tuple[object, object]:
    """What somebody of another business would read."""
    with desk.rt.db.transaction() as session:
        other = make_business(session)
    access = desk.access("viewer")
    found = learning.learned(desk.rt, type(access)(other.id, access.staff_id, access.staff_public_id, "viewer", 0))
    return dict(found.scores), found.said


def test_a_debtor_s_page_tells_what_worked_with_them_and_concludes_nothing_from_little(desk: Desk) -> None:
    email, call = steps(desk)[1], steps(desk)[4]
    seat, path = desk.as_("viewer"), f"/office/debtors/{desk.owed.debtor.public_id}"
    for number in range(5):
        one = invoice(desk)
        take(desk, one, email, LONG_AGO + number * DAY)
        other = invoice(desk)
        take(desk, other, call, LONG_AGO + number * DAY)
        if number < 3:
            pay(desk, other, 100_00, LONG_AGO + (number + 2) * DAY)
    page = seat.get(path).text
    assert "money followed within a week 0 of 5 times" in page and "money followed within a week 3 of 5 times" in page
    assert "With them, most money has followed calls so far." in page
    with desk.rt.db.transaction() as session:
        neighbour = make_debtor(session, desk.owed.business, name="Rosa Nadal")
    assert "money followed within a week" not in seat.get(f"/office/debtors/{neighbour.public_id}").text


def test_the_newest_steps_are_found_along_their_index(desk: Desk, database_kind: str) -> None:
    query = learning._newest(desk.owed.business.id, NOON)
    with desk.rt.db.engine.begin() as connection:
        if database_kind == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        asked = str(select(query).compile(connection, compile_kwargs={"literal_binds": True}))
        told = " ".join(str(row) for row in connection.execute(text(
            f"EXPLAIN {'' if database_kind == 'postgresql' else 'QUERY PLAN '}{asked}")))
    assert "ix_step_outcome_taken" in told
