"""Reminders in the office: drafts beside what is on, slips refused, a count first, a mode in which nothing leaves."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import (
    Business,
    Cadence,
    CadenceStep,
    Debtor,
    Message,
    PaperLetter,
    ReminderTrack,
    StepOutcome,
)
from portal.services import (
    askable,
    cadence_desk,
    cadence_steps,
    cadence_switch,
    cadences,
    foretelling,
    letters,
    next_steps,
    reminder_sweep,
    simulator,
)
from portal.services.cadence_desk import Stale, Whom
from portal.services.cadence_steps import Typed
from portal.services.simulator import Chosen
from portal.words.core import speak
from tests.cast import make_debtor, make_invoice
from tests.office.books import Desk, open_desk

NONCE = "n" * 22
ENGLISH = speak("en_US", "America/Los_Angeles")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def draft(desk: Desk, preset: str = "standard", nonce: str = NONCE, **whom: Any) -> str:
    return cadence_desk.make(desk.rt, desk.access("manager"), preset, Whom(**{"name": preset, **whom}), nonce)


def steps(desk: Desk, cadence_id: str) -> list[tuple[int, str, str]]:
    view = cadence_desk.view(desk.rt, desk.access("manager"), cadence_id)
    return [(step.day, step.tone, step.channel) for step in view.steps]


def refused(work: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)
    return caught.value.code


def switch_on(desk: Desk, cadence_id: str) -> int:
    cadences.track_new(desk.rt)
    return cadence_switch.switch_on(desk.rt, desk.access("owner"), cadence_id)


def followed(desk: Desk) -> dict[int, str]:
    """Which cadence each invoice follows, by name."""
    with desk.rt.db.reading() as session:
        return {id: name for id, name in session.execute(
            select(ReminderTrack.invoice_id, Cadence.name).join(Cadence, Cadence.id == ReminderTrack.cadence_id))}


def test_a_form_sent_twice_makes_one_draft_and_one_step(desk: Desk) -> None:
    cadence = draft(desk)
    assert draft(desk) == cadence and desk.acts() == ["cadence.drafted"]
    access = desk.access("manager")
    added = [cadence_steps.add(desk.rt, access, cadence, Typed("13", "friendly", "email"), "s" * 22) for _ in range(2)]
    assert added[0] == added[1] and len(steps(desk, cadence)) == 8
    assert desk.acts() == ["cadence.drafted", "cadence.step_added"]


@pytest.mark.parametrize(("day", "words"), [
    ("9", "Another step stands on this day"), ("500", "from -60 to 400"), ("soon", "from -60 to 400"),
    ("", "Please enter a day"), ("1e2", "from -60 to 400"), ("\u0661\u0662", "from -60 to 400")])
def test_a_day_that_is_taken_or_none_is_refused_in_words_and_nothing_typed_is_lost(
        desk: Desk, day: str, words: str) -> None:
    cadence, seat = draft(desk), desk.as_("manager")
    before = steps(desk, cadence)
    seat.get(f"/office/cadences/{cadence}")
    answer = seat.post(f"/office/cadences/{cadence}/steps", day=day, tone="firm", channel="call", nonce=NONCE)
    assert answer.status_code in (409, 422) and words in answer.text
    assert re.search(r'<option value="call" selected>', answer.text)
    assert steps(desk, cadence) == before and desk.acts() == ["cadence.drafted"]


def test_steps_are_changed_put_earlier_and_taken_out(desk: Desk) -> None:
    cadence, access = draft(desk), desk.access("manager")
    ids = {step.day: step.public_id for step in cadence_desk.view(desk.rt, access, cadence).steps}
    cadence_steps.save(desk.rt, access, cadence, ids[25], Typed("\u22121", "note", "email"), {})
    cadence_steps.swap(desk.rt, access, cadence, ids[9], earlier=True)
    cadence_steps.remove(desk.rt, access, cadence, ids[50])
    view = cadence_desk.view(desk.rt, access, cadence)
    by_id = {step.public_id: step.day for step in view.steps}
    assert by_id[ids[25]] == -1 and by_id[ids[9]] == 2 and by_id[ids[2]] == 9 and ids[50] not in by_id
    assert view.mistakes == ("too_close",) and view.preset == "own"
    assert refused(cadence_steps.remove, desk.rt, access, cadence, ids[50]) == "step_is_gone"
    assert refused(cadence_switch.switch_on, desk.rt, desk.access("owner"), cadence) == "cadence_has_mistakes"
    assert "fewer than 4 days apart" in desk.as_("manager").get(f"/office/cadences/{cadence}/switch-on").text


def test_the_second_of_two_editors_is_told_and_nothing_of_theirs_is_lost(desk: Desk) -> None:
    cadence, seat = draft(desk), desk.as_("manager")
    access = desk.access("manager")
    step = cadence_desk.view(desk.rt, access, cadence).steps[2]
    was = {"day": str(step.day), "tone": step.tone, "channel": step.channel}
    cadence_steps.save(desk.rt, access, cadence, step.public_id, Typed("12", "friendly", "email"), was)
    with pytest.raises(Stale):
        cadence_steps.save(desk.rt, access, cadence, step.public_id, Typed("11", "friendly", "email"), was)
    answer = seat.post(f"/office/cadences/{cadence}/steps/{step.public_id}", day="11", tone="friendly",
                       channel="letter", nonce=NONCE, was_day=was["day"], was_tone=was["tone"],
                       was_channel=was["channel"])
    assert answer.status_code == 409 and "was 9, is now 12" in answer.text and 'value="11"' in answer.text
    assert steps(desk, cadence)[2] == (12, "friendly", "email")


def test_what_is_on_goes_on_until_its_draft_is_switched_on(desk: Desk) -> None:
    first = draft(desk)
    assert switch_on(desk, first) == 2
    access = desk.access("manager")
    next_one = cadence_desk.draft_of(desk.rt, access, first)
    assert cadence_desk.draft_of(desk.rt, access, first) == next_one
    step = cadence_desk.view(desk.rt, access, next_one).steps[1]
    cadence_steps.save(desk.rt, access, next_one, step.public_id, Typed("3", "friendly", "letter"), {})
    assert refused(cadence_steps.remove, desk.rt, access, first, step.public_id) == "cadence_is_on"
    assert steps(desk, first)[1] == (2, "friendly", "email") and set(followed(desk).values()) == {"standard"}
    assert switch_on(desk, next_one) == 2
    with desk.rt.db.reading() as session:
        stand = session.execute(select(Cadence.version, Cadence.ended_at.is_(None)).order_by(Cadence.version)).all()
    assert [tuple(row) for row in stand] == [(1, False), (2, True)]
    assert desk.acts()[-1] == "cadence.switched_on"
    assert refused(cadence_desk.view, desk.rt, access, first) == "unknown_page"


def test_an_invoice_follows_the_first_series_that_is_for_it_and_moves_with_their_order(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        company = make_debtor(session, session.get_one(Business, desk.owed.business.id), kind="business",
                              name="Bell Charters")
        large, small = make_invoice(session, company, 900_00), make_invoice(session, company, 20_00)
    everybody, companies = draft(desk, name="all"), draft(
        desk, "firm", "c" * 22, name="companies", audience="business", least_minor=500_00)
    for one in (everybody, companies):
        switch_on(desk, one)
    assert set(followed(desk).values()) == {"all"}
    cadence_desk.move(desk.rt, desk.access("manager"), companies, earlier=True)
    names = followed(desk)
    assert (names[large.id], names[small.id]) == ("companies", "all")
    cadence_switch.switch_off(desk.rt, desk.access("owner"), companies)
    assert set(followed(desk).values()) == {"all"}
    assert refused(cadence_switch.switch_off, desk.rt, desk.access("owner"), companies) == "unknown_page"


def test_a_count_comes_before_the_first_switch_and_is_what_then_leaves(desk: Desk) -> None:
    cadences.track_new(desk.rt)
    cadence = draft(desk)
    shown = desk.as_("manager").get(f"/office/cadences/{cadence}/switch-on").text
    words = " ".join(re.sub(r"<[^>]+>", " ", shown).split())
    assert "Today, if switched on now" in words and "about 2 invoices" in words
    would = simulator.forecast(desk.rt, desk.access("viewer"), Chosen(), cadence_id=cadence)
    assert (would.people_today, would.invoices_today, would.today.emails) == (1, 2, 1)
    switch_on(desk, cadence)
    while reminder_sweep.sweep(desk.rt):
        pass
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(Message).where(Message.kind == "reminder")).all()) == would.today.emails


def test_the_text_that_is_shown_is_the_text_that_leaves(desk: Desk) -> None:
    switch_on(desk, draft(desk))
    with desk.rt.db.transaction() as session:
        step = session.scalars(select(CadenceStep).where(CadenceStep.day == 2)).one()
        step.own_words = {"en": {"subject": "About {invoice}", "body": "Hello {name}, a word about {invoice}."}}
    shown = simulator.person(desk.rt, desk.access("agent"), desk.owed.debtor.public_id, ENGLISH, show=1)
    assert shown.text is not None and "a word about" in shown.text.body
    with desk.rt.db.reading() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        event = foretelling.of(desk.rt, session, desk.rt.now(), [debtor])[0].events[0]
        left = letters.reminder(
            session, event.at, session.get_one(Business, debtor.business_id), debtor,
            askable.askable(session, event.at, debtor), tone="friendly", own=step.own_words)
    assert shown.text.subject == left.subject and shown.text.body.split("…")[0] == left.text.split("{{")[0]


def test_nothing_leaves_in_safe_mode_and_who_is_met_afterwards_is_met_kindly(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.get_one(Debtor, desk.owed.debtor.id).postal_address = "9 Juniper Way\nBend"
    owner = desk.access("owner")
    assert refused(cadence_switch.set_safe_mode, desk.rt, desk.access("viewer"), on=True) == "role_may_not"
    cadence_switch.set_safe_mode(desk.rt, owner, on=True)
    assert refused(cadence_switch.set_safe_mode, desk.rt, owner, on=True) == "safe_mode_already"
    switch_on(desk, draft(desk))
    while reminder_sweep.sweep(desk.rt):
        pass
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Message)).all() == [] and session.scalars(select(PaperLetter)).all() == []
        kept = session.execute(select(StepOutcome.outcome, StepOutcome.reason)).all()
    assert {tuple(row) for row in kept} == {("held", "safe_mode")}
    page = desk.as_("owner").get("/office/safe-mode").text
    assert "Steps that would have been taken" in page and desk.owed.debtor.name in page
    assert "Safe mode is on since" in desk.as_("viewer").get("/office/").text
    cadence_switch.set_safe_mode(desk.rt, owner, on=False)
    with desk.rt.db.reading() as session:
        debtor = session.get_one(Debtor, desk.owed.debtor.id)
        event = foretelling.of(desk.rt, session, desk.rt.now(), [debtor])[0].events[0]
    assert (event.what, event.step.tone) == ("taken", "friendly")


def test_on_a_day_of_ones_own_nothing_leaves(desk: Desk) -> None:
    today = cadence_desk.today_at(desk.owed.business, desk.rt.now())
    manager = desk.access("manager")
    cadence_switch.add_day(desk.rt, manager, today, "Inventory")
    cadence_switch.add_day(desk.rt, manager, today, "Inventory day")
    assert refused(cadence_switch.add_day, desk.rt, manager, today - timedelta(days=1), "") == "own_day_wrong"
    assert refused(cadence_switch.add_day, desk.rt, manager, None, "") == "own_day_wrong"
    switch_on(desk, draft(desk))
    assert simulator.forecast(desk.rt, manager, Chosen()).today.leaving == 0
    assert "Inventory day" in desk.as_("manager").get("/office/cadences").text
    cadence_switch.remove_day(desk.rt, manager, today)
    assert simulator.forecast(desk.rt, manager, Chosen()).today.leaving == 1


def test_both_readers_of_the_facts_foretell_the_same(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        business = session.get_one(Business, desk.owed.business.id)
        for changes in ({"timezone": None}, {"phone": None, "postal_address": "Bend"}, {"email_state": "bounced"},
                        {"opted_out_at": desk.rt.now()}, {"country": "ES", "timezone": "Europe/Madrid"}):
            make_invoice(session, make_debtor(session, business, **changes), 70_00)
    switch_on(desk, draft(desk))
    now = desk.rt.now()
    with desk.rt.db.reading() as session:
        debtors = session.scalars(select(Debtor).where(Debtor.business_id == desk.owed.business.id)).all()
        told = foretelling.of(desk.rt, session, now, debtors, days=next_steps.HORIZON.days)
        for one in told:
            mine = next_steps.of(session, one.someone.debtor.business_id, one.someone.debtor.id, now, now.date())
            assert list(mine.events) == list(one.events) and one.events


def test_pages_of_the_simulator_are_bounded_and_leaf_through(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        business = session.get_one(Business, desk.owed.business.id)
        for _ in range(60):
            make_invoice(session, make_debtor(session, business), 70_00)
    switch_on(desk, draft(desk))
    seat = desk.as_("viewer")
    first = seat.get("/office/simulator?what=taken").text
    assert first.count('data-l="Step"') == simulator.PAGE and "skip=50" in first
    assert seat.get("/office/simulator?what=nonsense&day=2026-99-99&skip=-4").status_code == 200
    some = simulator.forecast(desk.rt, desk.access("viewer"), Chosen(), most=10)
    assert (some.counted, some.debtors) == (10, 61)
