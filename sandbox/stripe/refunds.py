"""Refunds: money on its way back to the payer, at once, later, or not at all."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import cards, money
from sandbox.stripe.balance import Movement, record
from sandbox.stripe.errors import StripeError, refused
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    email,
    metadata,
    moment,
    one_of,
    text,
    whole,
)
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

DAY = 24 * 3600
_REASONS = one_of("duplicate", "fraudulent", "requested_by_customer")


def create(scope: Scope, params: Obj) -> Obj:
    """Give money back from a charge: all that is left of it, or a part."""
    charge = _charge(scope, params)
    amount = _amount(charge, params)
    test = cards.BY_NAME[charge["_test"]]
    slow = test.kind in cards.BANK_DEBITS or test.afterwards == "refund_pending"
    status = "requires_action" if "instructions_email" in params else "pending" if slow else "succeeded"
    refund = _make(scope, charge, amount, status, params)
    _book(scope, refund, charge, amount)
    scope.emit("refund.created", refund)
    scope.emit("charge.refunded", charge)
    if status == "pending":
        scope.later(scope.now() + 5 * DAY, "finish_refund", refund["id"])
    if test.afterwards == "refund_fail":
        scope.later(scope.now() + scope.world.capture_delay, "fail_refund", refund["id"])
    return refund


def _charge(scope: Scope, params: Obj) -> Obj:
    if ("charge" in params) == ("payment_intent" in params):
        raise refused("One of the following params should be provided for this request: charge or payment_intent.")
    charge_id = params.get("charge")
    if charge_id is None:
        intent = scope.get("payment_intent", params["payment_intent"], "payment_intent")
        if intent["status"] != "succeeded":
            raise StripeError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge_id = intent["latest_charge"]
    charge = scope.get("charge", charge_id, "charge")
    if charge["status"] != "succeeded":
        raise StripeError(
            f"Charge {charge_id} has not succeeded and can't be refunded.",
            param="charge",
        )
    if charge["disputed"] and any(not each["is_charge_refundable"] for each in scope.find("dispute", charge=charge_id)):
        raise StripeError(
            f"Charge {charge_id} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    return charge


def _amount(charge: Obj, params: Obj) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if left <= 0:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = int(params.get("amount", left))
    if amount < 1:
        raise refused("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        asked, unrefunded = (money.show(each, charge["currency"]) for each in (amount, left))
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({unrefunded})"
        raise StripeError(message, param="amount")
    return amount


def _make(scope: Scope, charge: Obj, amount: int, status: str, params: Obj) -> Obj:
    kind = charge["payment_method_details"]["type"]
    details: Obj = {"type": {"us_bank_account": "us_bank_transfer"}.get(kind, kind)}
    if kind == "card":
        details["card"] = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        }
    elif kind == "us_bank_account":
        details["us_bank_transfer"] = {"reference": None, "reference_status": None}
    refund: Obj = {
        "id": new_id("pyr" if charge["id"].startswith("py_") else "re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": scope.now(),
        "currency": charge["currency"],
        "destination_details": details,
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "pending":
        refund["pending_reason"] = "processing"
    if "instructions_email" in params:
        refund["instructions_email"] = params["instructions_email"]
    return refund


def _book(scope: Scope, refund: Obj, charge: Obj, amount: int) -> None:
    debit = charge["id"].startswith("py_")
    move = Movement(
        "payment_refund" if debit else "refund",
        "refund",
        -amount,
        charge["currency"],
        refund["id"],
    )
    refund["balance_transaction"] = record(scope, move)["id"]
    scope.put(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    scope.put(charge)


def finish(scope: Scope, refund_id: str) -> None:
    """A pending refund reaches the payer."""
    refund = scope.get("refund", refund_id)
    if refund["status"] != "pending":
        return
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    scope.put(refund)
    _tell(scope, refund, {"status": "pending"})


def fail(scope: Scope, refund_id: str, reason: str = "lost_or_stolen_card") -> Obj:
    """The payer's bank could not take the money: it returns to the balance."""
    refund = scope.get("refund", refund_id)
    if refund["status"] not in ("pending", "succeeded", "requires_action"):
        raise StripeError(f"This refund is {refund['status']} already.")
    was = refund["status"]
    _give_back(scope, refund, "failed", reason)
    scope.emit("refund.failed", refund, {"status": was})
    _tell(scope, refund, {"status": was})
    return refund


def _give_back(scope: Scope, refund: Obj, status: str, reason: str | None) -> None:
    charge = scope.get("charge", refund["charge"])
    move = Movement(
        "refund_failure",
        "refund_failure",
        refund["amount"],
        refund["currency"],
        refund["id"],
    )
    refund["failure_balance_transaction"] = record(scope, move)["id"]
    refund["status"] = status
    if reason:
        refund["failure_reason"] = reason
    refund.pop("pending_reason", None)
    scope.put(refund)
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    scope.put(charge)


def _tell(scope: Scope, refund: Obj, previous: Obj) -> None:
    scope.emit("refund.updated", refund, previous)
    scope.emit("charge.refund.updated", refund, previous)


def cancel(scope: Scope, params: Obj, refund_id: str) -> Obj:
    """Take back a refund that waits for the payer; no other can be canceled."""
    refund = scope.get("refund", refund_id)
    if refund["status"] != "requires_action":
        raise StripeError(f"You can only cancel a refund with a status of requires_action, not {refund['status']}.")
    _give_back(scope, refund, "canceled", None)
    _tell(scope, refund, {"status": "requires_action"})
    return refund


def retrieve(scope: Scope, params: Obj, refund_id: str) -> Obj:
    """One refund."""
    return scope.get("refund", refund_id)


def update(scope: Scope, params: Obj, refund_id: str) -> Obj:
    """Change a refund's metadata."""
    refund = scope.get("refund", refund_id)
    refund["metadata"] = {**refund["metadata"], **params["metadata"]} if params.get("metadata") else {}
    scope.put(refund)
    scope.emit("refund.updated", refund)
    return refund


def index(scope: Scope, params: Obj) -> Obj:
    """Refunds of a charge or an intent."""
    equal: dict[str, Any] = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return page(scope, "refund", params, "/v1/refunds", **equal)


CREATE = Fields(
    {
        "amount": whole,
        "charge": text,
        "payment_intent": text,
        "instructions_email": email,
        "metadata": metadata,
        "reason": _REASONS,
        **EXPAND,
    }
)
_LIST = Fields({**PAGE, "charge": text, "payment_intent": text, "created": moment})
ROUTES = [
    Route("POST", "/v1/refunds", CREATE, create),
    Route("GET", "/v1/refunds", _LIST, index),
    Route("GET", "/v1/refunds/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/refunds/<>", Fields({"metadata": metadata, **EXPAND}), update),
    Route("POST", "/v1/refunds/<>/cancel", Fields(EXPAND), cancel),
]
