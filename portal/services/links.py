"""Portal links: made for an email, narrowed to invoices, revoked, replaced by a fresh one, and read at the door.

A link's token is made when its email leaves and is never stored; everything here goes by the id inside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Settings
from portal import words
from portal.domain.errors import Refusal
from portal.models import (
    Business,
    Debtor,
    IdentityAttempt,
    Invoice,
    PortalLink,
    PortalLinkInvoice,
    lock_debtor,
)
from portal.runtime import Runtime
from portal.services import brands, messages, not_me, policies, sessions
from portal.services.audit import Actor, record
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, cookie_tokens, link_tokens

# How long the cookie that names a link lasts after the last page before the check.
DOOR_OPEN = timedelta(minutes=15)
NEW_LINKS_A_DAY = 3
DAY = timedelta(days=1)
NOBODY = "-"


@dataclass(frozen=True)
class Door:
    """What the pages before the check may know: whose door it is, and nothing of what lies behind."""

    link_public_id: str
    standing: bool
    pay_only: bool
    fact: str
    debtor_public_id: str
    not_me_word: str
    days: int
    business: BusinessView
    words: words.Words


@dataclass(frozen=True)
class Named:
    """What a link's token or the cookie made from it names; `current` is False when its time is over."""

    link_public_id: str
    current: bool


def create(session: Session, now: datetime, debtor: Debtor, *, invoice_ids: Sequence[int] = ()) -> PortalLink:
    """Make a link to a debtor's account, or to the chosen invoices of it only; raises Refusal not_found."""
    days = policies.in_force(session, debtor.business_id).link_days
    return _add(session, debtor, PortalLink(
        business_id=debtor.business_id, debtor_id=debtor.id, purpose="account", created_at=now,
        expires_at=now + timedelta(days=days)), invoice_ids)


def create_pay_only(session: Session, now: datetime, debtor: Debtor, *, currency: str, amount_minor: int,
                    invoice_ids: Sequence[int] = ()) -> PortalLink:
    """Make a link for someone who only pays: payee, reference and amount, and nothing else behind it."""
    days = policies.in_force(session, debtor.business_id).pay_only_link_days
    return _add(session, debtor, PortalLink(
        business_id=debtor.business_id, debtor_id=debtor.id, purpose="pay_only", created_at=now,
        expires_at=now + timedelta(days=days), currency=currency, amount_minor=amount_minor), invoice_ids)


def url_of(settings: Settings, link: PortalLink) -> str:
    """Write the address of a link, with a fresh token; always under our own base address."""
    token = link_tokens(settings).make("portal-link", link.public_id, link.expires_at)
    return f"{settings.base_url}/l/{token}"


def revoke(session: Session, now: datetime, link: PortalLink, reason: str) -> None:
    """End a link and every session it has opened; ending it twice changes nothing."""
    if link.revoked_at is None:
        link.revoked_at, link.revoked_reason = now, reason
    sessions.end_all_of_link(session, now, link.id)


def revoke_all(session: Session, now: datetime, debtor: Debtor, reason: str) -> int:
    """End all links of a debtor, of both kinds; returns how many were still open."""
    mine = session.scalars(select(PortalLink).where(
        PortalLink.business_id == debtor.business_id, PortalLink.debtor_id == debtor.id,
        PortalLink.revoked_at.is_(None))).all()
    for link in mine:
        revoke(session, now, link, reason)
    return len(mine)


def read_token(rt: Runtime, text: str) -> Named | None:
    """Say which link a token from an email names; None when it is not exactly one of ours. Writes nothing."""
    try:
        return Named(link_tokens(rt.settings).read("portal-link", text, rt.now()).id, current=True)
    except Ended as ended:
        return Named(ended.token.id, current=False)
    except NotGenuine:
        return None


def door_cookie(rt: Runtime, link_public_id: str, replaces: str = "") -> str:
    """Sign the cookie that names a link, and the session that the next step on it ends."""
    return cookie_tokens(rt.settings).make("link-cookie", link_public_id, rt.now() + DOOR_OPEN, replaces)


