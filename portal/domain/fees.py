"""Late fees and interest: what an invoice is charged by a business's rules, to the day and the cent. Pure.

Everything is counted in whole calendar days where the business is, and every sum is rounded down to what can be paid in
its currency, so that nobody is ever charged more than the rule says. A day on which a part is on hold, paid or with
somebody else counts for nothing, and a day is a 365th of a year's rate, in leap years a 366th.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from portal.domain.base_rates import CURRENCIES, MARGIN_POINTS, base_rate, fixed_sum, half_year
from portal.domain.currencies import step

POINTS = 10_000
DAY = timedelta(days=1)
# What is held without an end, or waits for a rate, is looked at again after so many days.
PATIENCE = timedelta(days=7)
# A look that never comes, unless the rules change.
NEVER = date(9999, 12, 31)
FLAT, FIXED, PERCENT = "late_flat", "late_fixed", "late_percent"


@dataclass(frozen=True)
class FeeRule:
    """What late invoices of one kind of debtor are charged; rates in hundredths of a percent, nothing by default."""

    # Whether it is added by itself; a rule that is only stated is added by nobody.
    by_itself: bool = False
    # Once, in the business's own currency, minor units.
    flat_minor: int = 0
    currency: str = ""
    # Once, of what is unpaid.
    percent_points: int = 0
    # Simple interest a year on what is unpaid of the invoice itself, never on fees or interest.
    interest_points: int = 0
    # eu or uk: the interest and the fixed sum of the law on late payment between businesses, instead of the above.
    statutory: str = ""
    # Late days before anything is added.
    grace_days: int = 14
    # All of it together never exceeds so much of the invoice; 0: no limit.
    cap_points: int = 0
    # Base rates the owner has entered, by the first day of their half-year.
    rates: Mapping[str, int] = field(default_factory=dict)

    @property
    def charges(self) -> bool:
        return bool(self.flat_minor or self.percent_points or self.interest_points or self.statutory)

    def as_data(self) -> dict[str, Any]:
        """Give the form that is stored with a policy."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any] | None) -> FeeRule:
        """Read a stored rule; what is missing takes the default."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in (data or {}).items() if name in known})


@dataclass(frozen=True)
class Held:
    """A hold on fees: from a day on, until a day (not included; None: open), on a part or (None) on all."""

    first: date
    until: date | None
    part_minor: int | None


@dataclass(frozen=True)
class Account:
    """One invoice as its fees are reckoned; minor units. `changes` are all moves but fees and interest, by day."""

    due_on: date
    currency: str
    total_minor: int
    changes: Sequence[tuple[date, int]]
    holds: Sequence[Held] = ()
    # What was ever charged, taken back or not: the steps that came once, all of it, the interest in it, and until
    # which day (not included) lines of interest stand.
    once: frozenset[str] = frozenset()
    charged_minor: int = 0
    interest_minor: int = 0
    told_until: date | None = None


@dataclass(frozen=True)
class Charge:
    """One line to post: `memo` tells its rule as words/memos.py reads it."""

    step: str
    amount_minor: int
    interest: bool
    memo: str


@dataclass(frozen=True)
class Look:
    """What is to be charged today, and when to look again; NEVER once nothing can come any more."""

    charges: tuple[Charge, ...]
    again_on: date


@dataclass(frozen=True)
class Stretch:
    """Days in a row, the last not included, with the same sum unpaid and free, and the same yearly rate."""

    first: date
    until: date
    free_minor: int
    points: int

    @property
    def exact(self) -> Fraction:
        """What these days cost, before rounding; in minor units."""
        year = 366 if calendar.isleap(self.first.year) else 365
        return Fraction(self.free_minor * self.points * (self.until - self.first).days, POINTS * year)


Rules = Sequence[tuple[date, FeeRule]]


def look(account: Account, rules: Rules, today: date) -> Look:
    """Say what an invoice is charged today; `rules` are dated by the day they begin to hold, the oldest first.

    Worked: 596.50 due on November 1, 2 % once after 14 days, 9 % a year from then on. On November 15 the fee is 11.93.
    On December 15 a month of interest is 596.50 * 9 % * 30 / 365 = 4.4125, so 4.41; the next look is on January 15.
    """
    since, rule = _in_force(rules, today)
    if not (rule.by_itself and rule.charges) or _left_to_cap(account, rule) == 0:
        return Look((), NEVER)
    free = free_on(account, today)
    begun, missing = _begins(account, rule, today)
    if begun is None:
        return Look((), today + (timedelta(days=missing) if free else PATIENCE))
    if not free:
        return Look((), today + PATIENCE)
    once = _once(account, rule, begun, min(free, free_on(account, begun))) if begun >= since else []
    lines, again = _interest(account, rules, rule, begun, today)
    return Look(tuple(_capped([*once, *lines], account, rule)), again)


def free_on(account: Account, day: date) -> int:
    """Tell what was unpaid of the invoice itself at the end of a day and on no hold; minor units, never negative.

    Money pays the invoice before its fees, so that fees never bear interest.
    """
    left = sum(delta for at, delta in account.changes if at <= day)
    for held in account.holds:
        if held.first <= day and (held.until is None or day < held.until):
            if held.part_minor is None:
                return 0
            left -= held.part_minor
    return max(0, left)


def add_months(day: date, months: int) -> date:
    """Give the same day so many months later, or that month's last: January 31 and one month is February 28 or 29."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def round_down(exact: Fraction, currency: str) -> int:
    """Round a sum down to what can be paid in a currency: 4.4125 dollars is 4.41, 1.239 Kuwaiti dinars is 1.230."""
    smallest = step(currency)
    return exact.numerator // (exact.denominator * smallest) * smallest


