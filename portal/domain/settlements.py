"""What a business answers when somebody asks to close a debt for less: yes, the nearest that fits, or no. Pure.

A settlement is one payment, by a day, that closes all of what it covers. Off until an owner switches it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from portal.domain.currencies import minimum_charge, step
from portal.domain.errors import Refusal

Answer = Literal["accepted", "countered", "referred", "refused"]
# Debts of this many times the smallest charge are large: 1,000.00 dollars.
LARGE = 2_000
LONGEST_DAYS = 92


@dataclass(frozen=True)
class Band:
    """Bounds for a debt whose oldest part is so many days late, as hundredths of a percent of what is left.

    From `at_once` on the rules accept; from `asked` on a person decides; below nobody does.
    """

    from_days: int
    at_once_points: int
    asked_points: int

    def as_data(self) -> dict[str, int]:
        """Give the form that a policy version stores."""
        return {"from_days": self.from_days, "at_once_points": self.at_once_points,
                "asked_points": self.asked_points}


DEFAULT_BANDS = (Band(90, 9_000, 7_000), Band(180, 8_000, 5_000))


@dataclass(frozen=True)
class SettlementRules:
    """All that a business says about settlements. Of the bands whose days have passed, the last one counts."""

    offered: bool = False
    bands: tuple[Band, ...] = DEFAULT_BANDS
    # Debts above this are for a person, by currency; others: so many times the smallest charge.
    at_once_up_to: Mapping[str, int] = field(default_factory=dict)
    # What was agreed on or offered stands, and is paid, within so many days.
    days: int = 14

    def largest_at_once(self, currency: str) -> int:
        """Tell up to which debt the rules agree without asking anybody, in minor units.

        Worked: with no sum of its own, 1,000.00 US dollars, 600.00 pounds.
        """
        own = self.at_once_up_to.get(currency)
        return LARGE * minimum_charge(currency) if own is None else own

    def band(self, days_late: int) -> Band | None:
        """Give the bounds for a debt of this age; None while it is too young to be settled at all."""
        old_enough = [band for band in self.bands if days_late >= band.from_days]
        return old_enough[-1] if old_enough else None

    def as_data(self) -> dict[str, Any]:
        """Give the form that a policy version stores."""
        return {"offered": self.offered, "bands": [band.as_data() for band in self.bands],
                "at_once_up_to": dict(self.at_once_up_to), "days": self.days}

    @classmethod
    def from_data(cls, data: Mapping[str, Any] | None) -> SettlementRules:
        """Read the stored form; a business that never said anything offers none."""
        if not data:
            return cls()
        plain = cls()
        return cls(
            offered=bool(data.get("offered", False)),
            bands=tuple(Band(**band) for band in data.get("bands", ())) or plain.bands,
            at_once_up_to=dict(data.get("at_once_up_to", {})), days=data.get("days", plain.days))


@dataclass(frozen=True)
class Told:
    """What the rules say to a wish: the sum that would close it (None: none they may name), and who may be asked."""

    answer: Answer
    amount_minor: int | None = None


def ask(rules: SettlementRules, amount: int, *, owed: int, currency: str, days_late: int) -> Told:
    """Answer somebody who would pay `amount` at once to close `owed`, whose oldest part is `days_late`; minor units.

    Worked, with 80 % at once and 50 % for a person: of 1,000.00 due half a year ago, 800.00 is accepted, 600.00 gets
    the nearest that fits (800.00) and may be put before a person, 400.00 gets it too but nobody else is asked.
    A debt above the sum that rules decide about goes to a person, or nowhere. Raises Refusal: settlements_off,
    settlement_not_less, amount_step, below_minimum_charge.
    """
    check_amount(amount, owed=owed, currency=currency)
    if not rules.offered:
        raise Refusal("not_found", "settlements_off")
    band = rules.band(days_late)
    if band is None:
        return Told("refused")
    may_ask = amount >= least_of(owed, band.asked_points, currency)
    at_once = least_of(owed, band.at_once_points, currency)
    if owed > rules.largest_at_once(currency) or at_once >= owed:
        return Told("referred") if may_ask else Told("refused")
    if amount >= at_once:
        return Told("accepted", amount)
    return Told("countered", at_once)


def may_ask_person(rules: SettlementRules, amount: int, *, owed: int, currency: str, days_late: int) -> bool:
    """Say whether a person decides about a wish that the rules have countered."""
    band = rules.band(days_late)
    return rules.offered and band is not None and amount >= least_of(owed, band.asked_points, currency)


def check_amount(amount: int, *, owed: int, currency: str) -> None:
    """Refuse a sum that is no settlement: all of it or more, none that can be charged, or not in whole steps.

    Raises Refusal: settlement_not_less, amount_step, below_minimum_charge.
    """
    if amount < minimum_charge(currency):
        raise Refusal("invalid", "below_minimum_charge", least=minimum_charge(currency))
    if amount % step(currency):
        raise Refusal("invalid", "amount_step", step=step(currency))
    if amount >= owed:
        raise Refusal("invalid", "settlement_not_less", most=owed)


def least_of(owed: int, points: int, currency: str) -> int:
    """Give a share of a debt as a sum that can be charged, rounded up so that it never falls below the share.

    Worked: 80 % of 999.99 is 799.992, so 800.00.
    """
    one, share = step(currency), -(-owed * points // 10_000)
    return max(-(-share // one) * one, minimum_charge(currency))


def contradictions(rules: SettlementRules) -> tuple[str, ...]:
    """List the codes of what cannot hold together in a business's rules about settlements; none when it fits."""
    found, bands = [], rules.bands
    if any(band.asked_points > band.at_once_points for band in bands):
        found.append("settlement_asked_above_at_once")
    if any(not 1_000 <= share <= 10_000 for band in bands for share in (band.asked_points, band.at_once_points)):
        found.append("settlement_share_wrong")
    if [band.from_days for band in bands] != sorted({band.from_days for band in bands}):
        found.append("settlement_ages_mixed")
    # Whoever waits longer must not be asked for more: else it would pay to ask early and be refused.
    if any(later.at_once_points > earlier.at_once_points or later.asked_points > earlier.asked_points
           for earlier, later in pairwise(bands)):
        found.append("settlement_older_costs_more")
    return tuple(found)
