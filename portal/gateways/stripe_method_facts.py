"""Reads what Stripe says about saved methods, as plain dictionaries, into our facts. Books and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.domain.money_facts import Fact, MandateChanged, MethodChanged, MethodPending, MethodSaved

Data = Mapping[str, Any]
LONGEST_ID = 80
# What a year on a card may be; anything else is no expiry we could show.
YEARS = range(2000, 2100)


def facts_of_setup(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a SetupIntent whose payment method is expanded: what was saved, for which of our requests."""
    method = data.get("payment_method")
    if data.get("status") != "succeeded" or not isinstance(method, Mapping):
        return []
    setup = str((data.get("metadata") or {}).get("setup", ""))
    return [MethodSaved(
        account, happened_at, _id(method), _customer(data) or _customer(method), setup, "", *_described(method),
        mandate=_id(data.get("mandate")) or None)]


def saved_by_payment(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a payment intent whose payment method is expanded: a payment that saved the method it was made with."""
    method = data.get("payment_method")
    if data.get("setup_future_usage") != "off_session" or not isinstance(method, Mapping):
        return []
    payment = str((data.get("metadata") or {}).get("payment", ""))
    return [MethodSaved(
        account, happened_at, _id(method), _customer(data) or _customer(method), "", payment, *_described(method))]


def facts_of_method(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a payment method as it stands now; without a customer it can be charged no more."""
    return [MethodChanged(account, happened_at, _id(data), _customer(data) is None, *_described(data))]


def detached(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read that a method was let go."""
    return [MethodChanged(account, happened_at, _id(data), True, *_described(data))]


def pending_of_setup(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read that saving has succeeded; the event names the method only, a job fetches the rest."""
    return [MethodPending(account, happened_at, "setup", _id(data))]


def pending_of_session(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read the same from a hosted page that saved a method and took no money."""
    setup = _id(data.get("setup_intent"))
    if data.get("mode") != "setup" or data.get("status") != "complete" or not setup:
        return []
    return [MethodPending(account, happened_at, "setup", setup)]


def pending_of_intent(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read that a payment which arrived, or is on its way, saved its method for later."""
    if data.get("setup_future_usage") != "off_session" or data.get("status") not in ("succeeded", "processing"):
        return []
    return [MethodPending(account, happened_at, "saved_by", _id(data))]


def facts_of_mandate(data: Data, account: str, happened_at: datetime) -> list[Fact]:
    """Read a permission to debit a bank account as it stands now."""
    return [MandateChanged(account, happened_at, _id(data), _id(data.get("payment_method")),
                           str(data.get("status") or ""))]


def _described(method: Data) -> tuple[str, str, str, int | None, int | None]:
    """Kind, brand, last digits and expiry, as a person would recognize the method."""
    kind = str(method.get("type") or "")[:30]
    inner = method.get(kind) or {}
    brand = str(inner.get("brand") or inner.get("bank_name") or "")[:40]
    month, year = inner.get("exp_month"), inner.get("exp_year")
    dated = isinstance(month, int) and isinstance(year, int) and 1 <= month <= 12 and year in YEARS
    return kind, brand, str(inner.get("last4") or "")[:4], month if dated else None, year if dated else None


def _customer(data: Data) -> str | None:
    return _id(data.get("customer")) or None


def _id(value: object) -> str:
    """Give the id of something that may be an id, an expanded object or nothing ("")."""
    found = value.get("id") if isinstance(value, Mapping) else value
    if found in (None, ""):
        return ""
    if not isinstance(found, str) or len(found) > LONGEST_ID:
        raise ValueError("not an id")
    return found
