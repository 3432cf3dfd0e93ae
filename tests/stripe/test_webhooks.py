"""Stripe's door over real HTTP: genuine events are booked once, everything else is refused without a trace."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from portal import create_app
from portal.db import Database
from portal.models import LedgerTransfer, Message, Payment, StripeEvent, SuspenseItem
from tests.cast import CONNECT_SECRET, Owed, balances, make_runtime, someone_owes
from tests.ledger.stories import start_payment
from tests.live import serve
from tests.stripe.signing import body_of, intent, sign


@dataclass
class Door:
    """The portal's webhook address and its database."""

    url: str
    db: Database

    def post(self, body: bytes, signature: str | None = None, path: str = "/webhooks/stripe") -> requests.Response:
        headers = {"Content-Type": "application/json"}
        if signature != "":
            headers["Stripe-Signature"] = signature or sign(body)
        return requests.post(self.url + path, data=body, headers=headers, timeout=30)

    def count(self, table: Any) -> int:
        with self.db.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Iterator[Door]:
    rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC), trusted_hosts="127.0.0.1")
    with serve(create_app(rt.settings, rt)) as url:
        yield Door(url, db)


def owes(door: Door, *totals: int) -> tuple[Owed, Payment]:
    owed = someone_owes(door.db, *totals)
    payment = start_payment(door.db, owed, *((invoice, invoice.total_minor) for invoice in owed.invoices),
                            at=datetime.now(UTC))
    return owed, payment


def test_a_payment_is_booked_and_its_receipt_queued_in_one_commit(door: Door) -> None:
    owed, payment = owes(door, 60_00, 40_00)
    answer = door.post(body_of("payment_intent.succeeded", intent(payment)))
    assert (answer.status_code, answer.text) == (200, "applied")
    assert balances(door.db, owed.business.id) == {"sales USD": -100_00, "stripe_clearing USD": 100_00}
    assert door.count(Message) == 1


def test_one_webhook_ten_times_at_once_books_once(door: Door) -> None:
    owed, payment = owes(door, 100_00)
    body = body_of("payment_intent.succeeded", intent(payment))
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(door.post(body).status_code)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 10
    assert door.count(StripeEvent) == 1
    assert door.count(Message) == 1
    assert balances(door.db, owed.business.id) == {"sales USD": -100_00, "stripe_clearing USD": 100_00}


