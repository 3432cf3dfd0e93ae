"""Paying over time: how many payments, how far apart they end, and what is agreed on at once."""

from __future__ import annotations

from portal.domain.plan_rules import Band
from portal.domain.policy import Policy
from portal.words.core import Words
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("Paying over time"), 30, True


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what of the rules about plans concerns whoever asks for one."""
    rules = policy.plan_rules
    if not rules.offered:
        return [words.text("Paying over time is agreed with a person.")]
    living = rules.living
    return [
        *(said for band in rules.bands for said in _band(words, band, currency)),
        words.plural("A payment is in time until %(n)s day after its day.",
                     "A payment is in time until %(n)s days after its day.", living.grace_days),
        words.plural("If one is missed, we write, and there is %(n)s day to put it right.",
                     "If one is missed, we write, and there are %(n)s days to put it right.", living.cure_days)]


def _band(words: Words, band: Band, currency: str) -> list[str]:
    begins = band.begins_at(currency)
    whose = []
    if begins:
        whose.append(words.text("From %(sum)s on", sum=words.money(begins, currency)))
    if band.older_than_days:
        whose.append(words.text("When the oldest invoice is more than %(days)s days late",
                                days=words.number(band.older_than_days)))
    head = ", ".join(whose) or words.text("Usually")
    found = [words.plural("%(head)s: up to %(n)s payment.", "%(head)s: up to %(n)s payments.", band.most, head=head)]
    if band.down_points:
        found.append(words.text("%(head)s: the first payment is at least %(share)s of the sum.", head=head,
                                share=words.percent(band.down_points)))
    if not band.automatic:
        found.append(words.text("%(head)s: a person decides.", head=head))
    return found
