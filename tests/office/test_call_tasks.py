"""Calls a reminder step asks for: with a script in its tone, done once, and kept with the debtor."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import CadenceStep, CallTask, Consent, Debtor, Hold, Invoice, Note
from portal.services import bookkeeping, cadences
from portal.services.bookkeeping import Part
from tests.cast import NOON
from tests.office.books import Desk, open_desk
from tests.office.lines import at_once, count, refused, solve


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def asked(desk: Desk, tone: str = "firm") -> str:
    """A step has asked for a call; gives the task's name."""
    owed = desk.owed
    with desk.rt.db.transaction() as session:
        cadence = cadences.propose(session, owed.business.id, "standard", now=NOON)
        step = session.scalars(select(CadenceStep).where(
            CadenceStep.cadence_id == cadence.id, CadenceStep.tone == tone).order_by(CadenceStep.id)).first()
        assert step is not None
        task = CallTask(business_id=owed.business.id, debtor_id=owed.debtor.id, step_id=step.id, due_on=NOON.date(),
                        created_at=NOON)
        session.add(task)
        session.flush()
        return task.public_id


def page(desk: Desk, task: str) -> str:
    return str(desk.as_("agent").get(f"/office/requests/calls/{task}").get_data(as_text=True))


def notes(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.rt.db.reading() as session:
        return [(note.kind, note.result, note.body) for note in session.scalars(select(Note).order_by(Note.id))]


@pytest.mark.parametrize(("tone", "words"), [
    ("firm", "Ask first whether something is in the way."), ("final", "Say calmly what comes next and on which day")])
def test_a_script_speaks_in_the_tone_of_its_step(desk: Desk, tone: str, words: str) -> None:
    shown = page(desk, asked(desk, tone))
    assert words in shown and "What you can say" in shown and "only who you are" in shown


def test_a_call_is_done_once_with_what_came_of_it(desk: Desk) -> None:
    task = asked(desk)
    assert count(desk, "calls") == 1
    solve(desk, "calls", task, "reached", "agent", words="Will look at it tonight.")
    assert count(desk, "calls") == 0
    assert notes(desk) == [("call", "reached", "Will look at it tonight.")]
    assert desk.acts() == ["call_task.done"]
    assert refused(desk, "calls", task, "reached") == "queue_solved"
    assert "dealt with on" in page(desk, task)


def test_a_promise_lets_reminders_wait_until_its_day_is_over(desk: Desk) -> None:
    task = asked(desk)
    assert refused(desk, "calls", task, "promised") == "promise_needs_day"
    assert refused(desk, "calls", task, "promised", until=NOON.date() - timedelta(days=1)) == "promise_day_wrong"
    assert count(desk, "calls") == 1 and notes(desk) == []
    solve(desk, "calls", task, "promised", until=NOON.date() + timedelta(days=5))
    with desk.rt.db.reading() as session:
        hold = session.scalars(select(Hold).where(Hold.cause == "promise")).one()
    assert hold.until is not None and hold.until > NOON + timedelta(days=5)
    assert notes(desk)[0][:2] == ("call", "promised")


def test_two_colleagues_at_once_keep_one_call(desk: Desk) -> None:
    task = asked(desk)
    done: list[str] = []

    def press() -> None:
        try:
            solve(desk, "calls", task, "no_answer")
            done.append("done")
        except Exception as error:
            done.append(getattr(error, "code", "broken"))

    at_once(press, press)
    assert sorted(done) in (["call_is_done", "done"], ["done", "queue_solved"])
    assert len(notes(desk)) == 1


def test_who_has_paid_or_wants_no_calls_is_not_called(desk: Desk) -> None:
    task = asked(desk)
    with desk.rt.db.transaction() as session:
        session.add(Consent(business_id=desk.owed.business.id, debtor_id=desk.owed.debtor.id, channel="phone",
                            given=False, source="staff", at=NOON))
    shown = page(desk, task)
    assert "do not want to be called" in shown and "What you can say" not in shown
    assert refused(desk, "calls", task, "reached") == "queue_solved"
    with desk.rt.db.transaction() as session:
        bookkeeping.receive_outside(
            session, session.get_one(Debtor, desk.owed.debtor.id),
            [Part(session.get_one(Invoice, invoice.id), total) for invoice, total in zip(
                desk.owed.invoices, (100_00, 60_00), strict=True)],
            channel="cash", amount=160_00, reference="", received_at=NOON, now=NOON, number="P-1")
    assert count(desk, "calls") == 0 and "nothing is left to pay" in page(desk, task)


def test_a_call_that_is_not_needed_is_left_out_without_a_note(desk: Desk) -> None:
    task = asked(desk)
    solve(desk, "calls", task, "drop")
    assert (count(desk, "calls"), notes(desk), desk.acts()) == (0, [], ["call_task.dropped"])
