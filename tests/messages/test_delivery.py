"""Sending over real SMTP: the last look, a server that is down, refused addresses, killed and slow workers."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.gateways.mail import MailGateway, OutgoingMail
from portal.models import AuditEvent, BlockedAddress, Debtor, Hold, Message
from portal.services import bookkeeping, delivery, links, messages, not_me, opt_out
from sandbox.mailbox import Mailbox, MailJson
from tests.cast import make_debtor, make_invoice
from tests.messages.conftest import NOON, Post, make_post

CODE = "402917"


def queue_code(post: Post, minutes: int = 10) -> Message:
    with post.rt.db.transaction() as session:
        return messages.queue_code(session, post.clock(), post.debtor, post.business, CODE,
                                   post.clock() + timedelta(minutes=minutes), "open")


def test_a_reminder_arrives_with_working_links_of_its_own(post: Post) -> None:
    queued = post.remind()
    assert post.deliver() == 1
    (mail,) = post.inbox()
    assert mail["to"] == "daniel@mail.example" and mail["subject"] == "A note from Alder Street Dental"
    assert "{{" not in mail["text"] + mail["html"]
    link = next(url for url in mail["links"] if "/l/" in url)
    named = links.read_token(post.rt, link.rpartition("/")[2])
    assert named is not None and named.current
    stop = next(url for url in mail["links"] if "/stop/" in url)
    opt_out.stop(post.rt, stop.rpartition("/")[2])
    not_mine = next(url for url in mail["links"] if "/not-me/" in url)
    not_me.say(post.rt, not_mine.rpartition("/")[2])
    (sent,) = post.all()
    assert (sent.state, sent.reason, sent.sent_at, sent.claim_token) == ("sent", "clear", NOON, None)
    assert sent.id == queued.id and link not in sent.body_text + sent.body_html


def test_collecting_mail_can_be_stopped_with_one_press_in_the_mail_program(post: Post) -> None:
    post.remind()
    queue_code(post)
    post.deliver()
    raw = {mail["subject"]: mail for mail in post.inbox()}
    headers = {subject: dict(_headers(mail)) for subject, mail in raw.items()}
    asking, code = headers["A note from Alder Street Dental"], headers["Your code for Alder Street Dental"]
    assert asking["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert asking["list-unsubscribe"].startswith("<http://portal.test/stop/")
    assert asking["reply-to"].endswith("<accounts@alder.example>")
    assert "list-unsubscribe" not in code


def _headers(mail: MailJson) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in mail["headers"]]


def test_paid_a_moment_before_sending_is_skipped(post: Post) -> None:
    post.remind()
    with post.rt.db.transaction() as session:
        bookkeeping.write_off(session, post.invoice, cause="1", now=NOON)
    post.deliver()
    assert post.inbox() == []
    assert [(m.state, m.reason) for m in post.all()] == [("skipped", "nothing_left")]


def test_paid_in_part_a_moment_before_names_what_is_left_now(post: Post) -> None:
    post.remind()
    with post.rt.db.transaction() as session:
        bookkeeping.credit_note(session, post.invoice, 53_00, tax=0, cause="dispute:1", now=NOON)
    post.deliver()
    (mail,) = post.inbox()
    assert "$400.00" in mail["text"] and "$453.00" not in mail["text"] + mail["html"]


@pytest.mark.parametrize(("change", "reason"), [
    ({"opted_out_at": NOON}, "opted_out"), ({"email_state": "bounced"}, "bounced"), ({"email": None}, "no_address")])
def test_what_changed_since_it_was_queued_counts(post: Post, change: dict[str, Any], reason: str) -> None:
    post.remind()
    post.change(post.debtor, **change)
    post.deliver()
    assert post.inbox() == []
    assert [m.reason for m in post.all()] == [reason]


def test_a_hold_placed_meanwhile_stops_it(post: Post) -> None:
    post.remind()
    with post.rt.db.transaction() as session:
        session.add(Hold(business_id=post.business.id, debtor_id=post.debtor.id, reminders=True, starts_at=NOON,
                         cause="dispute"))
    post.deliver()
    assert [(m.state, m.reason) for m in post.all()] == [("skipped", "held")]


def test_a_blocked_address_gets_not_even_a_code(post: Post) -> None:
    queue_code(post)
    with post.rt.db.transaction() as session:
        session.add(BlockedAddress(
            business_id=post.business.id, created_at=NOON,
            address_hash=not_me.address_hash(post.rt.settings, post.business.id, post.debtor.email)))
    post.deliver()
    assert post.inbox() == []
    (kept,) = post.all()
    assert (kept.state, kept.reason) == ("skipped", "blocked") and CODE not in kept.body_text + kept.body_html


def test_a_late_evening_reminder_leaves_at_eight_in_the_morning(post: Post) -> None:
    post.clock.pass_time(hours=10)
    post.remind()
    assert post.deliver() == 0
    post.clock.pass_time(hours=9, minutes=59)
    assert post.deliver() == 0
    post.clock.pass_time(minutes=1)
    assert post.deliver() == 1 and len(post.inbox()) == 1


def test_one_that_missed_its_hour_waits_for_the_morning_and_counts_for_that_day(post: Post) -> None:
    post.remind()
    post.clock.pass_time(hours=10)
    post.deliver()
    (held,) = post.all()
    assert (held.state, held.reason, held.attempts) == ("queued", "quiet_hours", 0)
    assert held.local_day is not None and held.local_day.isoformat() == "2026-11-11"
    post.clock.pass_time(hours=10)
    assert post.remind("step-2").reason == "one_a_day"
    assert post.deliver() == 1


def test_one_held_back_past_midnight_gives_way_to_that_days_own(post: Post) -> None:
    post.remind("step-1")
    post.clock.pass_time(days=1)
    post.remind("step-2")
    post.deliver()
    assert len(post.inbox()) == 1
    assert sorted(m.state for m in post.all()) == ["sent", "skipped"]


def test_a_mail_server_that_is_down_loses_nothing_and_doubles_nothing(post: Post) -> None:
    for n in range(6):
        with post.rt.db.transaction() as session:
            debtor = make_debtor(session, post.business, email=f"p{n}@mail.example")
            make_invoice(session, debtor, 100_00)
            messages.queue_reminder(session, NOON, debtor, cause="step-1")
    with post.mailbox.down():
        for _ in range(12):
            assert post.deliver() == 0
            post.clock.pass_time(minutes=5)
        assert {m.state for m in post.all()} == {"queued"}
        assert max(m.attempts for m in post.all()) > 1
        assert all(m.claim_token is None for m in post.all())
    for _ in range(10):
        post.deliver()
        post.clock.pass_time(minutes=10)
    assert sorted(mail["to"] for mail in post.inbox()) == [f"p{n}@mail.example" for n in range(6)]
    assert {m.state for m in post.all()} == {"sent"}


def test_the_waits_grow_to_half_an_hour() -> None:
    waits = [delivery.wait_after(n).total_seconds() for n in (1, 2, 3, 8, 9, 60, 10_000)]
    assert waits == [15, 30, 60, 1800, 1800, 1800, 1800]


def test_one_that_never_goes_through_is_given_up_and_says_so(post: Post) -> None:
    queued = post.remind()
    post.change(queued, attempts=delivery.MOST_ATTEMPTS - 1)
    post.mailbox.fail_temporarily()
    post.deliver()
    assert [(m.state, m.reason) for m in post.all()] == [("failed", "given_up")]


def test_a_refused_address_gets_nothing_more(post: Post) -> None:
    post.mailbox.refuse_recipient("daniel@mail.example")
    try:
        post.remind()
        queue_code(post)
        post.deliver()
    finally:
        post.mailbox.accept_recipient("daniel@mail.example")
    assert sorted((m.state, m.reason) for m in post.all()) == [("failed", "bounced"), ("skipped", "bounced")]
    with post.rt.db.reading() as session:
        assert session.get_one(Debtor, post.debtor.id).email_state == "bounced"
        assert session.scalars(select(AuditEvent.act)).all().count("debtor.email_bounced") == 1
    assert post.remind("step-2").reason == "bounced"
    assert post.inbox() == []


def test_our_own_bad_sender_is_not_blamed_on_the_debtor(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, mail_from="not an address")
    post.remind()
    post.deliver()
    (kept,) = post.all()
    assert (kept.state, kept.reason) == ("queued", "not_delivered")
    with post.rt.db.reading() as session:
        assert session.get_one(Debtor, post.debtor.id).email_state == "ok"


def test_a_bad_address_of_the_business_only_loses_its_reply_line(
        db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, business={"contact_email": "not an address\r\nBcc: x@evil.example"})
    post.remind()
    assert post.deliver() == 1
    (mail,) = post.inbox()
    assert mail["to"] == "daniel@mail.example"
    assert "reply-to" not in dict(_headers(mail))


@pytest.mark.parametrize("address", ["daniel@mail.example\r\nBcc: all@evil.example", "daniel@mail.example\nX: y"])
def test_an_address_cannot_start_a_header(post: Post, address: str) -> None:
    post.change(post.debtor, email=address)
    post.remind()
    post.deliver()
    assert post.inbox() == []
    assert [(m.state, m.reason) for m in post.all()] == [("failed", "unsafe")]


def test_a_code_stays_only_until_it_is_sent(post: Post) -> None:
    assert CODE in queue_code(post).body_text
    post.deliver()
    (mail,) = post.inbox()
    assert CODE in mail["text"] and CODE in mail["html"] and CODE not in mail["subject"]
    (kept,) = post.all()
    assert kept.state == "sent" and CODE not in kept.body_text + kept.body_html + kept.subject + kept.key


def test_a_code_that_ran_out_while_the_server_was_down_is_not_sent(post: Post) -> None:
    queue_code(post)
    with post.mailbox.down():
        post.deliver()
    post.clock.pass_time(minutes=10)
    post.deliver()
    (kept,) = post.all()
    assert (kept.state, kept.reason) == ("skipped", "expired") and CODE not in kept.body_text + kept.body_html


def test_essential_mail_goes_at_night_and_to_those_who_opted_out(post: Post) -> None:
    post.change(post.debtor, opted_out_at=NOON)
    post.clock.pass_time(hours=10)
    queue_code(post)
    assert post.deliver() == 1


def test_a_worker_killed_before_sending_is_followed_by_another_with_the_same_message_id(post: Post) -> None:
    post.remind()
    claimed = delivery.claim(post.rt, "dead", 10)
    assert len(claimed) == 1
    assert post.deliver() == 0, "the lease still stands"
    post.clock.pass_time(minutes=4)
    assert post.deliver() == 1
    assert delivery.deliver(post.rt, claimed[0], "dead") == "dropped", "its claim is gone"
    assert len(post.inbox()) == 1


def test_a_worker_killed_after_sending_repeats_it_under_the_same_message_id(post: Post) -> None:
    post.remind()
    post.mailbox.drop_after_data()
    assert post.deliver() == 0
    assert [(m.state, m.reason) for m in post.all()] == [("queued", "perhaps_delivered")]
    post.clock.pass_time(minutes=1)
    assert post.deliver() == 1
    first, second = post.inbox()
    ids = {dict(_headers(mail))["message-id"] for mail in (first, second)}
    assert len(ids) == 1 and post.all()[0].message_id in ids


class Slow:
    """A mail server so slow that the lease runs out; hands on to a real one."""

    def __init__(self, real: MailGateway) -> None:
        self._real = real
        self.entered, self.go_on = threading.Event(), threading.Event()

    def send(self, mail: OutgoingMail) -> None:
        self.entered.set()
        self.go_on.wait(30)
        self._real.send(mail)


def test_a_slow_worker_cannot_overwrite_what_a_faster_one_wrote(post: Post) -> None:
    post.remind()
    slow = Slow(post.rt.mail)
    worker = threading.Thread(target=delivery.deliver_due, args=(replace(post.rt, mail=slow),))
    worker.start()
    assert slow.entered.wait(30)
    post.clock.pass_time(minutes=5)
    assert post.deliver() == 1
    sent_at = post.all()[0].sent_at
    post.clock.pass_time(minutes=5)
    slow.go_on.set()
    worker.join(30)
    assert post.all()[0].sent_at == sent_at


def test_four_workers_send_each_message_once(post: Post) -> None:
    for n in range(40):
        with post.rt.db.transaction() as session:
            debtor = make_debtor(session, post.business, email=f"w{n}@mail.example")
            make_invoice(session, debtor, 100_00)
            messages.queue_reminder(session, NOON, debtor, cause="step-1")

    def work() -> None:
        while delivery.deliver_due(post.rt, limit=3):
            pass

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    while post.deliver():
        pass
    assert sorted(mail["to"] for mail in post.inbox()) == sorted(f"w{n}@mail.example" for n in range(40))


def test_in_safe_mode_everything_is_decided_and_nothing_leaves(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, mail_safe_mode=True)
    post.remind()
    post.deliver()
    assert post.inbox() == []
    assert [(m.state, m.reason) for m in post.all()] == [("skipped", "safe_mode")]
