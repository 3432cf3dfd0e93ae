"""What staff do with a question: answer it, note something among themselves, say that they called, close it.

Each act names the last thing it had read; said something newer meanwhile, the act is refused and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain import questions as rules
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Question, QuestionEntry, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import question_mail, questions
from portal.services.audit import record, staff_actor

LONGEST_ANSWER = 4_000
Work = Callable[[Session, Question], None]


@dataclass(frozen=True)
class Answered:
    """What became of an answer: whether it also leaves by email, and if not, why (a reason of the message gate)."""

    emailed: bool
    reason: str


def answer(rt: Runtime, access: StaffAccess, question_id: str, words: str, *, seen: str,
           close: bool = False) -> Answered:
    """Answer a debtor on their page and by email at once.

    Raises Refusal: not_found, words_missing, words_too_long, question_moved_on, question_closed.
    """
    access.require("work")
    now = rt.now()
    body = rules.told(words, longest=LONGEST_ANSWER)

    def work(session: Session) -> Answered:
        question = _locked(session, access, question_id, seen)
        entry = _say(session, access, question, now, body, channel="page")
        _turn(question, now, "closed" if close else "debtor")
        name = session.get_one(Staff, access.staff_id).name
        message = question_mail.send_answer(session, rt.settings, now, question, entry, name)
        _note(session, access, question, now, "question.answered", closed=close, emailed=message.state == "queued")
        return Answered(message.state == "queued", message.reason)

    return rt.db.run(work)


def note(rt: Runtime, access: StaffAccess, question_id: str, words: str) -> None:
    """Write something for colleagues into a thread; the debtor never sees it, and it stays where it waits.

    Raises Refusal: not_found, words_missing, words_too_long.
    """
    access.require("work")
    now = rt.now()
    body = rules.told(words, longest=LONGEST_ANSWER)

    def work(session: Session) -> None:
        question = _locked(session, access, question_id, None)
        _say(session, access, question, now, body, channel="page", internal=True)
        _note(session, access, question, now, "question.noted")

    rt.db.run(work)


def called(rt: Runtime, access: StaffAccess, question_id: str, words: str, *, seen: str) -> None:
    """Say that a call back was made, with what was said if it is worth keeping; the wish is fulfilled and closed.

    Raises Refusal: not_found, words_too_long, question_moved_on, question_closed.
    """
    access.require("work")
    now = rt.now()
    body = rules.told(words, longest=LONGEST_ANSWER) if words.strip() else ""

    def work(session: Session) -> None:
        question = _locked(session, access, question_id, seen)
        if body:
            _say(session, access, question, now, body, channel="phone", internal=True)
        _turn(question, now, "closed")
        _note(session, access, question, now, "question.called")

    rt.db.run(work)


def close(rt: Runtime, access: StaffAccess, question_id: str, *, seen: str) -> None:
    """Close a thread that needs no answer; a new word of the debtor opens it again.

    Raises Refusal: not_found, question_moved_on, question_closed.
    """
    access.require("work")
    now = rt.now()

    def work(session: Session) -> None:
        question = _locked(session, access, question_id, seen)
        _turn(question, now, "closed")
        _note(session, access, question, now, "question.closed")

    rt.db.run(work)


def _locked(session: Session, access: StaffAccess, question_id: str, seen: str | None) -> Question:
    found = questions.find(session, access, question_id)
    lock_debtor(session, access.business_id, found.debtor_id)
    # What was read before the lock may be old.
    session.refresh(found)
    if seen is not None:
        if found.state == "closed":
            raise Refusal("conflict", "question_closed")
        newest = session.scalar(select(func.max(QuestionEntry.id)).where(
            QuestionEntry.question_id == found.id, QuestionEntry.internal.is_(False))) or 0
        if str(newest) != seen:
            raise Refusal("conflict", "question_moved_on")
    return found


def _say(session: Session, access: StaffAccess, question: Question, now: datetime, body: str, *, channel: str,
         internal: bool = False) -> QuestionEntry:
    return questions.add(session, question, now, said_by="staff", channel=channel, body=body,
                         staff_id=access.staff_id, internal=internal)


def _turn(question: Question, now: datetime, state: str) -> None:
    question.state, question.moved_at, question.answer_by = state, now, None
    question.closed_at = now if state == "closed" else None


def _note(session: Session, access: StaffAccess, question: Question, now: datetime, act: str,
          **details: object) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           debtor_id=question.debtor_id, target=f"question:{question.public_id}", **details)
