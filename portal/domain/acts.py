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


def open_acts(invoices: Sequence[OpenInvoice], *, alone: bool, now: datetime, transfer: bool) -> Acts:
    """Say what is open: paying what no bank is moving yet, a transfer where the business takes one, credit back.

    `alone` is what may_take_back() says of their credit.
    """
    payable = [one for one in invoices if one.payable_minor and not one.on_its_way and one.handed_to is None]
    return Acts(
        pay=bool(payable), pay_with_discount=any(open_offer(invoice.offer, now) for invoice in payable),
        transfer=bool(payable) and transfer, refund_credit=alone)


def may_take_back(credit: int, *, beside_stripe: bool, limit: int) -> bool:
    """Say whether a debtor may send their credit back alone: only what Stripe brought, up to one person's limit.

    What somebody wrote down by hand (cash, a transfer, goodwill, a credit note) would leave as real money that never
    came in by Stripe; `beside_stripe` says that there is such. Then one of the staff looks first.
    """
    return 0 < credit <= limit and not beside_stripe


def discount_now(invoice: OpenInvoice, now: datetime) -> OpenOffer | None:
    """Give the discount that paying this invoice in whole would earn now."""
    offer = None if invoice.on_its_way or invoice.handed_to else open_offer(invoice.offer, now)
    return offer if offer is not None and offer.discount_minor < invoice.payable_minor else None
