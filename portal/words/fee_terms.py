"""The rules of late fees and interest in plain sentences, for the public terms and for the owner who sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.base_rates import CURRENCIES, MARGIN_POINTS
from portal.domain.fees import FeeRule

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, rule: FeeRule) -> list[str]:
    """Say what a late invoice is charged, one sentence for each part of the rule; [] when nothing is."""
    if not rule.charges:
        return []
    found = [*_once(words, rule), *_interest(words, rule)]
    if rule.cap_points:
        found.append(words.text("All of it together is never more than %(rate)s of the invoice.",
                                rate=words.percent(rule.cap_points)))
    found.append(words.text("Days on which something is questioned, on its way or agreed otherwise do not count."))
    return found


def _once(words: Words, rule: FeeRule) -> list[str]:
    days, found = max(rule.grace_days, 1), []
    if rule.statutory:
        return [words.text("The fixed sum of the law for the costs of collecting may be added once, in %(currency)s.",
                           currency=CURRENCIES[rule.statutory])]
    if rule.flat_minor:
        found.append(words.plural(
            "A late fee of %(sum)s may be added once, %(n)s day after the due date. It does not grow.",
            "A late fee of %(sum)s may be added once, %(n)s days after the due date. It does not grow.", days,
            sum=words.money(rule.flat_minor, rule.currency)))
    if rule.percent_points:
        found.append(words.plural(
            "A late fee of %(rate)s of what is unpaid may be added once, %(n)s day after the due date. It does not "
            "grow.",
            "A late fee of %(rate)s of what is unpaid may be added once, %(n)s days after the due date. It does not "
            "grow.", days, rate=words.percent(rule.percent_points)))
    return found


def _interest(words: Words, rule: FeeRule) -> list[str]:
    days = max(rule.grace_days, 1)
    if rule.statutory:
        margin = words.percent(MARGIN_POINTS)
        law = (words.text("Interest is what the British law on late payment between businesses sets: %(margin)s a year "
                          "above the base rate of the Bank of England before the half-year in which it begins.",
                          margin=margin) if rule.statutory == "uk" else
               words.text("Interest is what the European law on late payment between businesses sets: %(margin)s a "
                          "year above the main rate of the European Central Bank at the start of each half-year.",
                          margin=margin))
    elif rule.interest_points:
        law = words.text("Interest is %(rate)s a year on what is unpaid of the invoice itself, never on fees or "
                         "interest.", rate=words.percent(rule.interest_points))
    else:
        return []
    return [law, words.plural(
        "It begins %(n)s day after the due date and is added once a month, by the day.",
        "It begins %(n)s days after the due date and is added once a month, by the day.", days)]
