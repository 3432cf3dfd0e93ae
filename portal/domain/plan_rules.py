"""What plans a business allows, as data: bounds by how much is owed and how old it is, and how one lives with a plan.

Pure. What these rules say to a wish is in plan_terms.py, how a plan runs in plan_living.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.domain.currencies import minimum_charge
from portal.domain.schedules import FREQUENCIES, MOST_PARTS, Frequency, smallest_part

# Above so many installments a written agreement with a consumer meets rules on consumer credit (Regulation Z).
FREE_OF_CREDIT_LAW = 4
BEYOND_FOUR = ("stop", "owner")
EXTRA_GOES = ("next", "last")
# Balances of this many times the smallest charge are large: 1,000.00 dollars.
LARGE = 2_000
OLD_DAYS = 90


@dataclass(frozen=True)
class Band:
    """Bounds for balances from a sum on, once they are so many days old. Sums in minor units by currency.

    A currency without a sum of its own is measured by the smallest charge, which knows what a currency is worth.
    """

    from_minor: Mapping[str, int] = field(default_factory=dict)
    older_than_days: int = 0
    # The least down payment, in hundredths of a percent of the sum.
    down_points: int = 0
    # The most installments, the down payment among them.
    most: int = FREE_OF_CREDIT_LAW
    # The last one is due within so many days, the first within so many.
    longest_days: int = 130
    first_within_days: int = 35
    smallest: Mapping[str, int] = field(default_factory=dict)
    frequencies: tuple[Frequency, ...] = FREQUENCIES
    # Whether what fits is agreed on at once; else a person decides about each.
    automatic: bool = True

    def begins_at(self, currency: str) -> int:
        """Tell from which sum on this band counts, in minor units."""
        return _sum_in(self.from_minor, currency)

    def smallest_in(self, currency: str) -> int:
        """Tell the smallest installment, in minor units; never under what can be charged."""
        return max(_sum_in(self.smallest, currency), smallest_part(currency))

    def as_data(self) -> dict[str, Any]:
        """Give the form that a policy version stores."""
        return {"from_minor": dict(self.from_minor), "older_than_days": self.older_than_days,
                "down_points": self.down_points, "most": self.most, "longest_days": self.longest_days,
                "first_within_days": self.first_within_days, "smallest": dict(self.smallest),
                "frequencies": list(self.frequencies), "automatic": self.automatic}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Band:
        """Read a stored band."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        if "frequencies" in known:
            known["frequencies"] = tuple(one for one in FREQUENCIES if one in known["frequencies"])
        return cls(**known)


@dataclass(frozen=True)
class Living:
    """How one lives with a plan; frozen into every plan when it is proposed, and told before it is signed."""

    # An installment is in time until so many days after its day; then a notice gives so many days to mend it.
    grace_days: int = 5
    cure_days: int = 10
    # How often a day may be moved, how far, and how often one may be left out and put to the end.
    moves: int = 2
    move_days: int = 14
    skips: int = 1
    # Money beyond the installment of the day: for the next one, or for the last.
    extra: str = "next"
    # So many days after an automatic charge did not work it is tried again, at most so often.
    retry_days: tuple[int, ...] = (3, 5, 7)

    def as_data(self) -> dict[str, Any]:
        """Give the form that a policy version and a plan store."""
        return {"grace_days": self.grace_days, "cure_days": self.cure_days, "moves": self.moves,
                "move_days": self.move_days, "skips": self.skips, "extra": self.extra,
                "retry_days": list(self.retry_days)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Living:
        """Read stored rules; missing ones take the default."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        if "retry_days" in known:
            known["retry_days"] = tuple(known["retry_days"])
        return cls(**known)


DEFAULT_BANDS = (
    Band(),
    Band(from_minor={"USD": LARGE * minimum_charge("USD")}, down_points=1_000, automatic=False),
    Band(older_than_days=OLD_DAYS, down_points=2_000),
)


@dataclass(frozen=True)
class PlanRules:
    """All that a business says about plans. Of the bands that fit, the last one counts."""

    offered: bool = True
    bands: tuple[Band, ...] = DEFAULT_BANDS
    # A consumer's wish for more than four installments: stopped and explained, or for the owner to confirm.
    beyond_four: str = "stop"
    # A proposal that nobody signs is over after so many days.
    proposal_days: int = 10
    living: Living = field(default_factory=Living)

    def band(self, total: int, currency: str, days_old: int) -> Band:
        """Give the bounds for a sum, by how many days ago the oldest of it was due."""
        fitting = [band for band in self.bands
                   if total >= band.begins_at(currency) and days_old >= band.older_than_days]
        return fitting[-1] if fitting else Band(automatic=False)

    def as_data(self) -> dict[str, Any]:
        """Give the form that a policy version stores."""
        return {"offered": self.offered, "bands": [band.as_data() for band in self.bands],
                "beyond_four": self.beyond_four, "proposal_days": self.proposal_days,
                "living": self.living.as_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any] | None) -> PlanRules:
        """Read the stored form; a business that never said anything has the defaults."""
        if not data:
            return cls()
        plain = cls()
        return cls(
            offered=bool(data.get("offered", plain.offered)),
            bands=tuple(Band.from_data(band) for band in data.get("bands", ())) or plain.bands,
            beyond_four=data.get("beyond_four", plain.beyond_four),
            proposal_days=data.get("proposal_days", plain.proposal_days),
            living=Living.from_data(data.get("living", {})))


def contradictions(rules: PlanRules) -> tuple[str, ...]:
    """List the codes of what cannot hold together in a business's rules about plans; none when it fits."""
    found = []
    if not rules.bands or any(not band.frequencies for band in rules.bands):
        found.append("plan_no_frequency")
    if any(not 1 <= band.most <= MOST_PARTS for band in rules.bands):
        found.append("plan_count_wrong")
    if any(band.first_within_days > band.longest_days for band in rules.bands):
        found.append("plan_first_after_last")
    if any(not 0 <= band.down_points < 10_000 for band in rules.bands):
        found.append("plan_down_wrong")
    return tuple(found)


def _sum_in(sums: Mapping[str, int], currency: str) -> int:
    """Give a sum in a currency; without one of its own, as many smallest charges as it is in the first one.

    Worked: 1,000.00 dollars are 2,000 smallest charges, so 600.00 pounds.
    """
    if currency in sums or not sums:
        return sums.get(currency, 0)
    other, minor = next(iter(sums.items()))
    return minor * minimum_charge(currency) // minimum_charge(other)
