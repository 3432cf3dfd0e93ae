"""Early fraud warnings: the card network says that a payment may have been fraud, before anyone
disputes it.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe.lists import page
from sandbox.stripe.params import EXPAND, PAGE, Fields, moment, text
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id


def warn(scope: Scope, charge_id: str) -> None:
    """Keep a warning about a charge, and say so in an event."""
    charge = scope.get("charge", charge_id)
    warning: Obj = {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": charge_id,
        "created": scope.now(),
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    scope.put(warning)
    scope.emit("radar.early_fraud_warning.created", warning)


def retrieve(scope: Scope, params: Obj, warning_id: str) -> Obj:
    """One warning."""
    return scope.get("radar.early_fraud_warning", warning_id)


def index(scope: Scope, params: Obj) -> Obj:
    """Warnings about a charge or an intent."""
    equal: dict[str, Any] = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return page(
        scope,
        "radar.early_fraud_warning",
        params,
        "/v1/radar/early_fraud_warnings",
        **equal,
    )


_LIST = Fields({**PAGE, "charge": text, "payment_intent": text, "created": moment})
ROUTES = [
    Route("GET", "/v1/radar/early_fraud_warnings", _LIST, index),
    Route("GET", "/v1/radar/early_fraud_warnings/<>", Fields(EXPAND), retrieve),
]
