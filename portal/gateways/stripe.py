"""Stripe, in our words: hosted pages, look-ups, refunds, the lines of its balance, its events.

Every POST carries a key made from a stored row, and no call is made while a transaction is open.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.domain.money_facts import Fact
from portal.gateways import stripe_facts
from portal.gateways.stripe_client import LOOK_BACK, asking, invalid_request, options
from portal.gateways.stripe_client import StripeRefused as StripeRefused
from portal.gateways.stripe_client import StripeUnknown as StripeUnknown
from portal.gateways.stripe_lists import ListCalls
from portal.gateways.stripe_saved import SavedMethodCalls

EVENT_AGE = timedelta(seconds=300)
# The two parts of Stripe's signature header that count: the time of signing, and a signature by the scheme we know.
SIGNED_AT = re.compile(r"(?:^|,)\s*t=([0-9]{1,12})\s*(?=,|$)")
SIGNATURE = re.compile(r"(?:^|,)\s*v1=([^,\s]+)")
UNSTORABLE = re.compile(rb"\\u(0000|d[89a-f])", re.IGNORECASE)


class BadWebhook(Exception):
    """A request that is not a genuine, recent event of ours."""


@dataclass(frozen=True)
class AccountState:
    """What Stripe says about an account: whether it may charge and be paid out, and what it still asks for."""

    id: str
    country: str
    currency: str
    charges_enabled: bool
    payouts_enabled: bool
    open_points: int


@dataclass(frozen=True)
class CheckoutPage:
    """A hosted page on which a payment can be made."""

    session: str
    url: str
    status: str


class StripeGateway(SavedMethodCalls, ListCalls):
    """Speaks with Stripe by one client; `account` is a connected account's id or None for our own."""

    def create_checkout(self, request: Mapping[str, Any], *, key: str, account: str | None) -> CheckoutPage:
        """Open a hosted page for a stored request; the same key and request give the same page."""
        with asking("create_checkout"):
            session = self._client.v1.checkout.sessions.create(
                params=dict(request), options=options(account, key))  # type: ignore[arg-type]
            return CheckoutPage(session.id, session.url or "", session.status or "open")

    def expire_checkout(self, session: str, *, account: str | None) -> bool:
        """Close a hosted page; False when it can no longer be closed because it was completed."""
        with asking("expire_checkout"):
            try:
                self._client.v1.checkout.sessions.expire(session, options=options(account, f"expire:{session}"))
            except invalid_request():
                return False
            return True

    def find_checkout(self, payment: str, *, created_at: datetime, account: str | None) -> CheckoutPage | None:
        """Look for the page of an attempt whose answer was lost, by the payment id written in it."""
        window = {"gte": int((created_at - LOOK_BACK).timestamp()),
                  "lte": int((created_at + timedelta(days=1)).timestamp())}
        with asking("find_checkout"):
            listing = self._client.v1.checkout.sessions.list(
                params={"created": window, "limit": 100}, options=options(account))  # type: ignore[arg-type]
            for session in listing.auto_paging_iter():
                if session.client_reference_id == payment:
                    return CheckoutPage(session.id, session.url or "", session.status or "")
        return None

    def look_up_session(self, session: str, *, account: str | None) -> list[Fact]:
        """Ask how a hosted page and its payment stand now."""
        expand = ["payment_intent.latest_charge.balance_transaction"]
        with asking("look_up_session"):
            found = self._client.v1.checkout.sessions.retrieve(
                session, params={"expand": expand}, options=options(account))
            return stripe_facts.facts_of_session(found.to_dict(), account or "", self._now())

    def look_up_intent(self, intent: str, *, account: str | None) -> list[Fact]:
        """Ask how a payment stands now."""
        with asking("look_up_intent"):
            found = self._client.v1.payment_intents.retrieve(
                intent, params={"expand": ["latest_charge.balance_transaction"]}, options=options(account))
            return stripe_facts.facts_of_intent(found.to_dict(), account or "", self._now())

    def look_up_account(self, account: str | None) -> AccountState:
        """Ask how an account stands; None asks for our own."""
        with asking("look_up_account"):
            found = (self._client.v1.accounts.retrieve(account) if account
                     else self._client.v1.accounts.retrieve_current()).to_dict()
        due = (found.get("requirements") or {}).get("currently_due") or []
        return AccountState(
            str(found["id"]), str(found.get("country") or ""), str(found.get("default_currency") or "").upper(),
            bool(found.get("charges_enabled")), bool(found.get("payouts_enabled")), len(due))

    def look_up_returns(self, intent: str, *, account: str | None) -> list[Fact]:
        """Ask what went back of a payment: its refunds and chargebacks."""
        with asking("look_up_returns"):
            refunds = self._client.v1.refunds.list(params={"payment_intent": intent, "limit": 100},
                                                   options=options(account))
            disputes = self._client.v1.disputes.list(params={"payment_intent": intent, "limit": 100},
                                                     options=options(account))
            facts: list[Fact] = []
            for refund in refunds.auto_paging_iter():
                facts += stripe_facts.facts_of_refund(refund.to_dict(), account or "", self._now())
            for dispute in disputes.auto_paging_iter():
                facts += stripe_facts.facts_of_dispute(dispute.to_dict(), account or "", self._now())
            return facts

    def refund(self, *, intent: str, amount: int, refund: str, key: str, account: str | None) -> list[Fact]:
        """Send money of a payment back; `refund` is our public id."""
        with asking("refund"):
            made = self._client.v1.refunds.create(
                params={"payment_intent": intent, "amount": amount, "metadata": {"refund": refund}},
                options=options(account, key))
            return stripe_facts.facts_of_refund(made.to_dict(), account or "", self._now())

    def balance_line(self, line: str, *, account: str | None) -> list[Fact]:
        """Fetch one line of Stripe's balance with its fee."""
        with asking("balance_line"):
            found = self._client.v1.balance_transactions.retrieve(
                line, params={"expand": ["source"]}, options=options(account))
            return [stripe_facts.line_of(found.to_dict(), account or "")]

    def balance_lines(self, *, account: str | None, since: datetime) -> Iterator[Fact]:
        """List every line of Stripe's balance since a time, oldest last."""
        with asking("balance_lines"):
            listing = self._client.v1.balance_transactions.list(
                params={"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.source"]},
                options=options(account))
            for line in listing.auto_paging_iter():
                yield stripe_facts.line_of(line.to_dict(), account or "")

    def events(self, *, account: str | None, since: datetime) -> list[dict[str, Any]]:
        """List the events we book since a time (Stripe keeps thirty days), oldest first."""
        found: list[dict[str, Any]] = []
        # Stripe takes at most twenty types in one question.
        for types in (stripe_facts.EVENT_TYPES, stripe_facts.ALSO_EVENT_TYPES):
            with asking("events"):
                listing = self._client.v1.events.list(
                    params={"created": {"gte": int(since.timestamp())}, "limit": 100, "types": list(types)},
                    options=options(account))
                found += [event.to_dict() for event in listing.auto_paging_iter()]
        for event in found:
            event.setdefault("account", account)
        # Stripe lists the newest first; of one second's events too, the older then stays the earlier.
        return sorted(reversed(found), key=lambda event: int(event["created"]))

    def verify(self, payload: bytes, header: str | None, *, connect: bool, now: datetime) -> dict[str, Any]:
        """Give a webhook's event if it is genuine, recent and of our mode; raises BadWebhook with a short code."""
        secrets = (self._settings.stripe_connect_webhook_secrets if connect
                   else self._settings.stripe_webhook_secrets)
        if not header or not any(_signed(payload, header, secret.get_secret_value()) for secret in secrets):
            raise BadWebhook("signature")
        _check_age(header, now)
        return _check_event(payload, livemode=self._settings.livemode)


