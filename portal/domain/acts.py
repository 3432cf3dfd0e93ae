"""Which acts are open to a debtor now: the one set of rules behind the buttons and behind what they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.domain.quotes import OpenInvoice, OpenOffer, open_offer


@dataclass(frozen=True)
class Acts:
    """What a debtor may do at this moment, in one currency; sums in minor units."""

    pay: bool
    pay_with_discount: bool
    transfer: bool
    refund_credit: bool


def open_acts(invoices: Sequence[OpenInvoice], credit: int, now: datetime, *, transfer: bool) -> Acts:
    """Say what is open: paying what no bank is moving yet, a transfer where the business takes one, credit back."""
    payable = [invoice for invoice in invoices if invoice.left_minor and not invoice.on_its_way]
    return Acts(
        pay=bool(payable), pay_with_discount=any(open_offer(invoice.offer, now) for invoice in payable),
        transfer=bool(payable) and transfer, refund_credit=credit > 0)


def discount_now(invoice: OpenInvoice, now: datetime) -> OpenOffer | None:
    """Give the discount that paying this invoice in whole would earn now."""
    offer = None if invoice.on_its_way else open_offer(invoice.offer, now)
    return offer if offer is not None and offer.discount_minor < invoice.left_minor else None
