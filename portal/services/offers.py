"""Discounts that staff make by hand, for one debtor or a selection: made, replaced, taken back.

An offer never changes: another one takes its place. What a part payment does to it is frozen with it. Discounts that
come with an invoice's terms are offer_terms.py's, settlements settlement_answers.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.offers import discount_on, kind_of
from portal.domain.questions import told
from portal.domain.quotes import OpenInvoice
from portal.domain.roles import StaffAccess
from portal.models import ArrangementInvoice, Debtor, Offer, Staff
from portal.runtime import Runtime
from portal.services import arrangements, debtor_desk, debts, nonces, offer_mail, policies, settlement_terms
from portal.services.audit import record, staff_actor

PERMISSION = "move_money"
FURTHEST = timedelta(days=366)
LONGEST_WORDS = 4_000


@dataclass(frozen=True)
class Wanted:
    """A discount as it was typed: a share in hundredths of a percent, or an amount of one currency; its last day."""

    until: date
    basis_points: int = 0
    amount_minor: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Order:
    """A discount for one debtor: on which invoices (none: all that are open), in which words, and who is told."""

    wanted: Wanted
    nonce: str
    invoice_ids: Sequence[str] = ()
    words: str = ""
    tell: bool = False


@dataclass(frozen=True)
class Made:
    """What was made: offers and why an invoice got none, by its number."""

    offers: tuple[Offer, ...]
    left_out: tuple[tuple[str, str], ...]


def make(rt: Runtime, access: StaffAccess, debtor_id: str, order: Order) -> Made:
    """Make a discount for one debtor; an older one on the same invoice is replaced. Sent twice it is made once.

    Raises Refusal: role_may_not, not_found, day_passed, day_too_far, discount_too_small, discount_too_large,
    nothing_open, unknown_invoice, settlement_owner_only, words_too_long, form_without_id, and the reason why the only
    invoice gets none.
    """
    access.require(PERMISSION)
    now, batch = rt.now(), nonces.public_id(access, "offer", order.nonce)
    body = told(order.words, longest=LONGEST_WORDS) if order.words.strip() else ""

    def work(session: Session) -> Made:
        debtor = debtor_desk.lock(session, access, debtor_id)
        known = session.scalars(select(Offer).where(
            Offer.business_id == access.business_id, Offer.debtor_id == debtor.id,
            Offer.public_id.startswith(batch[:20]))).all()
        if known:
            return Made(tuple(known), ())
        chosen = frozenset(debtor_desk.invoice_of(session, debtor, one).id for one in order.invoice_ids)
        made = put(session, access, debtor, order.wanted, now, only=chosen or None, batch=batch)
        if not made.offers:
            raise Refusal("conflict", made.left_out[0][1] if made.left_out else "nothing_open")
        debtor_desk.keep_words(session, access, debtor, now, f"offer:{made.offers[0].public_id}", body)
        if order.tell:
            offer_mail.tell(session, now, debtor, made.offers, words=body,
                            name=session.get_one(Staff, access.staff_id).name)
        record(session, at=now, actor=staff_actor(access), act="offer.made", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", until=order.wanted.until.isoformat(),
               offers=[one.public_id for one in made.offers], discount=sum(one.discount_minor for one in made.offers),
               currency=made.offers[0].currency)
        return made

    return rt.db.run(work)


def put(session: Session, access: StaffAccess, debtor: Debtor, wanted: Wanted, now: datetime, *,
        only: frozenset[int] | None = None, batch: str = "") -> Made:
    """Make a discount on what is open of a debtor whose lock is held; raises Refusal as make()."""
    found, left_out = foresee(session, access, debtor, wanted, now, only=only)
    return Made(tuple(_one(session, debtor, invoice, off, wanted, now, f"{batch[:20]}{place:02d}" if batch else "")
                      for place, (invoice, off) in enumerate(found)),
                tuple((invoice.number, reason) for invoice, reason in left_out))


def foresee(session: Session, access: StaffAccess, debtor: Debtor, wanted: Wanted, now: datetime, *,
            only: frozenset[int] | None = None) -> tuple[list[tuple[OpenInvoice, int]], list[tuple[OpenInvoice, str]]]:
    """Say what a discount would take off which invoice, and why others would get none; raises Refusal as make()."""
    today = arrangements.today(session, debtor, now)
    if wanted.until < today:
        raise Refusal("invalid", "day_passed")
    if wanted.until > today + FURTHEST:
        raise Refusal("invalid", "day_too_far", day=today + FURTHEST)
    found: list[tuple[OpenInvoice, int]] = []
    left_out: list[tuple[OpenInvoice, str]] = []
    for invoice in debts.open_invoices(session, Access(debtor.business_id, debtor.id, 0, "", 0, only)):
        if wanted.currency and invoice.currency != wanted.currency:
            continue
        reason = why_not(session, debtor, invoice)
        try:
            off = 0 if reason else _off(invoice, wanted)
        except Refusal as refusal:
            if only is not None and len(only) == 1:
                raise
            reason, off = refusal.code, 0
        if reason:
            left_out.append((invoice, reason))
        else:
            found.append((invoice, off))
    _refuse_beyond_limit(session, access, debtor, found)
    return found, left_out


def why_not(session: Session, debtor: Debtor, invoice: OpenInvoice) -> str:
    """Say by its code why an invoice can have no discount now; "" when it can."""
    if invoice.handed_to is not None:
        return "invoice_handed_over"
    if invoice.on_its_way:
        return "payment_processing"
    if invoice.held_minor:
        return "dispute_first"
    bound = session.scalars(select(ArrangementInvoice.arrangement_id).where(
        ArrangementInvoice.invoice_id == invoice.id, ArrangementInvoice.binding)).all()
    if bound:
        try:
            arrangements.check_room(session, debtor, "offer", [invoice.id])
        except Refusal as refusal:
            return refusal.code
    return ""


def withdraw(rt: Runtime, access: StaffAccess, offer_id: str, words: str = "") -> None:
    """Take a discount back; a payment that was started before keeps it. Twice changes nothing.

    Raises Refusal: role_may_not, not_found, offer_is_settled, words_too_long.
    """
    access.require(PERMISSION)
    now = rt.now()
    body = told(words, longest=LONGEST_WORDS) if words.strip() else ""

    def work(session: Session) -> None:
        offer = find(session, access, offer_id)
        debtor = debtor_desk.lock(session, access, _debtor_of(session, offer), erased_too=True)
        session.refresh(offer)
        if offer.kind == settlement_terms.KIND:
            # What was signed is not taken back by one side.
            raise Refusal("conflict", "offer_is_settled")
        if offer.withdrawn_at is not None:
            return
        offer.withdrawn_at, offer.ended_as = now, "withdrawn"
        debtor_desk.keep_words(session, access, debtor, now, f"offer:{offer.public_id}", body)
        record(session, at=now, actor=staff_actor(access), act="offer.withdrawn", business_id=access.business_id,
               debtor_id=debtor.id, target=f"offer:{offer.public_id}", discount=offer.discount_minor,
               currency=offer.currency)

    rt.db.run(work)


def find(session: Session, access: StaffAccess, offer_id: str) -> Offer:
    """Find an offer of this business; raises Refusal not_found for anybody else's."""
    offer = session.scalars(select(Offer).where(
        Offer.public_id == offer_id, Offer.business_id == access.business_id)).one_or_none()
    if offer is None:
        raise Refusal("not_found", "unknown_page")
    return offer


