"""The rules of a business in plain sentences: what a policy means for debtors and for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.currencies import minimum_charge
from portal.domain.policy import Policy
from portal.words.policy_chapters import old_debts

if TYPE_CHECKING:
    from portal.words.core import Words


def sentences(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say what the rules mean, one sentence each, in the order of the form."""
    least = (policy.minimum_part or {}).get(currency) or minimum_charge(currency)
    return [
        words.text("Debtors may pay any part from %(least)s on.", least=words.money(least, currency)),
        words.text("A part goes to the invoice that was due first, then to the next one."),
        _transfer(words, policy),
        words.plural("A link in an email works for %(n)s day.", "A link in an email works for %(n)s days.",
                     policy.link_days),
        words.plural("A link to pay only works for %(n)s day.", "A link to pay only works for %(n)s days.",
                     policy.pay_only_link_days),
        (words.text("Companies see their page as soon as they open the link; people answer one question first.")
         if policy.business_debtors_skip_check
         else words.text("Everybody answers one question before they see their page.")),
        words.plural("Who begins to pay in time keeps a discount when the payment ends up to %(n)s minute later.",
                     "Who begins to pay in time keeps a discount when the payment ends up to %(n)s minutes later.",
                     policy.discount_grace_minutes),
        _quiet(words, policy),
        words.plural("At most one reminder leaves in %(n)s day, however many invoices there are.",
                     "At most one reminder leaves in %(n)s days, however many invoices there are.",
                     policy.reminder_gap_days),
        words.plural("Debtors are promised an answer within %(n)s working day.",
                     "Debtors are promised an answer within %(n)s working days.", policy.answer_business_days),
        words.text("Refunds and write-offs above %(limit)s need a second person, where there is one.",
                   limit=words.money(policy.second_person_above(currency), currency)),
        *(old_debts.sentences(words, policy, currency)
          or [words.text("Nobody is told what the law says on old debts.")]),
    ]


def _transfer(words: Words, policy: Policy) -> str:
    if not policy.bank_transfer:
        return words.text("Bank transfer is not offered.")
    return words.plural(
        "Bank transfer is offered; when somebody says it is sent, reminders wait for %(n)s day.",
        "Bank transfer is offered; when somebody says it is sent, reminders wait for %(n)s days.",
        policy.transfer_wait_days)


def _quiet(words: Words, policy: Policy) -> str:
    if policy.quiet_from_hour == policy.quiet_until_hour:
        return words.text("Reminders leave at any hour.")
    return words.text("No reminder leaves between %(first)s:00 and %(last)s:00 of the debtor's own day.",
                      first=policy.quiet_from_hour, last=policy.quiet_until_hour)
