"""Payment methods: made from Stripe's test names, attached to customers, listed and detached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.stripe import cards
from sandbox.stripe.errors import StripeError, missing, refused
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    Kind,
    anything,
    clearable,
    email,
    metadata,
    one_of,
    text,
    whole,
)
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

_TYPES = one_of("card", "us_bank_account", "sepa_debit", "bacs_debit")
_ADDRESS = Fields(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), clearable))
BILLING = Fields({"address": _ADDRESS, "email": email, "name": clearable, "phone": clearable})
_CARD = Fields({"number": text, "exp_month": whole, "exp_year": whole, "cvc": text, "token": text})
_BANK = Fields(
    {
        "account_holder_type": text,
        "account_number": text,
        "account_type": text,
        "routing_number": text,
    }
)
CREATE = Fields(
    {
        "type": _TYPES,
        "card": _CARD,
        "us_bank_account": _BANK,
        "billing_details": BILLING,
        "allow_redisplay": one_of("always", "limited", "unspecified"),
        "metadata": metadata,
        **EXPAND,
    },
    required=("type",),
)
UPDATE = Fields(
    {
        "billing_details": BILLING,
        "allow_redisplay": one_of("always", "limited", "unspecified"),
        "card": anything,
        "metadata": metadata,
        **EXPAND,
    }
)
_YEAR_AHEAD = 2030


def make(scope: Scope, test: cards.TestMethod, billing: Obj | None = None) -> Obj:
    """Keep a new payment method that behaves like one of Stripe's test methods."""
    method: Obj = {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(billing),
        "created": scope.now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": test.kind,
        test.kind: _details(test),
        "_test": test.name,
    }
    return scope.put(method)


def billing_details(given: Obj | None = None) -> Obj:
    """Who pays, with every field present."""
    given = given or {}
    lines = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "address": {**lines, **(given.get("address") or {})},
        "email": given.get("email"),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tax_id": None,
    }


