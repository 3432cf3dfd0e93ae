"""Chargebacks: Stripe calls them disputes. Opened and decided by the control; answered through the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.stripe import cards, money
from sandbox.stripe.balance import Movement, record
from sandbox.stripe.errors import StripeError
from sandbox.stripe.lists import page
from sandbox.stripe.params import (
    EXPAND,
    PAGE,
    Fields,
    clearable,
    flag,
    metadata,
    moment,
    text,
)
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

WEEK = 7 * 24 * 3600
_EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
    "refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date",
    "service_documentation", "shipping_address", "shipping_carrier", "shipping_date",
    "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip
_DECIDED = ("won", "lost", "warning_closed", "prevented")


@dataclass(frozen=True)
class Opening:
    """How a chargeback begins."""

    reason: str = "fraudulent"
    amount: int | None = None
    inquiry: bool = False
    lost_at_once: bool = False
    fee: bool = True


def start(scope: Scope, charge_id: str, how: Opening) -> Obj:
    """The payer asks the bank for the money back; unless it is only an inquiry, the money leaves at once."""
    charge = scope.get("charge", charge_id)
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {charge_id} did not succeed, so that it can't be disputed.")
    dispute = _make(scope, charge, how)
    charge["disputed"] = True
    scope.put(charge)
    scope.put(dispute)
    scope.emit("charge.dispute.created", dispute)
    if not how.inquiry:
        withdraw(scope, dispute, fee=how.fee)
    if how.lost_at_once:
        decide(scope, dispute, won=False)
    return dispute


def _make(scope: Scope, charge: Obj, how: Opening) -> Obj:
    details = charge["payment_method_details"]
    card = None
    if details["type"] == "card":
        brand = details["card"]["brand"]
        case = "inquiry" if how.inquiry else "chargeback"
        card = {
            "brand": brand,
            "case_type": case,
            "network": brand,
            "network_reason_code": "10.4",
        }
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": how.amount or charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": scope.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": scope.now() + WEEK,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": how.inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4" if card else None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "card", "card": card} if card else None,
        "reason": how.reason,
        "status": "warning_needs_response" if how.inquiry else "needs_response",
    }


def withdraw(scope: Scope, dispute: Obj, fee: bool = True) -> Obj:
    """Stripe takes the disputed money and its fee from the balance."""
    return _move(
        scope,
        dispute,
        -1,
        "dispute",
        "funds_withdrawn",
        money.dispute_fee(scope.settlement_currency()) * fee,
    )


def _move(scope: Scope, dispute: Obj, sign: int, category: str, event: str, fee: int) -> Obj:
    amount, currency = sign * dispute["amount"], dispute["currency"]
    booked = record(
        scope,
        Movement("adjustment", category, amount, currency, dispute["id"], fee, "Dispute fee"),
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], _plain(booked)]
    scope.put(dispute)
    scope.emit(f"charge.dispute.{event}", dispute)
    return dispute


def _plain(booked: Obj) -> Obj:
    return {name: each for name, each in booked.items() if not name.startswith("_")}


def submit(scope: Scope, dispute: Obj) -> Obj:
    """The evidence goes to the bank."""
    was = dispute["status"]
    dispute["status"] = "warning_under_review" if was.startswith("warning") else "under_review"
    dispute["evidence_details"].update(has_evidence=True, submission_method="manual")
    dispute["evidence_details"]["submission_count"] += 1
    scope.put(dispute)
    scope.emit("charge.dispute.updated", dispute, {"status": was})
    return dispute


def decide(scope: Scope, dispute: Obj, won: bool, return_fee: bool = True) -> Obj:
    """The bank decides. Won: the money comes back, and the fee with it if so agreed."""
    if dispute["status"] in _DECIDED:
        raise StripeError(f"This dispute is already {dispute['status']}.")
    inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_closed" if inquiry else "won" if won else "lost"
    scope.put(dispute)
    if won and not inquiry:
        withdrawn = dispute["balance_transactions"][0]["fee"] if dispute["balance_transactions"] else 0
        _move(
            scope,
            dispute,
            1,
            "dispute_reversal",
            "funds_reinstated",
            -withdrawn if return_fee else 0,
        )
    scope.emit("charge.dispute.closed", dispute)
    return dispute


def open_dispute(scope: Scope, charge_id: str) -> None:
    """What Stripe's dispute card is known for."""
    start(scope, charge_id, Opening())


def open_inquiry(scope: Scope, charge_id: str) -> None:
    """What Stripe's inquiry card is known for."""
    start(scope, charge_id, Opening(inquiry=True))


def return_debit(scope: Scope, charge_id: str, reason: str = "insufficient_funds") -> Obj:
    """A bank debit that had succeeded comes back: a dispute that is lost the moment it opens."""
    charge = scope.get("charge", charge_id)
    if charge["payment_method_details"]["type"] not in cards.BANK_DEBITS:
        raise StripeError(f"Charge {charge_id} is no bank debit.")
    return start(scope, charge_id, Opening(reason=reason, lost_at_once=True))


def retrieve(scope: Scope, params: Obj, dispute_id: str) -> Obj:
    """One dispute."""
    return scope.get("dispute", dispute_id)


def update(scope: Scope, params: Obj, dispute_id: str) -> Obj:
    """Collect evidence, and submit it unless told not to."""
    dispute = scope.get("dispute", dispute_id)
    if "evidence" in params and "response" not in dispute["status"]:
        raise StripeError(
            f"Evidence can't be changed: this dispute is {dispute['status']}.",
            param="evidence",
        )
    if "metadata" in params:
        dispute["metadata"] = {**dispute["metadata"], **params["metadata"]} if params["metadata"] else {}
    if "evidence" in params:
        dispute["evidence"].update({name: each or None for name, each in params["evidence"].items()})
        dispute["evidence_details"]["has_evidence"] = True
    scope.put(dispute)
    if params.get("submit", "evidence" in params):
        submit(scope, dispute)
    return dispute


def close(scope: Scope, params: Obj, dispute_id: str) -> Obj:
    """Accept the chargeback: it is lost."""
    return decide(scope, scope.get("dispute", dispute_id), won=False)


def index(scope: Scope, params: Obj) -> Obj:
    """Disputes of a charge or an intent."""
    equal: dict[str, Any] = {name: params[name] for name in ("charge", "payment_intent") if name in params}
    return page(scope, "dispute", params, "/v1/disputes", **equal)


_UPDATE = Fields(
    {
        "evidence": Fields(dict.fromkeys(_EVIDENCE, clearable)),
        "submit": flag,
        "metadata": metadata,
        **EXPAND,
    }
)
_LIST = Fields({**PAGE, "charge": text, "payment_intent": text, "created": moment})
ROUTES = [
    Route("GET", "/v1/disputes", _LIST, index),
    Route("GET", "/v1/disputes/<>", Fields(EXPAND), retrieve),
    Route("POST", "/v1/disputes/<>", _UPDATE, update),
    Route("POST", "/v1/disputes/<>/close", Fields(EXPAND), close),
]
