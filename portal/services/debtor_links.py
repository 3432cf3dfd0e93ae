"""Links to a debtor's page as staff hand them out: by email, to copy, with a code read out on the phone, and ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, DebtorSession, Message, PortalLink
from portal.runtime import Runtime
from portal.services import debtor_desk, identity, links, messages, nonces, not_me
from portal.services.audit import record, staff_actor

SHOWN = 20


@dataclass(frozen=True)
class Sent:
    """What became of an email with a link: queued or skipped, and why."""

    state: str
    reason: str


@dataclass(frozen=True)
class ShownLink:
    """One link that still opens something, with how often it was opened and when last."""

    public_id: str
    purpose: str
    created_at: datetime
    expires_at: datetime
    by_email: bool
    visits: int
    last_visit: datetime | None
    currency: str
    amount_minor: int


@dataclass(frozen=True)
class LinkDesk:
    """The page on which links are handed out; `code_link` says that there is one a code could be read out for."""

    name: str
    email: str | None
    email_state: str
    blocked: bool
    phone: str | None
    country: str | None
    erased: bool
    links: Sequence[ShownLink]
    code_link: bool


def desk(rt: Runtime, access: StaffAccess, debtor_id: str) -> LinkDesk:
    """Show the links of a debtor that stand, the newest first; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        standing = _standing(session, debtor, now)
        return LinkDesk(
            name=debtor.name, email=debtor.email, email_state=debtor.email_state,
            blocked=not_me.is_blocked(session, rt.settings, debtor.business_id, debtor.email), phone=debtor.phone,
            country=debtor.country, erased=debtor.erased_at is not None, links=standing,
            code_link=any(link.purpose == "account" for link in standing))


def send(rt: Runtime, access: StaffAccess, debtor_id: str, nonce: str) -> Sent:
    """Email a fresh link to the address on file, if the gate lets it; once for each form.

    Raises Refusal: not_found, debtor_erased, no_address.
    """
    access.require("work")
    now = rt.now()

    def work(session: Session) -> Sent:
        debtor = debtor_desk.lock(session, access, debtor_id)
        link_id = nonces.public_id(access, "link", nonce)
        known = messages.find(session, access.business_id, f"new_link:{link_id}")
        if known is not None:
            return Sent(known.state, known.reason)
        if not links.may_write_to(debtor) or not_me.is_blocked(
                session, rt.settings, debtor.business_id, debtor.email):
            raise Refusal("conflict", "no_address")
        link = _make(session, now, debtor, link_id)
        message = messages.queue_new_link(session, now, debtor, session.get_one(Business, access.business_id), link)
        _note(session, access, now, debtor, "link.sent", link=link.public_id, message=message.public_id,
              state=message.state)
        return Sent(message.state, message.reason)

    return rt.db.run(work)


def copy(rt: Runtime, access: StaffAccess, debtor_id: str, nonce: str) -> str:
    """Make a link to hand over in another way; returns its address. Raises Refusal: not_found, debtor_erased."""
    access.require("work")
    now = rt.now()

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        link_id = nonces.public_id(access, "copied link", nonce)
        link = session.scalars(select(PortalLink).where(PortalLink.public_id == link_id)).one_or_none()
        if link is None:
            link = _make(session, now, debtor, link_id)
            _note(session, access, now, debtor, "link.copied", link=link.public_id)
        return links.url_of(rt.settings, link)

    return rt.db.run(work)


def read_code(rt: Runtime, access: StaffAccess, debtor_id: str) -> str:
    """Make six digits to read out to a debtor who was called at the number on file, for the link they opened last.

    Raises Refusal: not_found, debtor_erased, no_phone, gone/link_ended, too_many/codes_used_up.
    """
    access.require("work")
    now = rt.now()

    def work(session: Session) -> str:
        debtor = debtor_desk.lock(session, access, debtor_id)
        if not debtor.phone:
            raise Refusal("conflict", "no_phone")
        link = session.scalars(
            select(PortalLink)
            .where(PortalLink.business_id == debtor.business_id, PortalLink.debtor_id == debtor.id,
                   PortalLink.revoked_at.is_(None), PortalLink.expires_at > now, PortalLink.purpose == "account")
            .order_by(PortalLink.first_opened_at.desc().nulls_last(), PortalLink.id.desc()).limit(1)).one_or_none()
        if link is None:
            raise Refusal("gone", "link_ended")
        digits = f"{secrets.randbelow(1_000_000):06d}"
        identity.issue_code(session, rt, now, link, identity.OPEN, digits)
        _note(session, access, now, debtor, "code.read_out", link=link.public_id, code_act=identity.OPEN)
        return digits

    return rt.db.run(work)


def end(rt: Runtime, access: StaffAccess, debtor_id: str, link_id: str = "") -> int:
    """End one link of a debtor, or (without one) all of them, with what they opened; returns how many were open.

    Raises Refusal not_found.
    """
    access.require("work")
    now = rt.now()

    def work(session: Session) -> int:
        debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
        ended = (_end_one(session, now, debtor, link_id) if link_id
                 else links.revoke_all(session, now, debtor, "staff"))
        if ended:
            _note(session, access, now, debtor, "links.revoked", link=link_id, ended=ended)
        return ended

    return rt.db.run(work)


def _end_one(session: Session, now: datetime, debtor: Debtor, link_id: str) -> int:
    link = session.scalars(select(PortalLink).where(
        PortalLink.public_id == link_id, PortalLink.business_id == debtor.business_id,
        PortalLink.debtor_id == debtor.id)).one_or_none()
    if link is None:
        raise Refusal("not_found", "unknown_page")
    was_open = link.revoked_at is None
    links.revoke(session, now, link, "staff")
    return int(was_open)


def _make(session: Session, now: datetime, debtor: Debtor, public_id: str) -> PortalLink:
    link = links.create(session, now, debtor)
    link.public_id = public_id
    session.flush()
    return link


def _standing(session: Session, debtor: Debtor, now: datetime) -> list[ShownLink]:
    visits = (
        select(func.count(DebtorSession.id)).where(DebtorSession.link_id == PortalLink.id)
        .correlate(PortalLink).scalar_subquery())
    last = (
        select(func.max(DebtorSession.seen_at)).where(DebtorSession.link_id == PortalLink.id)
        .correlate(PortalLink).scalar_subquery())
    mailed = set(session.scalars(
        select(Message.link_id).where(Message.debtor_id == debtor.id, Message.link_id.is_not(None))
        .order_by(Message.created_at.desc()).limit(200)))
    query = (
        select(PortalLink, visits, last)
        .where(PortalLink.debtor_id == debtor.id, PortalLink.business_id == debtor.business_id,
               PortalLink.revoked_at.is_(None), PortalLink.expires_at > now)
        .order_by(PortalLink.created_at.desc(), PortalLink.id.desc()).limit(SHOWN))
    return [
        ShownLink(link.public_id, link.purpose, link.created_at, link.expires_at, link.id in mailed, count, seen,
                  link.currency or "", link.amount_minor or 0)
        for link, count, seen in session.execute(query)]


def _note(session: Session, access: StaffAccess, now: datetime, debtor: Debtor, act: str, **details: object) -> None:
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id, debtor_id=debtor.id,
           target=f"debtor:{debtor.public_id}", **details)
