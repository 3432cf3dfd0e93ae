"""Who works for a business, as its owners see and decide it: roles, the end of somebody's work, a lost phone.

Every change is made under the lock of the business, so that two owners at once never leave it without one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ScalarSelect, delete, func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import ROLES, Role, StaffAccess
from portal.models import Assignment, Business, Membership, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import staff_mail, staff_second_factor, staff_sessions
from portal.services.audit import record, staff_actor
from portal.services.staff_mail import StaffReader
from portal.words import staff_emails


@dataclass(frozen=True)
class Member:
    """One of the people of a business."""

    public_id: str
    name: str
    email: str
    role: str
    since: datetime
    seen_at: datetime | None
    has_second_factor: bool
    me: bool


def members(rt: Runtime, access: StaffAccess) -> tuple[Member, ...]:
    """List the people who work here now, owners first. Raises Refusal not_allowed."""
    access.require("staff")
    with rt.db.reading() as session:
        rows = session.execute(
            select(Staff, Membership, _last_seen()).join(Membership, Membership.staff_id == Staff.id)
            .where(Membership.business_id == access.business_id, Membership.ended_at.is_(None)))
        found = [_member(access, *row) for row in rows]
    return tuple(sorted(found, key=lambda one: (ROLES.index(cast("Role", one.role)), one.name.lower())))


def member(rt: Runtime, access: StaffAccess, public_id: str) -> Member:
    """Give one of the people who work here; raises Refusal not_found/unknown_page."""
    access.require("staff")
    with rt.db.reading() as session:
        row = session.execute(
            select(Staff, Membership, _last_seen()).join(Membership, Membership.staff_id == Staff.id)
            .where(Membership.business_id == access.business_id, Membership.ended_at.is_(None),
                   Staff.public_id == public_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return _member(access, *row)


def change_role(rt: Runtime, access: StaffAccess, public_id: str, role: str) -> None:
    """Give somebody another role, from their next click on.

    Raises Refusal: prove_first, unknown_page, role_unknown, last_owner.
    """
    def work(session: Session, now: datetime, staff: Staff, membership: Membership) -> None:
        if role not in ROLES:
            raise Refusal("invalid", "role_unknown")
        before = membership.role
        if before == "owner" and role != "owner":
            _keep_an_owner(session, access)
        membership.role = role
        _note(session, now, access, staff, "staff.role_changed", before=before, after=role)

    _decide(rt, access, public_id, work)


def end_membership(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Let somebody work here no more: their sessions for this business end at once, and their debtors are nobody's.

    Raises Refusal: prove_first, unknown_page, last_owner.
    """
    def work(session: Session, now: datetime, staff: Staff, membership: Membership) -> None:
        if membership.role == "owner":
            _keep_an_owner(session, access)
        membership.ended_at = now
        ended = staff_sessions.end_of(session, now, staff.id, business_id=access.business_id)
        freed = session.execute(delete(Assignment).where(
            Assignment.business_id == access.business_id, Assignment.staff_id == staff.id))
        _note(session, now, access, staff, "staff.membership_ended", role=membership.role, sessions=ended,
              debtors=int(freed.rowcount))  # type: ignore[attr-defined]

    _decide(rt, access, public_id, work)


def reset_second_factor(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Take a colleague's second factor away because their phone is lost; they are told by email.

    Raises Refusal: prove_first, unknown_page, not_for_yourself, second_factor_of_others.
    """
    def work(session: Session, now: datetime, staff: Staff, _membership: Membership) -> None:
        if staff.id == access.staff_id:
            raise Refusal("conflict", "not_for_yourself")
        _keep_to_own_businesses(session, access, staff)
        staff_second_factor.reset(session, now, staff)
        by = session.get_one(Staff, access.staff_id).name
        business = session.get_one(Business, access.business_id)
        staff_mail.queue(
            session, now, business, StaffReader(staff.email, staff.locale), "second_factor_reset",
            f"second_factor_reset:{staff.public_id}:{now.isoformat()}",
            lambda words, sender: staff_emails.second_factor_reset(words, sender, staff.name, by))
        _note(session, now, access, staff, "staff.second_factor_reset")

    _decide(rt, access, public_id, work)


def lock(session: Session, business_id: int) -> Business:
    """Lock a business for a decision about its people."""
    return session.scalars(
        select(Business).where(Business.id == business_id).with_for_update(key_share=True)).one()


def _keep_to_own_businesses(session: Session, access: StaffAccess, staff: Staff) -> None:
    # One second factor guards every business a person works for: whoever takes it away has to own all of them.
    owned = select(Membership.business_id).where(
        Membership.staff_id == access.staff_id, Membership.role == "owner", Membership.ended_at.is_(None))
    elsewhere = session.scalar(
        select(Membership.business_id)
        .where(Membership.staff_id == staff.id, Membership.ended_at.is_(None), Membership.business_id.not_in(owned))
        .limit(1))
    if elsewhere is not None:
        raise Refusal("conflict", "second_factor_of_others")


def _decide(rt: Runtime, access: StaffAccess, public_id: str,
            work: Callable[[Session, datetime, Staff, Membership], None]) -> None:
    now = rt.now()
    access.require("staff")
    access.require_proof(now)

    def decide(session: Session) -> None:
        lock(session, access.business_id)
        found = session.execute(
            select(Staff, Membership).join(Membership, Membership.staff_id == Staff.id)
            .where(Membership.business_id == access.business_id, Membership.ended_at.is_(None),
                   Staff.public_id == public_id)).one_or_none()
        if found is None:
            raise Refusal("not_found", "unknown_page")
        work(session, now, found[0], found[1])

    rt.db.run(decide)


def _keep_an_owner(session: Session, access: StaffAccess) -> None:
    owners = session.scalar(
        select(func.count()).select_from(Membership).join(Staff, Staff.id == Membership.staff_id)
        .where(Membership.business_id == access.business_id, Membership.role == "owner",
               Membership.ended_at.is_(None), Staff.disabled_at.is_(None))) or 0
    if owners < 2:
        raise Refusal("conflict", "last_owner")


def _last_seen() -> ScalarSelect[datetime]:
    return (
        select(func.max(StaffSession.seen_at))
        .where(StaffSession.staff_id == Staff.id, StaffSession.business_id == Membership.business_id)
        .correlate(Staff, Membership).scalar_subquery())


def _member(access: StaffAccess, staff: Staff, membership: Membership, seen_at: datetime | None) -> Member:
    return Member(staff.public_id, staff.name, staff.email, membership.role, membership.created_at, seen_at,
                  bool(staff.totp_secret), staff.id == access.staff_id)


def _note(session: Session, now: datetime, access: StaffAccess, staff: Staff, act: str, **details: Any) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
           target=f"staff:{staff.public_id}", **details)
