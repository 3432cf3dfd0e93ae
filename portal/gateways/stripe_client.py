"""Stripe's library with what every call to it shares; the only module that imports it.

What is asked stands in stripe.py (money, pages, events) and stripe_saved.py (saved methods and charges to them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from config import Settings
from portal.db import refuse_inside_transaction

if TYPE_CHECKING:
    import stripe

API_VERSION = "2026-10-28.endive"
NETWORK_RETRIES = 2
LOOK_BACK = timedelta(minutes=5)


class StripeUnknown(Exception):
    """Stripe gave no answer, or one that leaves open whether it acted; never to be read as a failure.

    `answered` is true for a server error: Stripe is done with the request and repeats that error under its key.
    """

    def __init__(self, what: str, *, answered: bool = False) -> None:
        super().__init__(what)
        self.answered = answered


class StripeRefused(Exception):
    """Stripe said no, and did nothing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StripeClientHolder:
    """Holds the one client; `account` of every call is a connected account's id or None for our own."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] | None = None) -> None:
        self._settings = settings
        # When a look-up was answered is when its facts were true.
        self._now = clock or _utc_now

    @cached_property
    def _client(self) -> stripe.StripeClient:
        # Imported when first needed: the library is large, and most pages never speak with Stripe.
        import stripe

        stripe.enable_telemetry = False
        return stripe.StripeClient(
            self._settings.stripe_secret_key.get_secret_value(), stripe_version=API_VERSION,
            max_network_retries=NETWORK_RETRIES, base_addresses={"api": self._settings.stripe_api_base},
            http_client=stripe.RequestsClient(timeout=self._settings.stripe_timeout_seconds))


def options(account: str | None, key: str | None = None) -> Any:
    """Give the options of one call: whose account it is about, and under which key it happens once."""
    found: dict[str, str] = {}
    if account:
        found["stripe_account"] = account
    if key:
        found["idempotency_key"] = key
    return found


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn the library's errors into the two that matter: it said no, or we do not know."""
    refuse_inside_transaction(f"Stripe {what}")
    import stripe

    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.IdempotencyError) as error:
        raise StripeUnknown(type(error).__name__) from error
    except stripe.StripeError as error:
        if error.http_status is None or error.http_status >= 500 or error.http_status == 409:
            raise StripeUnknown(f"http {error.http_status}", answered=(error.http_status or 0) >= 500) from error
        raise StripeRefused(str(error.code or error.http_status)) from error


def invalid_request() -> type[Exception]:
    """Give the library's error for a request that Stripe finds impossible."""
    import stripe

    return stripe.InvalidRequestError


def refused_by_bank() -> type[Exception]:
    """Give the library's error for a charge that was tried and declined."""
    import stripe

    return stripe.CardError


def _utc_now() -> datetime:
    return datetime.now(UTC)
