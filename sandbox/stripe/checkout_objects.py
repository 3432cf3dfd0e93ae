"""The shape of a Checkout Session and of its line items."""

from __future__ import annotations

from sandbox.stripe import money
from sandbox.stripe.errors import refused
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id


def line_item(item: Obj, place: int) -> Obj:
    """One thing that is paid for, out of the request's inline price."""
    param = f"line_items[{place}]"
    if "price_data" not in item:
        raise refused(
            "This stand-in has no stored prices: use price_data.",
            f"{param}[price_data]",
            "parameter_missing",
        )
    price = item["price_data"]
    for name in ("product_data", "unit_amount"):
        if name not in price:
            full = f"{param}[price_data][{name}]"
            raise refused(f"Missing required param: {full}.", full, "parameter_missing")
    currency = money.check_currency(price["currency"], f"{param}[price_data][currency]")
    amount, quantity = price["unit_amount"], item.get("quantity", 1)
    if amount < 0 or quantity < 1:
        raise refused(
            "Invalid non-negative integer",
            f"{param}[price_data][unit_amount]",
            "parameter_invalid_integer",
        )
    total = amount * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": price["product_data"]["name"],
        "metadata": item.get("metadata", {}),
        "price": _price(currency, amount),
        "quantity": quantity,
        "_words": price["product_data"].get("description"),
    }


def _price(currency: str, amount: int) -> Obj:
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": 0,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod", 14),
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


# What a plain one-off payment or saved method has no use for; Stripe sends these as null.
_EMPTY = (
    "after_expiration", "allow_promotion_codes", "amount_subtotal", "amount_total", "client_secret",
    "collected_information", "consent", "consent_collection", "currency", "currency_conversion", "invoice",
    "invoice_creation", "origin_context", "payment_intent", "payment_link",
    "payment_method_configuration_details", "permissions", "recovered_from", "saved_payment_method_options",
    "setup_intent", "shipping_address_collection", "shipping_cost", "subscription", "wallet_options",
)  # fmt: skip


# What is answered as it was asked for.
_ECHOED = ("billing_address_collection", "cancel_url", "client_reference_id", "customer_email", "locale", "submit_type",
           "success_url")  # fmt: skip


def new_session(scope: Scope, params: Obj, mode: str, customer: Obj | None, expires: int) -> Obj:
    """An open session with every field present; amounts, items and intents are added by its maker."""
    session_id = new_id("cs_test", 58)
    setup = mode == "setup"
    return {
        **dict.fromkeys(_EMPTY),
        **_fixed(),
        **{name: params.get(name) for name in _ECHOED},
        "id": session_id,
        "adaptive_pricing": None if setup else params.get("adaptive_pricing", {"enabled": True}),
        "created": scope.now(),
        "custom_text": _words(params.get("custom_text", {})),
        "customer": customer["id"] if customer else None,
        "customer_creation": None if customer else params.get("customer_creation", "if_required"),
        "customer_details": _details(customer["email"] if customer else params.get("customer_email")),
        "expires_at": expires,
        "metadata": params.get("metadata", {}),
        "mode": mode,
        "payment_method_collection": "always" if setup else "if_required",
        "payment_status": "no_payment_required" if setup else "unpaid",
        "saved_payment_method_options": _saved(params.get("saved_payment_method_options")) if customer else None,
        "url": f"{scope.world.base_url}/c/pay/{session_id}",
        "_intent_data": params.get("payment_intent_data", {}),
    }


def _saved(asked: Obj | None) -> Obj:
    """Which saved methods the page shows its customer."""
    shown = (asked or {}).get("allow_redisplay_filters") or ["always"]
    return {"allow_redisplay_filters": shown, "payment_method_remove": "disabled", "payment_method_save": None}


def _fixed() -> Obj:
    """What every session begins with."""
    return {
        "object": "checkout.session",
        "automatic_tax": dict.fromkeys(("liability", "provider", "status")) | {"enabled": False},
        "custom_fields": [],
        "discounts": [],
        "livemode": False,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }


def _words(typed: Obj) -> Obj:
    empty = dict.fromkeys(("shipping_address", "terms_of_service_acceptance"))
    return {**empty, "after_submit": typed.get("after_submit"), "submit": typed.get("submit")}


def _details(address: str | None) -> Obj | None:
    """Who pays, as far as it is known before they have typed anything."""
    if not address:
        return None
    unknown = dict.fromkeys(("address", "business_name", "individual_name", "name", "phone", "tax_ids"))
    return {**unknown, "email": address, "tax_exempt": "none"}
