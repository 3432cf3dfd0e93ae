"""What comes next for a debtor, by date, and what has worked with them: calls reached, emails that led to a visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Row, String, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from portal.models import Debtor, DeliveryReport, Message, Note, Payment, PortalLink
from portal.models.base import UtcDateTime

SHOWN = 6
REACHED = ("reached", "promised", "call_back")


@dataclass(frozen=True)
class Coming:
    """Something with a day, such as an invoice that falls due or a hold that ends.

    `what` is due, offer, hold, email, promise or payment; `name` the number or code it goes by.
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
    emails = select(
        literal("email").label("what"), Message.due_at.label("at"), cast(null(), Date).label("day"),
        Message.kind.label("name"), literal(0).label("amount"), literal("").label("currency"),
    ).where(Message.debtor_id == debtor.id, Message.business_id == debtor.business_id, Message.state == "queued",
            Message.due_at > now)
    promises = select(
        literal("promise"), cast(null(), UtcDateTime()), Note.promised_on, literal(""), literal(0), literal(""),
    ).where(Note.debtor_id == debtor.id, Note.business_id == debtor.business_id, Note.promised_on >= today)
    payments = select(
        literal("payment"), Payment.created_at, cast(null(), Date), Payment.number, Payment.amount_minor,
        cast(Payment.currency, String),
    ).where(Payment.debtor_id == debtor.id, Payment.business_id == debtor.business_id, Payment.state == "processing")
    rows: Sequence[Row[*tuple[Any, ...]]] = session.execute(union_all(emails, promises, payments)).all()
    for row in rows:
        moment = now if row.what == "payment" else row.at or row.day
        found.append(Coming(row.what, moment, row.name, row.amount, row.currency))
    ahead = [one for one in found if _day(one.at, now) >= today]
    return sorted(ahead, key=lambda one: (_day(one.at, now), one.what))[:SHOWN]


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
