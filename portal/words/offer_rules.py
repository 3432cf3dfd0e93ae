"""The rules about discounts and settlements in plain sentences, for the public terms and for the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.offers import KEEPS, SHARES
from portal.domain.policy import Policy
from portal.domain.settlements import Band

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules about discounts mean, one sentence each; settlements are named to nobody who did not ask."""
    return [*_terms(words, policy), _grace(words, policy), _part(words, policy)]


def for_owner(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say all of it, for whoever sets it up."""
    by_hand = words.plural("A discount made by hand lasts %(n)s day, unless another day is chosen.",
                           "A discount made by hand lasts %(n)s days, unless another day is chosen.", policy.offer_days)
    return [*sentences(words, policy, currency), by_hand, *settlement_sentences(words, policy, currency)]


def settlement_sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules about settlements mean, for the owner alone."""
    rules = policy.settlement_rules
    if not rules.offered:
        return [words.text("Nobody is offered to settle for less, unless one of you offers it by hand.")]
    return [*(_band(words, band) for band in rules.bands),
            words.text("Debts younger than that are never settled for less."),
            words.text("Above %(sum)s one of you always decides.",
                       sum=words.money(rules.largest_at_once(currency), currency)),
            words.plural("What is agreed on is to be paid within %(n)s day, in one payment.",
                         "What is agreed on is to be paid within %(n)s days, in one payment.", rules.days)]


def _band(words: Words, band: Band) -> str:
    days, least = words.number(band.from_days), words.percent(band.asked_points)
    if band.at_once_points >= 10_000:
        return words.text("Debts more than %(days)s days late: from %(least)s on one of you decides, below that nobody "
                          "does, and nothing is agreed on at once.", days=days, least=least)
    return words.text("Debts more than %(days)s days late: from %(share)s on a settlement is agreed on at once, from "
                      "%(least)s on one of you decides, and below that nobody does.", days=days,
                      share=words.percent(band.at_once_points), least=least)


def _terms(words: Words, policy: Policy) -> list[str]:
    if not policy.early_pay_basis_points:
        return []
    return [words.plural(
        "Who pays a new invoice within %(n)s day of its date pays %(share)s less.",
        "Who pays a new invoice within %(n)s days of its date pays %(share)s less.", policy.early_pay_days,
        share=words.percent(policy.early_pay_basis_points))]


def _grace(words: Words, policy: Policy) -> str:
    return words.plural(
        "A discount counts for a payment that is started by its last moment, and, for who saw it in time, up to "
        "%(n)s minute after.",
        "A discount counts for a payment that is started by its last moment, and, for who saw it in time, up to "
        "%(n)s minutes after.", policy.discount_grace_minutes)


def _part(words: Words, policy: Policy) -> str:
    if policy.part_payment_discount == KEEPS:
        return words.text("Who pays a part first keeps the discount, if the rest is paid in time.")
    if policy.part_payment_discount == SHARES:
        return words.text("Who pays a part first keeps the share of the discount that falls on the rest.")
    return words.text("A discount is for paying the whole invoice; a part payment ends it.")
