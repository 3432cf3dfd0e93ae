"""What came in by files before, and what they implied that nobody has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.domain.listing import PAGE
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, ImportFinding, Staff
from portal.runtime import Runtime


@dataclass(frozen=True)
class Earlier:
    """An import that was done, as the list of them shows it."""

    at: datetime
    by: str
    new: int
    changed: int
    gone: int
    unchanged: int
    settled: int
    holds: int
    debtors: int


def earlier(rt: Runtime, access: StaffAccess) -> list[Earlier]:
    """List the imports that brought something, the newest first."""
    access.require("import")
    with rt.db.reading() as session:
        events = session.scalars(select(AuditEvent).where(
            AuditEvent.business_id == access.business_id, AuditEvent.act == "invoices.imported")
            .order_by(AuditEvent.id.desc()).limit(PAGE)).all()
        people = {public_id: name for public_id, name in session.execute(
            select(Staff.public_id, Staff.name).where(Staff.public_id.in_({event.actor_id for event in events})))}
    names = ("new", "changed", "gone", "unchanged", "settled", "holds", "debtors")
    return [Earlier(event.at, people.get(event.actor_id, ""), *(int(event.details.get(name, 0)) for name in names))
            for event in events]


def waiting(rt: Runtime, access: StaffAccess) -> int:
    """Count what files implied and nobody has answered; at most a hundred are counted."""
    with rt.db.reading() as session:
        return len(session.scalars(select(ImportFinding.id).where(
            ImportFinding.business_id == access.business_id, ImportFinding.state == "open").limit(100)).all())
