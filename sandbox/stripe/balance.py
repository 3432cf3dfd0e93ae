"""Balance transactions and the balance they add up to, always in the account's settlement currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.stripe import money
from sandbox.stripe.errors import missing
from sandbox.stripe.lists import page
from sandbox.stripe.params import EXPAND, PAGE, Fields, moment, text
from sandbox.stripe.routing import Route
from sandbox.stripe.store import Obj
from sandbox.stripe.world import Scope, new_id

TWO_DAYS = 2 * 24 * 3600


@dataclass(frozen=True)
class Movement:
    """Money that moves on the balance: `amount` in `currency`, negative when it leaves. The fee is
    Stripe's.
    """

    kind: str
    category: str
    amount: int
    currency: str
    source: str
    fee: int = 0
    fee_words: str = "Stripe processing fees"
    wait: int = 0


def record(scope: Scope, move: Movement) -> Obj:
    """Write one balance transaction: a charge of 10000 usd is 10000, less a fee of 320, net 9680."""
    settlement = scope.settlement_currency()
    amount = money.convert(move.amount, move.currency, settlement)
    factor = money.rate(move.currency, settlement)
    fees = [
        {
            "amount": move.fee,
            "application": None,
            "currency": settlement,
            "description": move.fee_words,
            "type": "stripe_fee",
        }
    ]
    return scope.put(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": scope.now() + move.wait,
            "balance_type": "payments",
            "created": scope.now(),
            "currency": settlement,
            "description": None,
            # A ratio, never money: Stripe sends it as a JSON number.
            "exchange_rate": None if factor is None else float(factor),
            "fee": move.fee,
            "fee_details": fees if move.fee else [],
            "net": amount - move.fee,
            "reporting_category": move.category,
            "source": move.source,
            "status": "pending" if move.wait else "available",
            "type": move.kind,
            "_payout": None,
        }
    )


def refresh(scope: Scope) -> None:
    """Money whose day has come becomes available."""
    for row in scope.find("balance_transaction", status="pending"):
        if row["available_on"] <= scope.now():
            row["status"] = "available"
            scope.put(row)


def total(scope: Scope, status: str, currency: str) -> int:
    """What is available, or still pending."""
    refresh(scope)
    return sum(row["net"] for row in scope.find("balance_transaction", status=status, currency=currency))


def balance(scope: Scope, params: Obj) -> Obj:
    """What Stripe holds for the account."""
    settlement = scope.settlement_currency()

    def part(status: str) -> list[Obj]:
        amount = total(scope, status, settlement)
        return [{"amount": amount, "currency": settlement, "source_types": {"card": amount}}]

    prefunding = {"available": part("none"), "pending": part("none")}
    return {
        "object": "balance",
        "available": part("available"),
        "livemode": False,
        "pending": part("pending"),
        "refund_and_dispute_prefunding": prefunding,
    }


def index(scope: Scope, params: Obj) -> Obj:
    """Balance transactions by type, source, currency, or the payout that carried them to the bank."""
    refresh(scope)
    equal: dict[str, Any] = {name: params[name] for name in ("type", "source", "currency") if name in params}
    payout = params.get("payout")
    if payout is not None:
        scope.get("payout", payout, "payout")
        equal["_payout"] = payout
    return page(scope, "balance_transaction", params, "/v1/balance_transactions", **equal)


def retrieve(scope: Scope, params: Obj, transaction_id: str) -> Obj:
    """One balance transaction."""
    refresh(scope)
    found = scope.store.get(scope.account, transaction_id)
    if found is None or found["object"] != "balance_transaction":
        raise missing("balance transaction", transaction_id)
    return found


_LIST = Fields(
    {
        **PAGE,
        "created": moment,
        **dict.fromkeys(("type", "source", "currency", "payout"), text),
    }
)
ROUTES = [
    Route("GET", "/v1/balance", Fields(EXPAND), balance),
    Route("GET", "/v1/balance_transactions", _LIST, index),
    Route("GET", "/v1/balance_transactions/<>", Fields(EXPAND), retrieve),
]
