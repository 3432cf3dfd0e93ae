"""Signs webhook bodies as Stripe does, for tests that forge, delay and repeat them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any

from tests.cast import WEBHOOK_SECRET

_events = itertools.count(1)


def sign(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    moment = int(at if at is not None else time.time())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event(kind: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": f"evt_test_{next(_events)}", "object": "event", "type": kind, "created": int(time.time()),
        "livemode": False, "api_version": "2026-10-28.endive", "data": {"object": data}}
    return {**values, **changes}


def body_of(kind: str, data: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps(event(kind, data, **changes)).encode()


def intent(payment: Any, *, status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    """A payment intent as Stripe sends it for one of our payments."""
    values: dict[str, Any] = {
        "id": f"pi_{payment.public_id}", "object": "payment_intent", "status": status,
        "amount": payment.amount_minor, "amount_received": payment.amount_minor,
        "currency": payment.currency.lower(), "latest_charge": f"ch_{payment.public_id}",
        "metadata": {"payment": payment.public_id}}
    return {**values, **changes}