def _in_force(rules: Rules, day: date) -> tuple[date, FeeRule]:
    return next(((since, rule) for since, rule in reversed(rules) if since <= day), (day, FeeRule()))


def _begins(account: Account, rule: FeeRule, today: date) -> tuple[date | None, int]:
    """Find the late day on which charging begins, counting only days on which something was free to be asked for.

    Gives None and how many such days are still missing while it has not come.
    """
    needed = max(rule.grace_days, 1)
    first = account.due_on + DAY
    for start, end in _between(_edges(account, first, today + DAY)):
        if not free_on(account, start):
            continue
        if needed <= (end - start).days:
            return start + (needed - 1) * DAY, 0
        needed -= (end - start).days
    return None, needed


def _once(account: Account, rule: FeeRule, begun: date, free: int) -> list[Charge]:
    days = (begun - account.due_on).days
    found = []
    if rule.statutory and account.currency == CURRENCIES[rule.statutory]:
        found.append(Charge(FIXED, fixed_sum(rule.statutory, free), False,
                            f"late_fixed:{rule.statutory}:{free}:{account.currency}"))
    if not rule.statutory and rule.flat_minor and rule.currency == account.currency:
        found.append(Charge(FLAT, rule.flat_minor, False, f"late_flat:{rule.flat_minor}:{account.currency}:{days}"))
    if not rule.statutory and rule.percent_points:
        amount = round_down(Fraction(free * rule.percent_points, POINTS), account.currency)
        found.append(Charge(PERCENT, amount, False, f"late_fee:{rule.percent_points}:{free}:{account.currency}:{days}"))
    return [charge for charge in found if charge.amount_minor and charge.step not in account.once]


def _interest(account: Account, rules: Rules, rule: FeeRule, begun: date, today: date) -> tuple[list[Charge], date]:
    if not (rule.interest_points or rule.statutory):
        return [], NEVER
    months = 1
    while add_months(begun, months) <= today:
        months += 1
    until, again = add_months(begun, months - 1), add_months(begun, months)
    stretches = list(_stretches(account, rules, begun, until))
    unknown = next((one for one in stretches if one.points < 0), None)
    if unknown is not None:
        # A half-year without a known rate, and all after it, waits until the owner has entered one.
        stretches, until, again = stretches[:stretches.index(unknown)], unknown.first, today + PATIENCE
    return _lines(account, stretches, until), again


