"""Time that was asked for and given, promised days, and payments somebody told of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, or_

from portal.models import Arrangement, ArrangementRound, PaymentClaim, Staff
from portal.services.timeline.entry import Entry, Lead, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import On, Said

STEPS = {
    "debtor:asked": N_("They asked for time"), "debtor:accepted": N_("They took the day that was offered"),
    "debtor:referred": N_("They asked a person to decide"), "debtor:withdrawn": N_("They took it back"),
    "rules:accepted": N_("Time was given by your rules"), "rules:countered": N_("Your rules offered another day"),
    "rules:referred": N_("Your rules asked for a person"), "staff:accepted": N_("Time was given"),
    "staff:countered": N_("Another day was offered"), "staff:refused": N_("Time was refused"),
    "staff:ended": N_("Time was ended"),
}
SETTLING = {
    "debtor:asked": N_("They asked to settle"),
    "debtor:referred": N_("They asked a person to decide"), "debtor:withdrawn": N_("They took it back"),
    "rules:accepted": N_("Your rules agreed to a settlement"), "rules:countered": N_("Your rules named another sum"),
    "rules:referred": N_("Your rules asked for a person"), "rules:refused": N_("Your rules said no to a settlement"),
    "rules:ended": N_("An offer to settle ran out"), "staff:accepted": N_("A settlement was agreed to"),
    "staff:countered": N_("A settlement was offered"), "staff:refused": N_("A settlement was refused"),
    "staff:ended": N_("An offer to settle was taken back"),
}
SETTLED = {"kept": N_("The settlement was kept"), "broken": N_("The settlement was not kept")}
PROMISES = {"made": N_("They promised to pay by %(day)s"), "kept": N_("The promise was kept"),
            "broken": N_("The promised day passed unpaid")}
CLAIMS = {"waiting": N_("They said that they had paid"), "matched": N_("The payment they told of was found"),
          "rejected": N_("The payment they told of was not found"), "withdrawn": N_("They took it back")}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for every step about time, for promises with how they ended, and for payments they told of."""
    # Only who decides about time reads why it is asked for; that is promised beside the field.
    mine = (Arrangement.business_id == scope.business_id, Arrangement.debtor_id == scope.debtor_id)
    steps = (
        reads("arrangements:step", at=ArrangementRound.at, id=ArrangementRound.id,
              code=ArrangementRound.said_by + ":" + ArrangementRound.what, word=Arrangement.kind,
              text=ArrangementRound.words if scope.reads_reasons else "", ref=Arrangement.public_id,
              extra=ArrangementRound.until, who=Staff.name)
        .join(Arrangement, Arrangement.id == ArrangementRound.arrangement_id)
        .outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        .where(*mine, Arrangement.kind.in_(("deferral", "hardship"))))
    settling = (
        reads("arrangements:settling", at=ArrangementRound.at, id=ArrangementRound.id,
              code=ArrangementRound.said_by + ":" + ArrangementRound.what,
              text=ArrangementRound.words if scope.reads_reasons else "", ref=Arrangement.public_id,
              extra=ArrangementRound.until, who=Staff.name, amount=ArrangementRound.amount_minor,
              currency=Arrangement.currency)
        .join(Arrangement, Arrangement.id == ArrangementRound.arrangement_id)
        .outerjoin(Staff, Staff.id == ArrangementRound.staff_id)
        # The signature is told with what was signed, by agreements.py.
        .where(*mine, Arrangement.kind == "settlement",
               or_(ArrangementRound.said_by != "debtor", ArrangementRound.what != "accepted")))
    settled = reads("arrangements:settled", at=Arrangement.ended_at, id=Arrangement.id, code=Arrangement.state,
                    ref=Arrangement.public_id, amount=Arrangement.amount_minor, currency=Arrangement.currency).where(
        *mine, Arrangement.kind == "settlement", Arrangement.state.in_(("kept", "broken")))
    promise = (*mine, Arrangement.kind == "promise")
    made = reads("arrangements:promise", at=Arrangement.asked_at, id=Arrangement.id, code="made",
                 extra=Arrangement.asked_until, amount=Arrangement.amount_minor,
                 currency=Arrangement.currency).where(*promise)
    ended = reads("arrangements:promise", at=Arrangement.ended_at, id=Arrangement.id, code=Arrangement.state,
                  extra=Arrangement.asked_until).where(
        *promise, Arrangement.state.in_(("kept", "broken")))
    told = (PaymentClaim.business_id == scope.business_id, PaymentClaim.debtor_id == scope.debtor_id)
    claims = reads("arrangements:claim", at=PaymentClaim.claimed_at, id=PaymentClaim.id, code="waiting",
                   text=PaymentClaim.words, amount=PaymentClaim.amount_minor, currency=PaymentClaim.currency,
                   ref=PaymentClaim.public_id).where(*told)
    answers = reads("arrangements:claim", at=PaymentClaim.decided_at, id=PaymentClaim.id, code=PaymentClaim.state,
                    text=PaymentClaim.answer, ref=PaymentClaim.public_id, who=Staff.name).outerjoin(
        Staff, Staff.id == PaymentClaim.staff_id).where(*told, PaymentClaim.state != "waiting")
    return {"talk": [steps, settling, settled, made, ended, claims, answers]}


def tell(row: Row) -> Entry:
    """Tell what was asked, said and decided."""
    if row.source == "arrangements:claim":
        lead = Lead("office.queue_item", {"name": "claims", "item": row.ref}, N_("Open it"))
        look = "bad" if row.code == "rejected" else ""
        return Entry(row.at, Said(CLAIMS[row.code]), "talk", look, quote=row.text, by=row.who, leads=(lead,),
                     amount=row.sum)
    if row.source == "arrangements:promise":
        title = Said(PROMISES[row.code], {"day": _day(row)} if row.code == "made" else {})
        return Entry(row.at, title, "talk", "bad" if row.code == "broken" else "", amount=row.sum)
    if row.source in ("arrangements:settling", "arrangements:settled"):
        return _settling(row)
    lead = Lead("office.queue_item", {"name": "time", "item": row.ref}, N_("Open it"))
    lines = (Said(N_("Until %(day)s."), {"day": _day(row)}),) if row.extra else ()
    return Entry(row.at, Said(STEPS.get(row.code, N_("Time was changed"))), "talk", lines=lines, quote=row.text,
                 by=row.who, leads=(lead,))


def _settling(row: Row) -> Entry:
    lead = Lead("office.queue_item", {"name": "settlements", "item": row.ref}, N_("Open it"))
    if row.source == "arrangements:settled":
        return Entry(row.at, Said(SETTLED[row.code]), "talk", "bad" if row.code == "broken" else "", leads=(lead,),
                     amount=row.sum)
    return Entry(row.at, Said(SETTLING.get(row.code, N_("A settlement was changed"))), "talk", quote=row.text,
                 by=row.who, leads=(lead,), amount=row.sum)


def _day(row: Row) -> On:
    return On(date.fromisoformat(row.extra))
