"""What an offer takes off, what a payment of a part does to it, how one price is spread over several invoices. Pure.

An offer is frozen when it is made. Which offers a payment takes is in quotes.py, what a debtor may ask for in
settlements.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.disputes import discount_on_rest
from portal.domain.errors import Refusal

# A payment of a part ends the discount, leaves all of it on the rest, or leaves its share of the rest.
ENDS, KEEPS, SHARES = "ends", "keeps", "shares"
PART_EFFECTS = (ENDS, KEEPS, SHARES)
DISCOUNTS = ("early_pay", "prompt_pay")
# Above half of an invoice nobody means a discount; less than all of a debt is a settlement.
MOST_POINTS = 5_000
_TERMS = re.compile(
    r"\b(\d{1,2})(?:[.,](\d{1,2}))?\s*%?\s*/\s*(\d{1,3})\b\s*,?\s*(?:net|n)\s*/?\s*(\d{1,3})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Terms:
    """A discount that comes with every invoice: so many hundredths of a percent within so many days of its date."""

    basis_points: int
    days: int


def read_terms(text: str) -> Terms | None:
    """Read the discount out of an invoice's terms; None where they name none.

    Worked: "2/10 net 30" is 2 % within ten days; the thirty days are the due date, which the invoice has itself.
    """
    found = _TERMS.search(text)
    if found is None:
        return None
    points, days = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")), int(found[3])
    return Terms(points, days) if 0 < points <= MOST_POINTS and 0 < days < int(found[4]) else None


def discount_on(left: int, *, basis_points: int, amount: int, step: int) -> int:
    """Tell what an offer takes off a sum: a share of it, or a plain amount; whole steps of the currency, rounded down.

    Worked: 2 % of 1,681.80 is 33.636, so 33.63 in dollars. Raises Refusal: discount_too_small, discount_too_large.
    """
    wanted = left * basis_points // 10_000 if basis_points else amount
    wanted -= wanted % step
    if wanted <= 0:
        raise Refusal("invalid", "discount_too_small")
    if wanted * 10_000 > left * MOST_POINTS:
        raise Refusal("invalid", "discount_too_large", points=MOST_POINTS)
    return wanted


def kind_of(last_day: date, due_on: date) -> str:
    """Name a discount by when it ends: with the due date at the latest it is for paying early, else for paying soon."""
    return "early_pay" if last_day <= due_on else "prompt_pay"


def rest_of(effect: str, discount: int, *, base: int, left: int) -> int:
    """Tell what is left of a discount once only a part of the sum it was made on is open; minor units.

    Worked: 2.00 off 100.00, of which 60.00 is left: nothing where a part ends it, 2.00 where it stays, 1.20 where it
    is shared out. What was added to the sum, such as a fee, changes nothing.
    """
    if left >= base or effect == KEEPS:
        return discount
    if effect != SHARES or left <= 0:
        return 0
    return discount * left // base


def stands_on(effect: str, discount: int, *, base: int, left: int, payable: int, step: int) -> int:
    """Tell what a discount takes off now, where a part of what is left may be questioned; whole steps of the currency.

    It is asked of what is left now, and of what a part payment would leave: what is foretold is what comes.
    Worked: 8.630 dinars off 123.400, of which 77.750 is left and nothing is questioned, is 5.430 where it is shared
    out: 5.437 could be moved by no bank.
    """
    rest = rest_of(effect, discount, base=base, left=left)
    found = discount_on_rest(rest, base=min(base, left), rest=payable)
    return found - found % step


def spread_off(lefts: Sequence[int], off: int) -> list[int]:
    """Spread what is forgiven over the open sums of several invoices, each by its share; minor units, nothing lost.

    At least one unit of every invoice is paid, so that the one payment names all of them. Worked: 40.00 off sums of
    100.00 and 50.00 is 26.67 and 13.33.
    """
    whole, most = sum(lefts), [max(0, left - 1) for left in lefts]
    off = min(off, sum(most))
    if not off:
        return [0] * len(lefts)
    parts = [min(room, off * left // whole) for left, room in zip(lefts, most, strict=True)]
    rest = off - sum(parts)
    # The largest remainders first; whoever has no room leaves it to the others.
    for place in sorted(range(len(lefts)), key=lambda place: (-(off * lefts[place] % whole), place)):
        more = min(rest, 1, most[place] - parts[place])
        parts[place] += more
        rest -= more
    for place in range(len(lefts)):
        more = min(rest, most[place] - parts[place])
        parts[place] += more
        rest -= more
    return parts
