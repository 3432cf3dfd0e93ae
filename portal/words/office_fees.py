"""What the rules of late fees and interest would mean, for the owner: the sentences debtors read, and one example."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from portal.domain.base_rates import BASE_RATES
from portal.domain.currencies import exponent
from portal.domain.fees import Account, FeeRule, look
from portal.domain.policy import Policy
from portal.words import fee_terms
from portal.words.refusals import N_

if TYPE_CHECKING:
    from portal.words.core import Words

EXAMPLE_UNITS, EXAMPLE_DAYS = 1_000, 60
WHO = {"consumer": N_("People: %(said)s"), "business": N_("Businesses: %(said)s")}
DUE = date(2025, 1, 1)


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what each kind of debtor would be charged, and what that comes to on one invoice."""
    found = []
    for kind, text in WHO.items():
        rule = policy.fee_rule(kind)
        said = fee_terms.sentences(words, rule) or [words.text("We add no late fee and no interest.")]
        found += [words.text(text, said=one) for one in said]
        if rule.charges:
            found.append(words.text(text, said=words.text(_switch(rule))))
            found += [words.text(text, said=one) for one in _example(words, rule, currency)]
    return found


def _switch(rule: FeeRule) -> str:
    if rule.by_itself:
        return N_("This is added by itself, from the day after you keep it.")
    return N_("This is only stated; nothing is added by itself.")


def _example(words: Words, rule: FeeRule, currency: str) -> list[str]:
    """Work an invoice out that nobody pays for sixty days."""
    total = EXAMPLE_UNITS * int(10 ** exponent(currency))
    known = {day.isoformat(): points for day, points in BASE_RATES.get(rule.statutory, {}).items()} | dict(rule.rates)
    if rule.statutory and not known:
        return []
    # The newest rate there is stands for the half-year of the example.
    rates = {"2025-01-01": known[max(known)]} if rule.statutory else {}
    example = FeeRule(**{**rule.as_data(), "by_itself": True, "rates": rates})
    charges = look(Account(DUE, currency, total, [(DUE, total)]), [(DUE, example)],
                   DUE + timedelta(days=EXAMPLE_DAYS)).charges
    return [words.text(
        "For example: %(total)s that nobody pays for %(days)s days are charged %(sum)s.",
        total=words.money(total, currency), days=words.number(EXAMPLE_DAYS),
        sum=words.money(sum(charge.amount_minor for charge in charges), currency))]
