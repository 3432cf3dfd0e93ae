"""The Checkout Session API. What the payer does on the hosted page is in checkout_pay.py."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.checkout_objects import line_item, new_session
from sandbox.stripe.errors import StripeError, refused
from sandbox.stripe.lists import page, paged
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    Listed,
    anything,
    email,
    flag,
    metadata,
    moment,
    one_of,
    text,
    web_address,
    whole,
)
from sandbox.stripe.paying import debit_kind
from sandbox.stripe.routing import Route
from sandbox.stripe.setup_intents import end as end_setup
from sandbox.stripe.setup_intents import make_intent as make_setup
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope

DAY = 24 * 3600
HALF_HOUR = 1800
_PRODUCT = Fields(
    {"name": text, "description": text, "metadata": metadata, "images": Listed(text)},
    required=("name",),
)
_PRICE = Fields(
    {"currency": text, "product_data": _PRODUCT, "unit_amount": whole},
    required=("currency",),
)
_ITEM = Fields({"price_data": _PRICE, "quantity": whole, "metadata": metadata})
_WORDS = Fields({"message": text})
_INTENT_DATA = Fields(
    {
        "description": text,
        "metadata": metadata,
        "receipt_email": email,
        "setup_future_usage": one_of("off_session", "on_session"),
        "statement_descriptor_suffix": text,
        "application_fee_amount": whole,
    }
)
CREATE = Fields(
    {
        "adaptive_pricing": Fields({"enabled": flag}),
        "billing_address_collection": one_of("auto", "required"),
        "cancel_url": web_address,
        "client_reference_id": text,
        "currency": text,
        "custom_text": Fields(dict.fromkeys(("submit", "after_submit"), _WORDS)),
        "customer": text,
        "customer_creation": one_of("always", "if_required"),
        "customer_email": email,
        "customer_update": anything,
        "excluded_payment_method_types": Listed(text),
        "expires_at": whole,
        "line_items": Listed(_ITEM, at_most=100),
        "locale": text,
        "metadata": metadata,
        "mode": one_of("payment", "setup"),
        "payment_intent_data": _INTENT_DATA,
        "saved_payment_method_options": Fields(
            {"allow_redisplay_filters": Listed(one_of("always", "limited", "unspecified"))}
        ),
        "setup_intent_data": Fields({"description": text, "metadata": metadata}),
        "submit_type": one_of("auto", "book", "donate", "pay"),
        "success_url": web_address,
        "ui_mode": one_of("hosted_page", "embedded_page", "form", "elements"),
        **EXPAND,
    }
)


def create(scope: Scope, params: Obj) -> Obj:
    """A new session with its hosted page."""
    mode = params.get("mode", "payment")
    _check_shape(params, mode)
    customer = scope.get("customer", params["customer"], "customer") if "customer" in params else None
    expires = params.get("expires_at", scope.now() + DAY)
    # Stripe counts from its own receipt of the request; a second's rounding is no reason to refuse.
    if not scope.now() + HALF_HOUR - 1 <= expires <= scope.now() + DAY + 1:
        raise refused(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            "expires_at",
        )
    items = [line_item(item, place) for place, item in enumerate(params.get("line_items", []))]
    currency = _currency(params, items)
    total = sum(item["amount_total"] for item in items) if mode == "payment" else None
    if total is not None and currency is not None:
        money.check_charge(total, currency, "line_items[0][price_data][unit_amount]")
    session = new_session(scope, params, mode, customer, expires)
    session.update(amount_subtotal=total, amount_total=total, currency=currency)
    session["payment_method_types"] = [
        "card",
        *([debit] if currency and (debit := debit_kind(currency)) else []),
    ]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    session["_line_items"] = {
        "object": "list",
        "data": items,
        "has_more": False,
        "url": url,
    }
    if mode == "setup":
        data = {**params.get("setup_intent_data", {}), "customer": session["customer"]}
        session["setup_intent"] = make_setup(scope, data, currency)["id"]
    scope.put(session)
    scope.later(expires, "expire_session", session["id"])
    return session


def _check_shape(params: Obj, mode: str) -> None:
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    if not hosted:
        raise refused(
            "This stand-in has the hosted page alone: use ui_mode=hosted_page.",
            "ui_mode",
        )
    if "success_url" not in params:
        raise refused("Missing required param: success_url.", "success_url", "parameter_missing")
    if mode == "payment" and not params.get("line_items"):
        raise refused(
            "You must provide line_items in payment mode.",
            "line_items",
            "parameter_missing",
        )
    for name in ("line_items", "payment_intent_data") if mode == "setup" else ("setup_intent_data",):
        if name in params:
            raise refused(f"You can not pass `{name}` in `{mode}` mode.", name)
    if mode == "setup" and "currency" not in params:
        raise refused("Missing required param: currency.", "currency", "parameter_missing")
    if "customer" in params and "customer_email" in params:
        raise refused("You may only specify one of these parameters: customer, customer_email.")
    if "customer" in params and "customer_creation" in params:
        raise refused("You may only specify one of these parameters: customer, customer_creation.")


def _currency(params: Obj, items: list[Obj]) -> str | None:
    found = {item["currency"] for item in items}
    if "currency" in params:
        found.add(money.check_currency(params["currency"]))
    if len(found) > 1:
        raise refused("All line items must have the same currency.", "line_items")
    return found.pop() if found else None


def retrieve(scope: Scope, params: Obj, session_id: str) -> Obj:
    """One session."""
    return scope.get("checkout.session", session_id)


def index(scope: Scope, params: Obj) -> Obj:
    """Sessions by intent, customer or status."""
    names = ("payment_intent", "customer", "status")
    equal: dict[str, Any] = {name: params[name] for name in names if name in params}
    address = params.get("customer_details", {}).get("email")

    def keep(session: Obj) -> bool:
        return address is None or (session["customer_details"] or {}).get("email") == address

    return page(scope, "checkout.session", params, "/v1/checkout/sessions", keep, **equal)


def line_items(scope: Scope, params: Obj, session_id: str) -> Obj:
    """What is being paid for."""
    items = scope.get("checkout.session", session_id)["_line_items"]
    return paged(items["data"], params, items["url"])


def expire(scope: Scope, params: Obj, session_id: str) -> Obj:
    """Close a session, so that nobody can pay it any more."""
    session = scope.get("checkout.session", session_id)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    return close(scope, session)


def close(scope: Scope, session: Obj) -> Obj:
    """Mark a session as expired, give up its intent, and say so in events."""
    session.update(status="expired", url=None)
    scope.put(session)
    if session["payment_intent"]:
        intent = scope.get("payment_intent", session["payment_intent"])
        intent.update(
            status="canceled",
            canceled_at=scope.now(),
            cancellation_reason="expired",
            next_action=None,
        )
        scope.put(intent)
        scope.emit("payment_intent.canceled", intent)
    if session["setup_intent"]:
        end_setup(scope, scope.get("setup_intent", session["setup_intent"]), "abandoned")
    scope.emit("checkout.session.expired", session)
    return session


def expire_in_time(scope: Scope, session_id: str) -> None:
    """The session's time is up."""
    session = scope.get("checkout.session", session_id)
    if session["status"] == "open":
        close(scope, session)


_STATES = one_of("open", "complete", "expired")
_LIST = Fields(
    {
        **PAGE,
        "payment_intent": text,
        "customer": text,
        "status": _STATES,
        "created": moment,
        "customer_details": Fields({"email": email}, required=("email",)),
    }
)
ROUTES = [
    Route("POST", "/v1/checkout/sessions", CREATE, create),
    Route("GET", "/v1/checkout/sessions", _LIST, index),
    Route("GET", "/v1/checkout/sessions/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/checkout/sessions/<>/expire", Fields(EXPAND), expire),
    Route("GET", "/v1/checkout/sessions/<>/line_items", Fields(PAGE), line_items),
]
