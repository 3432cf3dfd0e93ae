"""Smooths floods by address. Guessing is not stopped here: tries at a fact or a code are counted in rows."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from config import Settings

MOST = "600 per minute"
NEVER_LIMITED = {"static", "brand.css", "brand.logo", "health.healthz", "health.readyz", "webhooks.stripe",
                 "webhooks.stripe_connect"}


def install(app: Flask, settings: Settings) -> None:
    """Answer 429 to whoever asks far more often than a person could."""
    limiter = Limiter(
        get_remote_address, app=app, application_limits=[MOST], storage_uri=settings.limiter_storage,
        strategy="fixed-window", headers_enabled=False, swallow_errors=True)
    limiter.request_filter(lambda: request.endpoint in NEVER_LIMITED)
