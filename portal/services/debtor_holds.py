"""Holds that staff make and lift: reminders or fees rest for a debtor or one invoice, with a reason and an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Hold
from portal.runtime import Runtime
from portal.services import debtor_desk, nonces, standings
from portal.services.audit import record, staff_actor

# Every other hold ends with what caused it, such as a dispute that is answered or a bank debit that arrives.
LIFTABLE = ("staff", "promise", "already_paid", "transfer", "import")
REASONS = ("agreed", "checking", "hardship", "goods_missing", "other")
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Pause:
    """What is to rest, on the whole account or one invoice, until a day (included) or until somebody lifts it."""

    reminders: bool
    fees: bool
    reason: str
    nonce: str
    words: str = ""
    invoice_id: str = ""
    until: date | None = None


def pause(rt: Runtime, access: StaffAccess, debtor_id: str, wanted: Pause) -> str:
    """Make a hold; returns its public id.

    Raises Refusal: not_found, debtor_erased, hold_empty, unknown_reason, hold_day_wrong.
    """
    access.require("work")
    now = rt.now()
    if not (wanted.reminders or wanted.fees):
        raise Refusal("invalid", "hold_empty")
    if wanted.reason not in REASONS:
        raise Refusal("invalid", "unknown_reason")

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        public_id = nonces.public_id(access, "hold", wanted.nonce)
        if session.scalar(select(Hold.id).where(Hold.public_id == public_id)) is not None:
            return public_id
        invoice = debtor_desk.invoice_of(session, debtor, wanted.invoice_id) if wanted.invoice_id else None
        session.add(Hold(
            public_id=public_id, business_id=access.business_id, debtor_id=debtor.id,
            invoice_id=invoice.id if invoice else None, reminders=wanted.reminders, fees=wanted.fees, cause="staff",
            cause_id=public_id, starts_at=now, until=_end(session, access, wanted.until, now)))
        debtor_desk.keep_words(session, access, debtor, now, f"hold:{public_id}", wanted.words,
                               code=wanted.reason)
        record(session, at=now, actor=staff_actor(access), act="hold.made", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", hold=public_id, reminders=wanted.reminders,
               fees=wanted.fees, reason=wanted.reason, until=str(wanted.until or ""),
               invoice=invoice.public_id if invoice else "")
        standings.recount_one(session, access.business_id, debtor.id, now)
        return public_id

    return rt.db.run(work)


def lift(rt: Runtime, access: StaffAccess, debtor_id: str, hold_id: str) -> None:
    """End a hold now; ending it twice changes nothing. Raises Refusal: not_found, hold_has_cause."""
    access.require("work")
    now = rt.now()

    def work(session: Session) -> None:
        debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
        hold = session.scalars(select(Hold).where(
            Hold.public_id == hold_id, Hold.business_id == access.business_id,
            Hold.debtor_id == debtor.id)).one_or_none()
        if hold is None:
            raise Refusal("not_found", "unknown_page")
        if hold.cause not in LIFTABLE:
            raise Refusal("conflict", "hold_has_cause")
        if hold.released_at is not None:
            return
        hold.released_at = now
        record(session, at=now, actor=staff_actor(access), act="hold.lifted", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", hold=hold.public_id, cause=hold.cause)
        standings.recount_one(session, access.business_id, debtor.id, now)

    rt.db.run(work)


def _end(session: Session, access: StaffAccess, until: date | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    zone = debtor_desk.zone_of(session, access)
    today = now.astimezone(zone).date()
    if not today <= until <= today + FURTHEST:
        raise Refusal("invalid", "hold_day_wrong")
    return datetime.combine(until + timedelta(days=1), time(), zone)
