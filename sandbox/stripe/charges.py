"""Charges: the single movements of money beneath a payment intent."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import cards, money
from sandbox.stripe.balance import TWO_DAYS, Movement, record
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    clearable,
    email,
    metadata,
    moment,
    text,
)
from sandbox.stripe.payment_methods import behaviour
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

_FOLLOWING = {
    "dispute": "open_dispute",
    "inquiry": "open_inquiry",
    "bank_return": "return_debit",
    "fraud_warning": "warn_of_fraud",
}


# Null on a new charge; the balance transaction comes with the capture.
_EMPTY = (
    "application", "application_fee", "application_fee_amount", "balance_transaction",
    "failure_balance_transaction", "on_behalf_of", "receipt_number", "receipt_url", "review", "shipping",
    "source_transfer", "statement_descriptor", "statement_descriptor_suffix", "transfer_data",
    "transfer_group",
)  # fmt: skip


def make(
    scope: Scope,
    intent: Obj,
    method: Obj,
    status: str,
    decline: cards.Decline | None = None,
) -> Obj:
    """Keep a new charge of an intent. Its balance transaction comes later, as Stripe captures
    asynchronously.
    """
    test = behaviour(method)
    succeeded = status == "succeeded"
    charge: Obj = {
        **dict.fromkeys(_EMPTY),
        "id": new_id("py" if test.kind in cards.BANK_DEBITS else "ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status != "failed" else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": status != "failed",
        "created": scope.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": outcome(decline),
        "paid": succeeded,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method, intent),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": status,
        "_test": test.name,
    }
    return scope.put(charge)


def outcome(decline: cards.Decline | None) -> Obj:
    """What the bank said."""
    if decline is None:
        words = {
            "network_status": "approved_by_network",
            "reason": None,
            "type": "authorized",
        }
        message = "Payment complete."
    else:
        reason = decline.decline_code or decline.code
        words = {
            "network_status": "declined_by_network",
            "reason": reason,
            "type": "issuer_declined",
        }
        message = "The bank did not return any further details with this decline."
    return {
        **words,
        "advice_code": decline.advice if decline else None,
        "network_advice_code": None,
        "network_decline_code": decline.network_code if decline else None,
        "risk_level": "normal",
        "risk_score": 10,
        "seller_message": message,
    }


def _details(method: Obj, intent: Obj) -> Obj:
    kind = method["type"]
    held = method[kind]
    if kind == "card":
        kept = {
            name: held[name]
            for name in (
                "brand",
                "country",
                "exp_month",
                "exp_year",
                "fingerprint",
                "funding",
            )
        }
        extra = {
            "amount_authorized": intent["amount"],
            "checks": held["checks"],
            "installments": None,
            "last4": held["last4"],
            "mandate": None,
            "network": held["brand"],
            "three_d_secure": None,
            "wallet": None,
        }
        return {"type": kind, kind: {**kept, **extra}}
    names = {
        "us_bank_account": (
            "account_holder_type",
            "account_type",
            "bank_name",
            "fingerprint",
            "last4",
            "routing_number",
        ),
        "sepa_debit": ("bank_code", "branch_code", "country", "fingerprint", "last4"),
        "bacs_debit": ("fingerprint", "last4", "sort_code"),
    }[kind]
    return {
        "type": kind,
        kind: {
            **{name: held[name] for name in names},
            "mandate": intent.get("_mandate"),
        },
    }


def succeeded(scope: Scope, charge: Obj) -> None:
    """Plan what follows a successful charge: the capture, and whatever its test card is known for."""
    scope.later(scope.now() + scope.world.capture_delay, "capture", charge["id"])
    following = _FOLLOWING.get(cards.BY_NAME[charge["_test"]].afterwards)
    if following:
        scope.later(scope.now() + scope.world.capture_delay, following, charge["id"])


def capture(scope: Scope, charge_id: str) -> None:
    """Book the charge on the balance and say so by `charge.updated`: only now its fee is known."""
    charge = scope.get("charge", charge_id)
    if charge["balance_transaction"]:
        return
    settlement = scope.settlement_currency()
    settled = money.convert(charge["amount"], charge["currency"], settlement)
    debit = charge["_test"].startswith(("pm_us", "pm_sepa", "pm_bacs"))
    bypass = charge["_test"] == "pm_card_bypassPending"
    booked = record(
        scope,
        Movement(
            "payment" if debit else "charge",
            "charge",
            charge["amount"],
            charge["currency"],
            charge["id"],
            fee=money.charge_fee(settled, settlement),
            wait=0 if bypass else TWO_DAYS,
        ),
    )
    charge["balance_transaction"] = booked["id"]
    scope.put(charge)
    scope.emit("charge.updated", charge, {"balance_transaction": None})


def retrieve(scope: Scope, params: Obj, charge_id: str) -> Obj:
    """One charge."""
    charge = scope.get("charge", charge_id)
    refunds = scope.find("refund", charge=charge_id)
    charge["_refunds"] = {
        "object": "list",
        "data": refunds,
        "has_more": False,
        "url": f"/v1/charges/{charge_id}/refunds",
    }
    return charge


def update(scope: Scope, params: Obj, charge_id: str) -> Obj:
    """Change the words on a charge."""
    charge = scope.get("charge", charge_id)
    for name in ("description", "receipt_email"):
        if name in params:
            charge[name] = params[name] or None
    if "metadata" in params:
        charge["metadata"] = {**charge["metadata"], **params["metadata"]} if params["metadata"] else {}
    scope.put(charge)
    scope.emit("charge.updated", charge)
    return charge


def index(scope: Scope, params: Obj) -> Obj:
    """Charges of a customer or an intent."""
    equal: dict[str, Any] = {name: params[name] for name in ("customer", "payment_intent") if name in params}
    return page(scope, "charge", params, "/v1/charges", **equal)


_UPDATE = Fields({"description": clearable, "receipt_email": email, "metadata": metadata, **EXPAND})
ROUTES = [
    Route(
        "GET",
        "/v1/charges",
        Fields({**PAGE, "created": moment, "customer": text, "payment_intent": text}),
        index,
    ),
    Route("GET", "/v1/charges/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/charges/<>", _UPDATE, update),
]
