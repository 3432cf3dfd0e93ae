"""What reminders brought: counts told as they are, and conclusions only where there is enough to draw one. Pure.

Counted as paid after a step is money for the same invoice within seven days and before the next step. That is all that
is known: some of it would have come anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from statistics import median_low

WITHIN = timedelta(days=7)
# Under so many, a share is an accident; for one debtor, of whom there is never much, under so few.
ENOUGH, ENOUGH_OF_ONE = 30, 5
# Two shares differ when chance alone would bring such a distance in fewer than five of a hundred cases.
TOO_FAR_FOR_CHANCE = 1.96
# After a step that brings less than this, in hundredths, something else may do more.
HARDLY = 5
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Tally:
    """How often somebody was asked, how often money followed, and after how many days in the middle case."""

    asked: int
    paid: int
    days: int | None = None

    @property
    def hundredths(self) -> int | None:
        """The share that paid, in hundredths; None while there are too few to say."""
        return None if self.asked < ENOUGH else self.share

    @property
    def share(self) -> int:
        """The share that paid, in hundredths, however few there are; 0 of 0 is 0. Worked: 17 of 40 is 42."""
        return 0 if not self.asked else self.paid * 100 // self.asked


def tally(asked: int, waits: Sequence[timedelta]) -> Tally:
    """Count one kind of step: `waits` are the times between a step and its money, one for each that was paid."""
    days = median_low([wait // DAY for wait in waits]) if waits else None
    return Tally(asked, len(waits), days)


def differs(one: Tally, other: Tally) -> bool:
    """Say whether two shares are further apart than chance explains; never while either has too few.

    Worked: 60 of 100 against 40 of 100 is a distance of 2.8, which is; 50 of 100 against 45 is 0.7, which is not.
    """
    if one.asked < ENOUGH or other.asked < ENOUGH:
        return False
    pooled = (one.paid + other.paid) / (one.asked + other.asked)
    spread = sqrt(pooled * (1 - pooled) * (1 / one.asked + 1 / other.asked))
    distance = abs(one.paid / one.asked - other.paid / other.asked)
    return spread > 0 and distance / spread >= TOO_FAR_FOR_CHANCE


def best(tallies: Sequence[Tally]) -> int | None:
    """Find the one whose share is the largest, where it differs from all the others together; None where none does."""
    for at, one in enumerate(tallies):
        rest = [other for place, other in enumerate(tallies) if place != at]
        others = Tally(sum(other.asked for other in rest), sum(other.paid for other in rest))
        if differs(one, others) and one.share > others.share:
            return at
    return None


def brings_hardly_anything(one: Tally) -> bool:
    """Say whether money so seldom follows a step that another kind of step may do more."""
    return one.hundredths is not None and one.hundredths < HARDLY
