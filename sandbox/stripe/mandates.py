"""Mandates: the payer's permission to debit a bank account or charge a saved method."""

from __future__ import annotations

from sandbox.stripe.params import EXPAND, Fields
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id


def make_mandate(scope: Scope, method: Obj, reusable: bool) -> Obj:
    """Keep a new permission for a method."""
    kind = method["type"]
    details: Obj = {}
    if kind == "sepa_debit":
        details = {
            "reference": new_id("x", 12)[2:].upper(),
            "url": f"{scope.world.base_url}/",
        }
    if kind == "bacs_debit":
        details = {
            "display_name": None,
            "network_status": "accepted",
            "reference": new_id("x", 12)[2:].upper(),
            "revocation_reason": None,
            "service_user_number": None,
            "url": f"{scope.world.base_url}/",
        }
    mandate: Obj = {
        "id": new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": scope.now(),
            "online": {"ip_address": "127.0.0.1", "user_agent": "hosted page"},
            "type": "online",
        },
        "livemode": False,
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: details},
        "status": "active",
        "type": "multi_use" if reusable else "single_use",
    }
    mandate["multi_use" if reusable else "single_use"] = {} if reusable else {"amount": 0, "currency": "usd"}
    return scope.put(mandate)


def standing_mandate(scope: Scope, method: Obj) -> Obj | None:
    """The lasting permission to debit a saved account, in force or withdrawn; None if there never was one."""
    found = [each for each in scope.find("mandate", payment_method=method["id"]) if each["type"] == "multi_use"]
    return found[0] if found else None


def retrieve(scope: Scope, params: Obj, mandate_id: str) -> Obj:
    """One mandate."""
    return scope.get("mandate", mandate_id)


ROUTES = [Route("GET", "/v1/mandates/<>", Fields(EXPAND), retrieve)]
