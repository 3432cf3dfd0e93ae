"""The rules of thanking in plain sentences: what people hear after they have paid, and what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.policy import Policy

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules mean, one sentence each, in the order of the form."""
    return [
        (words.text("The day after a payment people read a note of thanks, unless something of theirs is late.")
         if policy.thank_you_notes else words.text("Nobody gets a note of thanks; the receipt says thank you.")),
        (words.text("After paying they are asked in one press how it was.") if policy.ask_feedback
         else words.text("Nobody is asked how it was.")),
        _credit(words, policy, currency),
        (words.plural("Who owes nothing is asked %(n)s day after the last payment whether all is well.",
                      "Who owes nothing is asked %(n)s days after the last payment whether all is well.",
                      policy.check_in_days)
         if policy.check_in_days else words.text("Nobody is asked later whether all is well.")),
    ]


def _credit(words: Words, policy: Policy, currency: str) -> str:
    if not policy.thank_you_credit:
        return words.text("Paying early earns no credit.")
    cap = (policy.thank_you_credit_cap or {}).get(currency)
    if policy.thank_you_credit_basis_points:
        rate = words.percent(policy.thank_you_credit_basis_points)
        if cap is None:
            return words.text("Paying an invoice before its due date earns %(rate)s of it for the next one.", rate=rate)
        return words.text(
            "Paying an invoice before its due date earns %(rate)s of it for the next one, at most %(cap)s.",
            rate=rate, cap=words.money(cap, currency))
    amount = min((policy.thank_you_credit_amount or {}).get(currency, 0), cap or 10**18)
    return words.text("Paying before the due date earns %(amount)s for the next invoice.",
                      amount=words.money(amount, currency))