def read_door_cookie(rt: Runtime, text: str) -> tuple[Named, str] | None:
    """Read the cookie that names a link; None when it is not ours."""
    try:
        token = cookie_tokens(rt.settings).read("link-cookie", text, rt.now())
        return Named(token.id, current=True), token.word
    except Ended as ended:
        return Named(ended.token.id, current=False), ended.token.word
    except NotGenuine:
        return None


def door(rt: Runtime, link_public_id: str) -> Door | None:
    """Give what the pages before the check may show, with one query."""
    now = rt.now()
    with rt.db.reading() as session:
        found = _found(session, link_public_id)
    if found is None:
        return None
    link, debtor, business = found
    return Door(
        link_public_id=link.public_id, standing=stands(link, now), pay_only=link.purpose == "pay_only",
        fact=debtor.identity_fact, debtor_public_id=debtor.public_id,
        not_me_word=not_me.address_hash(rt.settings, debtor.business_id, debtor.email),
        days=(link.expires_at - link.created_at).days, business=brands.view(business),
        words=words.for_reader(debtor, business),
    )


def stands(link: PortalLink, now: datetime) -> bool:
    """Say whether a link still opens something."""
    return link.revoked_at is None and now < link.expires_at


def send_fresh(rt: Runtime, link_public_id: str | None) -> None:
    """Mail a fresh link to the address on file, if the old one was ours; says nothing about whether it did.

    The same questions are asked of the database for a link nobody knows, so that an answer's time tells nothing.
    """
    now = rt.now()

    def work(session: Session) -> None:
        found = _found(session, link_public_id or NOBODY)
        debtor = lock_debtor(session, found[1].business_id, found[1].id) if found else lock_debtor(session, 0, 0)
        sent = session.scalar(select(func.count()).select_from(IdentityAttempt).where(
            IdentityAttempt.debtor_id == (debtor.id if debtor else 0), IdentityAttempt.kind == "new_link",
            IdentityAttempt.at > now - DAY)) or 0
        blocked = not_me.is_blocked(session, rt.settings, debtor.business_id if debtor else 0,
                                    debtor.email if debtor else None)
        if found is None or debtor is None or sent >= NEW_LINKS_A_DAY or blocked or not may_write_to(debtor):
            return
        if found[0].purpose == "account":
            _replace(session, now, found[0], debtor, found[2])

    rt.db.run(work)


def may_write_to(debtor: Debtor) -> bool:
    """Say whether essential email can reach a debtor at all."""
    return bool(debtor.email) and debtor.email_state == "ok"


def _replace(session: Session, now: datetime, old: PortalLink, debtor: Debtor, business: Business) -> None:
    scope = session.scalars(select(PortalLinkInvoice.invoice_id).where(PortalLinkInvoice.link_id == old.id)).all()
    fresh = create(session, now, debtor, invoice_ids=scope)
    revoke(session, now, old, "replaced")
    session.add(IdentityAttempt(
        business_id=debtor.business_id, debtor_id=debtor.id, link_id=old.id, kind="new_link", passed=True, at=now))
    messages.queue_new_link(session, now, debtor, business, fresh)
    record(session, at=now, actor=Actor("debtor", old.public_id), act="link.replaced",
           business_id=debtor.business_id, debtor_id=debtor.id, target=f"link:{fresh.public_id}")


def _found(session: Session, link_public_id: str) -> tuple[PortalLink, Debtor, Business] | None:
    row = session.execute(
        select(PortalLink, Debtor, Business)
        .join(Debtor, Debtor.id == PortalLink.debtor_id)
        .join(Business, Business.id == PortalLink.business_id)
        .where(PortalLink.public_id == link_public_id)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _add(session: Session, debtor: Debtor, link: PortalLink, invoice_ids: Sequence[int]) -> PortalLink:
    wanted = set(invoice_ids)
    mine = set(session.scalars(select(Invoice.id).where(
        Invoice.business_id == debtor.business_id, Invoice.debtor_id == debtor.id, Invoice.id.in_(wanted)))
    ) if wanted else set()
    if mine != wanted:
        raise Refusal("not_found", "unknown_invoice")
    session.add(link)
    session.flush()
    session.add_all(PortalLinkInvoice(business_id=link.business_id, link_id=link.id, invoice_id=id) for id in mine)
    session.flush()
    return link
