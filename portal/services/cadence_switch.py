"""Switching reminders on and off, safe mode, and the business's own days: acts that decide whether anything leaves."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import cadences as rules
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Cadence, Holiday
from portal.runtime import Runtime
from portal.services import audit, cadence_places
from portal.services.audit import staff_actor
from portal.services.cadence_desk import find, lock_draft, note, steps_of, today_at
from portal.services.fact_lookup import lock_business
from portal.services.reminder_facts import step_of

FURTHEST_DAY = timedelta(days=800)
MOST_DAYS = 100
LONGEST_NAME = 80


def switch_on(rt: Runtime, access: StaffAccess, cadence_id: str) -> int:
    """Let a draft begin, in place of the version before it; returns how many invoices follow a cadence now.

    Raises Refusal: role_may_not, prove_first, not_found, cadence_is_on, cadence_has_mistakes.
    """
    now = rt.now()
    access.require("set_up")
    access.require_proof(now)

    def work(session: Session) -> int:
        draft = lock_draft(session, access, cadence_id)
        if rules.mistakes([step_of(step) for step in steps_of(session, draft)]):
            raise Refusal("conflict", "cadence_has_mistakes")
        for earlier in session.scalars(select(Cadence).where(
                Cadence.business_id == access.business_id, Cadence.series == draft.series, Cadence.id != draft.id,
                Cadence.ended_at.is_(None))):
            earlier.ended_at = now
        draft.switched_on_at = now
        session.flush()
        covered = cadence_places.give(session, access.business_id, now)
        note(session, access, draft, "cadence.switched_on", now, version=draft.version, invoices=covered)
        return covered

    return rt.db.run(work)


def switch_off(rt: Runtime, access: StaffAccess, cadence_id: str) -> None:
    """Stop a cadence; its invoices follow another that fits them, or none. Where each stood is kept.

    Raises Refusal: role_may_not, prove_first, not_found, cadence_is_off.
    """
    now = rt.now()
    access.require("set_up")
    access.require_proof(now)

    def work(session: Session) -> None:
        lock_business(session, access.business_id)
        cadence = find(session, access, cadence_id)
        session.refresh(cadence)
        if cadence.switched_on_at is None or cadence.ended_at is not None:
            raise Refusal("conflict", "cadence_is_off")
        cadence.ended_at = now
        session.flush()
        cadence_places.give(session, access.business_id, now)
        note(session, access, cadence, "cadence.switched_off", now, version=cadence.version)

    rt.db.run(work)


def set_safe_mode(rt: Runtime, access: StaffAccess, *, on: bool) -> None:
    """Let nothing leave to any debtor any more, or let things leave again.

    Raises Refusal: role_may_not, prove_first, safe_mode_already.
    """
    now = rt.now()
    access.require("set_up")
    access.require_proof(now)

    def work(session: Session) -> None:
        business = lock_business(session, access.business_id)
        session.refresh(business)
        if (business.safe_mode_at is not None) == on:
            raise Refusal("conflict", "safe_mode_already")
        business.safe_mode_at = now if on else None
        business.version += 1
        audit.record(session, at=now, actor=staff_actor(access), act="safe_mode.on" if on else "safe_mode.off",
                     business_id=business.id, target=f"business:{business.public_id}")

    rt.db.run(work)


def add_day(rt: Runtime, access: StaffAccess, day: date | None, name: str) -> None:
    """Keep a day of its own on which the business writes to nobody; the same day twice keeps the newer name.

    Raises Refusal: role_may_not, own_day_wrong, own_days_many.
    """
    access.require("set_up")
    now = rt.now()

    def work(session: Session) -> None:
        business = lock_business(session, access.business_id)
        today = today_at(session.get_one(Business, business.id), now)
        if day is None or not today <= day <= today + FURTHEST_DAY:
            raise Refusal("invalid", "own_day_wrong")
        mine = session.scalars(select(Holiday).where(
            Holiday.business_id == business.id, Holiday.day >= today)).all()
        known = next((one for one in mine if one.day == day), None)
        if known is None and len(mine) >= MOST_DAYS:
            raise Refusal("conflict", "own_days_many", most=MOST_DAYS)
        if known is None:
            known = Holiday(business_id=business.id, day=day)
            session.add(known)
        known.name = " ".join(name.split())[:LONGEST_NAME]
        audit.record(session, at=now, actor=staff_actor(access), act="own_day.added", business_id=business.id,
                     target=f"business:{business.public_id}", day=day.isoformat())

    rt.db.run(work)


def remove_day(rt: Runtime, access: StaffAccess, day: date | None) -> None:
    """Let the business write on such a day again; raises Refusal role_may_not, not_found."""
    access.require("set_up")
    now = rt.now()

    def work(session: Session) -> None:
        business = lock_business(session, access.business_id)
        known = session.scalars(select(Holiday).where(
            Holiday.business_id == business.id, Holiday.day == day)).one_or_none()
        if known is None or day is None:
            raise Refusal("not_found", "unknown_page")
        session.delete(known)
        audit.record(session, at=now, actor=staff_actor(access), act="own_day.removed", business_id=business.id,
                     target=f"business:{business.public_id}", day=day.isoformat())

    rt.db.run(work)
