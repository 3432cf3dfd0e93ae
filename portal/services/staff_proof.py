"""Showing again that it is really oneself: a code before something weighty, which then holds for ten minutes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Staff, StaffSession
from portal.runtime import Runtime
from portal.services import staff_attempts, staff_codes, staff_recovery


def prove(rt: Runtime, *, staff_id: int, session_id: int, email: str, typed: str, network: str) -> datetime:
    """Compare a code from the app, or a recovery code, and mark this session as proven; gives when.

    Raises Refusal: invalid/proof_empty, invalid/proof_wrong (tries), too_many/sign_in_wait.
    """
    if not typed.strip():
        raise Refusal("invalid", "proof_empty")
    attempt = staff_attempts.take(rt, "step_up", email, network)
    now = rt.now()

    def work(session: Session) -> bool:
        if not is_right(session, rt, now, staff_id, typed):
            return False
        staff_attempts.pass_(session, attempt)
        session.execute(update(StaffSession).where(StaffSession.id == session_id).values(stepped_up_at=now))
        return True

    if not rt.db.run(work):
        raise Refusal("invalid", "proof_wrong", tries=staff_attempts.codes_left(rt, email))
    return now


def is_right(session: Session, rt: Runtime, now: datetime, staff_id: int, typed: str) -> bool:
    """Say whether a person's code is right, and use it up: one of the app, or one of the recovery codes."""
    if staff_recovery.is_one(typed):
        return staff_recovery.spend(session, rt, now, staff_id, typed)
    staff = session.get_one(Staff, staff_id)
    secret = staff_codes.unseal(rt.settings, staff.totp_secret)
    return staff_codes.spend(session, staff_id, staff_codes.step_of(secret, typed, now))
