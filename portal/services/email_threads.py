"""Threads that begin with an answer to an email of ours; what is said in them from then on is in questions.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Business, Debtor, Question
from portal.services import calendars, question_mail, questions


def begin(session: Session, now: datetime, debtor: Debtor, reply_key: str, body: str, *, said_by: str,
          checked: bool) -> Question:
    """Open a thread with what somebody answered. The caller holds the debtor's lock.

    `reply_key` is the secret part of the address they wrote to, `checked` whether a mail server of ours vouches for
    them. Raises Refusal too_many/questions_wait.
    """
    questions.check_flood(session, debtor)
    business = session.get_one(Business, debtor.business_id)
    question = Question(
        business_id=business.id, debtor_id=debtor.id, kind="question", state="business", reply_key=reply_key,
        opened_at=now, moved_at=now, answer_by=calendars.answer_by(session, business, now))
    session.add(question)
    session.flush()
    questions.add(session, question, now, said_by=said_by, channel="email", body=body, checked=checked)
    question_mail.tell_staff(session, now, business, question, "opened")
    return question
