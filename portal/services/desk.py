"""What staff do for one debtor by account number: hand out a link, end all of them, read out a code."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Business, Debtor, Invoice, PortalLink, lock_debtor
from portal.runtime import Runtime
from portal.services import identity, links
from portal.services.audit import COMMAND_LINE, record


def make_link(rt: Runtime, slug: str, number: str, invoice_numbers: Sequence[str] = ()) -> str:
    """Make a link to a debtor's page, or to some invoices of it; returns its address. Raises Refusal not_found."""
    now = rt.now()
    with rt.db.transaction() as session:
        debtor = _debtor(session, slug, number)
        link = links.create(session, now, debtor, invoice_ids=_invoices(session, debtor, invoice_numbers))
        record(session, at=now, actor=COMMAND_LINE, act="link.created", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"link:{link.public_id}")
        return links.url_of(rt.settings, link)


def revoke_links(rt: Runtime, slug: str, number: str) -> int:
    """End every link of a debtor and what they opened; returns how many were open. Raises Refusal not_found."""
    now = rt.now()
    with rt.db.transaction() as session:
        debtor = _debtor(session, slug, number)
        lock_debtor(session, debtor.business_id, debtor.id)
        ended = links.revoke_all(session, now, debtor, "staff")
        record(session, at=now, actor=COMMAND_LINE, act="links.revoked", business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", ended=ended)
        return ended


def read_code(rt: Runtime, slug: str, number: str) -> str:
    """Make a code for the link the debtor has opened last; returns the six digits.

    Raises Refusal: not_found, gone/link_ended when no link is open, too_many/codes_used_up.
    """
    with rt.db.reading() as session:
        debtor = _debtor(session, slug, number)
        opened = session.scalars(
            select(PortalLink.public_id)
            .where(PortalLink.business_id == debtor.business_id, PortalLink.debtor_id == debtor.id,
                   PortalLink.revoked_at.is_(None), PortalLink.expires_at > rt.now(),
                   PortalLink.purpose == "account")
            .order_by(PortalLink.first_opened_at.desc().nulls_last(), PortalLink.id.desc()).limit(1)).one_or_none()
    if opened is None:
        raise Refusal("gone", "link_ended")
    return identity.read_out_code(rt, opened, identity.OPEN)


def _debtor(session: Session, slug: str, number: str) -> Debtor:
    debtor = session.scalars(
        select(Debtor).join(Business, Business.id == Debtor.business_id)
        .where(Business.slug == slug, Debtor.number == number)).one_or_none()
    if debtor is None:
        raise Refusal("not_found", "unknown_page")
    return debtor


def _invoices(session: Session, debtor: Debtor, numbers: Sequence[str]) -> list[int]:
    if not numbers:
        return []
    found = session.scalars(select(Invoice.id).where(
        Invoice.business_id == debtor.business_id, Invoice.debtor_id == debtor.id, Invoice.number.in_(numbers))).all()
    if len(found) != len(set(numbers)):
        raise Refusal("not_found", "unknown_invoice")
    return list(found)
