"""Why a bank did not let a payment through, in words that help and accuse nobody."""

from __future__ import annotations

from portal.words.core import Words
from portal.words.memos import N_

REASONS: dict[str, str] = {
    "insufficient_funds": N_("There was not enough money on the account at that moment."),
    "withdrawal_count_limit_exceeded": N_("The amount is above the card’s limit."),
    "card_velocity_exceeded": N_("The card’s limit for these days is used up."),
    "expired_card": N_("The card has expired."),
    "incorrect_cvc": N_("The card’s security code did not match."),
    "invalid_cvc": N_("The card’s security code did not match."),
    "incorrect_number": N_("The card number did not match."),
    "incorrect_zip": N_("The postal code did not match the card’s."),
    "authentication_required": N_("Your bank wanted you to confirm the payment, and that did not happen."),
    "payment_intent_authentication_failure": N_(
        "Your bank wanted you to confirm the payment, and that did not happen."),
    "processing_error": N_("Something went wrong between the banks. Trying again often helps."),
    "issuer_not_available": N_("Your bank did not answer. Trying again later often helps."),
    "currency_not_supported": N_("The card does not pay in this currency."),
    "card_not_supported": N_("The card does not allow this kind of payment."),
    "invalid_account": N_("The bank could not find the account."),
    "account_closed": N_("The account is closed."),
    "bank_account_restricted": N_("The bank does not allow debits from this account."),
    "debit_not_authorized": N_("The bank was told not to allow this debit."),
    "no_account": N_("The bank could not find the account."),
}
# Lost, stolen, suspected: the person before the page may be its honest owner, and the bank will tell them.
OTHER = N_("Your bank gave no reason. It can tell you; the number is on the back of your card.")


def reason(words: Words, code: str) -> str:
    """Say why a payment was declined; a code that is unknown or would accuse gets the plain sentence."""
    return words.text(REASONS.get(code, OTHER))
