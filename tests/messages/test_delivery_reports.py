"""What mail servers and providers tell about our emails: believed where it is proven, acted on once, forged in vain."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal import create_app
from portal.db import Database
from portal.domain import inbound as reading
from portal.models import AuditEvent, Consent, Debtor, DeliveryReport, Message
from portal.services import delivery_reports, inbound, messages
from sandbox.mailbox import Mailbox
from tests.messages import reports
from tests.messages.conftest import NOON, Post, make_post


@pytest.fixture
def post(db: Database, mailbox: Mailbox, tmp_path: Path) -> Post:
    return make_post(db, mailbox, tmp_path, mailgun_signing_key=reports.MAILGUN_KEY,
                     sendgrid_verification_key=reports.SENDGRID_KEY)


def sent(post: Post) -> str:
    """Let one reminder leave; gives its Message-ID."""
    post.remind()
    assert post.deliver() == 1
    return post.all()[0].message_id


def state(post: Post) -> tuple[str, str, str, bool]:
    """The email's state and reason, the address's state, and whether emails that ask were stopped."""
    with post.rt.db.reading() as session:
        debtor = session.get_one(Debtor, post.debtor.id)
        message = session.scalars(select(Message).order_by(Message.id)).first()
        assert message is not None
        return message.state, message.reason, debtor.email_state, debtor.opted_out_at is not None


def acts(post: Post) -> list[str]:
    with post.rt.db.reading() as session:
        return list(session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)))


def kept(post: Post) -> list[tuple[str, str, str]]:
    with post.rt.db.reading() as session:
        return [(row.source, row.kind, row.outcome) for row in session.scalars(
            select(DeliveryReport).where(DeliveryReport.source != "mailgun_token").order_by(DeliveryReport.id))]


SENT = ("sent", "clear", "ok", False)


# Mail servers.


@pytest.mark.parametrize("whole", [False, True])
def test_a_dead_address_gets_nothing_more_and_staff_see_why(post: Post, whole: bool) -> None:
    raw = reports.bounce(sent(post), whole=whole)
    assert inbound.receive(post.rt, raw) == "bounced"
    assert state(post) == ("failed", "bounced", "bounced", False)
    assert acts(post) == ["debtor.email_bounced"]
    assert inbound.receive(post.rt, raw) == "duplicate", "the same email"
    assert kept(post) == [("dsn", "bounce", "bounced")] and acts(post) == ["debtor.email_bounced"]
    assert post.remind("step-2").reason == "bounced"


@pytest.mark.parametrize(("status", "action", "outcome", "after"), [
    ("4.2.2", "delayed", "noted", SENT), ("4.4.1", "delayed", "noted", SENT), ("5.1.1", "delayed", "noted", SENT),
    ("2.0.0", "delivered", "noted", SENT), ("2.1.5", "relayed", "noted", SENT), ("nonsense", "failed", "noted", (
        "failed", "refused", "ok", False)),
    ("4.2.2", "failed", "again", ("queued", "tried_later", "ok", False)),
    ("5.2.2", "failed", "again", ("queued", "tried_later", "ok", False)),
    ("5.7.1", "failed", "noted", ("failed", "refused", "ok", False)),
    ("5.2.1", "failed", "bounced", ("failed", "bounced", "bounced", False)),
    ("5.4.4", "failed", "bounced", ("failed", "bounced", "bounced", False)),
])
def test_each_status_means_what_it_says(
        post: Post, status: str, action: str, outcome: str, after: tuple[str, str, str, bool]) -> None:
    assert inbound.receive(post.rt, reports.bounce(sent(post), status, action)) == outcome
    assert state(post) == after


def test_a_full_mailbox_is_tried_again_under_the_same_message_id_and_then_given_up(post: Post) -> None:
    own = sent(post)
    for tried in (1, 2, 3):
        assert inbound.receive(post.rt, reports.bounce(own, "4.2.2")) == "again"
        assert post.deliver() == 0, "not at once"
        post.clock.pass_time(hours=6 * tried)
        post.clock.now = post.clock.now.replace(hour=20)
        assert post.deliver() == 1 and state(post) == SENT
    assert {message.message_id for message in post.all()} == {own} and len(post.inbox()) == 4
    assert inbound.receive(post.rt, reports.bounce(own, "4.2.2")) == "given_up"
    assert state(post) == ("failed", "mailbox_full", "ok", False)


def test_one_that_was_paid_meanwhile_is_not_tried_again(post: Post) -> None:
    from portal.services import bookkeeping

    own = sent(post)
    inbound.receive(post.rt, reports.bounce(own, "4.2.2"))
    with post.rt.db.transaction() as session:
        bookkeeping.write_off(session, post.invoice, cause="1", now=NOON)
    post.clock.pass_time(hours=24)
    post.deliver()
    assert state(post)[:2] == ("skipped", "nothing_left") and len(post.inbox()) == 1


def test_a_code_is_never_sent_again_without_its_digits(post: Post) -> None:
    with post.rt.db.transaction() as session:
        messages.queue_code(session, NOON, post.debtor, post.business, "402917", NOON + timedelta(minutes=10), "open")
    post.deliver()
    assert inbound.receive(post.rt, reports.bounce(post.all()[0].message_id, "4.2.2")) == "given_up"
    assert len(post.inbox()) == 1


def test_a_complaint_is_an_opt_out_and_told_to_staff(post: Post) -> None:
    own = sent(post)
    assert inbound.receive(post.rt, reports.complaint(own)) == "complained"
    assert state(post) == ("sent", "clear", "ok", True)
    assert acts(post) == ["email.complained"]
    with post.rt.db.reading() as session:
        assert session.scalars(select(Consent.source)).all() == ["complaint"]
    assert inbound.receive(post.rt, reports.complaint(own)) == "complained", "another one changes nothing"
    assert acts(post) == ["email.complained"] and post.remind("step-2").reason == "opted_out"
    post.deliver()
    told = post.inbox()[-1]
    assert told["to"] == "accounts@alder.example" and "daniel" not in (told["text"] + told["subject"]).lower()
    assert inbound.receive(post.rt, reports.complaint(own, "not-spam")) == "noted"


def test_an_address_corrected_meanwhile_is_not_blamed(post: Post) -> None:
    own = sent(post)
    post.change(post.debtor, email="new@mail.example")
    assert inbound.receive(post.rt, reports.bounce(own)) == "bounced"
    assert inbound.receive(post.rt, reports.complaint(own)) == "noted"
    assert state(post) == ("failed", "bounced", "ok", False) and acts(post) == []


def test_a_report_about_nothing_of_ours_is_noted_and_nothing_else(post: Post) -> None:
    sent(post)
    assert inbound.receive(post.rt, reports.bounce(f"<{'0' * 32}@portal.test>")) == "unknown_message"
    assert inbound.receive(post.rt, reports.bounce("<made-up@portal.test>")) == "unknown_address"
    assert state(post) == SENT and acts(post) == []


def test_the_same_report_at_once_from_six_doors_counts_once(post: Post) -> None:
    payload, found = reports.mailgun(reports.mailgun_event(sent(post)), NOON), []
    threads = [threading.Thread(target=lambda: found.append(delivery_reports.receive_mailgun(post.rt, payload)))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["bounced", *["known"] * 5] and acts(post) == ["debtor.email_bounced"]


# Providers.


def test_what_mailgun_tells_is_acted_on(post: Post) -> None:
    own = sent(post)
    temporary = reports.mailgun_event(own, severity="temporary", **{"delivery-status": {"code": 452}})
    assert delivery_reports.receive_mailgun(post.rt, reports.mailgun(temporary, NOON)) == "noted"
    assert state(post) == SENT, "Mailgun goes on trying by itself"
    assert delivery_reports.receive_mailgun(
        post.rt, reports.mailgun({"event": "delivered", "id": "x"}, NOON)) == "noted"
    event = reports.mailgun_event(own)
    assert delivery_reports.receive_mailgun(post.rt, reports.mailgun(event, NOON)) == "bounced"
    assert delivery_reports.receive_mailgun(post.rt, reports.mailgun(event, NOON)) == "known", "told again"
    assert state(post) == ("failed", "bounced", "bounced", False) and acts(post) == ["debtor.email_bounced"]
    assert kept(post) == [("mailgun", "soft_bounce", "noted"), ("mailgun", "bounce", "bounced")]


@pytest.mark.parametrize(("change", "outcome"), [
    ({"event": "complained"}, "complained"), ({"reason": "old"}, "again"),
    ({"delivery-status": {"code": 550, "enhanced-code": "5.7.1"}}, "noted"),
    ({"delivery-status": {"code": 605}, "reason": "suppress-bounce"}, "bounced"),
    ({"event": "opened"}, "noted"),
])
def test_each_kind_of_mailgun_has_its_meaning(post: Post, change: dict[str, Any], outcome: str) -> None:
    event = reports.mailgun_event(sent(post), **change)
    assert delivery_reports.receive_mailgun(post.rt, reports.mailgun(event, NOON)) == outcome


@pytest.mark.parametrize(("change", "outcome"), [
    ({}, "bounced"), ({"type": "blocked", "status": "4.7.1"}, "again"), ({"event": "deferred"}, "noted"),
    ({"event": "dropped", "reason": "Bounced Address"}, "bounced"),
    ({"event": "dropped", "reason": "Spam Reporting Address"}, "complained"),
    ({"event": "dropped", "reason": "Unsubscribed Address"}, "noted"), ({"event": "spamreport"}, "complained"),
    ({"event": "delivered"}, "noted"), ({"event": "open"}, "noted"),
])
def test_each_kind_of_sendgrid_has_its_meaning(post: Post, change: dict[str, Any], outcome: str) -> None:
    payload, headers = reports.sendgrid([reports.sendgrid_event(sent(post), **change)], NOON)
    assert delivery_reports.receive_sendgrid(post.rt, payload, *headers.values()) == outcome
    assert delivery_reports.receive_sendgrid(post.rt, payload, *headers.values()) in ("known", "noted")


def test_many_events_come_at_once_and_the_bad_ones_keep_none_back(post: Post) -> None:
    own = sent(post)
    events = [reports.sendgrid_event("<foreign@sendgrid.example>"), reports.sendgrid_event(own, event="deferred"),
              reports.sendgrid_event(own)]
    payload, headers = reports.sendgrid(events, NOON)
    assert delivery_reports.receive_sendgrid(post.rt, payload, *headers.values()) == "bounced"
    assert [outcome for _, _, outcome in kept(post)] == ["unknown_message", "noted", "bounced"]


# The doors, and those who forge.


@pytest.fixture
def door(post: Post) -> FlaskClient:
    return create_app(post.rt.settings, post.rt).test_client()


def knock(door: FlaskClient, path: str, payload: bytes, headers: dict[str, str] | None = None) -> int:
    return door.post(f"/webhooks/mail/{path}", data=payload, headers=headers, base_url="http://portal.test",
                     content_type="application/json").status_code


def test_the_doors_take_what_is_genuine_without_a_form(post: Post, door: FlaskClient) -> None:
    own = sent(post)
    assert knock(door, "mailgun", reports.mailgun(reports.mailgun_event(own), NOON)) == 200
    payload, headers = reports.sendgrid([reports.sendgrid_event(own)], NOON)
    assert knock(door, "sendgrid", payload, headers) == 200
    assert state(post)[2] == "bounced"
    for path in ("mailgun", "sendgrid"):
        assert door.get(f"/webhooks/mail/{path}", base_url="http://portal.test").status_code == 405


class Forger:
    """Everything somebody without the keys can try with the Message-ID of a real email."""

    def __init__(self, own: str) -> None:
        self.own = own

    def mailgun(self) -> dict[str, bytes]:
        event = reports.mailgun_event(self.own)
        genuine = json.loads(reports.mailgun(event, NOON))
        stamp, token, signature = (genuine["signature"][name] for name in ("timestamp", "token", "signature"))

        def with_signature(**changes: Any) -> bytes:
            return json.dumps({"signature": {**genuine["signature"], **changes}, "event-data": event}).encode()

        return {
            "no signature": json.dumps({"event-data": event}).encode(), "empty": b"", "no json": b"{", "list": b"[]",
            "null": b"null", "number": b"1e999", "deep": b"[" * 100_000, "another key": reports.mailgun(
                event, NOON, key="key-of-somebody-else"), "empty key": reports.mailgun(event, NOON, key=""),
            "cut": with_signature(signature=signature[:-1]), "capitals": with_signature(signature=signature.upper()),
            "empty signature": with_signature(signature=""), "no token": with_signature(token=""),
            "another token": with_signature(token="f" * 50), "long token": with_signature(token=token * 3),
            "another time": with_signature(timestamp=str(int(stamp) + 1)),
            "shifted": with_signature(timestamp=stamp[:-1], token=stamp[-1] + token),
            "null signature": with_signature(signature=None), "list signature": json.dumps(
                {"signature": [stamp, token, signature], "event-data": event}).encode(),
            "half a character": with_signature(token="\ud800", signature="\ud800"),
            "yesterday": reports.mailgun(event, NOON - timedelta(hours=25)),
            "tomorrow": reports.mailgun(event, NOON + timedelta(minutes=6)),
            "no event": reports.mailgun([], NOON),  # type: ignore[arg-type]
            "no id": reports.mailgun({**event, "id": ""}, NOON),
        }

    def sendgrid(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        events = [reports.sendgrid_event(self.own)]
        payload, headers = reports.sendgrid(events, NOON)
        names = list(headers)

        def with_header(which: int, value: str) -> tuple[bytes, dict[str, str]]:
            return payload, {**headers, names[which]: value}

        return {
            "no headers": (payload, {}), "no signature": with_header(0, ""), "garbage": with_header(0, "%%%"),
            "zeros": with_header(0, "AAAA"), "another time": with_header(1, str(int(NOON.timestamp()) + 1)),
            "no time": with_header(1, ""), "words": with_header(1, "now"), "altered": (payload + b" ", headers),
            "other events": (payload.replace(b"5.1.1", b"5.1.2"), headers),
            "yesterday": reports.sendgrid(events, NOON - timedelta(hours=25)),
            "tomorrow": reports.sendgrid(events, NOON + timedelta(minutes=6)),
            "no list": reports.sendgrid({"event": "bounce"}, NOON), "list of words": reports.sendgrid(["x"], NOON),
            "no id": reports.sendgrid([{**events[0], "sg_event_id": ""}], NOON),
        }


def test_no_forged_report_is_believed(post: Post, door: FlaskClient) -> None:
    forger = Forger(sent(post))
    tried = {f"mailgun {name}": knock(door, "mailgun", payload) for name, payload in forger.mailgun().items()}
    tried |= {f"sendgrid {name}": knock(door, "sendgrid", *call) for name, call in forger.sendgrid().items()}
    assert {name: status for name, status in tried.items() if status != 400} == {} and len(tried) >= 36
    assert state(post) == SENT and kept(post) == [] and acts(post) == []


def test_a_token_of_mailgun_is_taken_once_whatever_it_is_paired_with(post: Post, door: FlaskClient) -> None:
    own = sent(post)
    seen = json.loads(reports.mailgun({"event": "delivered", "id": "seen"}, NOON))
    harmless = json.loads(reports.mailgun(reports.mailgun_event(own, severity="temporary"), NOON))
    assert knock(door, "mailgun", json.dumps(harmless).encode()) == 200
    stolen = json.dumps({**harmless, "event-data": reports.mailgun_event(own)}).encode()
    assert knock(door, "mailgun", stolen) == 200 and state(post) == SENT, "it is answered, and nothing follows"
    assert seen["signature"]["token"] != harmless["signature"]["token"]


def test_without_a_key_nothing_is_genuine(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path)
    own, app = sent(post), create_app(post.rt.settings, post.rt)
    payload, headers = reports.sendgrid([reports.sendgrid_event(own)], NOON)
    assert knock(app.test_client(), "sendgrid", payload, headers) == 400
    assert knock(app.test_client(), "mailgun", reports.mailgun(reports.mailgun_event(own), NOON, key="")) == 400
    assert state(post) == SENT


def test_too_much_is_refused_before_it_is_read(door: FlaskClient) -> None:
    assert knock(door, "mailgun", b"x" * (256 * 1024 + 1)) == 413
    assert knock(door, "sendgrid", b"x" * (2 * 1024 * 1024 + 1)) == 413


PIECES = st.sampled_from([
    "Content-Type: multipart/report; boundary=B\r\n\r\n", "--B\r\n", "Content-Type: message/delivery-status\r\n\r\n",
    "Content-Type: message/feedback-report\r\n\r\n", "Content-Type: message/rfc822\r\n\r\n", "Status: 5.1.1\r\n",
    "Action: failed\r\n", f"Message-ID: <{'a' * 32}@portal.test>\r\n", "\r\n", "--B--\r\n", "Status: 9.9.9999\r\n",
    "Feedback-Type: abuse\r\n", "\x00", "\ud7ff", "Content-Type: text/rfc822-headers\r\n\r\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_made_up_report_breaks_the_reading(text: str) -> None:
    mail = reading.read(text.encode())
    assert mail.report is None or len(mail.report.report) <= 120
