"""Sentences for what a line of the ledger was for: a word for the line, and for a fee the rule that made it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


MEMOS: dict[str, str] = {
    "issued": N_("Invoice"),
    "payment": N_("You paid, thank you"),
    "imported_payment": N_("You paid, thank you"),
    "manual_transfer": N_("You paid by bank transfer, thank you"),
    "manual_cash": N_("You paid in cash, thank you"),
    "manual_check": N_("You paid by check, thank you"),
    "bounced": N_("The bank took this payment back"),
    "refund": N_("Paid back to you"),
    "refund_failed": N_("A refund came back to us"),
    "chargeback": N_("The bank took this payment back"),
    "chargeback_reinstated": N_("The bank returned this payment to us"),
    "credit_used": N_("Paid from your credit"),
    "credit_returned": N_("Returned to your credit"),
    "discount": N_("Discount"),
    "discount_unearned": N_("Discount taken back, because the payment did not hold"),
    "settled": N_("The rest is settled"),
    "settled_unearned": N_("Settlement taken back, because the payment did not hold"),
    "credit": N_("Credit for a correction"),
    "tax_credit": N_("Tax on the correction"),
    "write_off": N_("We no longer ask for this"),
    "goodwill": N_("A credit from us, thank you"),
    "thank_you_credit": N_("A credit for paying early, thank you"),
    "suspense_applied": N_("A payment we have found to be yours"),
    "late_fee": N_("Late fee"),
    "late_flat": N_("Late fee"),
    "late_fixed": N_("Fixed sum for the costs of collecting"),
    "late_capped": N_("Late fee"),
    "interest": N_("Interest"),
    "interest_rest": N_("Interest"),
    "interest_capped": N_("Interest"),
    "fee_waived": N_("Fee taken back"),
    "correction": N_("Correction"),
    "issue_corrected": N_("The invoice was corrected"),
}
OTHER = N_("Change to your balance")


def sentence(words: Words, code: str) -> str:
    """Say a memo in the reader's language; one we have no words for is still a change to the balance."""
    return words.text(MEMOS.get(code.partition(":")[0], OTHER))


def rule(words: Words, code: str) -> str:
    """Say the rule of a fee, so that its sum can be checked; "" when the memo carries none.

    `late_fee:200:59650:USD:14` is 2 % of the 596.50 that were unpaid, 14 days after the due date, and
    `interest:900:59650:USD:2026-11-15:2026-12-14` is 9 % a year on 596.50 for the days from the one to the other.
    """
    head, *parameters = code.split(":")
    told = _RULES.get(head)
    return told[1](words, *parameters) if told and len(parameters) == told[0] else ""


def _percent(words: Words, points: str, base: str, currency: str, days: str) -> str:
    return words.plural(
        "%(rate)s of the %(base)s then unpaid. Added once, %(n)s day after the due date; it does not grow.",
        "%(rate)s of the %(base)s then unpaid. Added once, %(n)s days after the due date; it does not grow.",
        int(days), rate=words.percent(int(points)), base=words.money(int(base), currency))


def _flat(words: Words, _amount: str, _currency: str, days: str) -> str:
    return words.plural("Added once, %(n)s day after the due date; it does not grow.",
                        "Added once, %(n)s days after the due date; it does not grow.", int(days))


def _fixed(words: Words, law: str, base: str, currency: str) -> str:
    sum_ = words.money(int(base), currency)
    if law == "uk":
        return words.text("What the British law on late payment between businesses sets for a debt of %(sum)s. Added "
                          "once.", sum=sum_)
    return words.text("What the European law on late payment between businesses sets for a debt of %(sum)s. Added "
                      "once.", sum=sum_)


def _interest(words: Words, points: str, base: str, currency: str, first: str, last: str) -> str:
    return words.text("%(rate)s a year on the %(base)s unpaid, from %(first)s to %(last)s.",
                      rate=words.percent(int(points)), base=words.money(int(base), currency),
                      first=words.long_day(date.fromisoformat(first)), last=words.long_day(date.fromisoformat(last)))


def _rest(words: Words, _currency: str, last: str) -> str:
    return words.text("All interest up to %(last)s, less what was added before.",
                      last=words.long_day(date.fromisoformat(last)))


def _capped(words: Words, points: str, _currency: str) -> str:
    return words.text("Up to the most we ever add, %(rate)s of the invoice.", rate=words.percent(int(points)))


# How many parameters a memo has, and how its rule is said.
_RULES: dict[str, tuple[int, Callable[..., str]]] = {
    "late_fee": (4, _percent), "late_flat": (3, _flat), "late_fixed": (3, _fixed), "late_capped": (2, _capped),
    "interest": (5, _interest), "interest_rest": (2, _rest), "interest_capped": (2, _capped),
}
