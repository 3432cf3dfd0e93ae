"""Reads Stripe's objects, as plain dictionaries, into our facts. Knows field names; books and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from portal.domain.money_facts import (
    BalanceLine,
    BalancePending,
    ChargedBack,
    Described,
    Fact,
    Moved,
    Noted,
    PaidOut,
    Received,
    Refunded,
)
from portal.gateways import stripe_method_facts as methods

Data = Mapping[str, Any]

# The events a webhook endpoint must be subscribed to.
EVENT_TYPES = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed", "checkout.session.expired",
    "payment_intent.succeeded", "payment_intent.processing", "payment_intent.payment_failed",
    "payment_intent.requires_action", "payment_intent.canceled", "charge.updated", "charge.failed",
    "refund.created", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
    "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed",
    "setup_intent.succeeded",
)
ALSO_EVENT_TYPES = (
    "setup_intent.setup_failed", "payment_method.detached", "payment_method.updated",
    "payment_method.automatically_updated", "mandate.updated", "payout.paid", "payout.failed",
    "payout.reconciliation_completed", "radar.early_fraud_warning.created", "account.updated",
    "account.application.deauthorized", "capability.updated",
)


LONGEST_ID = 80
# Far above any sum Stripe moves, and far below what a column holds.
MOST = 10**15


class Unreadable(ValueError):
    """An object that lacks what every such object of Stripe has."""


def facts_of_event(event: Data) -> list[Fact]:
    """Say what one verified event tells us; an unknown type tells nothing to book."""
    kind, account = str(event["type"]), str(event.get("account") or "")
    happened_at = _time(event["created"])
    reader = _READERS.get(kind)
    data = event["data"]["object"]
    if reader is None:
        return [Noted(account, happened_at, kind, str(data.get("id", "")))]
    try:
        return reader(data, account, happened_at)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{kind}: {error!r}") from error


def facts_of_session(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a Checkout Session; with its payment intent expanded it tells the whole story."""
    payment = _payment_of(data)
    intent = data.get("payment_intent")
    if isinstance(intent, Mapping):
        facts = facts_of_intent(intent, account, happened_at, payment)
        if facts and not isinstance(facts[0], Moved):
            return facts
        if data.get("status") == "complete":
            return facts
    intent_id = id_of(intent)
    if data.get("status") == "expired":
        return [Moved(account, happened_at, intent_id, _id(data), payment, "expired")]
    if data.get("status") != "complete" or data.get("mode") != "payment":
        return []
    if data.get("payment_status") == "paid" and intent_id:
        return [Received(account, happened_at, intent_id, payment, _amount(data["amount_total"]), _currency(data))]
    return [Moved(account, happened_at, intent_id, _id(data), payment, "processing")]


def facts_of_intent(data: Data, account: str, happened_at: datetime, payment: str = "") -> list[Fact]:
    """Read a payment intent as it stands now."""
    payment = _metadata(data).get("payment", "") or payment
    charge = data.get("latest_charge")
    brand, last4 = _method(charge if isinstance(charge, Mapping) else None)
    known = {"charge": id_of(charge), "brand": brand, "last4": last4}
    status = data["status"]
    if status == "succeeded":
        facts: list[Fact] = [Received(
            account, happened_at, _id(data), payment, _amount(data["amount_received"]), _currency(data), **known)]
        return facts + _line_of_charge(charge, account, happened_at, _id(data))
    error = data.get("last_payment_error")
    if status == "requires_payment_method" and error:
        return [Moved(account, happened_at, _id(data), None, payment, "declined", _reason(error),
                      known["charge"], *_method(error), advice=_advice(error))]
    state = {"processing": "processing", "canceled": "canceled", "requires_action": "requires_action"}.get(status)
    if state is None:
        return []
    return [Moved(account, happened_at, _id(data), None, payment, state, data.get("cancellation_reason"), **known)]


