"""What a debtor would pay for a choice they made: which invoices, how much of each, which discount.

Pure: the open balances and offers come in, a frozen quote comes out. The client never names a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.hand_overs import HandedTo


@dataclass(frozen=True)
class OpenOffer:
    """A discount that may still be earned on one invoice; minor units."""

    id: int
    kind: str
    discount_minor: int
    basis_points: int
    deadline: datetime


@dataclass(frozen=True)
class OpenInvoice:
    """An invoice with something left to pay; minor units."""

    id: int
    public_id: str
    number: str
    title: str
    issued_on: date
    due_on: date
    currency: str
    total_minor: int
    left_minor: int
    offer: OpenOffer | None = None
    # A bank is moving money for it; until it says how that ended, nobody is asked to pay it again.
    on_its_way: bool = False
    # The number of its account on the ledger.
    account: int = 0
    # Somebody else pursues it now and is the one to pay.
    handed_to: HandedTo | None = None


@dataclass(frozen=True)
class Choice:
    """What the debtor chose: whole invoices by public id, or an amount that goes to the oldest first.

    Neither means everything that is open in `currency`.
    """

    currency: str
    invoice_public_ids: tuple[str, ...] = ()
    amount_minor: int | None = None


@dataclass(frozen=True)
class QuoteLine:
    """One invoice's part of a quote; `pay_minor` is what is charged, the discount already off."""

    invoice: OpenInvoice
    pay_minor: int
    discount_minor: int = 0
    offer_id: int | None = None


@dataclass(frozen=True)
class Quote:
    """A frozen answer to "what would I pay?"; all sums in minor units of one currency."""

    currency: str
    lines: tuple[QuoteLine, ...]
    left_after_minor: int

    @property
    def total_minor(self) -> int:
        return sum(line.pay_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def earliest_deadline(self) -> datetime | None:
        """The moment the first discount in it ends, if one is in it."""
        deadlines = [line.invoice.offer.deadline for line in self.lines if line.offer_id and line.invoice.offer]
        return min(deadlines, default=None)


def allocation_order(invoice: OpenInvoice) -> tuple[date, int]:
    """Tell the fixed order money is spread in: oldest due date first, then the older record."""
    return (invoice.due_on, invoice.id)


def open_offer(offer: OpenOffer | None, now: datetime) -> OpenOffer | None:
    """Give the offer while it may still be started: up to its deadline, to the microsecond."""
    return offer if offer is not None and now <= offer.deadline else None


def quote(invoices: Sequence[OpenInvoice], choice: Choice, *, now: datetime, minimum_part: int) -> Quote:
    """Work out what a choice costs now.

    Worked: invoices of 608.43 (late) and 1,681.80 with 33.64 off until Friday; all of it costs 2,256.59.
    An amount of 700.00 pays 608.43 of the first and 91.57 of the second, without its discount.
    What was handed over is left out; who asks for nothing else is told. Raises Refusal: nothing_open,
    invoice_handed_over, payment_processing, unknown_invoice, amount_too_small, amount_too_large,
    amount_step, below_minimum_charge.
    """
    mine = _payable(invoices, choice)
    chosen = [invoice for invoice in _chosen(mine, choice.invoice_public_ids) if not invoice.on_its_way]
    if not chosen:
        raise Refusal("conflict", "payment_processing")
    if choice.amount_minor is None:
        lines = tuple(_whole(invoice, now) for invoice in chosen)
    else:
        lines = _part(chosen, choice.amount_minor, minimum_part, now)
    _check_chargeable(lines, choice.currency)
    owed = sum(invoice.left_minor for invoice in mine)
    cleared = sum(line.pay_minor + line.discount_minor for line in lines)
    return Quote(choice.currency, lines, owed - cleared)


def _payable(invoices: Sequence[OpenInvoice], choice: Choice) -> list[OpenInvoice]:
    open_ones = [i for i in invoices if i.currency == choice.currency and i.left_minor > 0]
    mine = [i for i in open_ones if i.handed_to is None]
    if any(i.handed_to and (not mine or i.public_id in choice.invoice_public_ids) for i in open_ones):
        raise Refusal("conflict", "invoice_handed_over")
    if not mine:
        raise Refusal("conflict", "nothing_open")
    return sorted(mine, key=allocation_order)


def _chosen(mine: list[OpenInvoice], public_ids: tuple[str, ...]) -> list[OpenInvoice]:
    if not public_ids:
        return mine
    wanted = set(public_ids)
    chosen = [invoice for invoice in mine if invoice.public_id in wanted]
    if len(chosen) != len(wanted):
        raise Refusal("not_found", "unknown_invoice")
    return chosen


def _whole(invoice: OpenInvoice, now: datetime) -> QuoteLine:
    offer = open_offer(invoice.offer, now)
    if offer is None or offer.discount_minor >= invoice.left_minor:
        return QuoteLine(invoice, invoice.left_minor)
    return QuoteLine(invoice, invoice.left_minor - offer.discount_minor, offer.discount_minor, offer.id)


def _part(chosen: list[OpenInvoice], amount: int, minimum_part: int, now: datetime) -> tuple[QuoteLine, ...]:
    owed = sum(invoice.left_minor for invoice in chosen)
    everything = tuple(_whole(invoice, now) for invoice in chosen)
    if amount in (owed, sum(line.pay_minor for line in everything)):
        # Who types the whole sum, or the whole sum less the discount, pays all of it at the better price.
        return everything
    if amount > owed:
        raise Refusal("invalid", "amount_too_large", most=owed)
    smallest = min(minimum_part, owed)
    if amount < smallest:
        raise Refusal("invalid", "amount_too_small", least=smallest)
    return tuple(_spread(chosen, amount))


def _spread(chosen: list[OpenInvoice], amount: int) -> list[QuoteLine]:
    lines = []
    for invoice in chosen:
        pay = min(invoice.left_minor, amount)
        if pay:
            lines.append(QuoteLine(invoice, pay))
        amount -= pay
    return lines


def _check_chargeable(lines: tuple[QuoteLine, ...], currency: str) -> None:
    total = sum(line.pay_minor for line in lines)
    if total % step(currency):
        raise Refusal("invalid", "amount_step", step=step(currency))
    if total < minimum_charge(currency):
        raise Refusal("invalid", "below_minimum_charge", least=minimum_charge(currency))


def started_in_time(started_at: datetime, deadline: datetime, grace: timedelta) -> bool:
    """Say whether a payment earns its discount: it was started by the deadline plus the written grace."""
    return started_at <= deadline + grace
