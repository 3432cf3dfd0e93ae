"""Queues: what waits is counted and listed, solved from its page, once, and the next one comes up."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from portal.db import Database
from portal.models import (
    Business,
    Message,
    Question,
)
from portal.services import questions, queues
from portal.services.questions import Asked
from tests.cast import NOON, Clock, make_debtor, make_invoice, make_link
from tests.office.books import Desk, at, open_desk
from tests.office.lines import ask, charged, count, refused, seen, solve, suspended

TOMORROW = date(2026, 11, 11)


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00)


def test_solved_from_the_queue_the_next_one_comes_up_until_the_last(desk: Desk) -> None:
    items = [ask(desk, f"Question {n}?") for n in range(3)]
    seat = desk.as_("agent")
    page = seat.get("/office/requests/questions").get_data(as_text=True)
    assert "Question 0?" in page and "Begin with the first" in page
    with desk.rt.db.reading() as session:
        order = [one.item for one in queues.line.page(
            session, queues.named("questions"), desk.owed.business.id, desk.rt.now()).lines]
    assert sorted(order) == sorted(items)
    for place, item in enumerate(order):
        assert f'value="{seen(desk, item)}"' in seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
        answer = seat.post(f"/office/requests/questions/{item}", answer="answer", words="For gravel.",
                           seen=seen(desk, item))
        following = f"/{order[place + 1]}" if place < 2 else ""
        assert answer.location == f"/office/requests/questions{following}"
    last = seat.get("/office/requests/questions").get_data(as_text=True)
    assert "That was the last one here." in last and "Nobody waits for an answer." in last


def test_what_a_colleague_has_solved_is_told_and_nothing_typed_is_lost(desk: Desk) -> None:
    item, other = ask(desk), ask(desk)
    old = seen(desk, item)
    desk.as_("owner").post(f"/office/requests/questions/{item}", answer="answer", words="For gravel.", seen=old)
    seat = desk.as_("agent")
    stale = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "Owner of the house answered this" in stale and f"/questions/{other}" in stale
    late = seat.post(f"/office/requests/questions/{item}", answer="answer", words="My long & own words", seen=old)
    assert late.status_code == 409
    page = late.get_data(as_text=True)
    assert "Something new was said here in the meantime" in page and "My long &amp; own words" in page
    assert desk.acts().count("question.answered") == 1


def test_empty_words_and_unknown_answers_are_errors_at_their_field(desk: Desk) -> None:
    item = ask(desk)
    seat = desk.as_("agent")
    for data, said in (({"answer": "answer"}, "Please write something first."),
                       ({"answer": "explode", "words": "x"}, "Please choose one of the answers offered."),
                       ({}, "Please choose one of the answers offered."),
                       ({"answer": "close", "words": "Wait", "seen": seen(desk, item)}, "You have written something."),
                       ({"answer": "answer", "words": "x" * 4_001}, "That is too long: 4001 characters"),
                       ({"answer": "later", "until": "2026-11-10"}, "Please choose a day after today"),
                       ({"answer": "later"}, "Please choose a day after today"),
                       ({"answer": "later", "until": "soon"}, "until")):
        answer = seat.post(f"/office/requests/questions/{item}", **data)
        assert answer.status_code == 422, data
        assert said in answer.get_data(as_text=True), data
    assert desk.acts() == ["question.asked"] and count(desk, "questions") == 1


def test_put_off_until_a_day_and_back_on_that_day_or_when_something_new_is_said(desk: Desk) -> None:
    item, other = ask(desk), ask(desk)
    assert solve(desk, "questions", item, "later", until=TOMORROW) == other
    assert count(desk, "questions") == 1 and desk.last_act().act == "queue.put_off"
    assert refused(desk, "questions", item, "later", until=TOMORROW) == "queue_solved"
    assert count(at(desk, NOON + timedelta(hours=11)), "questions") == 1, "it is still Tuesday where the business is"
    assert count(at(desk, NOON + timedelta(hours=13)), "questions") == 2
    questions.reply(desk.rt, desk.owed.access, item, "It is urgent now!")
    assert count(desk, "questions") == 2


def test_counts_stop_at_ninety_nine_and_are_one_question(db: Database, desk: Desk) -> None:
    with db.transaction() as session:
        for _ in range(101):
            debtor = make_debtor(session, desk.owed.business)
            session.add(Question(
                business_id=debtor.business_id, debtor_id=debtor.id, kind="question", state="business",
                reply_key=str(debtor.id).rjust(32, "0"), opened_at=NOON, moved_at=NOON, answer_by=NOON))
    asked: list[str] = []
    event.listen(db.reader, "before_cursor_execute", lambda _c, _k, statement, *_rest: asked.append(statement))
    with db.reading() as session:
        business = session.get_one(Business, desk.owed.business.id)
        asked.clear()
        found = queues.open_counts(session, business.id, NOON)
    quiet = [queue.name for queue in queues.all_queues() if queue.name != "questions"]
    assert [(one.name, one.count, one.more, one.due_today) for one in found] == [
        ("questions", 99, True, True), *((name, 0, False, False) for name in quiet)]
    assert len(asked) == 1
    page = desk.as_("viewer").get("/office/requests/questions").get_data(as_text=True)
    assert "Questions 99+" in page and page.count("<li>") > 25
    further = re.search(r'rel="next" href="([^"]+)"', page)
    assert further is not None
    second = desk.as_("viewer").get(further[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "Further down the line" in second
    first_items = set(re.findall(r'/questions/([\w-]{22})"', page))
    assert not first_items & set(re.findall(r'/questions/([\w-]{22})"', second))


@pytest.mark.parametrize("path", [
    "/office/requests/nothing", "/office/requests/questions/nobody", "/office/requests/suspense/pi_none",
    "/office/requests/chargebacks/x:lost", "/office/requests/failed-payments/none"])
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    seat = desk.as_("owner")
    assert seat.get(path).status_code == 404
    assert seat.post(path, answer="later", until="2026-11-12").status_code in (404, 405)


@pytest.mark.parametrize("after", [
    "x", "1.", ".a", "9" * 30 + ".a", "-1.a", "17000000000000000.zzz", "%00", "1." + "z" * 999, "99999999999999999.a"])
def test_absurd_places_in_the_line_are_its_beginning_or_its_end(desk: Desk, after: str) -> None:
    ask(desk)
    assert desk.as_("viewer").get(f"/office/requests/questions?after={after}").status_code in (200, 400)


def test_a_viewer_sees_and_answers_nothing(desk: Desk) -> None:
    item = ask(desk)
    seat = desk.as_("viewer")
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "What is this for?" in page and "Your role sees this" in page and "Send the answer" not in page
    assert seat.post(f"/office/requests/questions/{item}", answer="note", words="x").status_code == 403


def test_keys_stand_beside_buttons_until_they_are_turned_off(desk: Desk) -> None:
    item, _ = ask(desk), ask(desk)
    seat = desk.as_("agent")
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert 'data-key="a"' in page and 'data-key="s"' in page and "<kbd" in page
    with desk.rt.db.transaction() as session:
        from portal.models import Staff
        session.get_one(Staff, desk.staff["agent"].id).shortcuts = False
    page = seat.get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert "keys.js" not in page and "<kbd" not in page


def test_the_overview_shows_what_is_due_soonest_first(db: Database, desk: Desk) -> None:
    suspended(desk)
    ask(desk, "Due in the evening of that day")
    page = desk.as_("viewer").get("/office/requests").get_data(as_text=True)
    assert page.index("It names no payment of ours.") < page.index("Due in the evening of that day")
    assert "Questions 1" in page and "Unmatched money 1" in page


def test_a_call_back_shows_the_number_to_press_and_is_closed_by_the_call(desk: Desk) -> None:
    item = questions.ask(desk.rt, desk.owed.access, Asked(
        call=True, call_when="After <b>4</b>", call_number="(503) 555-0177"))
    page = desk.as_("agent").get(f"/office/requests/questions/{item}").get_data(as_text=True)
    assert 'href="tel:5035550177"' in page and "After &lt;b&gt;4&lt;/b&gt;" in page and "I called them" in page
    solve(desk, "questions", item, "called", "agent", words="Pays on Friday", seen=seen(desk, item))
    assert count(desk, "questions") == 0
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Message.kind)).all() == ["question_asked"], "what was said stays in the office"


def test_nothing_of_another_business_is_counted_or_shown(db: Database, desk: Desk, tmp_path: Path) -> None:
    ask(desk)
    suspended(desk)
    charged(desk)
    with db.transaction() as session:
        debtor = make_debtor(session, desk.owed.business)
        make_link(session, debtor)
        make_invoice(session, debtor, 5_00)
    other = open_desk(db, tmp_path, clock=Clock())
    with db.reading() as session:
        assert {one.count for one in queues.open_counts(session, other.owed.business.id, NOON)} == {0}
    page = other.as_("owner").get("/office/requests").get_data(as_text=True)
    assert "Nothing waits." in page and "Helen" not in page
