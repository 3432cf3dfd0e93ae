"""The public facts of a business: its terms as each version of its policy states them, in force or older."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.models import PolicyVersion
from portal.runtime import Runtime
from portal.services import brands
from portal.services.brands import BusinessView

MOST_SHOWN = 50


@dataclass(frozen=True)
class Version:
    """One version of the terms: its number, and since when it was in force."""

    number: int
    since: datetime


@dataclass(frozen=True)
class Terms:
    """What anyone may read about paying a business; `versions` are all of them, the one in force first."""

    business: BusinessView
    policy: Policy
    version: int
    since: datetime
    versions: tuple[Version, ...] = ()

    @property
    def in_force(self) -> bool:
        """Say whether these terms count now."""
        return not self.versions or self.versions[0].number == self.version


def public(rt: Runtime, slug: str, number: int | None = None) -> Terms:
    """Give the terms in force of a business, or an older version by its number; raises Refusal not_found."""
    with rt.db.reading() as session:
        row = brands.by_slug(session, slug)
        found = session.scalars(
            select(PolicyVersion).where(PolicyVersion.business_id == row.id)
            .order_by(PolicyVersion.version.desc()).limit(MOST_SHOWN)).all()
    if not found and number in (None, 1):
        return Terms(brands.view(row), Policy(), 1, row.created_at)
    wanted = next((one for one in found if number in (None, one.version)), None)
    if wanted is None:
        raise Refusal("not_found", "unknown_page")
    return Terms(brands.view(row), Policy.from_rules(wanted.rules), wanted.version, wanted.created_at,
                 tuple(Version(one.version, one.created_at) for one in found))