def _signed(payload: bytes, header: str, secret: str) -> bool:
    found = SIGNED_AT.findall(header)
    # Not by the library: it is large, takes the first of several times, and lets times in the future pass.
    if not secret.strip() or len(found) != 1:
        return False
    wanted = hmac.new(secret.encode(), found[0].encode() + b"." + payload, "sha256").hexdigest()
    # As bytes: letters outside ASCII cannot be compared as text.
    return any(hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
               for given in SIGNATURE.findall(header))


def _check_age(header: str, now: datetime) -> None:
    if abs(now.timestamp() - int(SIGNED_AT.findall(header)[0])) > EVENT_AGE.total_seconds():
        raise BadWebhook("age")


def _check_event(payload: bytes, *, livemode: bool) -> dict[str, Any]:
    try:
        # As text: from bytes the library would also read what Stripe never sends, such as a byte order mark.
        read = json.loads(payload.decode())
        event = _storable(read) if UNSTORABLE.search(payload) else read
    except (ValueError, RecursionError) as error:
        raise BadWebhook("json") from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise BadWebhook("not_an_event")
    data = event.get("data")
    fine = (
        isinstance(event.get("id"), str) and 0 < len(event["id"]) <= 80
        and isinstance(event.get("type"), str) and 0 < len(event["type"]) <= 80
        and isinstance(event.get("created"), int) and 0 < event["created"] < 2**33
        and isinstance(data, dict) and isinstance(data.get("object"), dict)
        and (event.get("account") is None or isinstance(event["account"], str)))
    if not fine:
        raise BadWebhook("not_an_event")
    if event.get("livemode") is not livemode:
        raise BadWebhook("livemode")
    return event


def _storable(value: Any) -> Any:
    """Take out the two kinds of signs that no database keeps: NUL, and halves of a pair."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value
