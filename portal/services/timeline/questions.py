"""Questions of the debtor, wishes to be called, and everything that was said about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, case

from portal.models import Question, QuestionEntry, Staff
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Plain, Said

TITLES = {"debtor": N_("They wrote"), "staff": N_("Answered"),
          "unproven": N_("An email from an address we could not check")}
UNCHECKED = N_("They wrote, from an address nobody has checked")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every word in the debtor's threads, and for the wishes to be called, which may have none."""
    mine = (Question.business_id == scope.business_id, Question.debtor_id == scope.debtor_id,
            Question.of_dispute.is_(False))
    said = (
        reads("questions:said", at=QuestionEntry.at, id=QuestionEntry.id, code=QuestionEntry.said_by,
              word=case((QuestionEntry.sender_checked, "checked"), else_=""), extra=QuestionEntry.internal,
              text=QuestionEntry.body,
              ref=Question.public_id, who=Staff.name)
        .join(Question, Question.id == QuestionEntry.question_id)
        .outerjoin(Staff, Staff.id == QuestionEntry.staff_id).where(*mine))
    wished = reads(
        "questions:call", at=Question.opened_at, id=Question.id, code="call", text=Question.call_when,
        extra=Question.call_number, ref=Question.public_id).where(*mine, Question.kind == "call_back")
    return {"talk": [said, wished]}


def tell(row: Row) -> Entry:
    """Tell who said what."""
    leads = (Lead("office.queue_item", {"name": "questions", "item": row.ref}, N_("Open the thread")),)
    if row.code == "call":
        lines = (Said(N_("When: %(when)s"), {"when": Plain(row.text)}),) if row.text else ()
        return Entry(row.at, Said(N_("They asked to be called")), "phone", lines=lines, leads=leads)
    internal = row.extra in ("1", "true")
    unchecked = row.code == "debtor" and not row.word
    title = N_("Remark among the staff") if internal else UNCHECKED if unchecked else TITLES[row.code]
    return Entry(row.at, Said(title), "talk", "bad" if row.code == "unproven" else "", quote=row.text,
                 by=row.who, leads=leads)
