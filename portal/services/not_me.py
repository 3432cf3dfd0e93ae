"""The answer "this is not me": the address is blocked without being kept, and every link to it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portal import words
from portal.domain.errors import Refusal
from portal.models import BlockedAddress, Business, Debtor, DebtorSession, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import brands, standings
from portal.services.audit import Actor, record
from portal.services.brands import BusinessView
from portal.services.tokens import Ended, NotGenuine, Token, keyed_hash, link_tokens

# An email may be found much later; saying "not me" must still work then.
WORKS_FOR = timedelta(days=730)


def token(settings: Settings, debtor_public_id: str, address_hash: str, now: datetime) -> str:
    """Sign the token of the page for one reader of one address."""
    return link_tokens(settings).make("not-me", debtor_public_id, now + WORKS_FOR, address_hash)


def url_of(settings: Settings, debtor: Debtor, now: datetime) -> str:
    """Write the address of the page, for an email that goes to the debtor's address of today."""
    address = address_hash(settings, debtor.business_id, debtor.email)
    return f"{settings.base_url}/not-me/{token(settings, debtor.public_id, address, now)}"


def address_hash(settings: Settings, business_id: int, address: str | None) -> str:
    """Hash an address so that it can be recognized and not read; no address has no hash."""
    if not address:
        return ""
    return keyed_hash(settings.code_key, "address", str(business_id), address.strip().casefold())


def is_blocked(session: Session, settings: Settings, business_id: int, address: str | None) -> bool:
    """Say whether the reader of an address told this business that they are someone else."""
    found = session.scalar(select(BlockedAddress.id).where(
        BlockedAddress.business_id == business_id,
        BlockedAddress.address_hash == address_hash(settings, business_id, address)))
    return found is not None


def page(rt: Runtime, text: str) -> tuple[BusinessView, words.Words]:
    """Give the business whose page this is; raises Refusal not_found. Writes nothing."""
    with rt.db.reading() as session:
        debtor, business, _ = _named(session, rt, text)
        return brands.view(business), words.for_reader(debtor, business)


def say(rt: Runtime, text: str) -> None:
    """Block the address the email went to and end every link of the debtor; a second press changes nothing.

    When the debtor's address was corrected in the meantime, the new one stays as it is.
    """
    now = rt.now()

    def work(session: Session) -> None:
        found, business, token = _named(session, rt, text)
        debtor = lock_debtor(session, business.id, found.id)
        if debtor is None:
            raise Refusal("not_found", "unknown_page")
        known = address_hash(rt.settings, business.id, debtor.email) == token.word
        if known:
            debtor.email_state = "wrong_person"
            # Nobody is asked to call whom we may know wrongly, until one of the staff has looked.
            standings.forget_call(session, debtor.id)
        _block(session, now, business.id, token.word)
        ended = _end_links(session, now, debtor) if known else 0
        record(session, at=now, actor=Actor("debtor"), act="debtor.not_me", business_id=business.id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", links_ended=ended, address_current=known)

    rt.db.run(work)


def _block(session: Session, now: datetime, business_id: int, hashed: str) -> None:
    already = session.scalar(select(BlockedAddress.id).where(
        BlockedAddress.business_id == business_id, BlockedAddress.address_hash == hashed))
    if hashed and already is None:
        session.add(BlockedAddress(business_id=business_id, address_hash=hashed, created_at=now))


def _end_links(session: Session, now: datetime, debtor: Debtor) -> int:
    open_links = session.scalars(select(PortalLink).where(
        PortalLink.business_id == debtor.business_id, PortalLink.debtor_id == debtor.id,
        PortalLink.revoked_at.is_(None))).all()
    for link in open_links:
        link.revoked_at, link.revoked_reason = now, "not_me"
    sessions_open = session.scalars(select(DebtorSession).where(
        DebtorSession.business_id == debtor.business_id, DebtorSession.debtor_id == debtor.id,
        DebtorSession.ended_at.is_(None))).all()
    for row in sessions_open:
        row.ended_at = now
    return len(open_links)


def _named(session: Session, rt: Runtime, text: str) -> tuple[Debtor, Business, Token]:
    try:
        token = link_tokens(rt.settings).read("not-me", text, rt.now())
    except (NotGenuine, Ended) as error:
        raise Refusal("not_found", "unknown_page") from error
    row = session.execute(
        select(Debtor, Business).join(Business, Business.id == Debtor.business_id)
        .where(Debtor.public_id == token.id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1], token
