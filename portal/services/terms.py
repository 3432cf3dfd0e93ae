"""The public facts of a business: its terms as the policy in force states them, with the version they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.domain.policy import Policy
from portal.models import PolicyVersion
from portal.runtime import Runtime
from portal.services import brands
from portal.services.brands import BusinessView


@dataclass(frozen=True)
class Terms:
    """What anyone may read about paying a business."""

    business: BusinessView
    policy: Policy
    version: int
    since: datetime


def public(rt: Runtime, slug: str) -> Terms:
    """Give the terms in force of a business; raises Refusal not_found."""
    with rt.db.reading() as session:
        row = brands.by_slug(session, slug)
        version = session.scalars(
            select(PolicyVersion).where(PolicyVersion.business_id == row.id)
            .order_by(PolicyVersion.version.desc()).limit(1)).one_or_none()
        if version is None:
            return Terms(brands.view(row), Policy(), 1, row.created_at)
        return Terms(brands.view(row), Policy.from_rules(version.rules), version.version, version.created_at)
