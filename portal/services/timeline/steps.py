"""Steps of a cadence that waited, each with its reason, and calls that one asked for.

An email that a step made is told with the emails; a letter with the letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from portal.models import CadenceStep, Invoice, StepOutcome
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words import cadences, happenings, step_words
from portal.words.refusals import N_
from portal.words.said import Plain, Said

WAITED = {
    "email": N_("Reminder step waits: email (%(tone)s) for %(number)s"),
    "letter": N_("Reminder step waits: letter (%(tone)s) for %(number)s"),
    "call": N_("Reminder step waits: call (%(tone)s) for %(number)s"),
}
CALL = N_("A call is asked for: %(tone)s, for %(number)s")


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for what held a step, told once for as long as the reason stays, and for the calls that came of steps."""
    asked = (
        reads("steps:step", at=StepOutcome.at, id=StepOutcome.id, code=StepOutcome.outcome, word=CadenceStep.channel,
              extra=StepOutcome.reason, text=Invoice.number, who=CadenceStep.tone)
        .join(CadenceStep, CadenceStep.id == StepOutcome.step_id)
        .join(Invoice, Invoice.id == StepOutcome.invoice_id)
        .where(StepOutcome.business_id == scope.business_id, StepOutcome.debtor_id == scope.debtor_id))
    return {"unsent": [asked.where(StepOutcome.outcome != "taken")],
            "talk": [asked.where(StepOutcome.outcome == "taken", StepOutcome.made.startswith("call:"))]}


def tell(row: Row) -> Entry:
    """Tell one step of one invoice."""
    values = {"tone": happenings.named(step_words.TONES, row.who), "number": Plain(row.text)}
    if row.code == "taken":
        return Entry(row.at, Said(CALL, values), "phone")
    why = happenings.named({**happenings.MESSAGE_REASONS, **cadences.WHY}, row.extra)
    return Entry(row.at, Said(WAITED[row.word], values), "hold", "held", (why,))
