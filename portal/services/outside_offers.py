"""Offers that money outside Stripe has met: a transfer, cash or a check that came in time and leaves out the discount.

What was left out is at most what the offer allowed. A settlement of several invoices is met by the sum of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.quotes import OpenInvoice, open_offer
from portal.models import Debtor, Invoice, Payment, PaymentInvoice
from portal.services import announced, debts
from portal.services.bookkeeping import Part


@dataclass(frozen=True)
class Came:
    """Money that came: how much in which currency, when, and for which invoices (none: nothing was said)."""

    currency: str
    amount_minor: int
    at: datetime
    invoice_ids: frozenset[int] = frozenset()


def parts(session: Session, debtor: Debtor, came: Came) -> list[Part]:
    """Spread money over what is open, the oldest first; each part takes the offer it meets. [] where nothing is open.

    A transfer that the debtor has announced counts from when they did, if it comes within the days it is waited for.
    Worked: 98.00 of 100.00 came while 2.00 were off: the 2.00 are the discount. 97.00 leave 3.00 to pay.
    """
    frozen = _announced(session, debtor, came)
    if frozen:
        return frozen
    came = _as_announced(session, debtor, came)
    opened = [_at(one, came.at) for one in debts.open_invoices(session, _whole(debtor))
              if one.currency == came.currency]
    settled, left = _settlement(opened, came), came.amount_minor
    found: list[Part] = []
    for one in settled:
        found.append(_met(session, one, _price(one), one.payable_minor))
        left -= _price(one)
    for one in opened:
        meant = min(one.left_minor, left)
        if one not in settled and meant > 0 and (not came.invoice_ids or one.id in came.invoice_ids):
            # A settlement is met in whole or not at all: a sum for a part of it is only a sum.
            found.append(_met(session, replace(one, offer=None) if one.settlement else one, meant, one.left_minor))
            left -= meant
    return found


def _whole(debtor: Debtor) -> Access:
    return Access(debtor.business_id, debtor.id, 0, "", 0)


def _at(one: OpenInvoice, at: datetime) -> OpenInvoice:
    """The invoice with the offer that could be taken when the money came, if any."""
    offer = open_offer(one.offer, at)
    return replace(one, offer=offer if offer and offer.discount_minor < one.left_minor else None)


def _price(one: OpenInvoice) -> int:
    return one.payable_minor - (one.offer.discount_minor if one.offer else 0)


def _settlement(opened: Sequence[OpenInvoice], came: Came) -> list[OpenInvoice]:
    """The invoices of a settlement that a sum meets in whole, if there is one, whichever of them it names."""
    groups: dict[int, list[OpenInvoice]] = {}
    for one in opened:
        if one.settlement and one.payable_minor:
            groups.setdefault(one.settlement, []).append(one)
    return next((group for group in groups.values()
                 if any(one.offer for one in group)
                 and (not came.invoice_ids or any(one.id in came.invoice_ids for one in group))
                 and sum(map(_price, group)) <= came.amount_minor < sum(one.payable_minor for one in group)), [])


def _met(session: Session, one: OpenInvoice, amount: int, owed: int) -> Part:
    invoice, off = session.get_one(Invoice, one.id), owed - amount
    if one.offer is None or not 0 < off <= one.offer.discount_minor:
        return Part(invoice, amount)
    return Part(invoice, amount, off, one.offer.id)


def _announced(session: Session, debtor: Debtor, came: Came) -> list[Part]:
    """The parts a debtor has named with a transfer of this very sum, with the offers that were frozen then."""
    told = _told(session, debtor, came)
    if not told:
        return []
    lines = announced.lines_of(session, told)
    left = {one.id: one.left_minor for one in debts.open_invoices(session, _whole(debtor))}
    for rows in (lines[one.id] for one in told):
        fits = all(left.get(row.invoice_id, 0) >= row.amount_minor + row.discount_minor for row in rows)
        meant = not came.invoice_ids or came.invoice_ids == {row.invoice_id for row in rows}
        if fits and meant and any(row.offer_id for row in rows) and not _used(session, rows):
            return [Part(session.get_one(Invoice, row.invoice_id), row.amount_minor, row.discount_minor, row.offer_id)
                    for row in rows]
    return []


def _told(session: Session, debtor: Debtor, came: Came) -> Sequence[Payment]:
    """Transfers of this very sum that were told of in time: those that still wait first, each kind as it was told.

    One that has ended counts as well, or what was met in time would be lost where staff wrote it down late, or took
    back what they had taken for it.
    """
    wait = announced.wait_of(session, debtor.business_id)
    return session.scalars(select(Payment).where(
        Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id, Payment.channel == "transfer",
        Payment.state.in_(("announced", "expired", "canceled")), Payment.currency == came.currency,
        Payment.amount_minor == came.amount_minor, Payment.created_at.between(came.at - wait, came.at + wait))
        .order_by(Payment.state != "announced", Payment.id)).all()


def _used(session: Session, rows: Sequence[PaymentInvoice]) -> bool:
    """Whether money that is still here has taken one of these offers."""
    return session.scalar(
        select(Payment.id).join(PaymentInvoice, PaymentInvoice.payment_id == Payment.id)
        .where(PaymentInvoice.offer_id.in_([row.offer_id for row in rows if row.offer_id]),
               Payment.captured_minor > Payment.returned_minor).limit(1)) is not None


def _as_announced(session: Session, debtor: Debtor, came: Came) -> Came:
    """Money that names no invoice is for those its payer has announced it for, where something of them is open."""
    waiting = [one for one in _told(session, debtor, came) if one.state == "announced"]
    if came.invoice_ids or not waiting:
        return came
    lines = announced.lines_of(session, waiting)
    left = {one.id for one in debts.open_invoices(session, _whole(debtor))}
    named = ({row.invoice_id for row in lines[one.id]} for one in waiting)
    return replace(came, invoice_ids=frozenset(next((ids for ids in named if ids & left), set[int]())))
