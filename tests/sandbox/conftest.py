"""A running Stripe stand-in, the real SDK pointed at it, and a receiver for its webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from sandbox.stripe.server import StripeStandIn

SECRET = "whsec_for_these_tests"


@dataclass
class Inbox:
    """A web server that keeps what it is sent; `answers` are its next status codes, then always 200."""

    secret: str = SECRET
    answers: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def types(self) -> list[str]:
        """The types of the events, in the order in which they came."""
        return [event["type"] for event in self.events]

    def receive(self, body: bytes, signature: str) -> int:
        """Verify as the SDK does, keep, answer."""
        event = stripe.Webhook.construct_event(body, signature, self.secret)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.events.append(event.to_dict())
        return status


def serve(inbox: Inbox) -> ThreadingHTTPServer:
    """Start an inbox on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(inbox.receive(body, self.headers["Stripe-Signature"]))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.url = f"http://127.0.0.1:{server.server_port}/webhook"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    server = serve(box)
    yield box
    server.shutdown()
    server.server_close()


@pytest.fixture
def stand_in(inbox: Inbox) -> Iterator[StripeStandIn]:
    with StripeStandIn(inbox.url, SECRET, inbox.url, SECRET) as running:
        yield running


def client_of(url: str, **options: Any) -> stripe.StripeClient:
    """The real SDK, pointed at a stand-in."""
    http = stripe.RequestsClient(timeout=options.pop("timeout", 10))
    return stripe.StripeClient("sk_test_stand_in", base_addresses={"api": url}, http_client=http, **options)


@pytest.fixture
def client(stand_in: StripeStandIn) -> stripe.StripeClient:
    return client_of(stand_in.url)


def session_params(amount: int = 12_345, currency: str = "usd", **more: Any) -> Any:
    """What a plain payment needs."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Invoice 1001"}}
    return {
        "mode": "payment",
        "success_url": "http://127.0.0.1:8000/back?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:8000/left",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": "payment-1",
        "metadata": {"payment": "1"},
        "payment_intent_data": {"metadata": {"payment": "1"}},
        "adaptive_pricing": {"enabled": False},
        **more,
    }
