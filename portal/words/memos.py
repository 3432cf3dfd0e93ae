"""Sentences for what a line of the ledger was for: a word for the line, and for a fee the rule that made it."""

from __future__ import annotations

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
    "suspense_applied": N_("A payment we have found to be yours"),
    "late_fee": N_("Late fee"),
    "thank_you_credit": N_("A credit for paying early, thank you"),
    "interest": N_("Interest"),
    "fee_waived": N_("Fee taken back"),
    "correction": N_("Correction"),
}
OTHER = N_("Change to your balance")


def sentence(words: Words, code: str) -> str:
    """Say a memo in the reader's language; one we have no words for is still a change to the balance."""
    return words.text(MEMOS.get(code.partition(":")[0], OTHER))


def rule(words: Words, code: str) -> str:
    """Say the rule of a fee, so that its sum can be checked; "" when the memo carries none.

    `late_fee:200:59650:USD:14` is 2 % of the 596.50 that were unpaid, 14 days after the due date.
    """
    head, *parameters = code.split(":")
    if head != "late_fee" or len(parameters) != 4:
        return ""
    basis_points, base, currency, days = parameters
    return words.plural(
        "%(rate)s of the %(base)s then unpaid. Added once, %(n)s day after the due date; it does not grow.",
        "%(rate)s of the %(base)s then unpaid. Added once, %(n)s days after the due date; it does not grow.",
        int(days), rate=words.percent(int(basis_points)), base=words.money(int(base), currency))