def _lines(account: Account, stretches: Sequence[Stretch], until: date) -> list[Charge]:
    """Word the interest that is new: one line for each stretch, or one for the rest where the past has changed."""
    total, told, lines = Fraction(0), Fraction(0), []
    for one in stretches:
        before, total = total, total + one.exact
        if account.told_until is not None and one.until <= account.told_until:
            told = total
            continue
        amount = round_down(total, account.currency) - round_down(before, account.currency)
        memo = f"interest:{one.points}:{one.free_minor}:{account.currency}:{one.first}:{one.until - DAY}"
        if amount:
            lines.append(Charge(f"interest:{one.until}", amount, True, memo))
    new = round_down(total, account.currency) - account.interest_minor
    if new <= 0:
        return []
    if round_down(told, account.currency) == account.interest_minor:
        return lines
    # A payment or a hold was noted for days that were charged already: the sum is right, no single line would be.
    return [Charge(f"interest:{until}", new, True, f"interest_rest:{account.currency}:{until - DAY}")]


def _stretches(account: Account, rules: Rules, begun: date, until: date) -> Iterator[Stretch]:
    """Cut the days of interest where anything changes; points are -1 where the base rate is not known."""
    edges = set(_edges(account, begun, until))
    edges |= {since for since, _ in rules if begun < since < until}
    edges |= {date(year, month, 1) for year in range(begun.year, until.year + 1) for month in (1, 7)
              if begun < date(year, month, 1) < until}
    if account.told_until is not None and begun < account.told_until < until:
        edges.add(account.told_until)
    last: Stretch | None = None
    for start, end in _between(sorted(edges)):
        this = Stretch(start, end, free_on(account, start), _points(_in_force(rules, start)[1], account, begun, start))
        if last is not None and _joins(last, this, account.told_until):
            last = Stretch(last.first, this.until, last.free_minor, last.points)
            continue
        if last is not None:
            yield last
        last = this
    if last is not None:
        yield last


def _joins(last: Stretch, this: Stretch, told_until: date | None) -> bool:
    same_year = calendar.isleap(last.first.year) == calendar.isleap(this.first.year)
    return (last.free_minor, last.points) == (this.free_minor, this.points) and same_year and this.first != told_until


def _points(rule: FeeRule, account: Account, begun: date, day: date) -> int:
    """Tell the yearly rate of a day. The British law keeps the rate of the half-year in which interest began."""
    if not rule.by_itself:
        return 0
    if not rule.statutory:
        return rule.interest_points
    if account.currency != CURRENCIES[rule.statutory]:
        return 0
    base = base_rate(rule.statutory, half_year(begun if rule.statutory == "uk" else day), rule.rates)
    return -1 if base is None else base + MARGIN_POINTS


def _edges(account: Account, first: date, until: date) -> list[date]:
    """Give the days on which what is free may change, from the first to the one after the last."""
    days = {at for at, _ in account.changes} | {held.first for held in account.holds}
    days |= {held.until for held in account.holds if held.until is not None}
    return sorted({first, until, *(day for day in days if first < day < until)}) if first < until else []


def _between(edges: Sequence[date]) -> Iterator[tuple[date, date]]:
    return pairwise(edges)


def _left_to_cap(account: Account, rule: FeeRule) -> int | None:
    if not rule.cap_points:
        return None
    most = round_down(Fraction(account.total_minor * rule.cap_points, POINTS), account.currency)
    return max(0, most - account.charged_minor)


def _capped(charges: Sequence[Charge], account: Account, rule: FeeRule) -> Iterator[Charge]:
    left = _left_to_cap(account, rule)
    for charge in charges:
        if left is None or charge.amount_minor <= left:
            yield charge
        elif left:
            yield Charge(charge.step, left, charge.interest,
                         f"{'interest' if charge.interest else 'late'}_capped:{rule.cap_points}:{account.currency}")
        left = None if left is None else max(0, left - charge.amount_minor)
