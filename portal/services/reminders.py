"""Sends reminders by hand: one debtor, or everyone with something past its due date. Cadences are no part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.gate import local_day
from portal.domain.ledger import RECEIVABLE
from portal.models import Business, Debtor, Invoice, LedgerAccount, Message, lock_debtor
from portal.runtime import Runtime
from portal.services import audit, gatekeeping, messages


@dataclass(frozen=True)
class Asked:
    """What became of one reminder: queued with its time, or skipped with the reason."""

    debtor_number: str
    state: str
    reason: str
    due_at: datetime


def send_reminder(rt: Runtime, business_slug: str, debtor_number: str) -> Asked:
    """Ask one debtor, in one email, for all that is open; at most once on a debtor's day.

    Raises Refusal: unknown_business, unknown_debtor.
    """
    now = rt.now()

    def work(session: Session) -> Asked:
        business = _business(session, business_slug)
        debtor = _locked(session, business, debtor_number)
        newest = session.scalar(select(func.max(Message.id)).where(Message.debtor_id == debtor.id)) or 0
        day = local_day(now, gatekeeping.zones_of(debtor.timezone, debtor.country, business.timezone))
        message = messages.queue_reminder(session, now, debtor, cause=f"by-hand:{day}")
        if message.id > newest:
            _note(session, now, message)
        return Asked(debtor.number, message.state, message.reason, message.due_at)

    return rt.db.run(work)


def late_debtors(rt: Runtime, business_slug: str) -> Sequence[str]:
    """List the numbers of the debtors with something past its due date, by the business's own calendar.

    Raises Refusal: unknown_business.
    """
    now = rt.now()
    with rt.db.reading() as session:
        business = _business(session, business_slug)
        today = local_day(now, gatekeeping.zones_of(business.timezone, None, business.timezone))
        query = (
            select(Debtor.number).distinct()
            .join(LedgerAccount, (LedgerAccount.business_id == Debtor.business_id)
                  & (LedgerAccount.debtor_id == Debtor.id))
            .join(Invoice, Invoice.id == LedgerAccount.invoice_id)
            .where(Debtor.business_id == business.id, LedgerAccount.kind == RECEIVABLE,
                   LedgerAccount.credits < LedgerAccount.debits, Invoice.due_on < today)
            .order_by(Debtor.number))
        return list(session.scalars(query))


def _business(session: Session, slug: str) -> Business:
    business = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
    if business is None:
        raise Refusal("not_found", "unknown_business", slug=slug)
    return business


def _locked(session: Session, business: Business, number: str) -> Debtor:
    found = session.scalar(select(Debtor.id).where(Debtor.business_id == business.id, Debtor.number == number))
    debtor = lock_debtor(session, business.id, found) if found is not None else None
    if debtor is None:
        raise Refusal("not_found", "unknown_debtor", number=number)
    return debtor


def _note(session: Session, now: datetime, message: Message) -> None:
    audit.record(session, at=now, actor=audit.COMMAND_LINE, act=f"reminder.{message.state}",
                 business_id=message.business_id, debtor_id=message.debtor_id,
                 target=f"message:{message.public_id}", reason=message.reason)
