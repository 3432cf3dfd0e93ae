"""Links for somebody else who pays: made, listed and ended by the debtor. What such a link opens is in pay_only.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice, quote
from portal.models import Invoice, Payment, PortalLink, PortalLinkInvoice, lock_debtor
from portal.runtime import Runtime
from portal.services import audit, debts, fact_lookup, links, pay_only, payments, policies

# Nobody needs more at once, and a page that can make links without end can be used to flood.
MOST_STANDING = 20


@dataclass(frozen=True)
class StandingLink:
    """A link that still opens something; minor units. `for_what` is the title of its one invoice.

    Without it, `several` tells whether it is for certain invoices or an amount for whatever is the oldest.
    """

    public_id: str
    currency: str
    amount_minor: int
    paid_minor: int
    for_what: str
    several: bool
    created_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class MadeLink:
    """A link that has just been made, with its address and what the other person will see; minor units."""

    url: str
    payee: str
    reference: str
    currency: str
    amount_minor: int
    ends_at: datetime


def make(rt: Runtime, access: Access, choice: Choice) -> str:
    """Make a link by which somebody else pays all, one invoice or an amount; gives its public id.

    Made twice within the life of the first, unpaid, it is the same link. Raises Refusal: those of a quote, and
    pay_links_used_up.
    """
    now = rt.now()
    return rt.db.run(lambda session: _make(session, access, choice, now))


def _make(session: Session, access: Access, choice: Choice, now: datetime) -> str:
    debtor = lock_debtor(session, access.business_id, access.debtor_id)
    own = session.get(PortalLink, access.link_id)
    if debtor is None or own is None or not links.stands(own, now):
        raise Refusal("gone", "link_ended")
    opened = debts.open_invoices(session, access)
    smallest = debts.minimum_part(policies.in_force(session, access.business_id), choice.currency)
    price = quote(opened, choice, now=now, minimum_part=smallest)
    # The full price: a discount counts while it lasts, and who pays later pays what is left then.
    amount = choice.amount_minor or sum(line.invoice.payable_minor for line in price.lines)
    # All that is open means what is open today: a later invoice neither joins nor uses up the sum.
    scope = {line.invoice.id for line in price.lines} if choice.amount_minor is None else set(access.invoice_ids or ())
    standing = _standing_rows(session, access, now)
    for known in standing:
        if (known.currency, known.amount_minor) == (choice.currency, amount) and (
                _scope(session, known) == scope and payments.paid_by(session, known) == 0):
            return known.public_id
    if len(standing) >= MOST_STANDING:
        raise Refusal("too_many", "pay_links_used_up")
    link = links.create_pay_only(session, now, debtor, currency=choice.currency, amount_minor=amount,
                                 invoice_ids=sorted(scope))
    _note(session, access, "pay_link.made", link, now)
    return link.public_id


def made(rt: Runtime, access: Access, public_id: str) -> MadeLink:
    """Give the address of a link the reader has made; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        link = _own(session, access, public_id)
        if not links.stands(link, now):
            raise Refusal("not_found", "unknown_page")
        shown = pay_only.offer_of(session, link, now)
    return MadeLink(links.url_of(rt.settings, link), shown.payee, shown.reference, shown.currency,
                    shown.price_minor, link.expires_at)


def standing(rt: Runtime, access: Access) -> tuple[StandingLink, ...]:
    """List the links that still open something, the newest first."""
    now = rt.now()
    with rt.db.reading() as session:
        return tuple(_standing(session, link) for link in _standing_rows(session, access, now))


def revoke(rt: Runtime, access: Access, public_id: str) -> None:
    """End a link at once, with the page to pay on that it may have opened; ending it twice changes nothing."""
    now = rt.now()

    def work(session: Session) -> None:
        lock_debtor(session, access.business_id, access.debtor_id)
        link = _own(session, access, public_id)
        if link.revoked_at is not None:
            return
        links.revoke(session, now, link, "by_debtor")
        pages = session.execute(select(Payment.checkout_session, Payment.stripe_account).where(
            Payment.business_id == access.business_id, Payment.debtor_id == access.debtor_id,
            Payment.link_id == link.id, Payment.state == "open", Payment.checkout_session.is_not(None)))
        for page, account in pages:
            fact_lookup.ask_later(session, "close_page", str(page), account or "", now)
        _note(session, access, "pay_link.revoked", link, now)

    rt.db.run(work)


def _own(session: Session, access: Access, public_id: str) -> PortalLink:
    link = session.scalars(_links_of(access).where(PortalLink.public_id == public_id)).one_or_none()
    if link is None or not _within(session, access, link):
        raise Refusal("not_found", "unknown_page")
    return link


def _standing_rows(session: Session, access: Access, now: datetime) -> Sequence[PortalLink]:
    rows = session.scalars(_links_of(access).where(
        PortalLink.revoked_at.is_(None), PortalLink.expires_at > now).order_by(PortalLink.id.desc())).all()
    return [link for link in rows if _within(session, access, link)]


def _links_of(access: Access) -> Select[PortalLink]:
    return select(PortalLink).where(
        PortalLink.business_id == access.business_id, PortalLink.debtor_id == access.debtor_id,
        PortalLink.purpose == "pay_only")


def _within(session: Session, access: Access, link: PortalLink) -> bool:
    """A link that shows some invoices alone neither sees nor ends links for others."""
    if access.invoice_ids is None:
        return True
    scope = _scope(session, link)
    return bool(scope) and scope <= access.invoice_ids


def _scope(session: Session, link: PortalLink) -> set[int]:
    return set(session.scalars(
        select(PortalLinkInvoice.invoice_id).where(PortalLinkInvoice.link_id == link.id)))


def _standing(session: Session, link: PortalLink) -> StandingLink:
    names = session.execute(
        select(Invoice.title, Invoice.number).join(PortalLinkInvoice, PortalLinkInvoice.invoice_id == Invoice.id)
        .where(PortalLinkInvoice.link_id == link.id).limit(2)).all()
    return StandingLink(
        public_id=link.public_id, currency=link.currency or "", amount_minor=link.amount_minor or 0,
        paid_minor=payments.paid_by(session, link), for_what=(names[0][0] or names[0][1]) if len(names) == 1 else "",
        several=len(names) > 1, created_at=link.created_at, ends_at=link.expires_at)


def _note(session: Session, access: Access, act: str, link: PortalLink, now: datetime) -> None:
    audit.record(session, at=now, actor=audit.Actor("debtor", access.link_public_id), act=act,
                 business_id=access.business_id, debtor_id=access.debtor_id, target=f"link:{link.public_id}",
                 amount=link.amount_minor, currency=link.currency)
