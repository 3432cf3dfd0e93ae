"""The signed link by which a payer says how it was: it opens that one question, and nothing about any money."""

from __future__ import annotations

from datetime import datetime, timedelta

from config import Settings
from portal.services.tokens import link_tokens

# Long enough for a receipt that is read late; after that nobody remembers how it was.
WORKS_FOR = timedelta(days=90)


def token(settings: Settings, payment_public_id: str, now: datetime) -> str:
    """Sign the token of one payment's question."""
    return link_tokens(settings).make("feedback", payment_public_id, now + WORKS_FOR)


def url_of(settings: Settings, payment_public_id: str, now: datetime) -> str:
    """Write the address that a receipt carries."""
    return f"{settings.base_url}/feedback/{token(settings, payment_public_id, now)}"
