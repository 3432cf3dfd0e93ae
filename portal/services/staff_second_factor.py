"""Setting up the second factor: a secret for the authenticator app, kept only when a code of it has been entered.

Until then the secret travels in the form, encrypted and bound to the person: looking at the page writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Staff, StaffSession
from portal.runtime import Runtime
from portal.services import staff_attempts, staff_codes, staff_recovery, staff_sessions
from portal.services.staff_sessions import StaffVisit
from portal.services.staff_sign_in import Browser, enter, note


@dataclass(frozen=True)
class Offered:
    """A secret on offer: `sealed` for the form, `secret` to type, `address` for the QR code."""

    sealed: str
    secret: str
    address: str


@dataclass(frozen=True)
class SetUp:
    """A second factor that works: ten recovery codes, shown this once, and the new session's key."""

    recovery_codes: tuple[str, ...]
    key: str


def offer(rt: Runtime, visit: StaffVisit) -> Offered:
    """Make a secret for a person's app. Writes nothing."""
    return _offered(rt, visit, staff_codes.new_secret())


def offer_again(rt: Runtime, visit: StaffVisit, sealed: str) -> Offered:
    """Give the offer that a form carries, for its next try; a new one when it is not this person's."""
    return _offered(rt, visit, _opened(rt, visit, sealed) or staff_codes.new_secret())


def keep(rt: Runtime, visit: StaffVisit, sealed: str, typed: str, browser: Browser) -> SetUp:
    """Keep an offered secret because its code is right; ends all other sessions and all earlier recovery codes.

    Whoever has a second factor already must have proven it: the form does that. Raises Refusal: gone/offer_ended,
    invalid/office_code_empty, invalid/office_code_wrong, conflict/second_factor_there, too_many/sign_in_wait.
    """
    secret = _opened(rt, visit, sealed)
    if not secret:
        raise Refusal("gone", "offer_ended")
    if not typed.strip():
        raise Refusal("invalid", "office_code_empty")
    attempt = staff_attempts.take(rt, "totp", visit.staff.email, browser.network)
    now = rt.now()
    step = staff_codes.step_of(secret, typed, now)
    if step is None:
        raise Refusal("invalid", "office_code_wrong", tries=staff_attempts.codes_left(rt, visit.staff.email))

    def work(session: Session) -> SetUp:
        staff = _locked(session, now, visit)
        staff_attempts.pass_(session, attempt)
        staff.totp_secret, staff.totp_last_step = staff_codes.seal(rt.settings, secret), step
        codes = staff_recovery.renew(session, rt, now, staff.id)
        staff_sessions.end_of(session, now, staff.id)
        return SetUp(codes, enter(session, now, staff, browser, act="staff.second_factor_set"))

    return rt.db.run(work)


def new_recovery_codes(rt: Runtime, visit: StaffVisit) -> tuple[str, ...]:
    """Make ten new recovery codes; the old ones end. Raises Refusal not_allowed/prove_first."""
    now = rt.now()
    if not visit.is_proven(now):
        raise Refusal("not_allowed", "prove_first")
    with rt.db.transaction() as session:
        codes = staff_recovery.renew(session, rt, now, visit.staff.id)
        note(session, now, visit, "staff.recovery_codes_made")
        return codes


def reset(session: Session, now: datetime, staff: Staff) -> None:
    """Take a person's second factor away and end their sessions; at the next sign-in they set up a new one."""
    session.execute(update(Staff).where(Staff.id == staff.id).values(totp_secret="", totp_last_step=0))
    staff_recovery.forget(session, staff.id)
    staff_sessions.end_of(session, now, staff.id)


def _locked(session: Session, now: datetime, visit: StaffVisit) -> Staff:
    """Lock the person's row: of two browsers after the same password, the first sets the second factor up."""
    staff = session.scalars(select(Staff).where(Staff.id == visit.staff.id).with_for_update()).one()
    row = session.get_one(StaffSession, visit.session_id)
    if row.ended_at is not None:
        raise Refusal("conflict", "second_factor_there")
    if staff.totp_secret and not visit.is_proven(now):
        raise Refusal("conflict", "second_factor_there")
    return staff


def _offered(rt: Runtime, visit: StaffVisit, secret: str) -> Offered:
    issuer = urlsplit(rt.settings.base_url).hostname or ""
    sealed = staff_codes.seal(rt.settings, f"{visit.staff.public_id} {secret}")
    return Offered(sealed, secret, staff_codes.address(secret, visit.staff.email, issuer))


def _opened(rt: Runtime, visit: StaffVisit, sealed: str) -> str:
    whose, _, secret = staff_codes.unseal(rt.settings, sealed).partition(" ")
    return secret if whose == visit.staff.public_id else ""
