"""How the office looks and feels to one of the staff: its colors, and whether keys press buttons."""

from __future__ import annotations

from sqlalchemy import update

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Staff
from portal.runtime import Runtime
from portal.services import audit

THEMES = frozenset({"system", "light", "dark"})


def choose(rt: Runtime, access: StaffAccess, *, theme: str, shortcuts: bool) -> None:
    """Keep how someone likes their pages; raises Refusal invalid for colors that do not exist."""
    if theme not in THEMES:
        raise Refusal("invalid", "theme_unknown")
    with rt.db.transaction() as session:
        session.execute(update(Staff).where(Staff.id == access.staff_id).values(theme=theme, shortcuts=shortcuts))
        audit.record(session, at=rt.now(), actor=audit.staff_actor(access), act="staff.comfort",
                     business_id=access.business_id, target=f"staff:{access.staff_public_id}", theme=theme,
                     shortcuts=shortcuts)
