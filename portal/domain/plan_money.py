"""Lays the money that came for a plan on its installments. Pure; sums in minor units.

What was paid for one installment is that installment's. All else that makes the debt smaller fills the others by the
rule that was told before: the next one first, or the last one first once everything that is due is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Due:
    """One installment that still counts: its day and sum, and how much was paid for it by name."""

    id: int
    due_on: date
    amount_minor: int
    own_minor: int = 0


def lay(dues: Sequence[Due], total: int, *, extra: str, today: date) -> dict[int, int]:
    """Tell how much of each installment is paid when so much of the plan's debt is gone.

    Worked: of three times 50.00 the first was missed and the second paid by name. 50.00 are on the second. When 30.00
    more come by hand they are on the first. With 70.00 in hand before any day, the rule `next` puts 50.00 on the first
    and 20.00 on the second, the rule `last` 50.00 on the third and 20.00 on the second.
    """
    order = sorted(dues, key=lambda due: (due.due_on, due.id))
    paid, rest = {}, max(total, 0)
    for due in order:
        paid[due.id] = min(due.own_minor, due.amount_minor, rest)
        rest -= paid[due.id]
    for due in _filled(order, extra, today):
        more = min(due.amount_minor - paid[due.id], rest)
        paid[due.id] += more
        rest -= more
    return paid


def _filled(order: Sequence[Due], extra: str, today: date) -> list[Due]:
    if extra != "last":
        return list(order)
    now = [due for due in order if due.due_on <= today]
    return now + [due for due in reversed(order) if due.due_on > today]