def supersede(session: Session, invoice_id: int, now: datetime) -> int:
    """Let the offer that stands on an invoice give way to another; returns the version of the next one."""
    session.execute(
        update(Offer).where(Offer.invoice_id == invoice_id, Offer.withdrawn_at.is_(None))
        .values(withdrawn_at=now, ended_as="superseded").execution_options(synchronize_session=False))
    return (session.scalar(select(func.max(Offer.version)).where(Offer.invoice_id == invoice_id)) or 0) + 1


def _one(session: Session, debtor: Debtor, invoice: OpenInvoice, off: int, wanted: Wanted, now: datetime,
         public_id: str) -> Offer:
    policy = policies.in_force(session, debtor.business_id)
    offer = Offer(
        business_id=debtor.business_id, debtor_id=debtor.id, invoice_id=invoice.id, currency=invoice.currency,
        kind=kind_of(wanted.until, invoice.due_on), discount_minor=off, basis_points=wanted.basis_points,
        base_minor=invoice.left_minor, deadline=settlement_terms.deadline_of(session, debtor, wanted.until),
        created_at=now, version=supersede(session, invoice.id, now), part_effect=policy.part_payment_discount,
        **({"public_id": public_id} if public_id else {}))
    session.add(offer)
    session.flush()
    return offer


def _off(invoice: OpenInvoice, wanted: Wanted) -> int:
    off = discount_on(invoice.left_minor, basis_points=wanted.basis_points, amount=wanted.amount_minor,
                      step=step(invoice.currency))
    if invoice.left_minor - off < minimum_charge(invoice.currency):
        raise Refusal("invalid", "below_minimum_charge", least=minimum_charge(invoice.currency))
    return off


def _refuse_beyond_limit(session: Session, access: StaffAccess, debtor: Debtor,
                         found: Sequence[tuple[OpenInvoice, int]]) -> None:
    policy = policies.in_force(session, debtor.business_id)
    for currency in {invoice.currency for invoice, _ in found}:
        limit = policy.second_person_above(currency)
        if sum(off for invoice, off in found if invoice.currency == currency) > limit and not access.may("danger"):
            raise Refusal("not_allowed", "settlement_owner_only", limit=limit, currency=currency)


def _debtor_of(session: Session, offer: Offer) -> str:
    return session.scalars(select(Debtor.public_id).where(Debtor.id == offer.debtor_id)).one()


def usual_days(rt: Runtime, access: StaffAccess) -> int:
    """Tell how many days a discount made by hand lasts unless somebody chooses another day."""
    with rt.db.reading() as session:
        return policies.in_force(session, access.business_id).offer_days
