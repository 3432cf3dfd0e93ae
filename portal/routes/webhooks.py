"""Stripe's door: signed events in, 200 once they are booked, 400 for whatever is not a genuine event."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from portal.routes.shared.runtime import runtime
from portal.services import inbox

MOST_BYTES = 256 * 1024
blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/webhooks/stripe")
def stripe() -> tuple[str, int]:
    """Take an event of the installation's own account."""
    return _receive(connect=False)


@blueprint.post("/webhooks/stripe/connect")
def stripe_connect() -> tuple[str, int]:
    """Take an event of a connected account; it is signed with a secret of its own."""
    return _receive(connect=True)


def _receive(*, connect: bool) -> tuple[str, int]:
    request.max_content_length = MOST_BYTES
    try:
        payload = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return "too large", 413
    try:
        outcome = inbox.receive_webhook(runtime(), payload, request.headers.get("Stripe-Signature"), connect=connect)
    except inbox.BadWebhook as refusal:
        current_app.logger.warning("webhook refused", extra={"code": str(refusal)})
        return "refused", 400
    return outcome, 200
