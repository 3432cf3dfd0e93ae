"""Where no secret is set, no event is genuine: an empty secret signs nothing, and none equals none nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from portal import create_app
from portal.db import Database
from portal.models import StripeEvent
from tests.cast import CONNECT_SECRET, WEBHOOK_SECRET, make_runtime, someone_owes
from tests.ledger.stories import start_payment
from tests.live import serve
from tests.stripe.signing import body_of, intent, sign

OWN, CONNECT = "/webhooks/stripe", "/webhooks/stripe/connect"


@pytest.mark.parametrize("empty", ["", ",", " , "])
@pytest.mark.parametrize("path", [OWN, CONNECT])
def test_without_a_secret_no_event_is_genuine(db: Database, tmp_path: Path, empty: str, path: str) -> None:
    rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC), trusted_hosts="127.0.0.1",
                      stripe_webhook_secrets=empty, stripe_connect_webhook_secrets=empty)
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00), at=datetime.now(UTC))
    body = body_of("payment_intent.succeeded", intent(payment))
    with serve(create_app(rt.settings, rt)) as url:
        for secret in ("", " ", ",", "None", "()", "whsec_", WEBHOOK_SECRET, CONNECT_SECRET):
            headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body, secret)}
            assert requests.post(url + path, data=body, headers=headers, timeout=30).status_code == 400, repr(secret)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(StripeEvent)) == 0