def test_one_fact_in_several_events_at_once_books_once(door: Door) -> None:
    owed, payment = owes(door, 100_00)
    session = {
        "id": "cs_1", "object": "checkout.session", "client_reference_id": payment.public_id, "status": "complete",
        "mode": "payment", "payment_status": "paid", "amount_total": 100_00, "currency": "usd",
        "payment_intent": f"pi_{payment.public_id}", "metadata": {"payment": payment.public_id}}
    bodies = [body_of("payment_intent.succeeded", intent(payment)) for _ in range(4)]
    bodies += [body_of("checkout.session.completed", session) for _ in range(4)]
    threads = [threading.Thread(target=door.post, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert door.count(StripeEvent) == 8
    assert door.count(Message) == 1
    assert balances(door.db, owed.business.id) == {"sales USD": -100_00, "stripe_clearing USD": 100_00}


GENUINE = body_of(
    "payment_intent.succeeded", {"id": "pi_x", "status": "succeeded", "amount_received": 1, "currency": "usd"})
EMPTY = b'{"object":"event","id":"e","type":"x","created":1,"livemode":false,"data":{}}'
THIN = b'{"object":"v2.core.event","id":"evt_1"}'


@pytest.mark.parametrize(("name", "body", "signature"), [
    ("no signature", GENUINE, lambda: ""),
    ("another secret", GENUINE, lambda: sign(GENUINE, "whsec_other")),
    ("empty secret", GENUINE, lambda: sign(GENUINE, "")),
    ("the other door's secret", GENUINE, lambda: sign(GENUINE, CONNECT_SECRET)),
    ("garbage header", GENUINE, lambda: "t=abc,v1=zz"),
    ("a signature beyond ASCII", GENUINE, lambda: f"t={int(time.time())},v1=" + "é" * 64),
    ("a byte order mark", b"\xef\xbb\xbf" + GENUINE, lambda: sign(b"\xef\xbb\xbf" + GENUINE)),
    ("no scheme we know", GENUINE, lambda: sign(GENUINE).replace("v1", "v0")),
    ("stale", GENUINE, lambda: sign(GENUINE, at=time.time() - 301)),
    ("future", GENUINE, lambda: sign(GENUINE, at=time.time() + 3600)),
    ("body changed", GENUINE.replace(b"pi_x", b"pi_y"), lambda: sign(GENUINE)),
    ("not UTF-8", b"\xff\xfe\x00", lambda: sign(b"\xff\xfe\x00")),
    ("not JSON", b"{", lambda: sign(b"{")),
    ("a list", b"[]", lambda: sign(b"[]")),
    ("a number", b"7", lambda: sign(b"7")),
    ("deep", b"[" * 100_000, lambda: sign(b"[" * 100_000)),
    ("a thin event", THIN, lambda: sign(THIN)),
    ("an event without an object", EMPTY, None),
    ("live mode", body_of("payment_intent.succeeded", {"id": "pi_x"}, livemode=True), None),
    ("created is text", body_of("payment_intent.succeeded", {"id": "pi_x"}, created="now"), None),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_not_a_genuine_event_is_refused_without_a_trace(
        door: Door, name: str, body: bytes, signature: Callable[[], str] | None) -> None:
    # Signed now and not when tests were collected, or a slow run would be refused for its age alone.
    assert door.post(body, signature() if signature else None).status_code == 400, name
    assert door.count(StripeEvent) == 0


def test_an_oversized_body_is_refused(door: Door) -> None:
    body = json.dumps({"object": "event", "pad": "x" * 300_000}).encode()
    assert door.post(body).status_code == 413


def test_a_genuine_event_with_missing_parts_is_kept_for_a_person(door: Door) -> None:
    answer = door.post(body_of("payment_intent.succeeded", {"id": "pi_x"}))
    assert (answer.status_code, answer.text) == (200, "mismatch")
    assert door.count(StripeEvent) == 1


def test_an_unknown_type_is_stored_and_answered(door: Door) -> None:
    assert door.post(body_of("tax.rate.created", {"id": "txr_1"})).text == "noted"


@pytest.mark.parametrize(("name", "changes"), [
    ("one dollar for two thousand", {"amount_received": 1_00}),
    ("another currency", {"currency": "jpy"}),
    ("no payment of ours", {"metadata": {}}),
    ("a payment that does not exist", {"metadata": {"payment": "nobody"}}),
])
def test_genuine_money_that_does_not_match_closes_nothing(door: Door, name: str, changes: dict[str, Any]) -> None:
    owed, payment = owes(door, 2_000_00)
    assert door.post(body_of("payment_intent.succeeded", intent(payment, **changes))).text == "mismatch"
    assert balances(door.db, owed.business.id)[f"receivable invoice:{owed.invoices[0].id} USD"] == 2_000_00
    assert door.count(SuspenseItem) == 1


def test_money_of_another_account_closes_nothing(door: Door) -> None:
    owed, payment = owes(door, 100_00)
    other = someone_owes(door.db, 5_00, stripe_account="acct_other")
    body = body_of("payment_intent.succeeded", intent(payment), account="acct_other")
    assert door.post(body, sign(body, CONNECT_SECRET), "/webhooks/stripe/connect").text == "mismatch"
    assert balances(door.db, owed.business.id)[f"receivable invoice:{owed.invoices[0].id} USD"] == 100_00
    assert balances(door.db, other.business.id)["suspense USD"] == -100_00


def test_money_of_an_account_nobody_knows_is_kept_as_an_event(door: Door) -> None:
    owed, payment = owes(door, 100_00)
    body = body_of("payment_intent.succeeded", intent(payment), account="acct_nobody")
    assert door.post(body, sign(body, CONNECT_SECRET), "/webhooks/stripe/connect").text == "mismatch"
    assert balances(door.db, owed.business.id)[f"receivable invoice:{owed.invoices[0].id} USD"] == 100_00
    assert door.count(LedgerTransfer) == 1


