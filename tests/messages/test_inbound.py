"""Emails to a thread's own address: whose words join it, what is noted and nothing else; garbage stops nothing."""

from __future__ import annotations

import threading
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.db import Database
from portal.domain import inbound as reading
from portal.models import AuditEvent, InboundEmail, Message, Question, QuestionEntry
from portal.services import answers, inbound, questions
from portal.services.questions import Asked
from tests.cast import Clock
from tests.office.books import Desk, open_desk

DOMAIN = "reply.portal.test"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(db: Database, tmp_path: Path, clock: Clock) -> Desk:
    return open_desk(db, tmp_path, clock=clock, reply_domain=DOMAIN)


def ask(desk: Desk, words: str = "What is the second line for?") -> Question:
    public_id = questions.ask(desk.rt, desk.owed.access, Asked(words=words))
    with desk.rt.db.reading() as session:
        return session.scalars(select(Question).where(Question.public_id == public_id)).one()


def answered(desk: Desk) -> Question:
    """A thread in which it is the debtor's turn."""
    question = ask(desk)
    answers.answer(desk.rt, desk.access("agent"), question.public_id, "For the gravel.", seen=newest(desk))
    return question


def newest(desk: Desk) -> str:
    with desk.rt.db.reading() as session:
        return str(session.scalars(select(QuestionEntry.id).order_by(QuestionEntry.id.desc()).limit(1)).one())


