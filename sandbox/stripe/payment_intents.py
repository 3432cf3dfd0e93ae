"""The payment intent API: off-session charges above all. What happens to the money is in paying.py."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.cards import Decline
from sandbox.stripe.errors import StripeError, refused, unexpected_state
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    Kind,
    Listed,
    anything,
    clearable,
    email,
    flag,
    metadata,
    moment,
    one_of,
    text,
    web_address,
    whole,
)
from sandbox.stripe.paying import attempt, make_intent
from sandbox.stripe.payment_methods import resolve
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, public

_AUTOMATIC = Fields(
    {"enabled": flag, "allow_redirects": one_of("always", "never")},
    required=("enabled",),
)
_MANDATE = Fields({"customer_acceptance": anything}, required=("customer_acceptance",))
_FUTURE = one_of("off_session", "on_session")
_CONFIRMING: dict[str, Kind] = {
    "payment_method": text,
    "off_session": flag,
    "return_url": web_address,
    "mandate_data": _MANDATE,
    "error_on_requires_action": flag,
    "receipt_email": email,
    "setup_future_usage": _FUTURE,
}
CREATE = Fields(
    {
        "amount": whole,
        "currency": text,
        "customer": text,
        "confirm": flag,
        "description": clearable,
        "metadata": metadata,
        "automatic_payment_methods": _AUTOMATIC,
        "capture_method": one_of("automatic", "automatic_async"),
        "application_fee_amount": whole,
        "statement_descriptor_suffix": text,
        "excluded_payment_method_types": Listed(text),
        **_CONFIRMING,
        **EXPAND,
    },
    required=("amount", "currency"),
)
UPDATE = Fields(
    {
        "amount": whole,
        "currency": text,
        "customer": text,
        "description": clearable,
        "metadata": metadata,
        "payment_method": text,
        "receipt_email": email,
        "setup_future_usage": _FUTURE,
        **EXPAND,
    }
)
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(scope: Scope, params: Obj) -> Obj:
    """A new intent; with `confirm` it is charged at once."""
    currency = money.check_currency(params["currency"])
    money.check_charge(params["amount"], currency)
    if params.get("off_session") and not params.get("confirm"):
        raise refused(
            "off_session can only be used with confirm=true",
            "off_session",
            "parameter_missing",
        )
    if "customer" in params:
        scope.get("customer", params["customer"], "customer")
    _check_return(params, params.get("automatic_payment_methods", {}))
    method = _method(scope, params, params.get("customer"))
    intent = make_intent(scope, params["amount"], currency, params)
    if "automatic_payment_methods" in params:
        intent["automatic_payment_methods"] = {
            "allow_redirects": "always",
            **params["automatic_payment_methods"],
        }
    intent["_return_url"] = params.get("return_url")
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    scope.put(intent)
    if params.get("confirm"):
        return _confirm(scope, intent, method, params)
    return intent


def _check_return(params: Obj, automatic: Obj) -> None:
    may_leave = automatic.get("allow_redirects", "always") == "always" and automatic.get("enabled", True)
    if params.get("confirm") and may_leave and not params.get("off_session") and "return_url" not in params:
        raise refused(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
            "some of these payment methods might redirect your customer off of your page, you must provide a "
            "`return_url`.",
            "return_url",
        )


def _method(scope: Scope, params: Obj, customer: str | None) -> Obj | None:
    if "payment_method" not in params:
        return None
    method = resolve(scope, params["payment_method"])
    if method["customer"] and method["customer"] != customer:
        raise StripeError(
            "The provided PaymentMethod cannot be used here: it belongs to a different customer, "
            "which must be given in the `customer` parameter.",
            param="payment_method",
        )
    if method.get("_detached"):
        raise StripeError(
            "The provided PaymentMethod was previously used or detached and may not be used again.",
            param="payment_method",
        )
    return method


def _confirm(scope: Scope, intent: Obj, method: Obj | None, params: Obj) -> Obj:
    if method is None:
        raise unexpected_state(
            "payment_intent",
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            payment_intent=public(intent),
        )
    decline = attempt(scope, intent, method, off_session=params.get("off_session", False))
    if decline is not None:
        raise card_error(decline, intent)
    if intent["status"] == "requires_action" and params.get("error_on_requires_action"):
        raise StripeError(
            "Your card was declined. This transaction requires authentication.",
            status=402,
            kind="card_error",
            code="authentication_required",
            payment_intent=public(intent),
        )
    return intent


def card_error(decline: Decline, intent: Obj) -> StripeError:
    """A decline as the API reports it: 402, with the intent it made."""
    held = dict(intent["last_payment_error"])
    method = held.pop("payment_method")
    extra = {
        name: held[name] for name in ("charge", "advice_code", "decline_code", "network_decline_code") if name in held
    }
    return StripeError(
        decline.message,
        status=402,
        kind="card_error",
        code=decline.code,
        payment_intent=public(intent),
        payment_method=method,
        **extra,
    )


def retrieve(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """One intent."""
    return scope.get("payment_intent", intent_id)


def update(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """Change an intent that is not decided yet; words may always change."""
    intent = scope.get("payment_intent", intent_id)
    if {"amount", "currency", "customer", "payment_method"} & set(params) and intent["status"] not in _OPEN:
        raise _wrong_state(intent, "update")
    if "amount" in params or "currency" in params:
        wanted = {"amount": intent["amount"], "currency": intent["currency"], **params}
        currency = money.check_currency(wanted["currency"])
        money.check_charge(wanted["amount"], currency)
        intent.update(amount=wanted["amount"], currency=currency)
    for name in ("customer", "description", "receipt_email", "setup_future_usage"):
        if name in params:
            intent[name] = params[name] or None
    if "metadata" in params:
        intent["metadata"] = {**intent["metadata"], **params["metadata"]} if params["metadata"] else {}
    method = _method(scope, params, intent["customer"])
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
    return scope.put(intent)


def confirm(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """Charge an intent."""
    intent = scope.get("payment_intent", intent_id)
    if intent["status"] not in _OPEN:
        raise _wrong_state(intent, "confirm")
    _check_return({"confirm": True, **params}, intent["automatic_payment_methods"])
    given = {"payment_method": params.get("payment_method") or intent["payment_method"]}
    method = _method(scope, {name: each for name, each in given.items() if each}, intent["customer"])
    intent["_return_url"] = params.get("return_url")
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = params["setup_future_usage"]
    return _confirm(scope, intent, method, params)


def _wrong_state(intent: Obj, act: str) -> StripeError:
    return unexpected_state(
        "payment_intent",
        f"You cannot {act} this PaymentIntent because it has a status of {intent['status']}.",
        payment_intent=public(intent),
    )


def cancel(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """Give an intent up; it can't be paid any more."""
    intent = scope.get("payment_intent", intent_id)
    if intent["status"] not in _OPEN:
        raise _wrong_state(intent, "cancel")
    if any(each["status"] == "open" for each in scope.find("checkout.session", payment_intent=intent_id)):
        message = "You cannot cancel this PaymentIntent: it belongs to a Checkout Session. Expire that instead."
        raise unexpected_state("payment_intent", message, payment_intent=public(intent))
    return end(scope, intent, params.get("cancellation_reason"))


