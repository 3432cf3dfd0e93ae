"""Safe mode of a business: since when nothing leaves, and what would have left meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.domain.roles import StaffAccess
from portal.models import Business, CadenceStep, Debtor, Invoice, Message, StepOutcome
from portal.runtime import Runtime

REASON = "safe_mode"
SHOWN = 100


@dataclass(frozen=True)
class KeptStep:
    """A step that would have been taken: whose, for which invoice, by what, on which day."""

    debtor_id: str
    debtor: str
    invoice: str
    tone: str
    channel: str
    day: date


@dataclass(frozen=True)
class KeptMessage:
    """An email that waits until safe mode ends."""

    public_id: str
    debtor_id: str
    debtor: str
    kind: str
    made_at: datetime


@dataclass(frozen=True)
class SafeMode:
    """The newest of each, the first ones that are shown; `more` where there are others."""

    since: datetime | None
    everywhere: bool
    steps: tuple[KeptStep, ...]
    messages: tuple[KeptMessage, ...]
    more: bool


def look(rt: Runtime, access: StaffAccess) -> SafeMode:
    """Show safe mode; `everywhere` says that the whole installation sends nothing."""
    access.require("set_up")
    with rt.db.reading() as session:
        since = session.get_one(Business, access.business_id).safe_mode_at
        if since is None:
            return SafeMode(None, rt.settings.mail_safe_mode, (), (), more=False)
        mine = select(CadenceStep.id).where(CadenceStep.business_id == access.business_id)
        steps = session.execute(
            select(Debtor.public_id, Debtor.name, Invoice.number, CadenceStep.tone, CadenceStep.channel,
                   StepOutcome.local_day)
            .join(Debtor, Debtor.id == StepOutcome.debtor_id).join(Invoice, Invoice.id == StepOutcome.invoice_id)
            .join(CadenceStep, CadenceStep.id == StepOutcome.step_id)
            .where(StepOutcome.step_id.in_(mine), StepOutcome.outcome == "held", StepOutcome.reason == REASON,
                   StepOutcome.at >= since)
            .order_by(StepOutcome.id.desc()).limit(SHOWN + 1)).all()
        messages = session.execute(
            select(Message.public_id, Debtor.public_id, Debtor.name, Message.kind, Message.created_at)
            .join(Debtor, Debtor.id == Message.debtor_id)
            .where(Message.business_id == access.business_id, Message.state == "queued", Message.reason == REASON)
            .order_by(Message.created_at.desc(), Message.id.desc()).limit(SHOWN + 1)).all()
    return SafeMode(
        since, rt.settings.mail_safe_mode, tuple(KeptStep(*row) for row in steps[:SHOWN]),
        tuple(KeptMessage(*row) for row in messages[:SHOWN]), len(steps) > SHOWN or len(messages) > SHOWN)
