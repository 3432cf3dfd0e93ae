"""Takes in one email that was sent to one of our own addresses: an answer, a wish for no more emails, or a report.

Nothing is ever answered by itself, so two machines cannot talk to each other for ever. Every email leaves one row with
what became of it, and the same email twice counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain import inbound as reading
from portal.domain.errors import Refusal
from portal.domain.inbound import InboundMail
from portal.domain.stop_words import means_stop
from portal.models import Business, Debtor, InboundEmail, Message, Question, lock_debtor
from portal.runtime import Runtime
from portal.services import consents, delivery_reports, email_threads, last_look, questions, refusal_mail
from portal.services.audit import Actor, record

DUPLICATE = "duplicate"
WORKER = Actor("job", "receive-email")


@dataclass(frozen=True)
class _Addressed:
    """What an email answers: a thread, or an email of ours that has no thread yet; and whose it is."""

    business_id: int
    debtor_id: int
    question: Question | None
    key: str


def receive(rt: Runtime, raw: bytes) -> str:
    """Take in one raw email; returns what became of it, as a code.

    answered: the debtor's words are in a thread.  unproven: someone else's are, marked so.  stopped: they want no
    more emails.  bounced, complained, again, given_up, noted, known, unknown_message: a report about an email of ours.
    duplicate, unknown_address, automatic, empty, too_many, unreadable: noted, and nothing else.
    """
    mail, now = reading.read(raw), rt.now()

    def work(session: Session) -> str:
        if not _first_time(session, mail, now):
            return DUPLICATE
        outcome, business_id = _take(session, rt, mail, now)
        row = session.scalars(select(InboundEmail).where(InboundEmail.message_id == mail.message_id)).one()
        row.outcome, row.business_id = outcome, business_id
        return outcome

    return rt.db.run(work)


def _first_time(session: Session, mail: InboundMail, now: datetime) -> bool:
    # Two deliveries of the same email at once: the second waits here for the first and then finds its row.
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = session.scalar(
        dialect.insert(InboundEmail).values(message_id=mail.message_id, outcome="", received_at=now)
        .on_conflict_do_nothing().returning(InboundEmail.id))
    return made is not None


def _take(session: Session, rt: Runtime, mail: InboundMail, now: datetime) -> tuple[str, int | None]:
    if not mail.readable:
        return "unreadable", None
    if mail.report is not None and mail.report.message_id:
        return delivery_reports.take(session, now, mail.report, WORKER)
    to = _addressed(session, rt, mail)
    if to is None:
        return "unknown_address", None
    if mail.automatic or mail.sender.casefold() == _own_address(rt):
        return "automatic", to.business_id
    debtor = lock_debtor(session, to.business_id, to.debtor_id)
    if debtor is None or debtor.erased_at is not None:
        # Whose words were erased is not written about anew.
        return "unknown_address", to.business_id
    return _said(session, rt, now, to, debtor, mail), to.business_id


def _said(session: Session, rt: Runtime, now: datetime, to: _Addressed, debtor: Debtor, mail: InboundMail) -> str:
    body, stops = _body(mail), means_stop(mail.text, mail.subject)
    if to.question is not None:
        session.refresh(to.question)
        # What a thread is about may be meant by "cancel", too: it is read by people besides.
        joined = _join(session, rt, now, to.question, debtor, mail, body, stops=stops) if body else "empty"
        if stops:
            _stop(session, now, debtor, mail, noted=joined in ("answered", "unproven"))
        return "stopped" if stops else joined
    if stops:
        _stop(session, now, debtor, mail, noted=False)
        return "stopped"
    return _open(session, rt, now, to, debtor, mail, body) if body else "empty"


def _stop(session: Session, now: datetime, debtor: Debtor, mail: InboundMail, *, noted: bool) -> None:
    """Stop the emails that ask. Whoever holds the email may, as with its link; only the debtor lets them come again."""
    if not consents.say(session, now, debtor, consents.EMAIL, given=False, source="reply"):
        return
    business = session.get_one(Business, debtor.business_id)
    refusal_mail.tell_staff(session, now, business, debtor, f"reply:{now:%Y%m%dT%H%M%S%f}")
    if not noted:
        record(session, at=now, actor=WORKER, act="email.stopped", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", via="reply")


def _join(session: Session, rt: Runtime, now: datetime, question: Question, debtor: Debtor, mail: InboundMail,
          body: str, *, stops: bool) -> str:
    known = _is_proven(rt, debtor, mail)
    try:
        questions.speak_up(session, now, question, body, said_by="debtor" if known else "unproven", channel="email",
                           checked=known and bool(rt.settings.mail_auth_server))
    except Refusal:
        return "too_many"
    record(session, at=now, actor=WORKER, act="question.emailed", business_id=question.business_id,
           debtor_id=debtor.id, target=f"question:{question.public_id}", proven=known, files=len(mail.files),
           stopped=stops)
    return "answered" if known else "unproven"


def _open(session: Session, rt: Runtime, now: datetime, to: _Addressed, debtor: Debtor, mail: InboundMail,
          body: str) -> str:
    """Begin a thread with an answer to an email of ours; further answers to the same email join it."""
    known = _is_proven(rt, debtor, mail)
    try:
        question = email_threads.begin(
            session, now, debtor, to.key, body, said_by="debtor" if known else "unproven",
            checked=known and bool(rt.settings.mail_auth_server))
    except Refusal:
        return "too_many"
    record(session, at=now, actor=WORKER, act="question.emailed", business_id=debtor.business_id,
           debtor_id=debtor.id, target=f"question:{question.public_id}", proven=known, files=len(mail.files))
    return "answered" if known else "unproven"


def _is_proven(rt: Runtime, debtor: Debtor, mail: InboundMail) -> bool:
    server = rt.settings.mail_auth_server
    known = bool(debtor.email) and mail.one_sender and mail.sender.casefold() == (debtor.email or "").casefold()
    # Anybody can write any From: where our own server checks senders, only what it vouches for is the debtor's word.
    return known and (not server or mail.is_vouched_for(server))


def _addressed(session: Session, rt: Runtime, mail: InboundMail) -> _Addressed | None:
    """Find what an email answers by the secret part of the address it was sent to: a thread first, else an email."""
    domain = rt.settings.reply_domain
    keys = [key for key, at in mail.reply_keys if not domain or at == domain]
    if not keys:
        return None
    threads = {question.reply_key: question
               for question in session.scalars(select(Question).where(Question.reply_key.in_(keys)))}
    for key in keys:
        if key in threads:
            question = threads[key]
            return _Addressed(question.business_id, question.debtor_id, question, key)
    ids = {last_look.message_id(rt, key): key for key in keys}
    sent = session.execute(select(Message.business_id, Message.debtor_id, Message.message_id).where(
        Message.message_id.in_(ids), Message.debtor_id.is_not(None)).limit(1)).one_or_none()
    return None if sent is None or sent[1] is None else _Addressed(sent[0], sent[1], None, ids[sent[2]])


def _own_address(rt: Runtime) -> str:
    return rt.settings.mail_from.rpartition("<")[2].strip("> ").casefold()


def _body(mail: InboundMail) -> str:
    """Give what is kept: the new words, and the names of files, which are not taken in."""
    names = "\n".join(f"[{name}]" for name in mail.files)
    return "\n\n".join(part for part in (mail.text, names) if part)
