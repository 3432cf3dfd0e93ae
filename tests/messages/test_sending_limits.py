"""How fast emails leave: never more than the server takes, codes before reminders, and a rest when it refuses."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.models import Message, SendingWindow
from portal.services import delivery, messages, sending_limits
from portal.services.sending_limits import Room
from sandbox.mailbox import Mailbox
from tests.cast import make_debtor, make_invoice
from tests.messages.conftest import NOON, Post, make_post


def crowd(post: Post, people: int) -> None:
    for n in range(people):
        with post.rt.db.transaction() as session:
            debtor = make_debtor(session, post.business, email=f"c{n}@mail.example")
            make_invoice(session, debtor, 100_00)
            messages.queue_reminder(session, post.clock(), debtor, cause="step-1")


def code(post: Post) -> Message:
    with post.rt.db.transaction() as session:
        return messages.queue_code(session, post.clock(), post.debtor, post.business, "402917",
                                   post.clock() + timedelta(minutes=10), "open")


def limited(db: Database, mailbox: Mailbox, folder: Path, **limits: Any) -> Post:
    return make_post(db, mailbox, folder, **limits)


def all_that_leaves(post: Post) -> int:
    before = len(post.inbox())
    while post.deliver():
        pass
    return len(post.inbox()) - before


def test_no_more_leave_in_a_minute_than_the_server_takes(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=10)
    crowd(post, 20)
    left = []
    for _ in range(4):
        left.append(all_that_leaves(post))
        post.clock.pass_time(minutes=1)
    assert left == [8, 8, 4, 0], "a fifth stays free for what is essential"
    assert {m.state for m in post.all()} == {"sent"} and {m.attempts for m in post.all()} == {1}


def test_an_hour_has_its_limit_too(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=10, mail_per_hour=15)
    crowd(post, 16)
    left = []
    for _ in range(60):
        left.append(all_that_leaves(post))
        post.clock.pass_time(minutes=1)
    assert sum(left) == 12 and left[:3] == [8, 4, 0]
    assert all_that_leaves(post) == 4


def test_a_code_leaves_before_reminders_and_has_room_when_they_have_none(
        db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=5)
    crowd(post, 9)
    post.clock.pass_time(seconds=1)
    code(post)
    assert delivery.deliver_due(post.rt, limit=1) == 1
    assert post.inbox()[-1]["subject"].startswith("Your code")
    assert all_that_leaves(post) == 3, "four of five for reminders, the code among the first four"
    post.clock.pass_time(seconds=1)
    code(post)
    assert post.deliver() == 1 and post.inbox()[-1]["subject"].startswith("Your code")
    code(post)
    assert sending_limits.room(post.rt) == Room(0, -1) and post.deliver() == 0


def test_a_message_that_met_a_full_minute_says_so_and_uses_up_no_try(
        db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=1)
    crowd(post, 2)
    # Two workers that both saw room for one.
    first, second = delivery.claim(post.rt, "a", 1), delivery.claim(post.rt, "b", 1)
    assert delivery.deliver(post.rt, first[0], "a") == "sent"
    assert delivery.deliver(post.rt, second[0], "b") == "dropped"
    waiting = post.all()[1]
    assert (waiting.state, waiting.reason, waiting.attempts) == ("queued", "sending_limit", 0)
    assert waiting.due_at == NOON + timedelta(minutes=1) and waiting.claim_token is None
    post.clock.pass_time(minutes=1)
    assert all_that_leaves(post) == 1


def test_four_workers_together_keep_the_limit(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=20)
    crowd(post, 30)

    def work() -> None:
        for _ in range(10):
            delivery.deliver_due(post.rt, limit=4)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert len(post.inbox()) == 16
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.sum(SendingWindow.sent))) == 16


def test_old_windows_are_forgotten(db: Database, mailbox: Mailbox, tmp_path: Path) -> None:
    post = limited(db, mailbox, tmp_path, mail_per_minute=5)
    for _ in range(4):
        code(post)
        post.deliver()
        post.clock.pass_time(days=1, hours=1)
    with post.rt.db.reading() as session:
        assert len(session.scalars(select(SendingWindow)).all()) <= 2


def test_a_server_that_is_down_gets_a_rest_that_grows_and_ends(post: Post) -> None:
    waits = [sending_limits.rest_after(n).total_seconds() for n in (1, 2, 3, 4, 5, 6, 60)]
    assert waits == [15, 30, 60, 120, 240, 300, 300]
    crowd(post, 3)
    with post.mailbox.down():
        assert post.deliver() == 0
        tried = [m.attempts for m in post.all()]
        assert sorted(tried) == [0, 0, 1], "one try told enough"
        assert post.deliver() == 0 and [m.attempts for m in post.all()] == tried, "and nothing is tried meanwhile"
        assert all(m.claim_token is None for m in post.all())
        post.clock.pass_time(seconds=15)
        post.deliver()
        assert sending_limits.room(post.rt).essential == 0
        post.clock.pass_time(seconds=15)
        assert sending_limits.room(post.rt).essential == 0, "the second rest is longer"
    post.clock.pass_time(seconds=15)
    assert all_that_leaves(post) >= 2
    post.clock.pass_time(minutes=5)
    assert all_that_leaves(post) + len(post.inbox()) >= 3 and {m.state for m in post.all()} == {"sent"}


def test_one_recipient_who_is_put_off_keeps_nobody_else_waiting(post: Post) -> None:
    crowd(post, 3)
    post.mailbox.fail_temporarily()
    assert post.deliver() == 2
    assert sorted(m.state for m in post.all()) == ["queued", "sent", "sent"]
    assert sending_limits.room(post.rt).essential > 0


def test_a_server_that_wants_us_slower_is_heard(post: Post) -> None:
    crowd(post, 3)
    post.mailbox.be_busy()
    assert post.deliver() == 0
    assert sending_limits.room(post.rt) == Room(0, 0)
    post.clock.pass_time(seconds=15)
    assert all_that_leaves(post) == 3


@pytest.mark.parametrize("hours_back", [1, 30])
def test_a_clock_set_back_ends_the_rest_soon(post: Post, hours_back: int) -> None:
    crowd(post, 1)
    with post.mailbox.down():
        post.deliver()
    post.clock.pass_time(hours=-hours_back)
    assert sending_limits.room(post.rt).essential > 0


def test_an_hour_without_a_mail_server_loses_and_doubles_nothing(post: Post) -> None:
    crowd(post, 12)
    code(post)
    ids = {m.id: m.message_id for m in post.all()}
    with post.mailbox.down():
        for _ in range(120):
            post.deliver()
            post.clock.pass_time(seconds=30)
        assert {m.state for m in post.all() if m.kind == "reminder"} == {"queued"} and post.inbox() == []
        assert max(m.attempts for m in post.all()) < 20, "it was not asked every second"
    for _ in range(80):
        post.deliver()
        post.clock.pass_time(seconds=30)
    sent = [mail["to"] for mail in post.inbox()]
    assert sorted(sent) == sorted(f"c{n}@mail.example" for n in range(12)), "each once, and no code that ran out"
    seen = [{name.lower(): value for name, value in mail["headers"]}["message-id"] for mail in post.inbox()]
    assert len(set(seen)) == 12 and all(any(ids[m.id] in one for one in seen) for m in post.all()
                                        if m.kind == "reminder")
    assert {(m.state, m.reason) for m in post.all()} == {("sent", "clear"), ("skipped", "expired")}
