"""A question from both sides: asked on the page, answered once, and internal words never leave the office."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain import questions as rules
from portal.domain.errors import Refusal
from portal.models import Message, Question, QuestionEntry
from portal.services import answers, delivery, questions
from portal.services.questions import Asked
from sandbox.mailbox import Mailbox
from tests.access.visitor import Browser, House
from tests.account.conftest import inside
from tests.cast import NOON, Clock, make_debtor, make_link
from tests.office.books import Desk, open_desk

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00, 60_00, reply_domain="reply.portal.test")


def ask(desk: Desk, words: str = "What is this for?", **more: object) -> str:
    return questions.ask(desk.rt, desk.owed.access, Asked(words=words, **more))  # type: ignore[arg-type]


def staff_view(desk: Desk, question_id: str) -> questions.ThreadView:
    with desk.rt.db.reading() as session:
        return questions.thread_for_staff(session, desk.access("agent"), question_id)[0]


def answer(desk: Desk, question_id: str, words: str = "For the gravel.", who: str = "agent", **more: object) -> None:
    answers.answer(desk.rt, desk.access(who), question_id, words, seen=staff_view(desk, question_id).seen,
                   **more)  # type: ignore[arg-type]


def page(desk: Desk) -> Browser:
    return inside(House(desk.app, desk.rt, desk.rt.db, Clock()), desk.owed.link)


def refused(work: object, *args: object, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        work(*args, **more)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize(("asked", "days", "by"), [
    (datetime(2026, 11, 10, 20, tzinfo=UTC), 2, datetime(2026, 11, 12, 23, 59, 59, tzinfo=ZONE)),
    (datetime(2026, 11, 13, 20, tzinfo=UTC), 2, datetime(2026, 11, 17, 23, 59, 59, tzinfo=ZONE)),
    (datetime(2026, 11, 14, 20, tzinfo=UTC), 1, datetime(2026, 11, 16, 23, 59, 59, tzinfo=ZONE)),
    # It is Wednesday evening there, and Thanksgiving is not a day to answer on.
    (datetime(2026, 11, 26, 3, tzinfo=UTC), 2, datetime(2026, 11, 30, 23, 59, 59, tzinfo=ZONE)),
])
def test_an_answer_is_promised_by_working_days(asked: datetime, days: int, by: datetime) -> None:
    assert rules.answer_by(asked, days, ZONE, lambda day: (day.month, day.day) == (11, 26)) == by


def test_public_holidays_of_the_business_are_not_promised(desk: Desk) -> None:
    rt = replace(desk.rt, clock=lambda: datetime(2026, 11, 25, 20, tzinfo=UTC))
    question_id = questions.ask(rt, desk.owed.access, Asked(words="Before Thanksgiving"))
    by = staff_view(desk, question_id).answer_by
    assert by is not None and by.astimezone(ZONE).date().isoformat() == "2026-11-30"


def test_a_question_from_help_to_the_answer_and_back(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/help")
    assert "/questions" in browser.text and "/call-me" in browser.text
    browser.get("/questions")
    browser.send("/questions", words="Why is the <b>second</b> line so high?\n\nHelen",
                 about=desk.owed.invoices[1].public_id)
    assert browser.path.startswith("/questions/")
    assert "We answer by Friday, November 13." in browser.words and desk.owed.invoices[1].number in browser.words
    assert "&lt;b&gt;second&lt;/b&gt;" in browser.text
    question_id = browser.path.rsplit("/", 1)[1]
    answers.note(desk.rt, desk.access("agent"), question_id, "Ask Otis, he was there.")
    answer(desk, question_id)
    browser.get(f"/questions/{question_id}")
    assert "For the gravel." in browser.words and "Otis" not in browser.words
    assert "Agent of the house" not in browser.words, "the business answers, by its name"
    browser.send(f"/questions/{question_id}", words="Thank you!")
    assert staff_view(desk, question_id).state == "business"
    assert [entry.said_by for entry in staff_view(desk, question_id).entries] == ["debtor", "staff", "staff", "debtor"]
    browser.get("/questions")
    assert "What you asked before" in browser.words


def test_asking_for_a_call_names_a_number_and_a_time(desk: Desk) -> None:
    browser = page(desk)
    browser.get("/call-me")
    assert "ending in 99" in browser.words and "5550199" not in browser.text
    browser.send("/call-me", when="Thursday after 4", number="call me maybe", words="")
    assert "does not look like a phone number" in browser.words and "Thursday after 4" in browser.text
    browser.send("/call-me", when="Thursday after 4", number="(503) 555-0177", words="")
    assert "We call you by Friday, November 13." in browser.words and "Thursday after 4" in browser.words
    with desk.rt.db.reading() as session:
        question = session.scalars(select(Question)).one()
        assert (question.kind, question.call_number, question.state) == ("call_back", "(503) 555-0177", "business")


def test_a_call_needs_a_number_where_none_is_known(db: Database, desk: Desk) -> None:
    with db.transaction() as session:
        debtor = make_debtor(session, desk.owed.business, phone=None)
        link = make_link(session, debtor)
    access = replace(desk.owed.access, debtor_id=debtor.id, link_id=link.id, link_public_id=link.public_id)
    assert refused(questions.ask, desk.rt, access, Asked(call=True)) == "number_missing"
    assert questions.ask(desk.rt, access, Asked(call=True, call_number="503 555 0188"))


@pytest.mark.parametrize(("asked", "code"), [
    (Asked(), "words_missing"), (Asked(words=" \r\n\t "), "words_missing"),
    (Asked(words="x" * 2_001), "words_too_long"), (Asked(words="?", invoice_id="nobody's"), "unknown_invoice"),
    (Asked(call=True, call_when="x" * 121), "words_too_long"), (Asked(call=True, call_number="12"), "number_malformed"),
    (Asked(call=True, call_number="1" * 40), "number_malformed"),
])
def test_bad_input_is_refused_in_words_and_leaves_nothing(desk: Desk, asked: Asked, code: str) -> None:
    assert refused(questions.ask, desk.rt, desk.owed.access, asked) == code
    assert desk.acts() == []


def test_five_questions_wait_at_most_and_ten_words_in_one(desk: Desk) -> None:
    first, *_ = (ask(desk, f"Question {n}") for n in range(5))
    assert refused(ask, desk) == "questions_wait"
    for n in range(9):
        questions.reply(desk.rt, desk.owed.access, first, f"And {n}")
    assert refused(questions.reply, desk.rt, desk.owed.access, first, "And?") == "answer_first"
    answer(desk, first)
    questions.reply(desk.rt, desk.owed.access, first, "Thanks")
    browser = page(desk)
    browser.get("/questions")
    browser.send("/questions", words="One more, and my words stay")
    assert browser.page is not None and browser.page.status_code == 429
    assert "my words stay" in browser.text and "wait for an answer already" in browser.words


def test_five_asked_at_once_by_a_hasty_hand_are_five(desk: Desk) -> None:
    found: list[str] = []

    def work(n: int) -> None:
        try:
            found.append(ask(desk, f"Question {n}"))
        except Refusal as refusal:
            found.append(refusal.code)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("questions_wait") == 3


def test_a_link_to_some_invoices_sees_only_what_was_asked_about_those(desk: Desk) -> None:
    about_second = ask(desk, invoice_id=desk.owed.invoices[1].public_id)
    in_general = ask(desk)
    narrow = replace(desk.owed.access, invoice_ids=frozenset({desk.owed.invoices[0].id}))
    assert questions.own_threads(desk.rt, narrow) == []
    for question_id in (about_second, in_general):
        assert refused(questions.own_thread, desk.rt, narrow, question_id) == "unknown_page"
        assert refused(questions.reply, desk.rt, narrow, question_id, "mine?") == "unknown_page"
    assert refused(questions.ask, desk.rt, narrow, Asked(
        words="?", invoice_id=desk.owed.invoices[1].public_id)) == "unknown_invoice"
    theirs = questions.ask(desk.rt, narrow, Asked(words="about mine"))
    assert [thread.public_id for thread in questions.own_threads(desk.rt, narrow)] == [theirs]


def test_a_link_that_only_pays_can_ask_nothing(desk: Desk) -> None:
    paying = replace(desk.owed.access, pay_only=True)
    assert refused(questions.ask, desk.rt, paying, Asked(words="?")) == "unknown_page"
    assert refused(questions.reply, desk.rt, paying, ask(desk), "?") == "unknown_page"


def test_an_answer_leaves_by_email_at_once_with_its_own_address_to_reply_to(db: Database, tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        desk = open_desk(db, tmp_path, smtp_port=mailbox.smtp_port, reply_domain="reply.portal.test")
        question_id = ask(desk, "What is <i>this</i>?")
        answer(desk, question_id, "Dear Helen,\nit is for the {{portal_link}} gravel & stones.\n\nInes")
        while delivery.deliver_due(desk.rt):
            pass
        (mine,) = mailbox.messages(str(desk.owed.debtor.email))
        (office,) = mailbox.messages(desk.owed.business.contact_email)
    assert mine["subject"] == "An answer from Marsh & Daughter"
    with db.reading() as session:
        key = session.scalars(select(Question.reply_key)).one()
    assert f"reply+{key}@reply.portal.test" in str(mine)
    assert "it is for the { {portal_link}} gravel & stones." in mine["text"] and "Agent of the house" in mine["text"]
    assert any("/l/" in link for link in mine["links"])
    assert "just reply to this email" in mine["text"]
    # The office hears that someone waits, and nothing of who or what.
    assert f"/office/requests/questions/{question_id}" in office["text"]
    for secret in ("Helen", "What is", desk.owed.debtor.number, "100.00"):
        assert secret not in office["text"] and secret not in office["subject"]


def test_in_spanish_and_without_an_address_for_replies(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path)
    with db.transaction() as session:
        debtor = make_debtor(session, desk.owed.business, locale="es", greeting_name="Elena")
        link = make_link(session, debtor)
    access = replace(desk.owed.access, debtor_id=debtor.id, link_id=link.id, link_public_id=link.public_id)
    answer(desk, questions.ask(desk.rt, access, Asked(words="¿Qué es esto?")), "Es la grava.")
    with db.reading() as session:
        message = session.scalars(select(Message).where(Message.kind == "answer")).one()
    assert message.subject == "Una respuesta de Marsh & Daughter" and message.reply_to == ""
    assert "Es la grava." in message.body_text and "Necesito ayuda" in message.body_text


def test_an_opted_out_debtor_gets_the_answer_and_a_bounced_one_only_on_the_page(db: Database, desk: Desk) -> None:
    with db.transaction() as session:
        from portal.models import Debtor
        session.get_one(Debtor, desk.owed.debtor.id).opted_out_at = NOON
    first = ask(desk)
    done = answers.answer(desk.rt, desk.access("agent"), first, "Yes.", seen=staff_view(desk, first).seen)
    assert done.emailed
    with db.transaction() as session:
        session.get_one(Debtor, desk.owed.debtor.id).email_state = "bounced"
    second = ask(desk)
    done = answers.answer(desk.rt, desk.access("agent"), second, "No.", seen=staff_view(desk, second).seen)
    assert (done.emailed, done.reason) == (False, "bounced")
    assert staff_view(desk, second).entries[-1].body == "No."


def test_two_who_answer_at_once_send_one_answer(desk: Desk) -> None:
    question_id = ask(desk)
    seen, found = staff_view(desk, question_id).seen, []

    def work(who: str) -> None:
        try:
            answers.answer(desk.rt, desk.access(who), question_id, f"From {who}", seen=seen)
            found.append("sent")
        except Refusal as refusal:
            found.append(refusal.code)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("agent", "owner", "manager", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [*["question_moved_on"] * 3, "sent"]
    with desk.rt.db.reading() as session:
        assert len(session.scalars(select(QuestionEntry).where(QuestionEntry.said_by == "staff")).all()) == 1
        assert len(session.scalars(select(Message).where(Message.kind == "answer")).all()) == 1
    assert desk.acts().count("question.answered") == 1


def test_an_answer_to_what_was_said_before_is_refused(desk: Desk) -> None:
    question_id = ask(desk)
    seen = staff_view(desk, question_id).seen
    questions.reply(desk.rt, desk.owed.access, question_id, "I found it, never mind.")
    assert refused(answers.answer, desk.rt, desk.access("agent"), question_id, "For the gravel.",
                   seen=seen) == "question_moved_on"
    answers.note(desk.rt, desk.access("agent"), question_id, "Found it herself")
    answers.close(desk.rt, desk.access("agent"), question_id, seen=staff_view(desk, question_id).seen)
    assert refused(answers.close, desk.rt, desk.access("agent"), question_id, seen="1") == "question_closed"
    assert desk.acts() == ["question.asked", "question.replied", "question.noted", "question.closed"]


def test_each_act_of_staff_leaves_one_audit_event_without_words(desk: Desk) -> None:
    question_id = ask(desk, "Secret words of mine", call=True)
    answers.called(desk.rt, desk.access("agent"), question_id, "She cried.", seen=staff_view(desk, question_id).seen)
    event = desk.last_act()
    assert (event.act, event.target, event.debtor_id) == (
        "question.called", f"question:{question_id}", desk.owed.debtor.id)
    assert "cried" not in str(event.details)
    assert staff_view(desk, question_id).state == "closed"


def test_the_office_page_of_a_debtor_lists_threads_with_notes_and_names(desk: Desk) -> None:
    first, second = ask(desk), ask(desk)
    answers.note(desk.rt, desk.access("agent"), first, "Ask Otis")
    with desk.rt.db.reading() as session:
        found = questions.threads_of(session, desk.access("viewer"), desk.owed.debtor.id)
        elsewhere = questions.threads_of(session, replace(desk.access("viewer"), business_id=0), desk.owed.debtor.id)
    assert [thread.public_id for thread in found] == [second, first] and elsewhere == []
    assert [(entry.internal, entry.name) for entry in found[1].entries] == [(False, ""), (True, "Agent of the house")]


def test_a_viewer_answers_nothing(desk: Desk) -> None:
    question_id = ask(desk)
    assert refused(answers.answer, desk.rt, desk.access("viewer"), question_id, "No", seen="1") == "role_may_not"


def test_another_business_never_finds_a_thread(db: Database, desk: Desk, tmp_path: Path) -> None:
    question_id = ask(desk)
    other = open_desk(db, tmp_path)
    for work in (lambda: answers.answer(other.rt, other.access("owner"), question_id, "Hi", seen="1"),
                 lambda: answers.close(other.rt, other.access("owner"), question_id, seen="1"),
                 lambda: questions.reply(other.rt, other.owed.access, question_id, "Hi"),
                 lambda: questions.own_thread(other.rt, other.owed.access, question_id)):
        assert refused(work) == "unknown_page"


def test_what_waits_longer_keeps_its_promise(desk: Desk) -> None:
    question_id = ask(desk)
    by = staff_view(desk, question_id).answer_by
    later = replace(desk.rt, clock=lambda: NOON + timedelta(days=1))
    questions.reply(later, desk.owed.access, question_id, "Hello?")
    assert staff_view(desk, question_id).answer_by == by
