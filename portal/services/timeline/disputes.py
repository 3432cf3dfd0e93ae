"""What somebody said is wrong, everything that was said about it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from portal.models import Dispute, DisputePart, Question, QuestionEntry, Staff
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words.disputes import OFFICE_REASONS
from portal.words.refusals import N_
from portal.words.said import Said

TITLES = {"debtor": N_("They wrote about a dispute"), "staff": N_("Answered about a dispute"),
          "unproven": N_("An email from an address we could not check")}
DECIDED = {"upheld": N_("Dispute upheld"), "partly_upheld": N_("Dispute upheld in part"),
           "rejected": N_("Dispute rejected"), "withdrawn": N_("Dispute taken back")}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every dispute as it was opened and decided, and for every word about it."""
    mine = (Dispute.business_id == scope.business_id, Dispute.debtor_id == scope.debtor_id)
    asked, given = (
        select(func.sum(column)).where(DisputePart.dispute_id == Dispute.id).correlate(Dispute).scalar_subquery()
        for column in (DisputePart.asked_minor, DisputePart.credited_minor))
    opened = reads("disputes:opened", at=Dispute.opened_at, id=Dispute.id, code=Dispute.reason, ref=Dispute.public_id,
                   amount=asked, currency=Dispute.currency).where(*mine)
    decided = (
        reads("disputes:decided", at=Dispute.decided_at, id=Dispute.id, code=Dispute.state, ref=Dispute.public_id,
              amount=given, currency=Dispute.currency, who=Staff.name)
        .outerjoin(Staff, Staff.id == Dispute.staff_id).where(*mine, Dispute.decided_at.is_not(None)))
    said = (
        reads("disputes:said", at=QuestionEntry.at, id=QuestionEntry.id, code=QuestionEntry.said_by,
              extra=QuestionEntry.internal, text=QuestionEntry.body, ref=Dispute.public_id, who=Staff.name)
        .join(Question, Question.id == QuestionEntry.question_id)
        .join(Dispute, Dispute.question_id == Question.id)
        .outerjoin(Staff, Staff.id == QuestionEntry.staff_id).where(*mine))
    return {"talk": [opened, decided, said]}


def tell(row: Row) -> Entry:
    """Tell what was questioned, said and decided."""
    leads = (Lead("office.queue_item", {"name": "disputes", "item": row.ref}, N_("Open the dispute")),)
    if row.source == "disputes:opened":
        return Entry(row.at, Said(N_("They say that something is wrong")), "warn", "held",
                     (Said(OFFICE_REASONS[row.code]),), leads=leads, amount=row.sum)
    if row.source == "disputes:decided":
        look = "" if row.code == "withdrawn" else "bad" if row.code == "rejected" else "in"
        return Entry(row.at, Said(DECIDED[row.code]), "talk", look, by=row.who, leads=leads, amount=row.sum)
    internal = row.extra in ("1", "true")
    title = N_("Remark among the staff") if internal else TITLES[row.code]
    return Entry(row.at, Said(title), "talk", "bad" if row.code == "unproven" else "", quote=row.text, by=row.who,
                 leads=leads)
