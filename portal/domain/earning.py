"""When a discount or a forgiven rest stands: while what met its terms still covers what is owed. Pure.

The answer depends on the set of facts only, never on their order; settle.py books what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Meant:
    """What one payment that arrived meant for one invoice, with the offer it takes, if any; minor units."""

    order: tuple[datetime, int]
    invoice_id: int
    amount: int
    returned: int
    discount: int
    offer_id: int | None
    kind: str | None

    @property
    def stays(self) -> int:
        return self.amount - self.returned


def standing_offers(meant: Sequence[Meant], owed: Mapping[int, int]) -> set[tuple[tuple[datetime, int], int]]:
    """Name the (payment, invoice) pairs whose offer stands; `owed` is what is owed on each invoice before any money.

    A payment earns its offer in full or not at all, and the parts of a settlement stand or fall together. Worked: 90.00
    paid with 10.00 off 100.00. 30.00 refunded: 70.00 of 100.00 are covered, so the 10.00 are owed again. First 20.00
    credited, then 20.00 sent back: 80.00 of 80.00 are covered, so they stay.
    """
    paid = [one for one in meant if one.offer_id is not None]
    holding = {(one.order, one.invoice_id) for one in paid if _covers(one, meant, owed)}
    fallen = {one.order for one in paid if one.kind == "settlement" and (one.order, one.invoice_id) not in holding}
    return {(one.order, one.invoice_id) for one in paid if (one.order, one.invoice_id) in holding
            and not (one.kind == "settlement" and one.order in fallen)}


def _covers(earner: Meant, meant: Sequence[Meant], owed: Mapping[int, int]) -> bool:
    if earner.returned == 0:
        return True
    if earner.stays <= 0:
        return False
    # What was paid later has no part in it: it came without the offer.
    before = sum(one.stays for one in meant if one.invoice_id == earner.invoice_id and one.order <= earner.order)
    return before + earner.discount >= owed.get(earner.invoice_id, 0)
