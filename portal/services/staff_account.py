"""What a person does with their own account: see and end sessions, change the password, name and language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.passwords import LONGEST
from portal.models import Business, Membership, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import staff_attempts, staff_passwords, staff_recovery, staff_sessions
from portal.services.staff_sessions import StaffVisit
from portal.services.staff_sign_in import note
from portal.words import LANGUAGES

LONGEST_NAME = 120


@dataclass(frozen=True)
class SessionView:
    """One signed-in browser as its person sees it."""

    public_id: str
    device: str
    began_at: datetime
    seen_at: datetime
    here: bool


@dataclass(frozen=True)
class AccountView:
    """A person's own account."""

    sessions: tuple[SessionView, ...]
    recovery_left: int


def look(rt: Runtime, visit: StaffVisit) -> AccountView:
    """Give the account of the person at the desk. Writes nothing."""
    with rt.db.reading() as session:
        rows = session.scalars(
            select(StaffSession)
            .where(StaffSession.staff_id == visit.staff.id, StaffSession.ended_at.is_(None),
                   StaffSession.created_at > rt.now() - staff_sessions.LONGEST)
            .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc()))
        return AccountView(
            tuple(SessionView(row.public_id, row.device, row.created_at, row.seen_at, row.id == visit.session_id)
                  for row in rows),
            staff_recovery.left(session, visit.staff.id))


def end_session(rt: Runtime, visit: StaffVisit, public_id: str) -> None:
    """End one of the person's own sessions; raises Refusal not_found/unknown_page."""
    now = rt.now()

    def work(session: Session) -> None:
        ended = session.execute(
            update(StaffSession)
            .where(StaffSession.staff_id == visit.staff.id, StaffSession.public_id == public_id,
                   StaffSession.ended_at.is_(None))
            .values(ended_at=now))
        if not ended.rowcount:  # type: ignore[attr-defined]
            raise Refusal("not_found", "unknown_page")
        note(session, now, visit, "staff.session_ended", ended=1)

    rt.db.run(work)


def end_other_sessions(rt: Runtime, visit: StaffVisit) -> int:
    """End all of the person's sessions but the one at hand; gives how many."""
    now = rt.now()

    def work(session: Session) -> int:
        ended = staff_sessions.end_of(session, now, visit.staff.id, but=visit.session_id)
        note(session, now, visit, "staff.session_ended", ended=ended)
        return ended

    return rt.db.run(work)


def change_password(rt: Runtime, visit: StaffVisit, old: str, new: str, network: str) -> None:
    """Change the password of who knows the old one; all other sessions end.

    Raises Refusal: invalid/old_password_wrong, invalid/password_…, too_many/sign_in_wait.
    """
    staff_passwords.refuse_weak(new, *own_names(rt, visit.staff.id))
    # Counted apart: whoever mistypes here can still sign in elsewhere, and strangers at the door lock nobody out here.
    attempt = staff_attempts.take(rt, "password", visit.staff.email, network, "password-change")
    with rt.db.reading() as session:
        stored = session.get_one(Staff, visit.staff.id).password_hash
    if not staff_passwords.matches(stored, old if len(old) <= LONGEST else ""):
        raise Refusal("invalid", "old_password_wrong")
    fresh, now = staff_passwords.hashed(new), rt.now()

    def work(session: Session) -> None:
        staff_attempts.pass_(session, attempt)
        session.get_one(Staff, visit.staff.id).password_hash = fresh
        staff_sessions.end_of(session, now, visit.staff.id, but=visit.session_id)
        note(session, now, visit, "staff.password_changed")

    rt.db.run(work)


def change_details(rt: Runtime, visit: StaffVisit, *, name: str, locale: str) -> None:
    """Change the person's own name and language; raises Refusal invalid: name_missing, language_unknown."""
    checked, now = checked_name(name), rt.now()
    if locale not in LANGUAGES:
        raise Refusal("invalid", "language_unknown", known=", ".join(LANGUAGES))

    def work(session: Session) -> None:
        staff = session.get_one(Staff, visit.staff.id)
        changed = [field for field, value in (("name", checked), ("locale", locale)) if getattr(staff, field) != value]
        staff.name, staff.locale = checked, locale
        note(session, now, visit, "staff.details_changed", what=changed)

    rt.db.run(work)


def checked_name(name: str) -> str:
    """Give a person's name as it is kept; raises Refusal invalid/name_missing."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME:
        raise Refusal("invalid", "name_missing", most=LONGEST_NAME)
    return plain


def own_names(rt: Runtime, staff_id: int) -> tuple[str, ...]:
    """Give what a person's password must not be: their address, their name, and the names of their businesses."""
    with rt.db.reading() as session:
        staff = session.get_one(Staff, staff_id)
        businesses = session.scalars(
            select(Business.name).join(Membership, Membership.business_id == Business.id)
            .where(Membership.staff_id == staff_id))
        return (staff.email, staff.name, *businesses)
