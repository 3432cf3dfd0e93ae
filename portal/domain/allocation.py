"""Where a debtor's money belongs, given all of it: the fixed allocation rule.

The answer depends on the set of facts only, never on the order in which they were told, so that events that
come late, twice or shuffled end in the same balances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Target:
    """One invoice that money can go to; `capacity` is what is owed on it before any money, minor units."""

    invoice_id: int
    due_on: date
    capacity: int
    # Surplus money does not flow to the part the debtor questions; None: all of it.
    contested: int | None = 0


@dataclass(frozen=True)
class Claim:
    """What one payment meant for one invoice, less what went back; `order` makes the sequence total."""

    order: tuple[datetime, int, int]
    invoice_id: int
    amount: int


def allocate(targets: Sequence[Target], claims: Sequence[Claim], money: int) -> Mapping[int, int]:
    """Say how much money rests on each invoice; what is left of `money` is the debtor's credit.

    First every payment goes where its payer sent it, the earliest first; then what found no room goes to
    the oldest due invoice. Worked: 100 is owed on A and 60 on B; 100 was paid for A twice. A gets 100, the
    other 100 pays B's 60, and 40 is credit.
    """
    room = {target.invoice_id: target.capacity for target in targets}
    given = dict.fromkeys(room, 0)
    for claim in sorted(claims, key=lambda claim: claim.order):
        money -= _give(claim.invoice_id, min(claim.amount, money), room, given)
    for target in sorted(targets, key=lambda target: (target.due_on, target.invoice_id)):
        if target.contested is not None:
            free = room[target.invoice_id] - target.contested
            money -= _give(target.invoice_id, min(money, free), room, given)
    return given


def _give(invoice_id: int, amount: int, room: dict[int, int], given: dict[int, int]) -> int:
    part = max(0, min(amount, room.get(invoice_id, 0)))
    if part:
        room[invoice_id] -= part
        given[invoice_id] += part
    return part