def written(question: Question | None, body: str = "And the third?", *, sender: str | None = None,
            **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender or "Helen <helen@debtor.example>"
    mail["To"] = f"Marsh <reply+{question.reply_key}@{DOMAIN}>" if question else "somebody@portal.test"
    mail["Subject"] = "Re: An answer"
    mail["Message-ID"] = make_msgid(domain="debtor.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def mine(desk: Desk, question: Question, body: str = "And the third?", **more: Any) -> EmailMessage:
    return written(question, body, sender=f"Helen <{desk.owed.debtor.email}>", **more)


def receive(desk: Desk, mail: EmailMessage | bytes) -> str:
    return inbound.receive(desk.rt, mail if isinstance(mail, bytes) else mail.as_bytes())


def said(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.rt.db.reading() as session:
        return [(entry.said_by, entry.channel, entry.body)
                for entry in session.scalars(select(QuestionEntry).order_by(QuestionEntry.id))]


def stands(desk: Desk, question: Question) -> Question:
    with desk.rt.db.reading() as session:
        return session.get_one(Question, question.id)


def outcomes(desk: Desk) -> list[str]:
    with desk.rt.db.reading() as session:
        return list(session.scalars(select(InboundEmail.outcome).order_by(InboundEmail.id)))


def test_a_reply_of_the_debtor_joins_the_thread_and_it_is_the_business_turn_again(desk: Desk) -> None:
    question = answered(desk)
    assert stands(desk, question).state == "debtor"
    assert receive(desk, mine(desk, question)) == "answered"
    assert said(desk)[-1] == ("debtor", "email", "And the third?")
    again = stands(desk, question)
    assert again.state == "business" and again.answer_by is not None
    assert desk.acts()[-1] == "question.emailed"
    with desk.rt.db.reading() as session:
        assert session.scalars(select(Message.kind).order_by(Message.id)).all() == [
            "question_asked", "answer", "question_asked"], "staff hear of it, the debtor gets no robot's answer"


def test_history_below_and_signatures_are_cut(desk: Desk) -> None:
    question = answered(desk)
    body = ("Thank you, clear now.\r\n\r\nHelen\r\n\r\nOn Tue, Nov 10, 2026 at 12:01 PM Marsh & Daughter\r\n"
            "<portal@portal.test> wrote:\r\n> For the gravel.\r\n>\r\n> Kind regards\r\n-- \r\nSent from a boat\r\n")
    receive(desk, mine(desk, question, body))
    assert said(desk)[-1][2] == "Thank you, clear now.\n\nHelen"


def test_the_same_email_twice_counts_once(desk: Desk) -> None:
    question = answered(desk)
    mail = mine(desk, question)
    assert [receive(desk, mail), receive(desk, mail)] == ["answered", "duplicate"]
    assert len(said(desk)) == 3 and outcomes(desk) == ["answered"]


def test_the_same_email_delivered_twice_at_once_counts_once(desk: Desk) -> None:
    question = answered(desk)
    mail, found = mine(desk, question), []
    threads = [threading.Thread(target=lambda: found.append(receive(desk, mail))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["answered", *["duplicate"] * 5]
    assert len(said(desk)) == 3


def test_words_from_an_address_we_do_not_know_are_kept_and_marked_and_never_shown_to_the_debtor(desk: Desk) -> None:
    question = answered(desk)
    assert receive(desk, written(question, "It is me, from work.", sender="other@elsewhere.example")) == "unproven"
    assert said(desk)[-1] == ("unproven", "email", "It is me, from work.")
    thread = questions.own_thread(desk.rt, desk.owed.access, question.public_id)
    assert [entry.said_by for entry in thread.entries] == ["debtor", "staff"]


def test_a_closed_thread_opens_again(desk: Desk) -> None:
    question = ask(desk)
    answers.close(desk.rt, desk.access("agent"), question.public_id, seen=newest(desk))
    assert stands(desk, question).state == "closed"
    receive(desk, mine(desk, question))
    assert stands(desk, question).state == "business"


@pytest.mark.parametrize("headers", [
    {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated; x=y"}, {"Precedence": "bulk"},
    {"Precedence": "auto_reply"}, {"Return_Path": "<>"}, {"X_Autoreply": "yes"}, {"List_Id": "<l.example>"},
], ids=str)
def test_robots_are_noted_and_nothing_else(desk: Desk, headers: dict[str, str]) -> None:
    question = answered(desk)
    before = (said(desk), desk.acts(), stands(desk, question).state)
    assert receive(desk, mine(desk, question, "I am away until Monday.", **headers)) == "automatic"
    assert (said(desk), desk.acts(), stands(desk, question).state) == before
    assert outcomes(desk) == ["automatic"]


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "portal@portal.test", "", "a@b.example, c@d.example"])
def test_bounces_and_our_own_emails_never_begin_a_loop(desk: Desk, sender: str) -> None:
    question = answered(desk)
    mail = mine(desk, question)
    mail.replace_header("From", sender)
    assert receive(desk, mail) == "automatic"
    assert len(said(desk)) == 2


def test_a_report_of_a_mail_server_is_a_robots(desk: Desk) -> None:
    question = answered(desk)
    raw = (f"From: x@y.example\r\nTo: reply+{question.reply_key}@{DOMAIN}\r\nMessage-ID: <r@y.example>\r\n"
           "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b--")
    assert receive(desk, raw.encode()) == "automatic"


def test_an_unknown_key_or_domain_is_noted_and_nothing_else(desk: Desk) -> None:
    question = answered(desk)
    elsewhere = mine(desk, question)
    elsewhere.replace_header("To", f"reply+{question.reply_key}@another.example")
    unknown = mine(desk, question)
    unknown.replace_header("To", f"reply+{'0' * 32}@{DOMAIN}")
    assert [receive(desk, mail) for mail in (written(None), unknown, elsewhere)] == ["unknown_address"] * 3
    assert len(said(desk)) == 2 and outcomes(desk) == ["unknown_address"] * 3
    with desk.rt.db.reading() as session:
        assert session.scalars(select(AuditEvent.act).where(AuditEvent.actor_kind == "job")).all() == []


def test_the_key_is_found_wherever_the_mail_server_puts_it_and_in_capitals(desk: Desk) -> None:
    question = answered(desk)
    mail = mine(desk, question)
    mail.replace_header("To", "undisclosed-recipients:;")
    mail["Delivered-To"] = f"REPLY+{question.reply_key.upper()}@{DOMAIN.upper()}"
    assert receive(desk, mail) == "answered"


def test_html_only_becomes_words_and_files_are_named(desk: Desk) -> None:
    question = answered(desk)
    mail = EmailMessage()
    mail["From"], mail["To"] = str(desk.owed.debtor.email), f"reply+{question.reply_key}@{DOMAIN}"
    mail["Message-ID"] = "<html@debtor.example>"
    mail.set_content(
        "<html><head><title>no</title><style>p{}</style></head><body><p>First &amp; <b>last</b></p><div>Second<br>"
        "<script>alert(1)</script></div><div class='gmail_quote'><p>On Monday we wrote<p>old</div><p>End",
        subtype="html")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="proof of it.pdf")
    assert receive(desk, mail) == "answered"
    body = said(desk)[-1][2]
    assert body.startswith("First & last\n\nSecond\n\nEnd") and "[proof of it.pdf]" in body and "old" not in body
    assert "alert" not in body


@pytest.mark.parametrize(("charset", "raw", "expected"), [
    ("utf-8", "señal – ✓".encode(), "señal – ✓"), ("iso-8859-1", "señal".encode("latin-1"), "señal"),
    ("unheard-of", "señal".encode(), "señal"), ("utf-8", "señal".encode("latin-1"), "señal"),
    ("utf-8", b"a\x00b\x07c", "abc"), ("utf-16", b"\xff", "ÿ"),
])
def test_character_sets_that_are_wrong_or_unknown_lose_no_words(charset: str, raw: bytes, expected: str) -> None:
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n"
    mail = reading.read(head.encode() + raw)
    assert mail.text == expected


def test_too_many_words_without_an_answer_are_noted_and_not_kept(desk: Desk) -> None:
    question = ask(desk)
    found = [receive(desk, mine(desk, question, f"Number {n}")) for n in range(12)]
    assert found == ["answered"] * 9 + ["too_many"] * 3
    assert len(said(desk)) == 10


def test_an_empty_email_is_noted(desk: Desk) -> None:
    question = answered(desk)
    assert receive(desk, mine(desk, question, "\r\n \r\n")) == "empty"


def test_an_erased_debtor_is_not_written_about(desk: Desk) -> None:
    question = answered(desk)
    with desk.rt.db.transaction() as session:
        from portal.models import Debtor
        session.get_one(Debtor, desk.owed.debtor.id).erased_at = desk.rt.now()
    assert receive(desk, mine(desk, question)) == "unknown_address"


def test_a_very_large_email_keeps_its_words(desk: Desk) -> None:
    question = answered(desk)
    mail = mine(desk, question, "See the picture.")
    mail.add_attachment(b"\xff" * 4_000_000, maintype="image", subtype="jpeg", filename="huge.jpg")
    assert receive(desk, mail) == "answered"
    assert said(desk)[-1][2] == "See the picture.\n\n[huge.jpg]"


def test_deep_nesting_and_endless_parts_are_read_or_refused_quickly() -> None:
    deep = b"From: a@b.example\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3_000))
    many = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000
    history = b"From: a@b.example\r\n\r\n" + b"On x wrote:\r\n" * 60_000 + b">\r\n"
    for raw in (deep, many, history, b"", b"\x00" * 1000, b":" * 100_000, b"From: " + b"<" * 100_000):
        reading.read(raw)


PIECES = st.sampled_from([
    b"From: ", b"To: ", b"Message-ID: <", b"Content-Type: multipart/mixed; boundary=", b"Content-Type: text/html",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"\r\n\r\n",
    b"--b\r\n",
    b"=?utf-8?b?", b"=?x?q?=", b"?=", b"<div><blockquote>", b"&#x110000;", b"charset=\"", b"=FF=", b"\xff\xfe", b"\x00",
    b"@", b"<>", b"On Monday Ana wrote:\r\n", b"> ", b"filename*=utf-8''%FF", b"; name=", b"message/rfc822", b"\r\n",
    f"reply+{'a' * 32}@{DOMAIN}".encode()])
GARBAGE = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=40).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(GARBAGE)
def test_no_bytes_of_a_stranger_break_the_reading(raw: bytes) -> None:
    mail = reading.read(raw)
    assert 0 < len(mail.message_id) <= 250 and len(mail.text) <= reading.LONGEST_TEXT
    for text in (mail.message_id, mail.sender, mail.text, *mail.files):
        text.encode("utf-8")
        assert "\x00" not in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GARBAGE)
def test_no_bytes_of_a_stranger_break_the_taking_in(desk: Desk, raw: bytes) -> None:
    assert receive(desk, raw) in {"unknown_address", "automatic", "unreadable", "empty", "duplicate"}


def test_the_command_reads_a_file_a_pipe_and_a_maildir(desk: Desk, tmp_path: Path) -> None:
    question = answered(desk)
    runner = desk.app.test_cli_runner()
    raw = mine(desk, question).as_bytes()
    file = tmp_path / "mail.eml"
    file.write_bytes(raw)
    assert runner.invoke(args=["receive-email", str(file)]).output == "answered\n"
    assert runner.invoke(args=["receive-email", "-"], input=raw).output == "duplicate\n"
    box = tmp_path / "box"
    (box / "new").mkdir(parents=True)
    (box / "new" / "1.a").write_bytes(mine(desk, question, "From the box.").as_bytes())
    (box / "new" / "2.b").write_bytes(b"\xff\x00garbage")
    result = runner.invoke(args=["receive-email", "--maildir", str(box)])
    assert result.output == "1.a answered\n2.b unknown_address\n" and result.exit_code == 0
    assert sorted(path.name for path in (box / "cur").iterdir()) == ["1.a:2,S", "2.b:2,S"]
    assert not list((box / "new").iterdir()) and said(desk)[-1][2] == "From the box."
    assert runner.invoke(args=["receive-email"]).exit_code == 2


def test_a_database_that_does_not_answer_lets_the_mail_server_try_again(desk: Desk) -> None:
    with desk.rt.db.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE inbound_email")
    result = desk.app.test_cli_runner().invoke(args=["receive-email", "-"], input=b"From: a@b.example\r\n\r\nx")
    assert result.exit_code == 75 and "Traceback" not in result.output


@pytest.mark.parametrize(("results", "outcome"), [
    (["mx.portal.test; spf=pass; dmarc=pass (p=reject) header.from=SENDER"], "answered"),
    ([], "unproven"), (["mx.portal.test; dmarc=fail"], "unproven"), (["mx.evil.example; dmarc=pass"], "unproven"),
    (["mx.portal.test; dmarc=fail", "mx.portal.test; dmarc=pass"], "unproven"),
    (["mx.portal.test; dmarc=pass header.from=evil.example"], "unproven"),
    (['mx.portal.test; dmarc=none; spf=pass smtp.mailfrom="a;dmarc=pass;"@b.example (; dmarc=pass;)'], "unproven"),
], ids=str)
def test_only_what_our_own_server_vouches_for_is_the_word_of_the_debtor(
        db: Database, tmp_path: Path, clock: Clock, results: list[str], outcome: str) -> None:
    desk = open_desk(db, tmp_path, clock=clock, reply_domain=DOMAIN, mail_auth_server="mx.portal.test")
    question = answered(desk)
    mail, domain = mine(desk, question), (desk.owed.debtor.email or "").rpartition("@")[2]
    for line in results:
        mail["Authentication-Results"] = line.replace("SENDER", domain)
    assert receive(desk, mail) == outcome


def test_two_senders_are_nobody_s_proof(desk: Desk) -> None:
    question = answered(desk)
    forged = b"From: else@evil.example\r\n" + mine(desk, question).as_bytes()
    doubled = mine(desk, question).as_bytes()
    assert receive(desk, forged) == "unproven"
    assert receive(desk, f"From: {desk.owed.debtor.email}\r\n".encode() + doubled) == "unproven"
