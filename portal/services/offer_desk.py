"""The office's list of offers: those that stand, that end soon, that were taken, and those that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from portal.domain.roles import StaffAccess
from portal.models import Debtor, Invoice, LedgerAccount, LedgerTransfer, Offer
from portal.runtime import Runtime
from portal.services import offers

PAGE = 50
SOON = timedelta(days=3)
FILTERS = ("standing", "soon", "taken", "over")
KINDS = ("early_pay", "prompt_pay", "settlement")


@dataclass(frozen=True)
class OfferRow:
    """One offer as its row shows it; minor units. `state` is standing, soon, taken, expired, withdrawn, superseded."""

    public_id: str
    kind: str
    state: str
    invoice_id: str
    invoice: str
    debtor_id: str
    debtor: str
    currency: str
    base_minor: int
    discount_minor: int
    basis_points: int
    deadline: datetime
    created_at: datetime


@dataclass(frozen=True)
class OfferPage:
    """A part of the list, what it was asked for, and where the next part begins ("" at the end)."""

    rows: tuple[OfferRow, ...]
    wanted: str
    kind: str
    after: str


def shown(rt: Runtime, access: StaffAccess, *, wanted: str = "", kind: str = "", after: str = "") -> OfferPage:
    """List offers: what stands first to end first, all else the newest first; an unknown filter is none."""
    now, wanted = rt.now(), wanted if wanted in FILTERS else "standing"
    kind = kind if kind in KINDS else ""
    with rt.db.reading() as session:
        last = _place(session, access, after)
        query = _rows().where(Offer.business_id == access.business_id, _meant(wanted, now))
        query = query.where(Offer.kind == kind) if kind else query
        if wanted in ("standing", "soon"):
            query = query.order_by(Offer.deadline, Offer.id)
            if last is not None:
                query = query.where(or_(Offer.deadline > last.deadline,
                                        and_(Offer.deadline == last.deadline, Offer.id > last.id)))
        else:
            query = query.order_by(Offer.id.desc())
            query = query.where(Offer.id < last.id) if last is not None else query
        found = session.execute(query.limit(PAGE + 1)).all()
    rows = tuple(_row(now, *row) for row in found[:PAGE])
    return OfferPage(rows, wanted, kind, rows[-1].public_id if len(found) > PAGE else "")


def one(rt: Runtime, access: StaffAccess, offer_id: str) -> OfferRow:
    """Give one offer; raises Refusal not_found for anybody else's."""
    with rt.db.reading() as session:
        offer = offers.find(session, access, offer_id)
        row = session.execute(_rows().where(Offer.id == offer.id)).one()
    return _row(rt.now(), *row)


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(Offer, Invoice.public_id, Invoice.number, Invoice.total_minor, Debtor.public_id, Debtor.name, _taken())
        .join(Invoice, Invoice.id == Offer.invoice_id).join(Debtor, Debtor.id == Offer.debtor_id))


def _place(session: Session, access: StaffAccess, after: str) -> Offer | None:
    return session.scalars(select(Offer).where(
        Offer.public_id == after, Offer.business_id == access.business_id)).one_or_none() if after else None


def _taken() -> ColumnElement[bool]:
    """Whether the books have taken it off its invoice, whatever came of that later."""
    named = (literal("offer:").concat(cast(Offer.id, String)).concat(word).concat(cast(Offer.invoice_id, String))
             for word in (":discount:", ":settled:"))
    return exists().where(
        LedgerTransfer.business_id == Offer.business_id, LedgerTransfer.key.in_(tuple(named))).label("taken")


def _open_debt() -> ColumnElement[bool]:
    return exists().where(LedgerAccount.invoice_id == Offer.invoice_id, LedgerAccount.credits < LedgerAccount.debits)


def _meant(wanted: str, now: datetime) -> ColumnElement[bool]:
    stands = and_(Offer.withdrawn_at.is_(None), Offer.deadline >= now, _open_debt())
    if wanted == "standing":
        return stands
    if wanted == "soon":
        return and_(stands, Offer.deadline <= now + SOON)
    taken = _taken()
    return taken if wanted == "taken" else and_(~taken, or_(Offer.withdrawn_at.is_not(None), Offer.deadline < now))


def _row(now: datetime, offer: Offer, invoice_id: str, number: str, total: int, debtor_id: str, name: str,
         taken: bool) -> OfferRow:
    return OfferRow(
        offer.public_id, offer.kind, _state(offer, now, taken=taken), invoice_id, number, debtor_id, name,
        offer.currency, total if offer.base_minor is None else offer.base_minor, offer.discount_minor,
        offer.basis_points, offer.deadline, offer.created_at)


def _state(offer: Offer, now: datetime, *, taken: bool) -> str:
    if taken:
        return "taken"
    if offer.withdrawn_at is not None:
        return offer.ended_as or "withdrawn"
    if offer.deadline < now:
        return "expired"
    return "soon" if offer.deadline <= now + SOON else "standing"
