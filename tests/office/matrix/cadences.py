"""Who may edit reminders, switch them and see what they would do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.models import Cadence, CadenceStep, Holiday, ReminderTrack
from portal.models.base import new_public_id
from tests.office.matrix import OfficePart, OfficeRow, said

NONCE = "c" * 22
HOME = "303 /office/cadences"


def prepare(session: Session, office: OfficePart) -> dict[str, Any]:
    """A cadence that is on and followed, a draft of its next version, one more draft, and a day of their own."""
    part = office.part
    now = part.business.created_at + timedelta(days=400)
    on = _cadence(session, office, "standing", switched_on_at=now)
    draft = _cadence(session, office, "standing", version=2)
    spare = _cadence(session, office, "spare", rank=1)
    drop = _cadence(session, office, "to drop", rank=2)
    solo = _cadence(session, office, "alone", rank=3, audience="consumer", switched_on_at=now)
    step = CadenceStep(business_id=part.business.id, cadence_id=on.id, day=400, tone="friendly", channel="email",
                       created_at=now)
    # On a day in the far future, so that nothing of the stage is written to anybody.
    steps = [CadenceStep(business_id=part.business.id, cadence_id=draft.id, day=day, tone="friendly", channel="email",
                         created_at=now) for day in (390, 396, 399)]
    ready = CadenceStep(business_id=part.business.id, cadence_id=spare.id, day=400, tone="friendly", channel="email",
                        created_at=now)
    day = Holiday(business_id=part.business.id, day=(now + timedelta(days=60)).date(), name=part.marks.word)
    session.add_all([step, *steps, ready, day])
    session.flush()
    invoice = part.owed.invoices[0]
    session.add(ReminderTrack(invoice_id=invoice.id, business_id=part.business.id, debtor_id=part.debtor.id,
                              cadence_id=on.id, look_at=now + timedelta(days=20)))
    session.flush()
    return {"cadence.on": on, "cadence.draft": draft, "cadence.spare": spare, "cadence.drop": drop,
            "cadence.alone": solo,
            "cadence.step": steps[0], "cadence.last": steps[-1], "own_day": day}


def _cadence(session: Session, office: OfficePart, name: str, **changes: Any) -> Cadence:
    business, word = office.part.business, office.part.marks.word
    cadence = Cadence(public_id=new_public_id(), series=f"{name} {word}"[:32], business_id=business.id,
                      name=f"{word} {name}"[:80], preset="own", created_at=business.created_at, **changes)
    session.add(cadence)
    session.flush()
    return cadence


PREPARE = prepare

ON = {"cadence_id": lambda office: office.things["cadence.on"].public_id}
DRAFT = {"cadence_id": lambda office: office.things["cadence.draft"].public_id}
SPARE = {"cadence_id": lambda office: office.things["cadence.spare"].public_id}
ALONE = {"cadence_id": lambda office: office.things["cadence.alone"].public_id}
DROP = {"cadence_id": lambda office: office.things["cadence.drop"].public_id}
STEP = DRAFT | {"step_id": lambda office: office.things["cadence.step"].public_id}
LAST = DRAFT | {"step_id": lambda office: office.things["cadence.last"].public_id}
DEBTOR = {"debtor_id": lambda office: office.part.debtor.public_id}
DAY = {"day": lambda office: office.things["own_day"].day.isoformat()}
WHOM = {"name": said("Large ones"), "audience": said("business"), "history": said("any"), "least": said("")}
TYPED = {"day": said("380"), "tone": said("friendly"), "channel": said("email"), "nonce": said(NONCE)}

ROWS = {
    ("office.cadences", "GET"): OfficeRow("set_up", canary=True, others=("200",)),
    ("office.make_cadence", "POST"): OfficeRow(
        "set_up", own="303 /office/cadences/", others=(),
        form=WHOM | {"preset": said("gentle"), "nonce": said(NONCE)}),
    ("office.cadence", "GET"): OfficeRow("set_up", canary=True, target=DRAFT),
    ("office.draft_cadence", "POST"): OfficeRow("set_up", own="303 /office/cadences/", target=ALONE),
    ("office.drop_cadence", "POST"): OfficeRow("set_up", own=HOME, target=DROP),
    ("office.move_cadence", "POST"): OfficeRow("set_up", own=HOME, target=SPARE, form={"to": said("earlier")}),
    ("office.save_cadence_whom", "POST"): OfficeRow("set_up", own="303 /office/cadences/", target=DRAFT, form=WHOM),
    ("office.add_own_day", "POST"): OfficeRow(
        "set_up", own=HOME, others=(), form=DAY | {"name": said("Inventory")}),
    ("office.remove_own_day", "POST"): OfficeRow("set_up", own=HOME, form=DAY, others=()),
    ("office.preset_cadence", "POST"): OfficeRow(
        "set_up", own="303 /office/cadences/", target=DROP, form={"preset": said("firm")}),
    ("office.add_cadence_step", "POST"): OfficeRow("set_up", own="303 /office/cadences/", target=DRAFT, form=TYPED),
    ("office.cadence_step", "GET"): OfficeRow("set_up", canary=True, target=STEP),
    ("office.save_cadence_step", "POST"): OfficeRow(
        "set_up", own="303 /office/cadences/", target=STEP, form=TYPED | {"day": said("381")}),
    ("office.remove_cadence_step", "POST"): OfficeRow("set_up", own="303 /office/cadences/", target=LAST),
    ("office.swap_cadence_step", "POST"): OfficeRow(
        "set_up", own="303 /office/cadences/", target=STEP, form={"to": said("later")}),
    ("office.review_cadence", "GET"): OfficeRow("set_up", canary=True, target=SPARE),
    ("office.switch_on_cadence", "POST"): OfficeRow("set_up", own=HOME, target=SPARE, proof=True),
    ("office.ask_switch_off", "GET"): OfficeRow("set_up", canary=True, target=ON),
    ("office.switch_off_cadence", "POST"): OfficeRow("set_up", own=HOME, target=ON, proof=True),
    ("office.ask_safe_mode", "GET"): OfficeRow("set_up", others=("200",)),
    ("office.safe_mode_on", "POST"): OfficeRow("set_up", own="303 /office/safe-mode", proof=True, others=()),
    ("office.safe_mode_off", "POST"): OfficeRow("set_up", own="409", proof=True, audits=0, others=()),
    ("office.simulator", "GET"): OfficeRow("see", others=("200",)),
    ("office.debtor_simulator", "GET"): OfficeRow("see", canary=True, target=DEBTOR),
}
