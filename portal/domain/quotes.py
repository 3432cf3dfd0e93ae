"""What a debtor would pay for a choice they made: which invoices, how much of each, which discount.

Pure: the open balances and offers come in, a frozen quote comes out. The client never names a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal
from portal.domain.hand_overs import HandedTo
from portal.domain.offers import ENDS, stands_on

NO_GRACE = timedelta()


@dataclass(frozen=True)
class OpenOffer:
    """A discount that may still be earned on one invoice; minor units."""

    id: int
    kind: str
    discount_minor: int
    basis_points: int
    deadline: datetime
    # Since when its clock stands still, because a part of the invoice is questioned.
    stopped_at: datetime | None = None
    # What a payment of a part does to it, the sum it was made on, and what it took off that; all frozen with it.
    part_effect: str = ENDS
    base_minor: int = 0
    made_minor: int = 0
    # The accepted settlement it belongs to: those of one are paid together. `whole`: this reader sees all of them.
    group: int = 0
    whole: bool = True


@dataclass(frozen=True)
class OpenInvoice:
    """An invoice with something left to pay; minor units. Its offer takes its sum off what can be paid now."""

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
    # What of the rest the debtor questions: nobody has to pay it before it is answered.
    held_minor: int = 0
    # The signed settlement that covers it, whether or not an offer of its own says so.
    settlement: int = 0

    @property
    def payable_minor(self) -> int:
        """What can be paid now."""
        return self.left_minor - self.held_minor


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
    # A discount that is open and that this part does not take, and what of it is open afterwards.
    missed_minor: int = 0
    stays_minor: int = 0


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


def open_offer(offer: OpenOffer | None, now: datetime, grace: timedelta = NO_GRACE) -> OpenOffer | None:
    """Give the offer while it may still be started: up to its deadline, to the microsecond, and the grace after it.

    While its clock stands still, what was left of its time stays left: the deadline is as far away as it was then.
    """
    if offer is None:
        return None
    if offer.stopped_at is not None:
        offer = replace(offer, deadline=now + (offer.deadline - offer.stopped_at), stopped_at=None)
    return offer if started_in_time(now, offer.deadline, grace) else None


def quote(invoices: Sequence[OpenInvoice], choice: Choice, *, now: datetime, minimum_part: int,
          grace: timedelta = NO_GRACE) -> Quote:
    """Work out what a choice costs now; with a grace, what it still costs whoever was shown a discount in time.

    Worked: invoices of 608.43 (late) and 1,681.80 with 33.64 off until Friday; all of it costs 2,256.59.
    An amount of 700.00 pays 608.43 of the first and 91.57 of the second, without its discount.
    What was handed over and what is questioned is left out; who asks for nothing else is told. Raises Refusal:
    nothing_open, invoice_handed_over, invoice_disputed, payment_processing, unknown_invoice, amount_too_small,
    amount_too_large, amount_step, below_minimum_charge, settlement_whole.
    """
    mine = _payable(invoices, choice)
    if not any(invoice.payable_minor for invoice in mine):
        raise Refusal("conflict", "invoice_disputed")
    chosen = [_at(invoice, now, grace) for invoice in _chosen(mine, choice.invoice_public_ids)
              if not invoice.on_its_way]
    if not chosen:
        raise Refusal("conflict", "payment_processing")
    _refuse_parts_of_settlements([_at(invoice, now, grace) for invoice in mine], chosen)
    if choice.amount_minor is None:
        lines = tuple(_whole(invoice) for invoice in chosen)
    else:
        lines = _part(chosen, choice.amount_minor, minimum_part)
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
        return [invoice for invoice in mine if invoice.payable_minor]
    wanted = set(public_ids)
    chosen = [invoice for invoice in mine if invoice.public_id in wanted]
    if len(chosen) != len(wanted):
        raise Refusal("not_found", "unknown_invoice")
    if not all(invoice.payable_minor for invoice in chosen):
        raise Refusal("conflict", "invoice_disputed")
    return chosen


def _at(invoice: OpenInvoice, now: datetime, grace: timedelta) -> OpenInvoice:
    """The invoice with the offer that can be taken at this moment, if any."""
    offer = open_offer(invoice.offer, now, grace)
    return replace(invoice, offer=offer if offer and offer.discount_minor < invoice.payable_minor else None)


def _refuse_parts_of_settlements(mine: list[OpenInvoice], chosen: list[OpenInvoice]) -> None:
    """What one payment closes is paid by one payment: whoever would pay for some of it only is told its price."""
    picked = {invoice.id for invoice in chosen}
    for group in {invoice.settlement for invoice in chosen if invoice.settlement}:
        together = [invoice for invoice in mine if invoice.settlement == group and invoice.payable_minor]
        offers = [invoice.offer for invoice in together if invoice.offer and invoice.offer.group]
        if not offers:
            continue
        if any(invoice.on_its_way for invoice in together):
            raise Refusal("conflict", "payment_processing")
        if not all(offer.whole for offer in offers) or not all(invoice.id in picked for invoice in together):
            raise _settled_whole(together)


def _settled_whole(together: list[OpenInvoice]) -> Refusal:
    return Refusal("conflict", "settlement_whole", amount=sum(_whole(invoice).pay_minor for invoice in together),
                   currency=together[0].currency)


def _whole(invoice: OpenInvoice) -> QuoteLine:
    offer = invoice.offer
    if offer is None:
        return QuoteLine(invoice, invoice.payable_minor)
    return QuoteLine(invoice, invoice.payable_minor - offer.discount_minor, offer.discount_minor, offer.id)


def _part(chosen: list[OpenInvoice], amount: int, minimum_part: int) -> tuple[QuoteLine, ...]:
    owed = sum(invoice.payable_minor for invoice in chosen)
    everything = tuple(_whole(invoice) for invoice in chosen)
    if amount > owed:
        raise Refusal("invalid", "amount_too_large", most=owed)
    if amount >= sum(line.pay_minor for line in everything):
        # Who types the whole sum, or as much of it as the discounts leave, pays all of it at the better price.
        return everything
    smallest = min(minimum_part, owed)
    if amount < smallest:
        raise Refusal("invalid", "amount_too_small", least=smallest)
    return tuple(_spread(chosen, amount))


def _spread(chosen: list[OpenInvoice], amount: int) -> list[QuoteLine]:
    """Spread a part, the oldest first; what it pays in whole takes its discount, and no part goes to a settlement."""
    lines = []
    groups = {invoice.offer.group for invoice in chosen if invoice.offer and invoice.offer.group}
    settled = [invoice for invoice in chosen if invoice.settlement in groups]
    for invoice in (invoice for invoice in chosen if invoice not in settled):
        whole = _whole(invoice)
        line = whole if amount >= whole.pay_minor else _part_of(invoice, amount)
        if line.pay_minor:
            lines.append(line)
        amount -= line.pay_minor
    if amount:
        raise _settled_whole(settled)
    return lines


def _part_of(invoice: OpenInvoice, amount: int) -> QuoteLine:
    offer = invoice.offer
    if offer is None or not amount:
        return QuoteLine(invoice, amount)
    left = invoice.payable_minor - amount
    stays = stands_on(offer.part_effect, offer.made_minor, base=offer.base_minor, left=invoice.left_minor - amount,
                      payable=left, step=step(invoice.currency))
    return QuoteLine(invoice, amount, missed_minor=offer.discount_minor, stays_minor=stays if stays < left else 0)


def _check_chargeable(lines: tuple[QuoteLine, ...], currency: str) -> None:
    total = sum(line.pay_minor for line in lines)
    if total % step(currency):
        raise Refusal("invalid", "amount_step", step=step(currency))
    if total < minimum_charge(currency):
        raise Refusal("invalid", "below_minimum_charge", least=minimum_charge(currency))


def started_in_time(started_at: datetime, deadline: datetime, grace: timedelta) -> bool:
    """Say whether a payment takes a discount: it was started by the deadline plus the written grace."""
    return started_at <= deadline + grace
