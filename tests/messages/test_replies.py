"""Answers to our emails: "stop" in any of its words ends them, everything else is a question somebody reads."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.models import AuditEvent, Consent, Debtor, Message, Question, QuestionEntry
from portal.services import inbound, opt_out
from sandbox.mailbox import Mailbox
from tests.messages.conftest import Post, make_post

DOMAIN = "reply.portal.test"


@pytest.fixture
def post(db: Database, mailbox: Mailbox, tmp_path: Path) -> Post:
    return make_post(db, mailbox, tmp_path, reply_domain=DOMAIN)


def address(post: Post) -> str:
    """Where an answer to the newest email to the debtor goes, as their mail program has it."""
    mail = [one for one in post.inbox() if one["to"] == "daniel@mail.example"][-1]
    return {name.lower(): value for name, value in mail["headers"]}["reply-to"].rpartition("<")[2].rstrip(">")


def answer(post: Post, words: str, *, sender: str = "daniel@mail.example", subject: str = "Re: A note",
           to: str = "") -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Daniel <{sender}>", to or address(post), subject
    mail["Message-ID"] = make_msgid(domain="mail.example")
    mail.set_content(words)
    return inbound.receive(post.rt, mail.as_bytes())


def reminded(post: Post) -> Post:
    post.remind()
    assert post.deliver() == 1
    return post


def acts(post: Post) -> list[str]:
    with post.rt.db.reading() as session:
        return list(session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def opted_out(post: Post) -> bool:
    with post.rt.db.reading() as session:
        return session.get_one(Debtor, post.debtor.id).opted_out_at is not None


def said(post: Post) -> list[tuple[str, str]]:
    with post.rt.db.reading() as session:
        return [(entry.said_by, entry.body)
                for entry in session.scalars(select(QuestionEntry).order_by(QuestionEntry.id))]


@pytest.mark.parametrize("words", ["Stop", "please unsubscribe me.\n\nDaniel", "CANCEL", "No más correos, gracias",
                                   "stop\n\nOn Tue, Nov 10, 2026 at 12:01 PM Alder <portal@portal.test> wrote:\n> Hi"])
def test_stop_ends_the_emails_that_ask_and_staff_are_told(post: Post, words: str) -> None:
    assert answer(reminded(post), words) == "stopped"
    assert opted_out(post) and acts(post) == ["email.stopped"] and said(post) == []
    with post.rt.db.reading() as session:
        assert session.scalars(select(Consent.source)).all() == ["reply"]
    assert post.deliver() == 1
    told = post.inbox()[-1]
    assert told["to"] == "accounts@alder.example" and told["subject"] == "Somebody wants no more emails from Alder " \
        "Street Dental"
    assert "Daniel" not in told["text"] and f"/debtors/{post.debtor.public_id}" in told["text"]
    assert post.remind("step-2").reason == "opted_out"
    assert answer(post, words) == "stopped" and acts(post) == ["email.stopped"], "once more changes nothing"


def test_an_empty_answer_whose_subject_says_so_counts_too(post: Post) -> None:
    assert answer(reminded(post), "\n", subject="unsubscribe") == "stopped" and opted_out(post)


def test_history_that_holds_the_word_stops_nothing(post: Post) -> None:
    words = "I paid on Monday.\n\nOn Tue, Nov 10, 2026 at 12:01 PM Alder <portal@portal.test> wrote:\n> stop"
    assert answer(reminded(post), words) == "answered"
    assert not opted_out(post) and said(post) == [("debtor", "I paid on Monday.")]


def test_another_answer_is_a_question_and_the_next_one_joins_it(post: Post) -> None:
    assert answer(reminded(post), "Which visit is this for?") == "answered"
    assert answer(post, "And who was the dentist?") == "answered"
    assert said(post) == [("debtor", "Which visit is this for?"), ("debtor", "And who was the dentist?")]
    with post.rt.db.reading() as session:
        question = session.scalars(select(Question)).one()
        kinds = session.scalars(select(Message.kind).order_by(Message.id)).all()
    assert question.state == "business" and question.answer_by is not None and not opted_out(post)
    assert kinds == ["reminder", "question_asked"] and acts(post) == ["question.emailed"] * 2


def test_a_cancel_inside_a_thread_stops_and_is_read_by_people_as_well(post: Post) -> None:
    answer(reminded(post), "Shall I come on Friday?")
    assert answer(post, "Cancel") == "stopped"
    assert opted_out(post) and said(post)[-1] == ("debtor", "Cancel")
    assert acts(post) == ["question.emailed"] * 2, "one act, one line"


def test_whoever_holds_the_email_may_stop_it_but_is_not_the_debtor(post: Post) -> None:
    assert answer(reminded(post), "What is this?", sender="daniel@work.example") == "unproven"
    assert said(post) == [("unproven", "What is this?")]
    assert answer(post, "stop", sender="daniel@work.example") == "stopped" and opted_out(post)


def test_words_of_a_stranger_open_nothing_on_the_debtors_page(post: Post) -> None:
    from portal.domain.access import KNOWN, Access
    from portal.services import questions

    answer(reminded(post), "What is this?", sender="someone@else.example")
    access = Access(post.business.id, post.debtor.id, 0, "", KNOWN)
    assert questions.own_threads(post.rt, access) == []
    assert answer(post, "It is me, from home.") == "answered"
    assert len(questions.own_threads(post.rt, access)) == 1


def test_robots_and_made_up_addresses_stop_nothing(post: Post) -> None:
    to = address(reminded(post))
    away = EmailMessage()
    away["From"], away["To"], away["Message-ID"] = "daniel@mail.example", to, "<away@mail.example>"
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("Unsubscribe")
    assert inbound.receive(post.rt, away.as_bytes()) == "automatic"
    assert answer(post, "stop", to=f"reply+{'0' * 32}@{DOMAIN}") == "unknown_address"
    assert answer(post, "stop", to=to.replace(DOMAIN, "elsewhere.example")) == "unknown_address"
    assert not opted_out(post) and acts(post) == []


def test_only_a_press_on_the_page_lets_them_come_again(post: Post) -> None:
    answer(reminded(post), "stop")
    assert answer(post, "start") == "answered" and opted_out(post)
    opt_out.resume(post.rt, opt_out.url_of(post.rt.settings, post.debtor, post.clock()).rpartition("/")[2])
    assert not opted_out(post)


def test_without_a_domain_of_ours_answers_go_to_the_business(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = reminded(make_post(db, mailbox, tmp_path))
    assert address(post) == "accounts@alder.example"
