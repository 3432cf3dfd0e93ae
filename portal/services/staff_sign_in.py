"""The way into the office: password, then a code; each step ends the session before it and begins another.

Whether an address is known shows nowhere: every try costs one row, one question and one hash, and gets one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.passwords import LONGEST
from portal.models import Membership, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import (
    staff_attempts,
    staff_codes,
    staff_devices,
    staff_passwords,
    staff_recovery,
    staff_sessions,
)
from portal.services.audit import Actor, record
from portal.services.staff_sessions import StaffVisit


@dataclass(frozen=True)
class Browser:
    """Where a try comes from: the network's address, and the device's name for the list of sessions.

    `kept` are the cookies of staff_devices, by the public id of their person.
    """

    network: str
    device: str
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SignedIn:
    """A session that stands: its key for the cookie, and how many recovery codes are left."""

    key: str
    recovery_left: int


def nobody_yet(rt: Runtime) -> bool:
    """Say whether this installation has no staff at all, so that the page can say how it begins."""
    with rt.db.reading() as session:
        return session.scalar(select(Staff.id).limit(1)) is None


def give_password(rt: Runtime, email: str, password: str, browser: Browser, *, replaces: int | None) -> str:
    """Compare a password; gives the key of a session that opens the second step and nothing else.

    Raises Refusal: invalid/sign_in_wrong, too_many/sign_in_wait.
    """
    attempt = _try(rt, email, browser)
    staff = _by_email(rt, email)
    # What is longer than any password of ours is no password; it costs a hash all the same.
    given = password if len(password) <= LONGEST else ""
    right = staff_passwords.matches(staff.password_hash if staff else "", given)
    if staff is None or not right or staff.disabled_at is not None:
        raise Refusal("invalid", "sign_in_wrong")
    fresh = staff_passwords.hashed(given) if staff_passwords.is_outdated(staff.password_hash) else ""
    now, staff_id = rt.now(), staff.id

    def work(session: Session) -> str:
        staff_attempts.pass_(session, attempt)
        person = session.get_one(Staff, staff_id)
        if fresh:
            person.password_hash = fresh
        if replaces is not None:
            staff_sessions.end(session, now, replaces)
        return staff_sessions.start(session, now, person, device=browser.device, business_id=None)

    return rt.db.run(work)


def _try(rt: Runtime, email: str, browser: Browser) -> int:
    try:
        return staff_attempts.take(rt, "password", email, browser.network)
    except Refusal:
        # Strangers can use up the tries of any address they know; a browser of that very person has tries of its own.
        if not staff_devices.knows(rt, email, browser.kept):
            raise
    return staff_attempts.take(rt, "password", email, browser.network, "known-device")


def give_code(rt: Runtime, visit: StaffVisit, typed: str, browser: Browser) -> SignedIn:
    """Compare the code of the app; gives the session of a person who is in.

    Raises Refusal: invalid/office_code_empty, invalid/office_code_wrong, invalid/office_code_used,
    too_many/sign_in_wait.
    """
    if not typed.strip():
        raise Refusal("invalid", "office_code_empty")
    attempt = staff_attempts.take(rt, "totp", visit.staff.email, browser.network)
    now = rt.now()

    def right(session: Session, staff: Staff) -> str:
        step = staff_codes.step_of(staff_codes.unseal(rt.settings, staff.totp_secret), typed, now)
        if staff_codes.spend(session, staff.id, step):
            return ""
        return "office_code_wrong" if step is None else "office_code_used"

    return _finish(rt, now, visit, browser, attempt, "code", right)


def give_recovery_code(rt: Runtime, visit: StaffVisit, typed: str, browser: Browser) -> SignedIn:
    """Compare a recovery code, which then is used up; gives the session of a person who is in.

    Raises Refusal: invalid/recovery_code_wrong, too_many/sign_in_wait.
    """
    attempt = staff_attempts.take(rt, "recovery", visit.staff.email, browser.network)
    now = rt.now()

    def right(session: Session, staff: Staff) -> str:
        return "" if staff_recovery.spend(session, rt, now, staff.id, typed) else "recovery_code_wrong"

    return _finish(rt, now, visit, browser, attempt, "recovery_code", right)


def _finish(rt: Runtime, now: datetime, visit: StaffVisit, browser: Browser, attempt: int, by: str,
            wrong: Callable[[Session, Staff], str]) -> SignedIn:
    def work(session: Session) -> SignedIn | str:
        staff = session.get_one(Staff, visit.staff.id)
        why = wrong(session, staff)
        if why:
            return why
        staff_attempts.pass_(session, attempt)
        staff_sessions.end(session, now, visit.session_id)
        return SignedIn(enter(session, now, staff, browser, act="staff.signed_in", by=by),
                        staff_recovery.left(session, staff.id))

    found = rt.db.run(work)
    if isinstance(found, str):
        raise Refusal("invalid", found, tries=staff_attempts.codes_left(rt, visit.staff.email))
    return found


def enter(session: Session, now: datetime, staff: Staff, browser: Browser, *, act: str, **details: Any) -> str:
    """Begin the session of a person who has passed both steps, and note it; gives its key."""
    business_id = business_to_open(session, staff.id)
    record(session, at=now, actor=Actor("staff", staff.public_id), act=act, business_id=business_id,
           target=f"staff:{staff.public_id}", **details)
    return staff_sessions.start(session, now, staff, device=browser.device, business_id=business_id,
                                second_factor=True)


def business_to_open(session: Session, staff_id: int) -> int | None:
    """Tell for which business a person begins: the one they worked for last, or the only one; else they choose."""
    theirs = list(session.scalars(select(Membership.business_id).where(
        Membership.staff_id == staff_id, Membership.ended_at.is_(None))))
    last = session.scalar(
        select(StaffSession.business_id)
        .where(StaffSession.staff_id == staff_id, StaffSession.business_id.in_(theirs))
        .order_by(StaffSession.id.desc()).limit(1))
    return last or (theirs[0] if len(theirs) == 1 else None)


def sign_out(rt: Runtime, visit: StaffVisit) -> None:
    """End the session of this browser."""
    now = rt.now()
    with rt.db.transaction() as session:
        staff_sessions.end(session, now, visit.session_id)
        note(session, now, visit, "staff.signed_out")


def note(session: Session, now: datetime, visit: StaffVisit, act: str, **details: Any) -> None:
    """Note what a person did to their own account, in the trail of the business they are working for."""
    record(session, at=now, actor=Actor("staff", visit.staff.public_id), act=act,
           business_id=visit.access.business_id if visit.access else None,
           target=f"staff:{visit.staff.public_id}", **details)


def _by_email(rt: Runtime, email: str) -> Staff | None:
    with rt.db.reading() as session:
        return session.scalars(select(Staff).where(Staff.email == email.strip().lower())).one_or_none()
