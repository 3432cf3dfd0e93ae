"""Credit terms: who pays late again and again, and the terms that would fit, each with the figures it rests on.

Pure. A suggestion only; a person decides, and nothing on an invoice that exists changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

USUAL_DAYS = 30
SHORTEST_DAYS = 7
LONGEST_DAYS = 120
# Fewer paid invoices than this say nothing about a habit.
ENOUGH = 3
# Percent of paid invoices that were late.
OFTEN, MOSTLY, RARELY = 50, 80, 10
LOYAL = 6

Code = Literal["too_few", "in_advance", "shorter", "keep", "longer"]


@dataclass(frozen=True)
class Terms:
    """What is suggested: the days to pay, and how much of the price to ask for before the work, in percent."""

    code: Code
    days: int
    advance_percent: int
    late: int
    paid: int
    repeatedly_late: bool


def suggest(*, paid: int, late: int, days: int | None = None) -> Terms:
    """Suggest terms from how many of the paid invoices were paid after their due date.

    Worked: 8 paid, 5 late, 30 days today: 62 % is often, so 15 days. 8 paid, 7 late: half in advance and 15 days.
    """
    usual = days if days is not None else USUAL_DAYS
    if paid < ENOUGH:
        return Terms("too_few", usual, 0, late, paid, repeatedly_late=False)
    share = 100 * late // paid
    half = min(usual, max(SHORTEST_DAYS, usual // 2))
    if share >= MOSTLY:
        return Terms("in_advance", half, 50, late, paid, repeatedly_late=True)
    if share >= OFTEN:
        return Terms("shorter", half, 0, late, paid, repeatedly_late=True)
    if share <= RARELY and paid >= LOYAL:
        longer = min(LONGEST_DAYS, usual + usual // 2)
        return Terms("longer", longer, 0, late, paid, repeatedly_late=False)
    return Terms("keep", usual, 0, late, paid, repeatedly_late=False)
