"""The doors of Stripe and of mail providers: proven events in, 200 once they are kept, 400 for what is not genuine."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from portal.routes.shared.runtime import runtime
from portal.services import delivery_reports, inbox

MOST_BYTES = 256 * 1024
# SendGrid sends its events many at a time.
MOST_LISTED_BYTES = 2 * 1024 * 1024
blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/webhooks/stripe")
def stripe() -> tuple[str, int]:
    """Take an event of the installation's own account."""
    return _receive(connect=False)


@blueprint.post("/webhooks/stripe/connect")
def stripe_connect() -> tuple[str, int]:
    """Take an event of a connected account; it is signed with a secret of its own."""
    return _receive(connect=True)


@blueprint.post("/webhooks/mail/mailgun")
def mailgun() -> tuple[str, int]:
    """Take an event of Mailgun about an email of ours."""
    payload = _payload(MOST_BYTES)
    if payload is None:
        return "too large", 413
    return _report(lambda: delivery_reports.receive_mailgun(runtime(), payload))


@blueprint.post("/webhooks/mail/sendgrid")
def sendgrid() -> tuple[str, int]:
    """Take a list of events of SendGrid about emails of ours."""
    payload = _payload(MOST_LISTED_BYTES)
    if payload is None:
        return "too large", 413
    return _report(lambda: delivery_reports.receive_sendgrid(
        runtime(), payload, request.headers.get("X-Twilio-Email-Event-Webhook-Signature", ""),
        request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")))


def _report(take: Callable[[], str]) -> tuple[str, int]:
    try:
        return take(), 200
    except delivery_reports.BadReport as refusal:
        current_app.logger.warning("report of a mail provider refused", extra={"code": str(refusal)})
        return "refused", 400


def _payload(most: int) -> bytes | None:
    request.max_content_length = most
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        return None


def _receive(*, connect: bool) -> tuple[str, int]:
    payload = _payload(MOST_BYTES)
    if payload is None:
        return "too large", 413
    try:
        outcome = inbox.receive_webhook(runtime(), payload, request.headers.get("Stripe-Signature"), connect=connect)
    except inbox.BadWebhook as refusal:
        current_app.logger.warning("webhook refused", extra={"code": str(refusal)})
        return "refused", 400
    return outcome, 200