def end(scope: Scope, intent: Obj, reason: str | None) -> Obj:
    """Mark an intent as given up, and say so in an event."""
    intent.update(
        status="canceled",
        canceled_at=scope.now(),
        cancellation_reason=reason,
        next_action=None,
    )
    scope.put(intent)
    scope.emit("payment_intent.canceled", intent)
    return intent


def index(scope: Scope, params: Obj) -> Obj:
    """Intents, of one customer if wanted."""
    equal: dict[str, Any] = {"customer": params["customer"]} if "customer" in params else {}
    return page(scope, "payment_intent", params, "/v1/payment_intents", **equal)


_REASONS = one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer")
ROUTES = [
    Route("POST", "/v1/payment_intents", CREATE, create),
    Route(
        "GET",
        "/v1/payment_intents",
        Fields({**PAGE, "customer": text, "created": moment}),
        index,
    ),
    Route("GET", "/v1/payment_intents/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/payment_intents/<>", UPDATE, update),
    Route(
        "POST",
        "/v1/payment_intents/<>/confirm",
        Fields({**_CONFIRMING, **EXPAND}),
        confirm,
    ),
    Route(
        "POST",
        "/v1/payment_intents/<>/cancel",
        Fields({"cancellation_reason": _REASONS, **EXPAND}),
        cancel,
    ),
]
