"""Payouts: Stripe's balance on its way to the business's bank account."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.balance import Movement, record, refresh, total
from sandbox.stripe.errors import StripeError, refused
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
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


def _make(scope: Scope, amount: int, currency: str, automatic: bool, params: Obj) -> Obj:
    payout: Obj = {
        "id": new_id("po"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": scope.now() + DAY,
        "automatic": automatic,
        "balance_transaction": None,
        "created": scope.now(),
        "currency": currency,
        "description": params.get("description", "STRIPE PAYOUT"),
        "destination": "ba_1SandboxBankAccount",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
    booked = record(scope, Movement("payout", "payout", -amount, currency, payout["id"]))
    if automatic:
        booked["_payout"] = payout["id"]
        scope.put(booked)
    payout["balance_transaction"] = booked["id"]
    scope.put(payout)
    scope.emit("payout.created", payout)
    return payout


def sweep(scope: Scope, include_pending: bool = False) -> Obj | None:
    """Stripe's own payout of all that is available; none if that is nothing."""
    settlement = scope.settlement_currency()
    refresh(scope)
    wanted = ("available", "pending") if include_pending else ("available",)
    found = scope.find("balance_transaction", _payout=None, currency=settlement)
    rows = [row for row in found if row["status"] in wanted]
    amount = sum(row["net"] for row in rows)
    if amount <= 0:
        return None
    payout = _make(scope, amount, settlement, True, {})
    for row in rows:
        row.update(
            _payout=payout["id"],
            status="available",
            available_on=min(row["available_on"], scope.now()),
        )
        scope.put(row)
    return payout


def arrive(scope: Scope, payout_id: str) -> Obj:
    """The money reached the bank; the list of what it is made of is complete."""
    payout = _open(scope, payout_id)
    payout["status"] = "paid"
    scope.put(payout)
    scope.emit("payout.paid", payout)
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        scope.put(payout)
        scope.emit("payout.reconciliation_completed", payout)
    return payout


def _open(scope: Scope, payout_id: str) -> Obj:
    payout = scope.get("payout", payout_id)
    if payout["status"] not in ("pending", "in_transit"):
        raise StripeError(f"This payout is {payout['status']} already.")
    return payout


def fail(scope: Scope, payout_id: str, code: str = "account_closed") -> Obj:
    """The bank refused the money, even after it was called paid: it returns to the balance, for the
    next payout.
    """
    payout = scope.get("payout", payout_id)
    if payout["status"] in ("failed", "canceled"):
        raise StripeError(f"This payout is {payout['status']} already.")
    return _return(scope, payout, "failed", code)


def _return(scope: Scope, payout: Obj, status: str, code: str | None) -> Obj:
    kind = "payout_failure" if status == "failed" else "payout_cancel"
    move = Movement(kind, "payout_reversal", payout["amount"], payout["currency"], payout["id"])
    booked = record(scope, move)
    payout.update(status=status, failure_balance_transaction=booked["id"], failure_code=code)
    if code:
        payout["failure_message"] = "The bank account has been closed."
    scope.put(payout)
    scope.emit(f"payout.{'failed' if status == 'failed' else 'canceled'}", payout)
    return payout


def create(scope: Scope, params: Obj) -> Obj:
    """A payout by hand, of at most what is available."""
    currency = money.check_currency(params["currency"])
    if params["amount"] < 1:
        raise refused("Invalid positive integer", "amount", "parameter_invalid_integer")
    if params["amount"] > total(scope, "available", currency):
        raise StripeError(
            "You have insufficient funds in your Stripe account.",
            code="balance_insufficient",
        )
    return _make(scope, params["amount"], currency, False, params)


def cancel(scope: Scope, params: Obj, payout_id: str) -> Obj:
    """Stop a payout that is not on its way yet."""
    payout = scope.get("payout", payout_id)
    if payout["status"] != "pending":
        raise StripeError(f"Only pending payouts can be canceled; this one is {payout['status']}.")
    return _return(scope, payout, "canceled", None)


def retrieve(scope: Scope, params: Obj, payout_id: str) -> Obj:
    """One payout."""
    return scope.get("payout", payout_id)


def index(scope: Scope, params: Obj) -> Obj:
    """Payouts, by status if wanted."""
    equal: dict[str, Any] = {"status": params["status"]} if "status" in params else {}
    return page(scope, "payout", params, "/v1/payouts", **equal)


_CREATE = Fields(
    {
        "amount": whole,
        "currency": text,
        "description": text,
        "metadata": metadata,
        "method": one_of("standard", "instant"),
        "statement_descriptor": text,
        **EXPAND,
    },
    required=("amount", "currency"),
)
ROUTES = [
    Route(
        "GET",
        "/v1/payouts",
        Fields({**PAGE, "status": text, "created": moment, "arrival_date": moment}),
        index,
    ),
    Route("POST", "/v1/payouts", _CREATE, create),
    Route("GET", "/v1/payouts/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/payouts/<>/cancel", Fields(EXPAND), cancel),
]
