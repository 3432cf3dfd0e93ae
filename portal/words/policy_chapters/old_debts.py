"""Old debts: from which age on the law's time limit is named before a part payment or a signature."""

from __future__ import annotations

from portal.domain.policy import Policy
from portal.words.core import Words
from portal.words.refusals import N_

TITLE, PLACE, PUBLIC = N_("Old debts"), 50, True


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say when the notice is shown; `currency` changes nothing."""
    rule = policy.limitation
    if rule.whom == "nobody":
        return []
    days = words.number(rule.after_days)
    if rule.whom == "consumers":
        return [words.text("Before a consumer pays a part of a debt that is more than %(days)s days late, or promises "
                           "to pay it, we say what the law says on old debts.", days=days)]
    return [words.text("Before anybody pays a part of a debt that is more than %(days)s days late, or promises to pay "
                       "it, we say what the law says on old debts.", days=days)]
