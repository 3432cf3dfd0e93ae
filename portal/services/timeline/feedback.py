"""What they said after paying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, String, cast

from portal.models import Feedback
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words import feedback_words
from portal.words.refusals import N_
from portal.words.said import Said

SAID = N_("Said how it was: %(answer)s")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for their answers."""
    return {"talk": [reads(
        "feedback", at=Feedback.at, id=Feedback.id, code=cast(Feedback.score, String), text=Feedback.body).where(
        Feedback.business_id == scope.business_id, Feedback.debtor_id == scope.debtor_id)]}


def tell(row: Row) -> Entry:
    """Tell which answer was pressed, with their own words."""
    answer = feedback_words.ANSWERS[int(row.code)]
    return Entry(row.at, Said(SAID, {"answer": Said(answer)}), "note", quote=row.text)
