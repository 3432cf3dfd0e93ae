"""The set-up: reading a section, and keeping what was typed, all of it or nothing; the second editor is told.

A rule that changes makes a new dated version of the policy; none is ever overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.roles import StaffAccess
from portal.models import Business, PolicyVersion
from portal.runtime import Runtime
from portal.services import audit, policies, policy_sections, setup_mail
from portal.services.audit import staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.policy_sections import Edit, Section, Wrong


@dataclass(frozen=True)
class SectionPage:
    """A section as its page shows it: the values that stand, and the version they were read at."""

    section: Section
    values: Mapping[str, str]
    version: int
    policy: Policy
    policy_version: int
    policy_since: datetime
    business_name: str
    currency: str
    paused_at: datetime | None
    logo_svg: str | None
    stripe_account: str | None


@dataclass(frozen=True)
class Kept:
    """What became of an edit: the names of the fields that changed."""

    changed: tuple[str, ...]


class Stale(Exception):
    """Somebody else changed the same section meanwhile: (field, before, now) for each field that moved."""

    def __init__(self, changes: list[tuple[str, str, str]], version: int) -> None:
        super().__init__(changes)
        self.changes, self.version = changes, version


def allowed(access: StaffAccess) -> list[Section]:
    """List the sections a role may open."""
    return [section for section in policy_sections.sections() if access.may(section.permission)]


def page(rt: Runtime, access: StaffAccess, name: str) -> SectionPage:
    """Show a section; raises Refusal unknown_page, role_may_not."""
    section = policy_sections.named(name)
    access.require(section.permission)
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        policy = policies.in_force(session, business.id)
        newest = _newest(session, business.id)
        return SectionPage(
            section, section.read(business, policy), business.version, policy, newest.version if newest else 1,
            newest.created_at if newest else business.created_at, business.name, business.currency, business.paused_at,
            business.logo_svg, business.stripe_account)


def would_be(rt: Runtime, access: StaffAccess, name: str, typed: Mapping[str, str]) -> Policy:
    """Give the policy that what was typed would make; nothing is kept. Raises Wrong as save() does."""
    section = policy_sections.named(name)
    access.require(section.permission)
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        policy = policies.in_force(session, business.id)
    edit = section.write(typed, {}, business, policy) if section.write else Edit()
    return edit.policy or policy


def save(rt: Runtime, access: StaffAccess, name: str, typed: Mapping[str, str], files: Mapping[str, bytes], *,
         version: int, was: Mapping[str, str]) -> Kept:
    """Keep a section; `was` are the values the person began from.

    Raises Refusal unknown_page and role_may_not, Stale, and Wrong with what is wrong by field; a weighty field asks for
    an owner (owner_only) and a fresh proof (prove_first, at "proof").
    """
    section = policy_sections.named(name)
    access.require(section.permission)
    if section.write is None:
        raise Refusal("not_found", "unknown_page")
    now = rt.now()
    return rt.db.run(lambda session: _save(session, access, section, typed, files, version, was, now))


def _save(session: Session, access: StaffAccess, section: Section, typed: Mapping[str, str],
          files: Mapping[str, bytes], version: int, was: Mapping[str, str], now: datetime) -> Kept:
    business = lock_business(session, access.business_id)
    session.refresh(business)
    policy = policies.in_force(session, business.id)
    before = section.read(business, policy)
    if version != business.version:
        moved = [(name, was[name], value) for name, value in before.items() if name in was and was[name] != value]
        if moved:
            raise Stale(moved, business.version)
    assert section.write is not None
    edit = section.write(typed, files, business, policy)
    weighty = section.weighty(edit, business, policy)
    _guard(access, weighty, now)
    changed = _columns(business, edit) | _rules(session, business, policy, edit, now)
    if not changed:
        return Kept(())
    business.version += 1
    session.flush()
    private = {field.name for field in section.fields if field.private}
    audit.record(
        session, at=now, actor=staff_actor(access), act="setup.changed", business_id=business.id,
        target=f"business:{business.public_id}", section=section.name, fields=sorted(changed),
        before={name: old for name, (old, _) in changed.items() if name not in private},
        after={name: new for name, (_, new) in changed.items() if name not in private})
    setup_mail.tell_owners(session, now, business, access.staff_id, [
        field.label for field in section.fields if field.name in weighty])
    return Kept(tuple(sorted(changed)))


def _guard(access: StaffAccess, weighty: tuple[str, ...], now: datetime) -> None:
    if weighty and not access.may("danger"):
        raise Wrong({name: Refusal("not_allowed", "owner_only") for name in weighty})
    if weighty and not access.is_proven(now):
        raise Wrong({"proof": Refusal("not_allowed", "prove_first")})


def _columns(business: Business, edit: Edit) -> dict[str, tuple[Any, Any]]:
    changed = {}
    for name, value in edit.business.items():
        old = getattr(business, name)
        if old != value:
            setattr(business, name, value)
            changed[name] = (_shown(name, old), _shown(name, value))
    return changed


def _shown(name: str, value: Any) -> Any:
    """A logo is long: the audit knows it by its fingerprint."""
    return hashlib.sha256(value.encode()).hexdigest()[:16] if name == "logo_svg" and value else value


def _rules(session: Session, business: Business, policy: Policy, edit: Edit,
           now: datetime) -> dict[str, tuple[Any, Any]]:
    if edit.policy is None:
        return {}
    old, new = policy.as_rules(), edit.policy.as_rules()
    changed = {name: (old[name], value) for name, value in new.items() if old[name] != value}
    if changed:
        newest = _newest(session, business.id)
        # Rules of features this release does not know of stay in the new version as they were.
        session.add(PolicyVersion(
            business_id=business.id, version=(newest.version if newest else 0) + 1,
            rules={**(newest.rules if newest else {}), **new}, created_at=now))
    return changed


def _newest(session: Session, business_id: int) -> PolicyVersion | None:
    newest = select(func.max(PolicyVersion.version)).where(PolicyVersion.business_id == business_id)
    return session.scalars(select(PolicyVersion).where(
        PolicyVersion.business_id == business_id, PolicyVersion.version == newest.scalar_subquery())).one_or_none()
