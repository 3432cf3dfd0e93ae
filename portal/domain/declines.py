"""What a declined charge means for a saved method: try later, ask its payer, have it confirmed, or never again. Pure.

What the bank or network advises counts first, then the reason it gave. An unknown reason is for the payer: whoever
guesses may charge a card that its owner has just reported as lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

# later: try again in some days.   payer: they must do something.   confirm: their bank wants them there.
# never: this method is charged no more.
DeclineClass = Literal["later", "payer", "confirm", "never"]

NEVER = frozenset({
    "do_not_try_again", "lost_card", "stolen_card", "pickup_card", "restricted_card", "fraudulent",
    "merchant_blacklist", "security_violation", "revocation_of_all_authorizations", "revocation_of_authorization",
    "stop_payment_order", "invalid_account", "new_account_information_available", "card_not_supported",
    "currency_not_supported", "transaction_not_allowed", "service_not_allowed", "not_permitted", "incorrect_number",
    "invalid_number", "no_account", "account_closed", "bank_account_closed", "account_frozen",
    "bank_account_restricted", "debit_not_authorized", "bank_ownership_changed", "payment_intent_mandate_invalid",
    "payment_method_not_available", "resource_missing", "payment_method_unexpected_state",
})
CONFIRM = frozenset({
    "authentication_required", "authentication_not_handled", "payment_intent_authentication_failure",
})
LATER = frozenset({
    "insufficient_funds", "generic_decline", "do_not_honor", "processing_error", "issuer_not_available",
    "card_velocity_exceeded", "withdrawal_count_limit_exceeded", "reenter_transaction", "try_again_later",
    "no_action_taken", "approve_with_id",
})
ADVICE: dict[str, DeclineClass] = {
    "do_not_try_again": "never", "confirm_card_data": "payer", "try_again_later": "later",
    "network_01": "payer", "network_02": "later", "network_03": "never", "network_21": "never",
    **dict.fromkeys((f"network_{number}" for number in range(24, 31)), "later"),
}
# A bank debit that came back may be presented again twice: so say the rules of the American clearing house.
MOST_DEBIT_RETRIES = 2


def class_of(code: str, advice: str | None = None) -> DeclineClass:
    """Tell what a decline means; `code` and `advice` as Stripe gives them.

    Worked: insufficient_funds is later, also with the advice to try again; stolen_card is never; a lost card whose
    bank advises to try again is still never; authentication_required is to be confirmed.
    """
    advised = ADVICE.get(advice or "")
    if advised == "never" or code in NEVER:
        return "never"
    if code in CONFIRM:
        return "confirm"
    if advised:
        return advised
    return "later" if code in LATER else "payer"


def retry_on(first_on: date, tries: int, days: Sequence[int], today: date, *, debit: bool = False) -> date | None:
    """Tell the day of the next try after `tries` ones of which the first was on `first_on`; None when all are used.

    Worked: with 3, 5 and 7 days, a first try on the 1st is followed on the 4th, the 6th and the 8th. A day that has
    passed meanwhile is tomorrow.
    """
    allowed = list(days)[:MOST_DEBIT_RETRIES] if debit else list(days)
    if tries < 1 or tries > len(allowed):
        return None
    return max(first_on + timedelta(days=allowed[tries - 1]), today + timedelta(days=1))
