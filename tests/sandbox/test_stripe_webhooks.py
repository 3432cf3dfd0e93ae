"""Webhooks: signed, in order, tried again, and broken on purpose; and a memory that outlives its process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import requests
import stripe

from sandbox.stripe.server import StripeStandIn
from sandbox.stripe.webhooks import signature
from tests.sandbox.conftest import SECRET, Inbox, client_of, session_params

HOUSE = Path(__file__).parents[2]


def pay(stand_in: StripeStandIn, client: stripe.StripeClient, times: int = 1) -> None:
    for _ in range(times):
        stand_in.control.press(client.v1.checkout.sessions.create(session_params()).id)


def ids(inbox: Inbox) -> list[str]:
    return [event["id"] for event in inbox.events]


def test_a_signature_is_stripes(client: stripe.StripeClient) -> None:
    now = int(time.time())
    header = signature(b'{"object":"event","id":"evt_1"}', SECRET, now)
    assert stripe.WebhookSignature.verify_header('{"object":"event","id":"evt_1"}', header, SECRET, 300)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header('{"object":"event","id":"evt_2"}', header, SECRET, 300)


def test_events_come_once_and_in_order(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    pay(stand_in, client, times=5)
    stand_in.control.wait_idle()
    assert ids(inbox) == [event["id"] for event in stand_in.control.events()]


def test_a_refused_event_is_tried_again(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    inbox.answers = [500, 503, 404]
    pay(stand_in, client)
    stand_in.control.wait_idle()
    assert Counter(ids(inbox)) == Counter(event["id"] for event in stand_in.control.events())


def test_what_is_kept_back_is_sent_later(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.pause_webhooks()
    pay(stand_in, client)
    stand_in.control.wait_idle()
    assert inbox.events == []
    assert len(stand_in.control.undelivered()) == 5
    stand_in.control.resume_webhooks()
    stand_in.control.wait_idle()
    assert len(inbox.events) == 5


def test_duplicates(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.set_faults(seed=1, duplicate=1.0)
    pay(stand_in, client)
    stand_in.control.wait_idle()
    assert set(Counter(ids(inbox)).values()) == {2}
    assert len(set(ids(inbox))) == 5


def test_losses_and_their_repair(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.set_faults(seed=1, drop=1.0)
    pay(stand_in, client)
    stand_in.control.wait_idle()
    assert inbox.events == []
    assert {each["state"] for each in stand_in.control.undelivered()} == {"dropped"}
    assert stand_in.control.redeliver() == 5
    stand_in.control.wait_idle()
    assert len(inbox.events) == 5


def test_reordering(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.set_faults(seed=3, reorder=1.0)
    pay(stand_in, client, times=2)
    stand_in.control.wait_idle()
    happened = [event["id"] for event in stand_in.control.events()]
    assert sorted(ids(inbox)) == sorted(happened)
    assert ids(inbox) != happened


def test_delays(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    stand_in.control.set_faults(delay=1.0, delay_seconds=0.6)
    started = time.monotonic()
    pay(stand_in, client)
    stand_in.control.wait_idle()
    assert time.monotonic() - started >= 0.6
    assert len(inbox.events) == 5


def test_one_event_once_more_and_at_once(stand_in: StripeStandIn, client: stripe.StripeClient, inbox: Inbox) -> None:
    pay(stand_in, client)
    stand_in.control.wait_idle()
    event = inbox.events[0]["id"]
    assert stand_in.control.redeliver(event) == 1
    stand_in.control.wait_idle()
    assert stand_in.control.deliver_now(event) == ["200"]
    assert Counter(ids(inbox))[event] == 3


def test_an_event_stripe_never_sends(stand_in: StripeStandIn, inbox: Inbox) -> None:
    stand_in.control.emit("invented.happened", {"id": "inv_1", "object": "invented"})
    stand_in.control.wait_idle()
    assert inbox.types == ["invented.happened"]


def test_connected_accounts_have_an_endpoint_of_their_own(inbox: Inbox) -> None:
    with StripeStandIn(None, connect_webhook_url=inbox.url, connect_webhook_secret=SECRET) as stand_in:
        client = client_of(stand_in.url)
        stand_in.control.create_account("acct_one")
        pay(stand_in, client)
        options = stripe.RequestOptions(stripe_account="acct_one")
        stand_in.control.press(client.v1.checkout.sessions.create(session_params(), options).id)
        stand_in.control.wait_idle()
        assert {event["account"] for event in inbox.events} == {"acct_one"}
        assert len(inbox.events) == 5


def test_the_signature_may_follow_the_sandbox_clock(inbox: Inbox) -> None:
    with StripeStandIn(inbox.url, SECRET, signs_by="sandbox") as stand_in:
        stand_in.control.set_clock(1_900_000_000, frozen=True)
        stand_in.control.emit("invented.happened", {"id": "inv_1", "object": "invented"})
        stand_in.control.wait_idle()
        (event,) = inbox.events
        assert event["created"] == 1_900_000_000


def test_a_restart_keeps_state_and_what_was_still_to_be_sent(tmp_path: Path, inbox: Inbox) -> None:
    store = str(tmp_path / "stripe.sqlite")
    with StripeStandIn(inbox.url, SECRET, store=store) as first:
        first.control.pause_webhooks()
        client = client_of(first.url)
        key = stripe.RequestOptions(idempotency_key="payment:1")
        session = client.v1.checkout.sessions.create(session_params(), key)
        first.control.press(session.id)
        first.control.wait_idle()
    with StripeStandIn(inbox.url, SECRET, store=store) as second:
        client = client_of(second.url)
        assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert client.v1.checkout.sessions.create(session_params(), key).id == session.id
        assert inbox.events == []
        second.control.resume_webhooks()
        second.control.wait_idle()
        assert len(inbox.events) == 5


def test_it_runs_as_a_process_and_survives_being_killed(tmp_path: Path, inbox: Inbox) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.stripe",
        "--port",
        "0",
        "--store",
        str(tmp_path / "stripe.sqlite"),
    ]
    command += ["--webhook", inbox.url, "--secret", SECRET, "--account", "acct_second:eur:Second Business"]

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        return process, found[0]

    process, url = start()
    try:
        session = client_of(url).v1.checkout.sessions.create(session_params())
        requests.post(str(session.url), data={"outcome": "bank_debit"}, allow_redirects=False, timeout=10)
    finally:
        process.kill()
        process.wait(timeout=10)
    process, url = start()
    try:
        client = client_of(url)
        held = client.v1.checkout.sessions.retrieve(session.id)
        assert (held.status, held.payment_status) == ("complete", "unpaid")
        assert client.v1.accounts.retrieve("acct_second").default_currency == "eur"
        answer = requests.post(f"{url}/_sandbox/wait_idle", json={}, timeout=20)
        assert answer.status_code == 200, answer.text
        assert "checkout.session.completed" in inbox.types
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
