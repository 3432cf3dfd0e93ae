"""Takes in one email that was sent to a thread's own address: its words join the thread, whatever else it is.

Nothing is ever answered by itself, so two machines cannot talk to each other for ever. Every email leaves one row with
what became of it, and the same email twice counts once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain import inbound as reading
from portal.domain.errors import Refusal
from portal.domain.inbound import InboundMail
from portal.models import Debtor, InboundEmail, Question, lock_debtor
from portal.runtime import Runtime
from portal.services import questions
from portal.services.audit import Actor, record

DUPLICATE = "duplicate"
WORKER = Actor("job", "receive-email")


def receive(rt: Runtime, raw: bytes) -> str:
    """Take in one raw email; returns what became of it, as a code.

    answered: the debtor's words are in the thread.  unproven: someone else's are, marked so.  duplicate,
    unknown_address, automatic, empty, too_many, unreadable: noted, and nothing else.
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
    question = _thread(session, rt, mail)
    if question is None:
        return "unknown_address", None
    if mail.automatic or mail.sender.casefold() == _own_address(rt):
        return "automatic", question.business_id
    body = _body(mail)
    if not body:
        return "empty", question.business_id
    debtor = lock_debtor(session, question.business_id, question.debtor_id)
    if debtor is None or debtor.erased_at is not None:
        # Whose words were erased is not written about anew.
        return "unknown_address", question.business_id
    session.refresh(question)
    return _join(session, rt, now, question, debtor, mail, body), question.business_id


def _join(session: Session, rt: Runtime, now: datetime, question: Question, debtor: Debtor, mail: InboundMail,
          body: str) -> str:
    server = rt.settings.mail_auth_server
    known = bool(debtor.email) and mail.one_sender and mail.sender.casefold() == (debtor.email or "").casefold()
    # Anybody can write any From: where our own server checks senders, only what it vouches for is the debtor's word.
    known = known and (not server or mail.is_vouched_for(server))
    said_by = "debtor" if known else "unproven"
    try:
        questions.speak_up(session, now, question, body, said_by=said_by, channel="email",
                           checked=known and bool(server))
    except Refusal:
        return "too_many"
    record(session, at=now, actor=WORKER, act="question.emailed", business_id=question.business_id,
           debtor_id=debtor.id, target=f"question:{question.public_id}", proven=known, files=len(mail.files))
    return "answered" if known else "unproven"


def _thread(session: Session, rt: Runtime, mail: InboundMail) -> Question | None:
    domain = rt.settings.reply_domain
    keys = [key for key, at in mail.reply_keys if not domain or at == domain]
    if not keys:
        return None
    found = {question.reply_key: question
             for question in session.scalars(select(Question).where(Question.reply_key.in_(keys)))}
    return next((found[key] for key in keys if key in found), None)


def _own_address(rt: Runtime) -> str:
    return rt.settings.mail_from.rpartition("<")[2].strip("> ").casefold()


def _body(mail: InboundMail) -> str:
    """Give what is kept: the new words, and the names of files, which are not taken in."""
    names = "\n".join(f"[{name}]" for name in mail.files)
    return "\n\n".join(part for part in (mail.text, names) if part)
