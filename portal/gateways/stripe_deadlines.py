"""Reads from a stored event by when Stripe wants an answer; the books do not need it, people do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def answer_until(payload: Mapping[str, Any] | None) -> datetime | None:
    """Tell by when evidence about a chargeback must be at Stripe; None when the event does not say or is forgotten."""
    try:
        until = (payload or {})["data"]["object"]["evidence_details"]["due_by"]
        return datetime.fromtimestamp(int(until), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
