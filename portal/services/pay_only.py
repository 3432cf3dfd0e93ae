"""What a link for somebody who only pays opens: payee, reference, amount, and how their own payment stands.

Nothing else of the debtor is read into what leaves this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.domain.payment_stories import Story, story
from portal.domain.quotes import Choice, OpenInvoice, quote
from portal.models import Business, Chargeback, Debtor, Invoice, Payment, PortalLink, PortalLinkInvoice
from portal.runtime import Runtime
from portal.services import debts, payments


@dataclass(frozen=True)
class OwnPayment:
    """The last payment that was started from this link; minor units."""

    public_id: str
    story: Story
    amount_minor: int


@dataclass(frozen=True)
class Offer:
    """What the page shows; minor units. `state` is payable, paid, on_its_way or not_payable (`refusal` says why)."""

    payee: str
    reference: str
    currency: str
    state: str
    price_minor: int
    less_is_left: bool
    refusal: Refusal | None
    choice: Choice
    last: OwnPayment | None


def offer(rt: Runtime, access: Access) -> Offer:
    """Give what this link asks for now: never more than what is left."""
    now = rt.now()
    with rt.db.reading() as session:
        return offer_of(session, _link(session, access), now)


def start(rt: Runtime, access: Access, *, expected_total_minor: int) -> str:
    """Start paying what the page showed and give the address of the hosted page; raises Refusal as a checkout does."""
    shown = offer(rt, access)
    if shown.state == "on_its_way":
        raise Refusal("conflict", "payment_processing")
    if shown.state == "paid":
        raise Refusal("conflict", "nothing_open")
    if shown.refusal is not None:
        raise shown.refusal
    return payments.start_checkout(rt, access, shown.choice, expected_total_minor=expected_total_minor)


def ask(rt: Runtime, access: Access) -> None:
    """Ask Stripe how this link's own last payment stands; without one, there is nothing to ask."""
    with rt.db.reading() as session:
        last = _last(session, _link(session, access))
    if last is not None:
        payments.ask_stripe(rt, access, last.public_id)


def offer_of(session: Session, link: PortalLink, now: datetime) -> Offer:
    """Work out what a link asks for now; in its caller's transaction."""
    business = session.get_one(Business, link.business_id)
    scope = _scope(session, link)
    opened = _open(session, link, scope)
    wanted = (link.amount_minor or 0) - payments.paid_by(session, link)
    payable = sum(invoice.payable_minor for invoice in opened if not invoice.on_its_way and invoice.handed_to is None)
    currency = link.currency or ""
    whole = wanted >= payable
    choice = Choice(currency) if whole else Choice(currency, amount_minor=wanted)
    state, price, refusal = _priced(opened, choice, wanted, payable, now)
    return Offer(
        payee=business.legal_name, reference=_reference(session, link, business, scope), currency=currency,
        state=state, price_minor=price, less_is_left=state == "payable" and payable < wanted, refusal=refusal,
        choice=choice, last=_last(session, link))


def _priced(opened: Sequence[OpenInvoice], choice: Choice, wanted: int, payable: int, now: datetime) -> tuple[
        str, int, Refusal | None]:
    if wanted <= 0 or not opened:
        return "paid", 0, None
    if all(invoice.handed_to for invoice in opened):
        # Who pays for somebody else learns that this is not the way any more, and nothing of why.
        could = sum(one.payable_minor for one in opened)
        return "not_payable", min(wanted, could), Refusal("conflict", "ask_who_sent_it")
    if payable == 0:
        return "on_its_way", 0, None
    try:
        # The debtor chose the sum when the link was made; only what cannot be charged at all is refused here.
        return "payable", quote(opened, choice, now=now, minimum_part=0).total_minor, None
    except Refusal as refusal:
        return "not_payable", min(wanted, payable), refusal


def _link(session: Session, access: Access) -> PortalLink:
    link = session.get_one(PortalLink, access.link_id)
    if link.purpose != "pay_only":
        raise Refusal("not_found", "unknown_page")
    return link


def _open(session: Session, link: PortalLink, scope: frozenset[int]) -> list[OpenInvoice]:
    behind = Access(link.business_id, link.debtor_id, link.id, link.public_id, KNOWN, scope or None, pay_only=True)
    return [one for one in debts.open_invoices(session, behind) if one.currency == link.currency]


def _scope(session: Session, link: PortalLink) -> frozenset[int]:
    return frozenset(session.scalars(
        select(PortalLinkInvoice.invoice_id).where(PortalLinkInvoice.link_id == link.id)))


def _reference(session: Session, link: PortalLink, business: Business, scope: frozenset[int]) -> str:
    if len(scope) == 1:
        return session.scalars(select(Invoice.number).where(
            Invoice.business_id == link.business_id, Invoice.id.in_(scope))).one()
    return payments.transfer_reference(business, session.get_one(Debtor, link.debtor_id))


def _last(session: Session, link: PortalLink) -> OwnPayment | None:
    payment = session.scalars(
        select(Payment).where(Payment.business_id == link.business_id, Payment.link_id == link.id)
        .order_by(Payment.id.desc()).limit(1)).one_or_none()
    if payment is None:
        return None
    taken = session.scalar(
        select(func.max(Chargeback.id)).where(
            Chargeback.payment_id == payment.id, Chargeback.withdrawn_at.is_not(None)))
    chargeback = session.get_one(Chargeback, taken).state if taken else ""
    told = story(state=payment.state, captured=payment.captured_minor, returned=payment.returned_minor,
                 chargeback=chargeback, failed_before=bool(payment.failure_code))
    return OwnPayment(payment.public_id, told, payment.captured_minor or payment.amount_minor)
