"""What comes next for a debtor, by date, and what has worked with them: calls reached, emails that led to a visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.reminding import TAKEN
from portal.models import Debtor, DeliveryReport, Message, Note, PortalLink
from portal.services import next_steps
from portal.services.next_agreed import Installment
from portal.services.next_steps import Next

SHOWN = 8
MOST_STEPS = 4
REACHED = ("reached", "promised", "call_back")


@dataclass(frozen=True)
class Coming:
    """Something with a day, such as an invoice that falls due or a hold that ends.

    `what` is due, offer, hold, email, promise, payment, fee, installment, charge, uncharged, or
    a reminder step: step_email, step_letter, step_call,
    and step_waits for one that begins to wait. `name` is the number or code it goes by: of a step its tone, of one that
    waits its reason.
    """

    what: str
    at: date | datetime
    name: str
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Habits:
    """How calls and emails have worked: tried and with success. An email that came back was never an email to them."""

    calls: int
    reached: int
    emails: int
    led_to_visit: int


def coming(session: Session, debtor: Debtor, now: datetime, today: date, dues: Sequence[Coming],
           holds: Sequence[tuple[datetime, str]]) -> list[Coming]:
    """List what has a day from today on, the soonest first."""
    found = [*dues, *(Coming("hold", until, cause) for until, cause in holds)]
    told = next_steps.of(session, debtor.business_id, debtor.id, now, today)
    for other in told.others:
        # A payment on its way is of this moment, whenever it was begun.
        moment = now if other.what == "paying" else other.at or other.day
        assert moment is not None
        what = "payment" if other.what == "paying" else other.what
        found.append(Coming(what, moment, other.name, other.amount_minor, other.currency))
    found += _steps(told)
    ahead = [one for one in found if _day(one.at, now) >= today] + _installments(told)
    return sorted(ahead, key=lambda one: (_day(one.at, now), one.what))[:SHOWN]


def _installments(told: Next) -> list[Coming]:
    """Tell the next payments of their plans; one that is missing stays on top."""
    return [Coming(_paid_how(one), one.due_on, f"{one.method}|{one.last4}", one.amount_minor, one.currency)
            for one in told.agreed.installments]


def _paid_how(one: Installment) -> str:
    """Say whether an installment is charged, waits, would be but for a missing card or account, or is paid by hand."""
    if one.charged or one.waits:
        return "charge" if one.charged else "waiting"
    return "uncharged" if one.lacks_method else "installment"


def _steps(told: Next) -> list[Coming]:
    """Tell the next reminder steps, and what stops each."""
    steps = [Coming(f"step_{event.channel}" if event.what == TAKEN else "step_waits", event.at,
                    event.step.tone if event.what == TAKEN else event.reason) for event in told.events[:MOST_STEPS]]
    return [*steps, *(Coming("fee", day, "") for _invoice, day in told.fees[:1])]


def habits(session: Session, debtor: Debtor) -> Habits:
    """Count how calls and emails have worked with a debtor."""
    calls = select(func.count()).select_from(Note).where(
        Note.debtor_id == debtor.id, Note.business_id == debtor.business_id, Note.kind == "call")
    came_back = select(DeliveryReport.id).where(
        DeliveryReport.message_id == Message.message_id, DeliveryReport.kind == "bounce").exists()
    emails = select(func.count()).select_from(Message).where(
        Message.debtor_id == debtor.id, Message.business_id == debtor.business_id, Message.state == "sent",
        Message.link_id.is_not(None), ~came_back)
    opened = emails.join(PortalLink, PortalLink.id == Message.link_id).where(PortalLink.first_opened_at.is_not(None))
    row = session.execute(select(
        calls.scalar_subquery(), calls.where(Note.result.in_(REACHED)).scalar_subquery(), emails.scalar_subquery(),
        opened.scalar_subquery())).one()
    return Habits(*row)


def _day(at: date | datetime, now: datetime) -> date:
    return at.astimezone(now.tzinfo).date() if isinstance(at, datetime) else at