def facts_of_refund(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a refund as it stands now, and the balance lines it names."""
    charge = data.get("charge")
    intent = id_of(data.get("payment_intent"))
    refund = Refunded(
        account, happened_at, _id(data), intent, id_of(charge), _amount(data["amount"]), _currency(data),
        str(data.get("status") or "pending"), _metadata(data).get("refund", ""), data.get("failure_reason"))
    return [refund, *_lines(account, happened_at, intent, data.get("balance_transaction"),
                            data.get("failure_balance_transaction"))]


def facts_of_dispute(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read what Stripe calls a dispute and we call a chargeback."""
    intent = id_of(data.get("payment_intent"))
    lines = tuple(
        line_of(entry, account, intent) for entry in data.get("balance_transactions") or ()
        if isinstance(entry, Mapping))
    return [ChargedBack(account, happened_at, _id(data), intent, id_of(data.get("charge")), _amount(data["amount"]),
                        _currency(data), str(data.get("reason") or ""), str(data["status"]), lines)]


def facts_of_payout(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a payout to the bank."""
    arrives = data.get("arrival_date")
    return [PaidOut(account, happened_at, _id(data), _amount(data["amount"]), _currency(data), str(data["status"])[:20],
                    _time(arrives) if arrives else None)]


def line_of(data: Data, account: str, intent: str | None = None) -> BalanceLine:
    """Read one line of Stripe's balance; the source may be expanded to find its payment intent."""
    source = data.get("source")
    if isinstance(source, Mapping) and intent is None:
        intent = id_of(source.get("payment_intent"))
    return BalanceLine(
        account, _time(data["created"]), _id(data), str(data["type"]), _amount(data["amount"]), _amount(data["fee"]),
        _currency(data), id_of(source) or "", intent)


def id_of(value: object) -> str | None:
    """Give the id of something that may be an id, an expanded object or nothing."""
    found = value["id"] if isinstance(value, Mapping) else value or None
    if found is not None and not (isinstance(found, str) and 0 < len(found) <= LONGEST_ID):
        raise Unreadable("not an id")
    return found


def _charge_updated(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    intent = id_of(data.get("payment_intent"))
    facts: list[Fact] = [Described(account, happened_at, intent, _id(data), *_method(data))] if intent else []
    return facts + _line_of_charge(data, account, happened_at, intent)


def _line_of_charge(charge: object, account: str, happened_at: datetime, intent: str | None) -> list[Fact]:
    if not isinstance(charge, Mapping):
        return []
    return _lines(account, happened_at, intent, charge.get("balance_transaction"))


def _lines(account: str, happened_at: datetime, intent: str | None, *lines: object) -> list[Fact]:
    found: list[Fact] = []
    for line in lines:
        if isinstance(line, Mapping):
            found.append(line_of(line, account, intent))
        elif line:
            found.append(BalancePending(account, happened_at, id_of(line) or ""))
    return found


def _charge_failed(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    # The intent's own event tells the same with its reason; a failed charge alone books nothing.
    return [Noted(account, happened_at, "charge.failed", _id(data))]


def _session_failed(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    return [Moved(account, happened_at, id_of(data.get("payment_intent")), _id(data), _payment_of(data), "failed")]


def _intent_failed(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    error = data.get("last_payment_error") or {}
    payment = _metadata(data).get("payment", "")
    return [Moved(account, happened_at, _id(data), None, payment, "declined", _reason(error),
                  id_of(data.get("latest_charge")), *_method(error), advice=_advice(error))]


def _intent_received(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    told = {**data, "status": "succeeded"}
    return [*facts_of_intent(told, account, happened_at), *methods.pending_of_intent(told, account, happened_at)]


def _intent_processing(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    return [*facts_of_intent(data, account, happened_at), *methods.pending_of_intent(data, account, happened_at)]


def _session_completed(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    return [*facts_of_session(data, account, happened_at), *methods.pending_of_session(data, account, happened_at)]


def _payment_of(session: Data) -> str:
    return str(session.get("client_reference_id") or _metadata(session).get("payment", ""))


def _metadata(data: Data) -> dict[str, str]:
    return {str(name): str(value) for name, value in (data.get("metadata") or {}).items()}


def _reason(error: Data) -> str:
    return str(error.get("decline_code") or error.get("code") or "generic_decline")


def _advice(error: Data) -> str | None:
    """What the bank advises, else the network by its number; codes such as try_again_later or network_03."""
    if error.get("advice_code"):
        return str(error["advice_code"])[:40]
    number = error.get("network_advice_code")
    return f"network_{number}"[:40] if number else None


def _method(holder: Data | None) -> tuple[str | None, str | None]:
    """Find how a debtor would recognize the way they paid; of a charge or of an error."""
    if holder is None:
        return None, None
    details = holder.get("payment_method_details") or holder.get("payment_method") or {}
    if not isinstance(details, Mapping):
        return None, None
    kind = str(details.get("type") or "")
    inner = details.get(kind) or {}
    brand = inner.get("brand") or kind or None
    return (str(brand)[:30] if brand else None), (str(inner["last4"])[:4] if inner.get("last4") else None)


def _currency(data: Data) -> str:
    found = data["currency"]
    if not (isinstance(found, str) and len(found) == 3 and found.isascii() and found.isalpha()):
        raise Unreadable("not a currency")
    return found.upper()


def _amount(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MOST:
        raise Unreadable("not an amount")
    return value


def _id(data: Data) -> str:
    found = id_of(data)
    if found is None:
        raise Unreadable("no id")
    return found


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


Reader = Callable[[Data, str, datetime], list[Fact]]
_READERS: dict[str, Reader] = {
    "checkout.session.completed": _session_completed,
    "checkout.session.async_payment_succeeded": facts_of_session,
    "checkout.session.async_payment_failed": _session_failed,
    "checkout.session.expired": facts_of_session,
    "payment_intent.succeeded": _intent_received,
    "payment_intent.processing": _intent_processing,
    "payment_intent.requires_action": facts_of_intent,
    "payment_intent.canceled": facts_of_intent,
    "payment_intent.payment_failed": _intent_failed,
    "charge.updated": _charge_updated,
    "charge.failed": _charge_failed,
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed"), facts_of_refund),
    **dict.fromkeys(("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
                     "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"), facts_of_dispute),
    **dict.fromkeys(("payout.paid", "payout.failed"), facts_of_payout),
    "setup_intent.succeeded": methods.pending_of_setup,
    "payment_method.detached": methods.detached,
    **dict.fromkeys(("payment_method.updated", "payment_method.automatically_updated"), methods.facts_of_method),
    "mandate.updated": methods.facts_of_mandate,
}