def _details(test: cards.TestMethod) -> Obj:
    if test.kind == "us_bank_account":
        return {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "fingerprint": f"bank{test.last4}",
            "last4": test.last4,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": {},
        }
    if test.kind == "sepa_debit":
        keys = {
            "bank_code": "37040044",
            "branch_code": "",
            "country": "DE",
            "fingerprint": "sepa3000",
        }
        return {
            **keys,
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": test.last4,
        }
    if test.kind == "bacs_debit":
        return {"fingerprint": "bacs2345", "last4": test.last4, "sort_code": "108800"}
    return {
        "brand": test.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": test.brand,
        "exp_month": 12,
        "exp_year": _YEAR_AHEAD,
        "fingerprint": f"card{test.last4}",
        "funding": "debit" if "debit" in test.name else "credit",
        "generated_from": None,
        "last4": test.last4,
        "networks": {"available": [test.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def has_expired(method: Obj, now: int) -> bool:
    """Whether a card's last month is over."""
    if method["type"] != "card":
        return False
    day = datetime.fromtimestamp(now, UTC)
    return bool((method["card"]["exp_year"], method["card"]["exp_month"]) < (day.year, day.month))


def behaviour(method: Obj) -> cards.TestMethod:
    """How this method behaves."""
    return cards.BY_NAME[method["_test"]]


def resolve(scope: Scope, given: str, param: str = "payment_method") -> Obj:
    """A payment method by its id, or a new one by one of Stripe's test names."""
    if given in cards.BY_NAME:
        return make(scope, cards.BY_NAME[given])
    if given.startswith(("pm_card_", "pm_usBankAccount")):
        raise missing("PaymentMethod", given, param)
    method = scope.store.get(scope.account, given)
    if method is None or method["object"] != "payment_method":
        raise missing("PaymentMethod", given, param)
    return method


def attach_to(scope: Scope, method: Obj, customer: str) -> Obj:
    """Save a method with a customer, and say so in an event."""
    if method["customer"] == customer:
        return method
    if method["customer"] or method.get("_detached"):
        raise StripeError(
            "The payment method you provided has already been attached to a customer, or was used before and "
            "detached; it may not be used again.",
            code="payment_method_unexpected_state",
        )
    method["customer"] = customer
    scope.put(method)
    scope.emit("payment_method.attached", method)
    return method


def create(scope: Scope, params: Obj) -> Obj:
    """Make a method from a test number or a token such as tok_visa."""
    details = params.get(params["type"], {})
    number = details.get("number") or details.get("account_number")
    token = str(details.get("token", "")).replace("tok_", "pm_card_")
    test = cards.by_number(number) if number else cards.BY_NAME.get(token)
    if test is None and params["type"] == "sepa_debit":
        test = cards.BY_NAME["pm_sepaDebit"]
    if test is None or test.kind != params["type"]:
        raise refused(
            "Use one of Stripe's test numbers or tokens",
            f"{params['type']}[number]",
            "incorrect_number",
        )
    method = make(scope, test, params.get("billing_details"))
    method["metadata"] = params.get("metadata", {})
    return scope.put(method)


def retrieve(scope: Scope, params: Obj, method_id: str) -> Obj:
    """One method."""
    return resolve(scope, method_id)


def update(scope: Scope, params: Obj, method_id: str) -> Obj:
    """Change what Stripe lets one change."""
    method = scope.get("payment_method", method_id)
    if "billing_details" in params:
        method["billing_details"] = billing_details({**method["billing_details"], **params["billing_details"]})
    if "metadata" in params:
        method["metadata"] = {**method["metadata"], **params["metadata"]} if params["metadata"] else {}
    method["allow_redisplay"] = params.get("allow_redisplay", method["allow_redisplay"])
    scope.put(method)
    scope.emit("payment_method.updated", method)
    return method


def attach(scope: Scope, params: Obj, method_id: str) -> Obj:
    """Save a method with a customer; a declining test card is refused here, as the bank is asked."""
    customer = scope.get("customer", params["customer"], "customer")
    method = resolve(scope, method_id)
    test = behaviour(method)
    if test.refuses_to_attach:
        decline = cards.DECLINES[test.on_charge]
        raise StripeError(
            decline.message,
            status=402,
            kind="card_error",
            code=decline.code,
            decline_code=decline.decline_code,
        )
    return attach_to(scope, method, customer["id"])


def detach(scope: Scope, params: Obj, method_id: str) -> Obj:
    """Take a method from its customer; it can't be used again."""
    method = scope.get("payment_method", method_id)
    if not method["customer"]:
        raise StripeError("The payment method you provided is not attached to a customer so detachment is impossible.")
    was = method["customer"]
    method.update(customer=None, _detached=True)
    scope.put(method)
    scope.emit("payment_method.detached", method, {"customer": was})
    return method


def index(scope: Scope, params: Obj) -> Obj:
    """The methods of a customer."""
    return _of_customer(scope, params, params.get("customer"), "/v1/payment_methods")


def _of_customer(scope: Scope, params: Obj, customer: str | None, url: str) -> Obj:
    if customer is None:
        raise refused("Missing required param: customer.", "customer", "parameter_missing")
    scope.get("customer", customer, "customer")
    equal: dict[str, Any] = {"customer": customer}
    if "type" in params:
        equal["type"] = params["type"]
    return page(scope, "payment_method", params, url, **equal)


def of_customer(scope: Scope, params: Obj, customer: str) -> Obj:
    """The methods of the customer in the path."""
    return _of_customer(scope, params, customer, f"/v1/customers/{customer}/payment_methods")


def one_of_customer(scope: Scope, params: Obj, customer: str, method_id: str) -> Obj:
    """One method, if it is this customer's."""
    method = scope.get("payment_method", method_id)
    if method["customer"] != customer:
        raise missing("PaymentMethod", method_id)
    return method


_LIST: dict[str, Kind] = {**PAGE, "type": _TYPES, "allow_redisplay": text}
ROUTES = [
    Route("POST", "/v1/payment_methods", CREATE, create),
    Route("GET", "/v1/payment_methods", Fields({**_LIST, "customer": text}), index),
    Route("GET", "/v1/payment_methods/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/payment_methods/<>", UPDATE, update),
    Route(
        "POST",
        "/v1/payment_methods/<>/attach",
        Fields({"customer": text, **EXPAND}, ("customer",)),
        attach,
    ),
    Route("POST", "/v1/payment_methods/<>/detach", Fields(EXPAND), detach),
    Route("GET", "/v1/customers/<>/payment_methods", Fields(_LIST), of_customer),
    Route("GET", "/v1/customers/<>/payment_methods/<>", Fields(EXPAND), one_of_customer),
]
