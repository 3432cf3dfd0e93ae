"""A staff session: one signed-in browser, for whom it works, and when that ends.

The browser holds a random key; the row holds its hash. The row alone knows the second factor, the business and the end;
the idle minutes are kept in the signed cookie, which every answer renews, so that a page only read writes nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update
from sqlalchemy.orm import Session

from portal import words
from portal.domain.roles import PROOF_HOLDS, StaffAccess
from portal.models import Business, Membership, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import brands
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, cookie_tokens

# A desk that was left is closed soon; a working day is one session.
IDLE = timedelta(minutes=45)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class StaffView:
    """What a page may show of the person at the desk."""

    id: int
    public_id: str
    name: str
    email: str
    theme: str
    shortcuts: bool
    locale: str
    has_second_factor: bool


@dataclass(frozen=True)
class StaffVisit:
    """One request of a signed-in person; `access` is None before the second factor or without a business."""

    session_id: int
    session_public_id: str
    session_key: str
    staff: StaffView
    second_factor: bool
    seen_at: datetime
    stepped_up_at: datetime | None = None
    access: StaffAccess | None = None
    business: BusinessView | None = None
    # Since when no email that asks for money leaves for the business they work for.
    paused_at: datetime | None = None
    safe_mode_at: datetime | None = None

    def is_proven(self, now: datetime) -> bool:
        """Say whether the person has just now shown again that it is them."""
        return self.stepped_up_at is not None and now - self.stepped_up_at < PROOF_HOLDS

    def words(self) -> words.Words:
        """Speak the person's language in the zone of the business they work for."""
        zone = self.business.timezone if self.business else "UTC"
        return words.speak(self.staff.locale, zone)


def start(session: Session, now: datetime, staff: Staff, *, device: str, business_id: int | None,
          second_factor: bool = False) -> str:
    """Begin a session after a proof; returns the key for the cookie. Every step of signing in gets a new one."""
    key = secrets.token_urlsafe(32)
    session.add(StaffSession(
        key_hash=hashed(key), staff_id=staff.id, business_id=business_id, device=device[:80], created_at=now,
        seen_at=now, second_factor_at=now if second_factor else None))
    return key


def cookie(rt: Runtime, key: str) -> str:
    """Sign the cookie for a session: it ends after 45 idle minutes."""
    return cookie_tokens(rt.settings).make("office-cookie", key, rt.now() + IDLE)


def read_cookie(rt: Runtime, text: str) -> str:
    """Read the key of a session from its cookie; empty when it is not ours or was idle too long."""
    try:
        return cookie_tokens(rt.settings).read("office-cookie", text, rt.now()).id
    except (NotGenuine, Ended):
        return ""


def find(rt: Runtime, key: str) -> StaffVisit | None:
    """Give who sits behind a key, with one query; None when the session, the person or the time has ended."""
    now = rt.now()
    with rt.db.reading() as session:
        found = session.execute(_visit_query(), {"hash": hashed(key)}).one_or_none()
    if found is None:
        return None
    row, staff, membership, business = found
    if row.ended_at is not None or staff.disabled_at is not None or now >= row.created_at + LONGEST:
        return None
    person = StaffView(staff.id, staff.public_id, staff.name, staff.email, staff.theme, staff.shortcuts, staff.locale,
                       bool(staff.totp_secret))
    proven = row.second_factor_at is not None
    access = view = paused_at = safe_mode_at = None
    if proven and business is not None and membership is not None:
        access = StaffAccess(business.id, staff.id, staff.public_id, membership.role, row.id, row.stepped_up_at)
        view, paused_at, safe_mode_at = brands.view(business), business.paused_at, business.safe_mode_at
    return StaffVisit(row.id, row.public_id, key, person, proven, row.seen_at, row.stepped_up_at,
                      access, view, paused_at, safe_mode_at)


def touch(rt: Runtime, visit: StaffVisit) -> None:
    """Note that a session did something; at most once a minute, and never by a page that is only fetched."""
    now = rt.now()
    if visit.seen_at >= now - SEEN_EVERY:
        return
    with rt.db.transaction() as session:
        session.execute(update(StaffSession).where(StaffSession.id == visit.session_id).values(seen_at=now))


def end(session: Session, now: datetime, session_id: int) -> None:
    """End one session."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
                    .values(ended_at=now))


def end_of(session: Session, now: datetime, staff_id: int, *, but: int | None = None,
           business_id: int | None = None) -> int:
    """End a person's sessions: all, all but this one, or those for one business; gives how many."""
    query = update(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
    if but is not None:
        query = query.where(StaffSession.id != but)
    if business_id is not None:
        query = query.where(StaffSession.business_id == business_id)
    ended = session.execute(query.values(ended_at=now).execution_options(synchronize_session=False))
    return int(ended.rowcount)  # type: ignore[attr-defined]


def hashed(key: str) -> str:
    """Give what is stored of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


@cache
def _visit_query() -> Select[*tuple[Any, ...]]:
    return (
        select(StaffSession, Staff, Membership, Business)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .outerjoin(Membership, and_(
            Membership.staff_id == StaffSession.staff_id, Membership.business_id == StaffSession.business_id,
            Membership.ended_at.is_(None)))
        .outerjoin(Business, Business.id == Membership.business_id)
        .where(StaffSession.key_hash == bindparam("hash")))
