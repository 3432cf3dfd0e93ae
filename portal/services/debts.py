"""Reads what is open for one reader: invoices with what is left, their offers, and the rules in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Row,
    ScalarSelect,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.db import Asked, Question
from portal.domain.access import Access
from portal.domain.currencies import minimum_charge, step
from portal.domain.disputes import discount_on_rest, held
from portal.domain.hand_overs import HandedTo
from portal.domain.ledger import RECEIVABLE
from portal.domain.offers import spread_off, stands_on
from portal.domain.policy import Policy
from portal.domain.quotes import OpenInvoice, OpenOffer
from portal.models import (
    Arrangement,
    ArrangementInvoice,
    HandOver,
    HandOverInvoice,
    Hold,
    Invoice,
    LedgerAccount,
    LedgerTransfer,
    Offer,
    Payment,
    PaymentInvoice,
    SettlementOffer,
)
from portal.models.base import fixed

# Stands for all of an invoice, where the sum of what is questioned is told by one number.
ALL_OF_IT = 2 ** 60


def open_invoices(session: Asked, access: Access) -> Sequence[OpenInvoice]:
    """List the invoices a reader may see on which something is left, with their open offers."""
    values = {"business": access.business_id, "debtor": access.debtor_id}
    if access.invoice_ids is None:
        return _settled_together([_open_invoice(row) for row in _open_query(narrowed=False).ask(session, values)])
    only = {"only": sorted(access.invoice_ids)}
    return _settled_together(
        [_open_invoice(row) for row in _open_query(narrowed=True).ask(session, {**values, **only})])


@cache
def _open_query(*, narrowed: bool) -> Question:
    """Put the question together once: that takes longer than asking it."""
    left = (LedgerAccount.debits - LedgerAccount.credits).label("left_minor")
    # The debtor stands here for SQLite, which knows no other way into this table than by them.
    on_its_way = exists().where(
        PaymentInvoice.debtor_id == bindparam("debtor"), PaymentInvoice.invoice_id == Invoice.id, PaymentInvoice.open,
        Payment.id == PaymentInvoice.payment_id, Payment.state == fixed("processing")).label("on_its_way")
    # As the index of the open ones says it; from "open = 1" SQLite would not know that index, and read them all.
    handed_now: ColumnClause[Any] = literal_column("hand_over_invoice.open")
    binding: ColumnClause[Any] = literal_column("arrangement_invoice.binding")
    questioned = (
        select(Hold.invoice_id.label("invoice"), func.sum(func.coalesce(Hold.amount_minor, ALL_OF_IT)).label("minor"),
               func.min(Hold.starts_at).label("since"))
        .where(Hold.debtor_id == bindparam("debtor"), Hold.cause == fixed("dispute"), Hold.released_at.is_(None))
        .group_by(Hold.invoice_id).subquery())
    query = (
        select(Invoice.id, Invoice.public_id, Invoice.number, Invoice.title, Invoice.issued_on, Invoice.due_on,
               Invoice.currency, Invoice.total_minor, LedgerAccount.id.label("account"), left, on_its_way,
               Offer.id.label("offer_id"), Offer.kind.label("offer_kind"), Offer.discount_minor, Offer.basis_points,
               Offer.deadline, Offer.base_minor, Offer.part_effect, _taken(Offer.id).label("taken"),
               Arrangement.id.label("group"), _forgives(Arrangement.id).label("forgives"),
               _others(narrowed=narrowed).label("others"), questioned.c.minor.label("questioned"),
               questioned.c.since.label("questioned_at"), HandOver.to_kind, HandOver.to_name, HandOver.to_contact,
               HandOver.reference)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .outerjoin(Offer, and_(Offer.invoice_id == Invoice.id, Offer.withdrawn_at.is_(None)))
        .outerjoin(ArrangementInvoice, and_(ArrangementInvoice.invoice_id == Invoice.id, binding))
        .outerjoin(Arrangement, and_(Arrangement.id == ArrangementInvoice.arrangement_id,
                                     Arrangement.kind == fixed("settlement")))
        .outerjoin(HandOverInvoice, and_(HandOverInvoice.invoice_id == Invoice.id, handed_now))
        .outerjoin(HandOver, HandOver.id == HandOverInvoice.hand_over_id)
        .outerjoin(questioned, questioned.c.invoice == Invoice.id)
        .where(LedgerAccount.business_id == bindparam("business"), LedgerAccount.debtor_id == bindparam("debtor"),
               LedgerAccount.kind == fixed(RECEIVABLE), LedgerAccount.credits < LedgerAccount.debits)
        .order_by(Invoice.due_on, Invoice.id))
    return Question(query.where(Invoice.id.in_(bindparam("only", expanding=True))) if narrowed else query)


def _open_invoice(row: Row[*tuple[Any, ...]]) -> OpenInvoice:
    rests = _rests(row)
    terms = _terms(row, row.left_minor - rests)
    handed = HandedTo(row.to_kind, row.to_name, row.to_contact, row.reference) if row.to_kind else None
    return OpenInvoice(
        id=row.id, public_id=row.public_id, number=row.number, title=row.title, issued_on=row.issued_on,
        due_on=row.due_on, currency=row.currency, total_minor=row.total_minor, left_minor=row.left_minor, offer=terms,
        on_its_way=row.on_its_way, account=row.account, handed_to=handed, held_minor=rests,
        settlement=row.group or 0)


def _rests(row: Row[*tuple[Any, ...]]) -> int:
    if row.questioned is None:
        return 0
    questioned = int(row.questioned)
    return held(row.left_minor, [None if questioned >= ALL_OF_IT else questioned])


def _others(*, narrowed: bool) -> ColumnElement[bool]:
    """Whether the settlement of an invoice covers open ones that a narrow link does not show."""
    if not narrowed:
        return false()
    beside, account = aliased(ArrangementInvoice), aliased(LedgerAccount)
    return exists().where(
        beside.arrangement_id == Arrangement.id, beside.invoice_id.not_in(bindparam("only", expanding=True)),
        account.invoice_id == beside.invoice_id, account.credits < account.debits)


def _taken(offer_id: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """What the books say an offer has taken off so far, less what was taken back; minor units, empty for nothing."""
    signed = case((LedgerTransfer.kind.in_((fixed("discount"), fixed("settled"))), LedgerTransfer.amount),
                  else_=-LedgerTransfer.amount)
    return (select(func.sum(signed))
            .where(LedgerTransfer.cause_type == fixed("offer"), LedgerTransfer.cause_id == cast(offer_id, String(80)))
            .scalar_subquery())


def _forgives(arrangement_id: InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """What a settlement still forgives in all, also what was reckoned on invoices that are paid by now."""
    mine = aliased(Offer)
    return (select(func.sum(mine.discount_minor - func.coalesce(_taken(mine.id), 0)))
            .join(SettlementOffer, SettlementOffer.offer_id == mine.id)
            .where(SettlementOffer.arrangement_id == arrangement_id, mine.withdrawn_at.is_(None)).scalar_subquery())


def _terms(row: Row[*tuple[Any, ...]], payable: int) -> OpenOffer | None:
    if row.offer_id is None:
        return None
    base, unit = row.total_minor if row.base_minor is None else row.base_minor, step(row.currency)
    if row.offer_kind == "settlement":
        # One that is seen in part only has no price of its own; of the others _settled_together tells the share.
        discount, base = int(row.discount_minor if row.others else row.forgives or 0), row.left_minor
    elif row.taken:
        # It was earned: what is open again, or was added, is no second occasion for it.
        return None
    else:
        discount = stands_on(row.part_effect, row.discount_minor, base=base, left=row.left_minor, payable=payable,
                             step=unit)
    if not discount:
        return None
    return OpenOffer(
        row.offer_id, row.offer_kind, discount, row.basis_points, row.deadline, row.questioned_at, row.part_effect,
        base, row.discount_minor, (row.group or 0) if row.offer_kind == "settlement" else 0, not row.others)


def _settled_together(invoices: list[OpenInvoice]) -> list[OpenInvoice]:
    """Spread what each settlement still forgives over what is open of it now: it has one price.

    What was paid since it was accepted counts towards it; the forgiven rest stays the same, and waits in part where a
    part is questioned.
    """
    groups: dict[int, list[int]] = {}
    for place, invoice in enumerate(invoices):
        if invoice.settlement:
            groups.setdefault(invoice.settlement, []).append(place)
    for places in groups.values():
        found = [invoices[place] for place in places]
        payable = sum(invoice.payable_minor for invoice in found)
        off = discount_on_rest(_pool(found), base=sum(invoice.left_minor for invoice in found), rest=payable)
        lefts = [invoice.payable_minor if invoice.offer else 0 for invoice in found]
        # Where less is left than was to be forgiven, all of it is asked for: that is less than was agreed.
        parts = spread_off(lefts, off) if off < payable else [0] * len(lefts)
        for place, invoice, part in zip(places, found, parts, strict=True):
            taken_off = replace(invoice.offer, discount_minor=part) if invoice.offer and part else None
            invoices[place] = replace(invoice, offer=taken_off)
    return invoices


def _pool(found: Sequence[OpenInvoice]) -> int:
    """What the settlement of these invoices forgives: in all, or what lies on those that a narrow link shows."""
    offers = [invoice.offer for invoice in found if invoice.offer is not None]
    if all(offer.whole for offer in offers):
        return max((offer.discount_minor for offer in offers), default=0)
    return sum(offer.discount_minor for offer in offers)


def minimum_part(policy: Policy, currency: str) -> int:
    """Tell the smallest part payment in minor units: the business's own, never under Stripe's minimum."""
    return max((policy.minimum_part or {}).get(currency, 0), minimum_charge(currency))
