"""What Stripe is asked about saved payment methods: customers, saving, charging while nobody is there, letting go.

Part of the gateway of stripe.py. A declined charge is an answer, told in facts like any other; silence is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from portal.domain.money_facts import Fact
from portal.gateways import stripe_facts, stripe_method_facts
from portal.gateways.stripe_client import (
    LOOK_BACK,
    StripeClientHolder,
    asking,
    invalid_request,
    options,
    refused_by_bank,
)

INTENT_EXPANDED = ["latest_charge.balance_transaction"]
# What Stripe says of a thing that is not there any more, or never was.
GONE = ("resource_missing",)
TAKING = ("succeeded", "processing", "requires_capture")


class SavedMethodCalls(StripeClientHolder):
    """The calls about saved methods; `account` is a connected account's id or None for our own."""

    def create_customer(self, *, email: str, debtor: str, key: str, account: str | None) -> str:
        """Make the customer that a debtor's saved methods hang on; `debtor` is our public id. Gives Stripe's id."""
        params: dict[str, Any] = {"metadata": {"debtor": debtor}}
        if email:
            params["email"] = email
        with asking("create_customer"):
            made = self._client.v1.customers.create(params=params, options=options(account, key))  # type: ignore[arg-type]
            return made.id

    def forget_customer(self, customer: str, *, account: str | None) -> None:
        """Delete a customer at Stripe with all saved methods; one that is gone already is no error."""
        with asking("forget_customer"):
            _unless_gone(lambda: self._client.v1.customers.delete(customer, options=options(account)))

    def detach_method(self, method: str, *, account: str | None) -> None:
        """Let a saved method go, so that nobody can charge it any more; twice is no error."""
        with asking("detach_method"):
            try:
                self._client.v1.payment_methods.detach(method, options=options(account, f"detach:{method}"))
            except invalid_request():
                # It was detached before, by its owner or by us.
                return

    def charge(self, request: Mapping[str, Any], *, key: str, account: str | None) -> list[Fact]:
        """Charge a saved method by a stored request, and tell how that stands; a decline is told, not raised.

        The same key and request charge once. Raises StripeRefused when nothing was tried, StripeUnknown on silence.
        """
        with asking("charge"):
            try:
                made = self._client.v1.payment_intents.create(
                    params=dict(request), options=options(account, key))  # type: ignore[arg-type]
            except refused_by_bank() as refusal:
                intent = _intent_of(refusal)
                if intent is None:
                    raise
                return stripe_facts.facts_of_intent(intent, account or "", self._now())
            return stripe_facts.facts_of_intent(made.to_dict(), account or "", self._now())

    def find_charge(self, payment: str, *, customer: str, created_at: datetime, account: str | None) -> list[Fact]:
        """Look for the charge of an attempt whose answer was lost, by the payment id written in it; [] if none."""
        window = {"gte": int((created_at - LOOK_BACK).timestamp()),
                  "lte": int((created_at + timedelta(days=2)).timestamp())}
        with asking("find_charge"):
            listing = self._client.v1.payment_intents.list(
                params={"customer": customer, "created": window, "limit": 100},  # type: ignore[arg-type]
                options=options(account))
            found = next((intent for intent in listing.auto_paging_iter()
                          if intent.to_dict().get("metadata", {}).get("payment") == payment), None)
            if found is None:
                return []
            whole = self._client.v1.payment_intents.retrieve(
                found.id, params={"expand": INTENT_EXPANDED}, options=options(account))
            return stripe_facts.facts_of_intent(whole.to_dict(), account or "", self._now())

    def cancel_charge(self, intent: str, *, account: str | None) -> bool:
        """Give a failed charge up, so that nobody can complete it later; False when it is decided already."""
        with asking("cancel_charge"):
            try:
                self._client.v1.payment_intents.cancel(
                    intent, params={"cancellation_reason": "abandoned"}, options=options(account, f"cancel:{intent}"))
            except invalid_request():
                return False
            return True

    def look_up_setup(self, setup: str, *, account: str | None) -> list[Fact]:
        """Ask what became of saving a method, with what the event leaves out: its brand, its end, its expiry."""
        with asking("look_up_setup"):
            found = self._client.v1.setup_intents.retrieve(
                setup, params={"expand": ["payment_method"]}, options=options(account))
            return stripe_method_facts.facts_of_setup(found.to_dict(), account or "", self._now())

    def look_up_setup_page(self, session: str, *, account: str | None) -> tuple[str, str]:
        """Ask how a page that saves a method stands: open, complete or expired, and the SetupIntent behind it."""
        with asking("look_up_setup_page"):
            found = self._client.v1.checkout.sessions.retrieve(session, options=options(account)).to_dict()
            return str(found.get("status") or ""), str(found.get("setup_intent") or "")

    def look_up_saved_by(self, intent: str, *, account: str | None) -> list[Fact]:
        """Ask which method a payment saved for later."""
        with asking("look_up_saved_by"):
            found = self._client.v1.payment_intents.retrieve(
                intent, params={"expand": ["payment_method"]}, options=options(account))
            return stripe_method_facts.saved_by_payment(found.to_dict(), account or "", self._now())

    def look_up_method(self, method: str, *, account: str | None) -> list[Fact]:
        """Ask how a saved method stands now."""
        with asking("look_up_method"):
            found = self._client.v1.payment_methods.retrieve(method, options=options(account))
            return stripe_method_facts.facts_of_method(found.to_dict(), account or "", self._now())

    def charged_for(self, *, customer: str, since: datetime, account: str | None) -> list[str]:
        """List the payment ids in a customer's charges since a time that took money, or are about to."""
        with asking("charged_for"):
            listing = self._client.v1.payment_intents.list(
                params={"customer": customer, "created": {"gte": int(since.timestamp())}, "limit": 100},
                options=options(account))
            found = [intent.to_dict() for intent in listing.auto_paging_iter()]
        return [str(intent["metadata"]["payment"]) for intent in found
                if intent.get("status") in TAKING and (intent.get("metadata") or {}).get("payment")]


def _intent_of(refusal: Exception) -> dict[str, Any] | None:
    """Read the payment intent that a decline made all the same: its id is what later questions go by."""
    error = getattr(refusal, "error", None)
    intent = error.to_dict().get("payment_intent") if error is not None else None
    return intent if isinstance(intent, dict) else None


def _unless_gone(ask: Any) -> None:
    try:
        ask()
    except invalid_request() as refusal:
        if str(getattr(refusal, "code", "")) not in GONE:
            raise
