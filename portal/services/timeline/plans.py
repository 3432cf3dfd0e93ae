"""Plans: every step of how each came about, how it was changed, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, or_

from portal.models import Arrangement, ArrangementRound, Staff
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Said

STEPS = {
    "debtor:asked": N_("They proposed a plan"),
    "debtor:changed": N_("They chose how the plan is paid"), "debtor:moved": N_("They changed payments of the plan"),
    "debtor:withdrawn": N_("They took the plan back"), "rules:accepted": N_("The plan fits your rules"),
    "rules:referred": N_("Your rules asked for a person about the plan"), "rules:ended": N_("The plan is over"),
    "rules:countered": N_("The plan no longer covered everything: a changed one was proposed"),
    "rules:moved": N_("The changed plan followed what came in"),
    "debtor:replaced": N_("A changed plan took its place"),
    "staff:accepted": N_("The plan was agreed to"), "staff:countered": N_("A plan was offered"),
    "staff:refused": N_("The plan was refused"), "staff:ended": N_("The plan was ended"),
}
ENDS = {"kept": N_("The plan is paid"), "broken": N_("The plan was not kept")}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every step about a plan but its signature, which agreements.py tells, and for how those that ran end."""
    mine = (Arrangement.business_id == scope.business_id, Arrangement.debtor_id == scope.debtor_id,
            Arrangement.kind == "plan")
    steps = (
        reads("plans:step", at=ArrangementRound.at, id=ArrangementRound.id,
              code=ArrangementRound.said_by + ":" + ArrangementRound.what,
              text=ArrangementRound.words if scope.reads_reasons else "", ref=Arrangement.public_id,
              amount=ArrangementRound.amount_minor, currency=Arrangement.currency, who=Staff.name)
        .join(Arrangement, Arrangement.id == ArrangementRound.arrangement_id)
        .outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        .where(*mine, or_(ArrangementRound.said_by != "debtor", ArrangementRound.what != "accepted")))
    ends = reads("plans:end", at=Arrangement.ended_at, id=Arrangement.id, code=Arrangement.state,
                 ref=Arrangement.public_id).where(*mine, Arrangement.state.in_(tuple(ENDS)))
    return {"talk": [steps, ends]}


def tell(row: Row) -> Entry:
    """Tell what was proposed, answered, signed or changed, and the end of it."""
    lead = Lead("office.queue_item", {"name": "plans", "item": row.ref}, N_("Open it"))
    if row.source == "plans:end":
        return Entry(row.at, Said(ENDS[row.code]), "talk", "bad" if row.code == "broken" else "in", leads=(lead,))
    return Entry(row.at, Said(STEPS.get(row.code, N_("The plan was changed"))), "talk", quote=row.text, by=row.who,
                 leads=(lead,), amount=row.sum)
