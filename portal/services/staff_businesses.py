"""The businesses a person works for, and which of them they work for in this browser."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Business, Membership, StaffSession
from portal.runtime import Runtime
from portal.services.audit import Actor, record
from portal.services.staff_sessions import StaffVisit


@dataclass(frozen=True)
class Workplace:
    """A business somebody works for."""

    public_id: str
    name: str
    role: str
    here: bool


def workplaces(rt: Runtime, visit: StaffVisit) -> tuple[Workplace, ...]:
    """List the businesses a person works for now."""
    here = visit.access.business_id if visit.access else None
    with rt.db.reading() as session:
        rows = session.execute(
            select(Business, Membership.role).join(Membership, Membership.business_id == Business.id)
            .where(Membership.staff_id == visit.staff.id, Membership.ended_at.is_(None))
            .order_by(Business.name, Business.id))
        return tuple(Workplace(business.public_id, business.name, role, business.id == here) for business, role in rows)


def work_for(rt: Runtime, visit: StaffVisit, public_id: str) -> None:
    """Work for another of one's businesses in this browser; raises Refusal not_found/unknown_page."""
    now = rt.now()

    def work(session: Session) -> None:
        found = session.scalar(
            select(Business.id).join(Membership, Membership.business_id == Business.id)
            .where(Business.public_id == public_id, Membership.staff_id == visit.staff.id,
                   Membership.ended_at.is_(None)))
        if found is None:
            raise Refusal("not_found", "unknown_page")
        session.get_one(StaffSession, visit.session_id).business_id = found
        record(session, at=now, actor=Actor("staff", visit.staff.public_id), act="staff.business_chosen",
               business_id=found, target=f"staff:{visit.staff.public_id}")

    rt.db.run(work)
