"""The rules about plans in plain sentences, for whoever sets them up: what debtors read, and what else follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.policy import Policy
from portal.words.policy_chapters import plans

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules mean, one sentence each: for debtors first, then for the business."""
    return [*plans.sentences(words, policy, currency), *_living(words, policy), _beyond_four(words, policy),
            words.plural("A proposed plan can be signed for %(n)s day.",
                         "A proposed plan can be signed for %(n)s days.", policy.plan_rules.proposal_days),
            words.plural("Each automatic charge is told by email %(n)s day before it, or earlier when it has changed.",
                         "Each automatic charge is told by email %(n)s days before it, or earlier when it has changed.",
                         policy.autopay_notice_days)]


def _living(words: Words, policy: Policy) -> list[str]:
    living = policy.plan_rules.living
    return [
        words.plural("A day may be moved once, by up to %(days)s days.",
                     "Days may be moved %(n)s times, each by up to %(days)s days.", living.moves, days=living.move_days)
        if living.moves else words.text("Only you move a day."),
        words.plural("One payment may be put to the end or spread over the others.",
                     "%(n)s payments may be put to the end or spread over the others.", living.skips)
        if living.skips else words.text("No payment may be put to the end or spread."),
        words.text("What is paid beyond the payment of the day counts for the last one.") if living.extra == "last"
        else words.text("What is paid beyond the payment of the day counts for the next one.")]


def _beyond_four(words: Words, policy: Policy) -> str:
    if policy.plan_rules.beyond_four == "owner":
        return words.text("More than four payments of a private person wait for an owner.")
    return words.text("More than four payments of a private person are not agreed on.")
