"""Borders of the words of reminder steps: a step of another business is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CadenceStep
from portal.services import cadences
from tests.office.matrix import OfficePart, OfficeRow, said


def _step(session: Session, office: OfficePart) -> dict[str, Any]:
    cadence = cadences.propose(session, office.part.business.id, "gentle", now=datetime.now(UTC))
    return {"words.step": session.scalars(
        select(CadenceStep).where(CadenceStep.cadence_id == cadence.id).order_by(CadenceStep.day).limit(1)).one()}


PREPARE = _step
STEP = {"step_id": lambda office: office.things["words.step"].public_id}
# The mark of a step in which nobody has written words yet.
UNTOUCHED = "44136fa355b3678a"
ROWS = {
    ("office.step_words_list", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.step_words", "GET"): OfficeRow("set_up", canary=True, target=STEP),
    ("office.keep_step_words", "POST"): OfficeRow(
        "set_up", own="303 /office/reminders/steps/", target=STEP, audits=1,
        form={"body_en": said("Hello {name}, how are you?"), "version": said(UNTOUCHED)}),
}
