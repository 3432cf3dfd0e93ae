"""The first steps of a business: what is done and what is open, and its making by the owner who has none yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Invoice, Membership, Payment, PolicyVersion, Staff, StaffSession
from portal.runtime import Runtime
from portal.services import businesses
from portal.services.audit import Actor
from portal.services.businesses import NewBusiness
from portal.services.staff_sessions import StaffVisit

StepName = Literal["business", "brand", "stripe", "terms", "import"]


@dataclass(frozen=True)
class Step:
    """One step of the beginning."""

    name: StepName
    done: bool


def steps(rt: Runtime, access: StaffAccess | None) -> tuple[Step, ...]:
    """Tell what of the beginning is done. Writes nothing."""
    if access is None:
        return tuple(Step(name, done=False) for name in ("business", "brand", "stripe", "terms", "import"))
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        rules = session.scalar(select(func.max(PolicyVersion.version)).where(PolicyVersion.business_id == business.id))
        stripe = _stripe_listens(session, rt, business)
        invoice = session.scalar(select(Invoice.id).where(Invoice.business_id == business.id).limit(1))
    return (
        Step("business", done=True), Step("brand", done=bool(business.logo_svg or business.contact_hours)),
        Step("stripe", done=stripe), Step("terms", done=(rules or 0) > 1),
        Step("import", done=invoice is not None))


def leads_there(rt: Runtime, visit: StaffVisit) -> bool:
    """Say whether a person is led to the first steps: an owner whose business has nothing in it, or is still to be."""
    if visit.access is None:
        return may_create(rt, visit)
    return visit.access.role == "owner" and not steps(rt, visit.access)[-1].done


def may_create(rt: Runtime, visit: StaffVisit) -> bool:
    """Say whether a person may make a business: only who was made an owner for it and never worked for another one."""
    with rt.db.reading() as session:
        return _never_worked(session, visit)


def create(rt: Runtime, visit: StaffVisit, wanted: NewBusiness) -> None:
    """Make the first business of an owner, and go on as its owner.

    Raises Refusal: not_allowed/role_may_not, and those of businesses.create_business.
    """
    def join(session: Session, now: datetime, business: Business) -> None:
        # Of two presses at the same moment the second waits here, and then finds that there is a business.
        session.scalars(select(Staff.id).where(Staff.id == visit.staff.id).with_for_update()).one()
        if not _never_worked(session, visit):
            raise Refusal("not_allowed", "role_may_not")
        session.add(Membership(business_id=business.id, staff_id=visit.staff.id, role="owner", created_at=now))
        session.get_one(StaffSession, visit.session_id).business_id = business.id

    businesses.create_business(rt, wanted, actor=Actor("staff", visit.staff.public_id), also=join)


def _never_worked(session: Session, visit: StaffVisit) -> bool:
    return session.scalar(
        select(Membership.business_id).where(Membership.staff_id == visit.staff.id).limit(1)) is None


def _stripe_listens(session: Session, rt: Runtime, business: Business) -> bool:
    """Say whether payments of a business are heard of: its own account's events, or those of the installation's.

    The installation's own account is somebody's decision where no other business could be meant, or where money of
    this business has come in by it.
    """
    settings = rt.settings
    if business.stripe_account:
        return bool(settings.stripe_connect_webhook_secrets)
    if not settings.stripe_webhook_secrets:
        return False
    alone = session.scalar(select(Business.id).where(Business.id != business.id).limit(1)) is None
    return alone or session.scalar(select(Payment.id).where(
        Payment.business_id == business.id, Payment.payment_intent.is_not(None), Payment.state == "succeeded",
        Payment.stripe_account.is_(None)).limit(1)) is not None
