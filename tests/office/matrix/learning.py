"""Borders of the page of what works: what debtors wrote is read in their own business alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import CadenceStep, Feedback, StepOutcome
from portal.services import cadences
from tests.office.matrix import OfficePart, OfficeRow


def _followed(session: Session, office: OfficePart) -> dict[str, Any]:
    """A step that was taken a month ago, and an answer with words."""
    at, part = datetime.now(UTC) - timedelta(days=30), office.part
    cadence = cadences.propose(session, part.business.id, "firm", now=at)
    step = session.scalars(select(CadenceStep).where(CadenceStep.cadence_id == cadence.id).limit(1)).one()
    session.add(StepOutcome(
        business_id=part.business.id, debtor_id=part.debtor.id, invoice_id=part.owed.invoices[0].id, step_id=step.id,
        outcome="taken", reason="due", local_day=at.date(), at=at))
    session.add(Feedback(
        business_id=part.business.id, debtor_id=part.debtor.id, payment_id=part.payments["received"].id, score=3,
        body=f"{part.marks.word} was kind", at=at))
    return {}


PREPARE = _followed
ROWS = {("office.learning", "GET"): OfficeRow("see", canary=True, others=("200",))}
