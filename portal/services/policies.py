"""The policy a business has in force."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.policy import Policy
from portal.models import PolicyVersion


def in_force(session: Session, business_id: int) -> Policy:
    """Give the newest version of a business's rules; a business without one has the defaults."""
    rules = session.scalars(
        select(PolicyVersion.rules).where(PolicyVersion.business_id == business_id)
        .order_by(PolicyVersion.version.desc()).limit(1)).one_or_none()
    return Policy.from_rules(rules or {})
