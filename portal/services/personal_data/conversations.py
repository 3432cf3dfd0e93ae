"""What was said: notes and calls of the staff, questions and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Debtor, Note, Question, QuestionEntry

NAME = "conversations"


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give every note and call about the debtor and every thread with them, the staff's own remarks among them."""
    notes = session.scalars(select(Note).where(
        Note.business_id == debtor.business_id, Note.debtor_id == debtor.id).order_by(Note.id))
    threads = session.scalars(select(Question).where(
        Question.business_id == debtor.business_id, Question.debtor_id == debtor.id).order_by(Question.id)).all()
    return {
        "notes": [{"kind": note.kind, "result": note.result, "promised_on": note.promised_on, "about": note.about,
                   "words": note.body, "at": note.at} for note in notes],
        "questions": [_thread(session, thread) for thread in threads],
    }


def erase(session: Session, debtor: Debtor, now: datetime) -> int:
    """Take the words away; that there was a call, and what came of it, stays."""
    notes = session.execute(update(Note).where(
        Note.business_id == debtor.business_id, Note.debtor_id == debtor.id).values(body=""))
    mine = select(Question.id).where(Question.business_id == debtor.business_id, Question.debtor_id == debtor.id)
    entries = session.execute(update(QuestionEntry).where(QuestionEntry.question_id.in_(mine)).values(body="")
                              .execution_options(synchronize_session=False))
    session.execute(update(Question).where(Question.business_id == debtor.business_id, Question.debtor_id == debtor.id)
                    .values(call_when="", call_number=""))
    session.execute(update(Question).where(
        Question.business_id == debtor.business_id, Question.debtor_id == debtor.id, Question.state != "closed")
        .values(state="closed", closed_at=now))
    return int(notes.rowcount + entries.rowcount)  # type: ignore[attr-defined]


def _thread(session: Session, thread: Question) -> dict[str, Any]:
    said = session.scalars(select(QuestionEntry).where(
        QuestionEntry.business_id == thread.business_id, QuestionEntry.question_id == thread.id)
        .order_by(QuestionEntry.id))
    return {
        "kind": thread.kind, "state": thread.state, "opened_at": thread.opened_at, "closed_at": thread.closed_at,
        "call_when": thread.call_when, "call_number": thread.call_number,
        "said": [{"by": entry.said_by, "channel": entry.channel, "words": entry.body, "internal": entry.internal,
                  "at": entry.at} for entry in said],
    }
