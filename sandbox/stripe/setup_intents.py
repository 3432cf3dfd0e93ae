"""Setup intents: saving a payment method for later, without taking money."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import cards
from sandbox.stripe.cards import DECLINES, Decline
from sandbox.stripe.errors import StripeError, unexpected_state
from sandbox.stripe.lists import page
from sandbox.stripe.mandates import make_mandate
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    Kind,
    anything,
    clearable,
    flag,
    metadata,
    moment,
    one_of,
    text,
    web_address,
)
from sandbox.stripe.paying import debit_kind, error_of
from sandbox.stripe.payment_methods import attach_to, behaviour, resolve
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id, public

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def make_intent(scope: Scope, params: Obj, currency: str | None = None) -> Obj:
    """Keep a new setup intent, and say so in an event."""
    intent_id = new_id("seti")
    debit = debit_kind(currency) if currency else None
    intent: Obj = {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{new_id('x')[2:]}",
        "created": scope.now(),
        "customer": params.get("customer"),
        "description": params.get("description"),
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": params.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card", *([debit] if debit else [])],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }
    scope.put(intent)
    scope.emit("setup_intent.created", intent)
    return intent


def attempt(scope: Scope, intent: Obj, method: Obj, *, authenticated: bool = False) -> Decline | None:
    """Try to save a method. Answers why it was refused, or nothing."""
    test = behaviour(method)
    intent.update(payment_method=method["id"], last_setup_error=None, next_action=None)
    if test.authenticates and not authenticated:
        where = f"{scope.world.base_url}/c/authenticate/{intent['id']}"
        redirect = {"return_url": intent.get("_return_url"), "url": where}
        intent.update(
            status="requires_action",
            next_action={"type": "redirect_to_url", "redirect_to_url": redirect},
        )
        scope.put(intent)
        scope.emit("setup_intent.requires_action", intent)
        return None
    if test.refuses_to_attach and test.kind == "card":
        return fail(scope, intent, method, DECLINES[test.on_charge])
    if authenticated:
        method["_authenticated"] = True
        scope.put(method)
    if test.kind in cards.BANK_DEBITS:
        intent["mandate"] = make_mandate(scope, method, reusable=True)["id"]
    if intent["customer"]:
        attach_to(scope, method, intent["customer"])
    intent["status"] = "succeeded"
    scope.put(intent)
    scope.emit("setup_intent.succeeded", intent)
    return None


def fail(scope: Scope, intent: Obj, method: Obj, decline: Decline) -> Decline:
    """The method was refused; the intent waits for another."""
    error = error_of(decline, method)
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_setup_error=error,
    )
    scope.put(intent)
    scope.emit("setup_intent.setup_failed", intent)
    return decline


def create(scope: Scope, params: Obj) -> Obj:
    """A new setup intent; with `confirm` it is tried at once."""
    if "customer" in params:
        scope.get("customer", params["customer"], "customer")
    intent = make_intent(scope, params)
    if "payment_method" in params:
        method = resolve(scope, params["payment_method"])
        intent.update(payment_method=method["id"], status="requires_confirmation")
        scope.put(intent)
    return confirm(scope, params, intent["id"]) if params.get("confirm") else intent


def confirm(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """Try to save the method."""
    intent = scope.get("setup_intent", intent_id)
    if intent["status"] not in _OPEN:
        raise unexpected_state("setup_intent", f"This SetupIntent has a status of {intent['status']}.")
    given = params.get("payment_method") or intent["payment_method"]
    if not given:
        raise unexpected_state("setup_intent", "This SetupIntent is missing a payment method.")
    intent["_return_url"] = params.get("return_url")
    decline = attempt(scope, intent, resolve(scope, given))
    if decline is not None:
        extra: Obj = {"decline_code": decline.decline_code} if decline.decline_code else {}
        extra["setup_intent"] = public(intent)
        raise StripeError(decline.message, status=402, kind="card_error", code=decline.code, **extra)
    return intent


def retrieve(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """One setup intent."""
    return scope.get("setup_intent", intent_id)


def cancel(scope: Scope, params: Obj, intent_id: str) -> Obj:
    """Give a setup intent up."""
    intent = scope.get("setup_intent", intent_id)
    if intent["status"] not in _OPEN:
        raise unexpected_state("setup_intent", f"This SetupIntent has a status of {intent['status']}.")
    return end(scope, intent, params.get("cancellation_reason"))


def end(scope: Scope, intent: Obj, reason: str | None) -> Obj:
    """Mark a setup intent as given up, and say so in an event."""
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    scope.put(intent)
    scope.emit("setup_intent.canceled", intent)
    return intent


def index(scope: Scope, params: Obj) -> Obj:
    """Setup intents of a customer or a method."""
    equal: dict[str, Any] = {name: params[name] for name in ("customer", "payment_method") if name in params}
    return page(scope, "setup_intent", params, "/v1/setup_intents", **equal)


_CONFIRM: dict[str, Kind] = {
    "payment_method": text,
    "return_url": web_address,
    "mandate_data": Fields({"customer_acceptance": anything}, required=("customer_acceptance",)),
}
CREATE = Fields(
    {
        "automatic_payment_methods": Fields({"enabled": flag, "allow_redirects": one_of("always", "never")}),
        "confirm": flag,
        "customer": text,
        "description": clearable,
        "metadata": metadata,
        "usage": one_of("off_session", "on_session"),
        **_CONFIRM,
        **EXPAND,
    }
)
_LIST = Fields({**PAGE, "customer": text, "payment_method": text, "created": moment})
_REASONS = one_of("abandoned", "duplicate", "requested_by_customer")
ROUTES = [
    Route("POST", "/v1/setup_intents", CREATE, create),
    Route("GET", "/v1/setup_intents", _LIST, index),
    Route("GET", "/v1/setup_intents/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/setup_intents/<>/confirm", Fields({**_CONFIRM, **EXPAND}), confirm),
    Route(
        "POST",
        "/v1/setup_intents/<>/cancel",
        Fields({"cancellation_reason": _REASONS, **EXPAND}),
        cancel,
    ),
]
