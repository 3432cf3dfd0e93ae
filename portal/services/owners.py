"""Making the owner of a business from the command line: the only way in that no link and no sign-in opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Business, Membership, Staff
from portal.runtime import Runtime
from portal.services import staff_links, staff_second_factor
from portal.services.audit import Actor, record
from portal.services.staff_account import checked_name
from portal.services.staff_invitations import checked_email
from portal.services.staff_team import lock
from portal.words import LANGUAGES

Way = Literal["print", "email"]


@dataclass(frozen=True)
class Owner:
    """What came of it: the link to choose a password, unless it was emailed, and whether the account is new."""

    email: str
    link: str
    is_new: bool
    works_until: datetime


def is_known(rt: Runtime, slug: str) -> bool:
    """Say whether there is a business with this short name."""
    with rt.db.reading() as session:
        return session.scalar(select(Business.id).where(Business.slug == slug)) is not None


def make_owner(rt: Runtime, *, email: str, name: str, slug: str, way: Way, actor: Actor, locale: str = "en") -> Owner:
    """Make a person the owner of a business, or of the one they will create at their first sign-in.

    Whoever has an account keeps its password and second factor. Raises Refusal: staff_email_malformed, name_missing,
    language_unknown, unknown_business, email_needs_business.
    """
    now, address, checked = rt.now(), checked_email(email), checked_name(name)
    if locale not in LANGUAGES:
        raise Refusal("invalid", "language_unknown", known=", ".join(LANGUAGES))

    def work(session: Session) -> Owner:
        business = _business(session, slug) if slug else None
        if way == "email" and business is None:
            raise Refusal("conflict", "email_needs_business")
        staff = session.scalars(select(Staff).where(Staff.email == address)).one_or_none()
        is_new = staff is None
        if staff is None:
            staff = Staff(email=address, name=checked, password_hash="", locale=locale, created_at=now)
            session.add(staff)
            session.flush()
        if business is not None:
            _own(session, now, business, staff)
        record(session, at=now, actor=actor, act="staff.owner_made", target=f"staff:{staff.public_id}",
               business_id=business.id if business else None, is_new=is_new)
        if way == "email" and business is not None:
            staff_links.send(session, now, staff, business)
            return Owner(staff.email, "", is_new, now + staff_links.WORKS_FOR)
        return Owner(staff.email, staff_links.address(rt.settings, staff, now), is_new,
                     now + staff_links.WORKS_FOR)

    return rt.db.run(work)


def reset_second_factor(rt: Runtime, email: str, *, actor: Actor) -> None:
    """Take the second factor of a person away whom no other owner can help. Raises Refusal not_found/unknown_staff."""
    now = rt.now()

    def work(session: Session) -> None:
        staff = session.scalars(select(Staff).where(Staff.email == email.strip().lower())).one_or_none()
        if staff is None:
            raise Refusal("not_found", "unknown_staff")
        staff_second_factor.reset(session, now, staff)
        record(session, at=now, actor=actor, act="staff.second_factor_reset", business_id=None,
               target=f"staff:{staff.public_id}")

    rt.db.run(work)


def _business(session: Session, slug: str) -> Business:
    found = session.scalar(select(Business.id).where(Business.slug == slug))
    if found is None:
        raise Refusal("not_found", "unknown_business", slug=slug)
    return lock(session, found)


def _own(session: Session, now: datetime, business: Business, staff: Staff) -> None:
    membership = session.get(Membership, (business.id, staff.id))
    if membership is None:
        session.add(Membership(business_id=business.id, staff_id=staff.id, role="owner", created_at=now))
    else:
        membership.role, membership.ended_at = "owner", None
