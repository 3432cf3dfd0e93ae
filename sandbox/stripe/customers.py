"""Customers: whom payments and saved methods belong to."""

from __future__ import annotations

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
    metadata,
    moment,
    text,
)
from sandbox.stripe.payment_methods import attach_to, resolve
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

_ADDRESS = Fields(dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), clearable))
_KNOWN: dict[str, Kind] = {
    "address": _ADDRESS,
    "description": clearable,
    "email": email,
    "invoice_settings": Fields({"default_payment_method": clearable}),
    "metadata": metadata,
    "name": clearable,
    "phone": clearable,
    "preferred_locales": Listed(text),
    "shipping": anything,
    **EXPAND,
}


def make(scope: Scope, params: Obj) -> Obj:
    """Keep a new customer, and say so in an event."""
    customer: Obj = {
        "id": new_id("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": scope.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": new_id("x", 8)[2:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _write(customer, params)
    scope.put(customer)
    scope.emit("customer.created", customer)
    return customer


def _write(customer: Obj, params: Obj) -> None:
    for name in (
        "address",
        "description",
        "email",
        "name",
        "phone",
        "preferred_locales",
        "shipping",
    ):
        if name in params:
            customer[name] = params[name] or None
    if "metadata" in params:
        kept = {**customer["metadata"], **params["metadata"]} if params["metadata"] else {}
        customer["metadata"] = {key: value for key, value in kept.items() if value != ""}
    default = params.get("invoice_settings", {}).get("default_payment_method")
    if default is not None:
        customer["invoice_settings"]["default_payment_method"] = default or None


def create(scope: Scope, params: Obj) -> Obj:
    """A new customer, with a payment method if one is given."""
    customer = make(scope, params)
    if "payment_method" in params:
        attach_to(scope, resolve(scope, params["payment_method"]), customer["id"])
    return customer


def retrieve(scope: Scope, params: Obj, customer_id: str) -> Obj:
    """One customer."""
    return scope.get("customer", customer_id)


def update(scope: Scope, params: Obj, customer_id: str) -> Obj:
    """Change a customer."""
    customer = scope.get("customer", customer_id)
    _write(customer, params)
    scope.put(customer)
    scope.emit("customer.updated", customer)
    return customer


def delete(scope: Scope, params: Obj, customer_id: str) -> Obj:
    """Forget a customer; saved methods are detached with it."""
    customer = scope.get("customer", customer_id)
    for method in scope.find("payment_method", customer=customer_id):
        method.update(customer=None, _detached=True)
        scope.put(method)
    scope.store.run("DELETE FROM object WHERE id = ?", customer_id)
    scope.emit("customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def index(scope: Scope, params: Obj) -> Obj:
    """All customers, or those with one address."""
    equal = {"email": params["email"]} if "email" in params else {}
    return page(scope, "customer", params, "/v1/customers", **equal)


ROUTES = [
    Route("POST", "/v1/customers", Fields({**_KNOWN, "payment_method": text}), create),
    Route(
        "GET",
        "/v1/customers",
        Fields({**PAGE, "email": text, "created": moment}),
        index,
    ),
    Route("GET", "/v1/customers/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/customers/<>", Fields(_KNOWN), update),
    Route("DELETE", "/v1/customers/<>", Fields({}), delete),
]
