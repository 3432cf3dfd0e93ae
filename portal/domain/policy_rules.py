"""Whether a business's rules fit together: two that contradict each other are named, both of them."""

from __future__ import annotations

from dataclasses import dataclass

from portal.domain import plan_rules, settlements
from portal.domain.policy import Policy

# Emails that ask for money need some hours of the day in which they may leave.
FEWEST_LOUD_HOURS = 4


@dataclass(frozen=True)
class Clash:
    """Two rules that cannot both hold, and the code of the sentence that says why."""

    first: str
    second: str
    code: str


def clashes(policy: Policy, *, has_bank_details: bool) -> tuple[Clash, ...]:
    """List every contradiction of a policy; none when it fits together."""
    found = []
    if policy.bank_transfer and not has_bank_details:
        found.append(Clash("bank_transfer", "bank_details", "transfer_without_bank"))
    if policy.pay_only_link_days > policy.link_days:
        found.append(Clash("pay_only_link_days", "link_days", "pay_only_outlives"))
    if not quiet_hours(policy):
        found.append(Clash("quiet_from_hour", "quiet_until_hour", "never_quiet"))
    if policy.deferral_days > policy.deferral_longest_days:
        found.append(Clash("deferral_days", "deferral_longest_days", "at_once_beyond_longest"))
    if policy.promise_days > policy.deferral_longest_days:
        found.append(Clash("promise_days", "deferral_longest_days", "promise_beyond_longest"))
    if 24 - quiet_hours(policy) < FEWEST_LOUD_HOURS:
        found.append(Clash("quiet_from_hour", "quiet_until_hour", "always_quiet"))
    if bool(policy.early_pay_basis_points) != bool(policy.early_pay_days):
        found.append(Clash("early_pay_basis_points", "early_pay_days", "early_pay_half_said"))
    found += [Clash("plans", "plans", code) for code in plan_rules.contradictions(policy.plan_rules)]
    found += [Clash("settlements", "settlements", code) for code in settlements.contradictions(policy.settlement_rules)]
    return tuple(found)


def quiet_hours(policy: Policy) -> int:
    """Tell how many hours of a day are quiet: from 21 to 8 are eleven, equal hours are none."""
    return (policy.quiet_until_hour - policy.quiet_from_hour) % 24
