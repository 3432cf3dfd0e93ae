"""The traps that need no running Stripe: how its words are read, and what is kept for a person to see."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.gateways.stripe import BadWebhook
from portal.gateways.stripe_facts import ALSO_EVENT_TYPES, EVENT_TYPES, facts_of_event
from portal.models import Payment, StripeEvent
from portal.services import inbox
from tests.cast import make_runtime, someone_owes
from tests.ledger.stories import moved, start_payment, tell
from tests.stripe.signing import body_of, event, intent, sign


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_trap_5_old_and_future_times_are_refused_though_the_signature_is_right(
        db: Database, tmp_path: Path, seconds: int) -> None:
    rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC))
    body = body_of("payment_intent.succeeded", {"id": "pi_1"})
    with pytest.raises(BadWebhook, match="age"):
        inbox.receive_webhook(rt, body, sign(body, at=time.time() + seconds), connect=False)


def test_trap_11_a_payment_that_needs_its_payer_is_neither_lost_nor_ended(db: Database) -> None:
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    needs = intent(payment, status="requires_action")
    assert [fact.as_data()["state"] for fact in facts_of_event(event("payment_intent.requires_action", needs))] == [
        "requires_action"]
    tell(db, moved(payment, "requires_action"))
    with db.reading() as session:
        found = session.get_one(Payment, payment.id)
    assert (found.state, found.payment_intent) == ("open", f"pi_{payment.id}")


def test_trap_16_the_readme_says_whose_invoices_these_are() -> None:
    said = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    assert "**its own** invoices" in said and "Stripe restricts it" in said


def test_trap_17_warnings_are_stored_for_a_person_and_change_nothing(db: Database, tmp_path: Path) -> None:
    rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC))
    kinds = [kind for kind in ALSO_EVENT_TYPES if not kind.startswith("payout.")]
    assert {"radar.early_fraud_warning.created", "capability.updated", "mandate.updated"} <= set(kinds)
    for kind in kinds:
        assert inbox.receive_event(rt, event(kind, {"id": f"x_{kind}"})) == "noted"
    with db.reading() as session:
        assert set(session.scalars(select(StripeEvent.type))) == set(kinds)


def test_the_money_events_fit_one_look_up() -> None:
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) == 20
