"""Stripe's test cards and test bank accounts by name and number, and how each of them behaves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decline:
    """Why a charge is refused, in the words of Stripe's error object."""

    code: str
    decline_code: str | None
    message: str
    advice: str | None = None
    network_code: str | None = None


def _card(
    reason: str,
    message: str,
    advice: str | None = "try_again_later",
    network: str = "05",
) -> Decline:
    return Decline("card_declined", reason, message, advice, network)


_FUNDS = "Your card has insufficient funds."
DECLINES = {
    "generic_decline": _card("generic_decline", "Your card was declined."),
    "do_not_honor": _card("do_not_honor", "Your card was declined."),
    "insufficient_funds": _card("insufficient_funds", _FUNDS, "try_again_later", "51"),
    "lost_card": _card("lost_card", "Your card was declined.", "do_not_try_again", "41"),
    "stolen_card": _card("stolen_card", "Your card was declined.", "do_not_try_again", "43"),
    "fraudulent": _card("fraudulent", "Your card was declined.", "do_not_try_again", "59"),
    "card_velocity_exceeded": _card("card_velocity_exceeded", "Your card was declined for exceeding its limit."),
    "do_not_try_again": _card("do_not_try_again", "Your card was declined.", "do_not_try_again", "04"),
    "expired_card": Decline("expired_card", None, "Your card has expired.", "confirm_card_data", "54"),
    "incorrect_cvc": Decline(
        "incorrect_cvc",
        None,
        "Your card's security code is incorrect.",
        "confirm_card_data",
        "N7",
    ),
    "processing_error": Decline(
        "processing_error",
        None,
        "An error occurred while processing your card. Try again in a little bit.",
        "try_again_later",
        "96",
    ),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
        None,
        "1A",
    ),
    "authentication_failure": Decline(
        "payment_intent_authentication_failure",
        None,
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    ),
}


def bank_return(reason: str) -> Decline:
    """Why a bank sent a debit back."""
    code = {"account_closed": "bank_account_closed"}.get(reason, reason)
    words = {
        "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
        "account_closed": "The customer's bank account has been closed.",
        "no_account": "The customer's bank account could not be located.",
        "account_frozen": "The customer's bank account has been frozen.",
        "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
    }
    return Decline(code, None, words.get(reason, "The customer's bank returned this payment."))


@dataclass(frozen=True)
class TestMethod:
    """A payment method to try things with. `on_charge` is empty for success, "authenticate", or a
    decline's name.
    """

    name: str
    number: str
    on_charge: str = ""
    brand: str = "visa"
    kind: str = "card"
    refuses_to_attach: bool = False
    # What follows a successful charge: dispute, inquiry, fraud_warning, refund_pending, refund_fail.
    afterwards: str = ""
    # A saved card asks for authentication on every charge ("always"), or only until it was set up ("first").
    authenticates: str = ""

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]


def _declining(name: str, number: str, reason: str) -> TestMethod:
    return TestMethod(f"pm_card_{name}", number, reason, refuses_to_attach=True)


def _bank(name: str, number: str, reason: str = "", afterwards: str = "") -> TestMethod:
    return TestMethod(
        f"pm_usBankAccount_{name}",
        number,
        reason,
        "",
        "us_bank_account",
        afterwards=afterwards,
    )


METHODS = (
    TestMethod("pm_card_visa", "4242424242424242"),
    TestMethod("pm_card_us", "4242424242424242"),
    TestMethod("pm_card_visa_debit", "4000056655665556"),
    TestMethod("pm_card_mastercard", "5555555555554444", brand="mastercard"),
    TestMethod("pm_card_amex", "378282246310005", brand="amex"),
    TestMethod("pm_card_discover", "6011111111111117", brand="discover"),
    TestMethod("pm_card_bypassPending", "4000000000000077"),
    _declining("chargeDeclined", "4000000000000002", "generic_decline"),
    _declining("visa_chargeDeclined", "4000000000000002", "generic_decline"),
    _declining("chargeDeclinedInsufficientFunds", "4000000000009995", "insufficient_funds"),
    _declining("visa_chargeDeclinedInsufficientFunds", "4000000000009995", "insufficient_funds"),
    _declining("visa_chargeDeclinedLostCard", "4000000000009987", "lost_card"),
    _declining("visa_chargeDeclinedStolenCard", "4000000000009979", "stolen_card"),
    _declining("chargeDeclinedFraudulent", "4100000000000019", "fraudulent"),
    _declining("radarBlock", "4100000000000019", "fraudulent"),
    _declining("chargeDeclinedExpiredCard", "4000000000000069", "expired_card"),
    _declining("chargeDeclinedIncorrectCvc", "4000000000000127", "incorrect_cvc"),
    _declining("chargeDeclinedProcessingError", "4000000000000119", "processing_error"),
    _declining(
        "visa_chargeDeclinedVelocityLimitExceeded",
        "4000000000006975",
        "card_velocity_exceeded",
    ),
    TestMethod("pm_card_chargeCustomerFail", "4000000000000341", "generic_decline"),
    TestMethod("pm_card_authenticationRequired", "4000002760003184", authenticates="always"),
    TestMethod("pm_card_threeDSecure2Required", "4000000000003220", authenticates="always"),
    TestMethod(
        "pm_card_authenticationRequiredOnSetup",
        "4000002500003155",
        authenticates="first",
    ),
    TestMethod(
        "pm_card_authenticationRequiredSetupForOffSession",
        "4000003800000446",
        authenticates="first",
    ),
    TestMethod(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        "insufficient_funds",
        authenticates="always",
    ),
    TestMethod("pm_card_createDispute", "4000000000000259", afterwards="dispute"),
    TestMethod("pm_card_createDisputeInquiry", "4000000000001976", afterwards="inquiry"),
    TestMethod(
        "pm_card_createIssuerFraudRecord",
        "4000000000005423",
        afterwards="fraud_warning",
    ),
    TestMethod("pm_card_pendingRefund", "4000000000007726", afterwards="refund_pending"),
    TestMethod("pm_card_refundFail", "4000000000005126", afterwards="refund_fail"),
    TestMethod("pm_usBankAccount", "000123456789", kind="us_bank_account", brand=""),
    _bank("success", "000123456789"),
    _bank("accountClosed", "000333333335", "account_closed"),
    _bank("noAccount", "000111111113", "no_account"),
    _bank("accountFrozen", "000111111116", "account_frozen"),
    _bank("insufficientFunds", "000222222227", "insufficient_funds"),
    _bank("debitNotAuthorized", "000555555559", "debit_not_authorized"),
    _bank("processing", "000000000009", "never"),
    _bank("dispute", "000000000123", afterwards="bank_return"),
    TestMethod("pm_sepaDebit", "DE89370400440532013000", kind="sepa_debit", brand=""),
    TestMethod("pm_bacsDebit_success", "00012345", kind="bacs_debit", brand=""),
)
BY_NAME = {method.name: method for method in METHODS}
BY_NUMBER = {method.number: method for method in reversed(METHODS)}
DEBIT_FOR_CURRENCY = {
    "usd": "pm_usBankAccount",
    "eur": "pm_sepaDebit",
    "gbp": "pm_bacsDebit_success",
}
BANK_DEBITS = frozenset({"us_bank_account", "sepa_debit", "bacs_debit"})


def by_number(number: str) -> TestMethod | None:
    """The test card or account with this number; spaces do not matter."""
    return BY_NUMBER.get("".join(number.split()).replace("-", ""))
