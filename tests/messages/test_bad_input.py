"""What is wrong, missing or strange about a debtor, a place or a clock: a recorded reason, never a wrong message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.models import CallTask, Debtor, PaperLetter, StepOutcome
from portal.services import cadences, not_me, reminder_sweep, timeline
from portal.services.audit import COMMAND_LINE
from portal.services.timeline.entry import Scope
from portal.words import speak
from sandbox.mailbox import Mailbox
from tests.messages.conftest import NOON, Post, make_post

OREGON = ZoneInfo("America/Los_Angeles")


def begin(post: Post) -> None:
    cadences.track_new(post.rt)
    cadences.switch_on(post.rt, post.business.slug, "standard", actor=COMMAND_LINE)


def go_on(post: Post, *, hours: int, step: int = 1) -> None:
    """Let time go by with everything that works by itself."""
    for _ in range(hours // step):
        while reminder_sweep.sweep(post.rt):
            pass
        while post.deliver():
            pass
        post.clock.pass_time(hours=step)


def reasons(post: Post) -> set[str]:
    with post.rt.db.reading() as session:
        return {f"{row.outcome}:{row.reason}" for row in session.scalars(select(StepOutcome))}


def told(post: Post) -> str:
    """The debtor's timeline in the office, in words."""
    english = speak("en", "America/Los_Angeles")
    with post.rt.db.reading() as session:
        page = timeline.page(session, Scope(post.business.id, post.debtor.id, post.clock()))
    return "\n".join(part.by(english) for entry in page.entries for part in (entry.title, *entry.lines))


def made_on_paper_or_by_phone(post: Post) -> int:
    with post.rt.db.reading() as session:
        return (session.scalar(select(func.count()).select_from(CallTask)) or 0) + (
            session.scalar(select(func.count()).select_from(PaperLetter)) or 0)


@pytest.mark.parametrize(("address", "reason", "words"), [
    (None, "no_address", "There is no email address on file."), ("", "no_address", "There is no email address"),
    ("not an address", "bounced", "refused the address"), ("daniel@", "bounced", "refused the address"),
    ("@mail.example", "bounced", "refused the address"), ("a b@mail.example", "bounced", "refused the address"),
    ("a@mail.example, b@mail.example", "bounced", "refused the address"),
    ("x" * 65 + "@mail.example", "bounced", "refused the address"),
    ("daniel@mail..example", "bounced", "refused the address"),
    ("daniel@mail.example\r\nBcc: all@evil.example", "unsafe", "must not stand in an email"),
])
def test_an_address_that_is_none_gets_nothing_and_says_why(
        post: Post, address: str | None, reason: str, words: str) -> None:
    post.change(post.debtor, email=address)
    post.remind()
    post.deliver()
    assert post.inbox() == []
    (kept,) = post.all()
    assert kept.state in ("skipped", "failed") and kept.reason == reason
    assert words in told(post)


def test_a_cadence_waits_for_an_address_and_goes_on_when_there_is_one(post: Post) -> None:
    post.change(post.debtor, email=None, phone=None)
    begin(post)
    go_on(post, hours=72, step=4)
    assert post.inbox() == [] and reasons(post) == {"held:no_address"}
    assert told(post).count("There is no email address on file.") == 1, "told once, not every day"
    assert "Reminder step waits: email (friendly) for ASD-30418" in told(post)
    post.change(post.debtor, email="daniel@mail.example")
    # It was Friday noon; the step is looked at on Saturday, and the business writes on Monday.
    go_on(post, hours=72, step=4)
    assert len(post.inbox()) == 1


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "../../etc/passwd", "PST8PDT-nonsense"])
def test_an_unknown_timezone_is_day_everywhere_they_may_be(post: Post, timezone: str) -> None:
    post.change(post.debtor, timezone=timezone)
    post.clock.now = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
    begin(post)
    for _ in range(24):
        go_on(post, hours=1)
        if post.inbox():
            break
    at = post.all()[0].sent_at
    assert at is not None
    for zone in ("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"):
        assert 8 <= at.astimezone(ZoneInfo(zone)).hour < 21, zone


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1), timedelta(days=9)])
def test_a_clock_set_back_repeats_nothing(post: Post, back: timedelta) -> None:
    begin(post)
    go_on(post, hours=24, step=4)
    assert len(post.inbox()) == 1
    post.clock.now -= back
    go_on(post, hours=int(back.total_seconds() // 3600), step=4 if back.days else 1)
    assert len(post.inbox()) == 1
    go_on(post, hours=8 * 24, step=6)
    sent = [message for message in post.all() if message.state == "sent"]
    assert len(post.inbox()) == len(sent) == 2
    assert len({message.message_id for message in sent}) == len({message.key for message in sent}) == 2


@pytest.mark.parametrize("eve", [datetime(2027, 3, 13, 22, 0, tzinfo=OREGON), datetime(2026, 10, 31, 22, 0,
                                                                                       tzinfo=OREGON)])
def test_when_clocks_are_set_an_email_that_waited_for_morning_leaves_in_the_morning(post: Post, eve: datetime) -> None:
    post.clock.now = eve.astimezone(UTC)
    post.remind()
    go_on(post, hours=14)
    (message,) = post.all()
    assert message.sent_at is not None
    local = message.sent_at.astimezone(OREGON)
    assert (local.hour, local.date()) == (8, message.local_day) and len(post.inbox()) == 1


def test_a_reader_who_is_somebody_else_stops_letters_and_calls_too(db: Database, mailbox: Mailbox,
                                                                  tmp_path: Path) -> None:
    post = make_post(db, mailbox, tmp_path, debtor={"postal_address": "12 Fern Lane\nSalem, OR 97301"})
    begin(post)
    # Three emails have left, and the next steps are a call and two letters.
    go_on(post, hours=22 * 24, step=12)
    assert len(post.inbox()) == 3 and made_on_paper_or_by_phone(post) == 0
    link = next(url for url in post.inbox()[-1]["links"] if "/not-me/" in url)
    not_me.say(post.rt, link.rpartition("/")[2])
    go_on(post, hours=40 * 24, step=12)
    assert len(post.inbox()) == 3 and made_on_paper_or_by_phone(post) == 0
    assert "held:wrong_person" in reasons(post)
    assert "The reader of this address said it is not them." in told(post)
    with post.rt.db.transaction() as session:
        debtor = session.get_one(Debtor, post.debtor.id)
        debtor.email, debtor.email_state = "right@mail.example", "ok"
    go_on(post, hours=30 * 24, step=12)
    assert made_on_paper_or_by_phone(post) >= 2, "once somebody has looked, they are called and written to"


def test_every_email_that_did_not_leave_has_its_reason(post: Post) -> None:
    for change in ({"opted_out_at": NOON}, {"opted_out_at": None, "email_state": "bounced"}, {"email_state": "ok"}):
        post.change(post.debtor, **change)
        post.remind(f"step-{len(post.all())}")
    post.deliver()
    assert [(message.state, message.reason) for message in post.all()] == [
        ("skipped", "opted_out"), ("skipped", "bounced"), ("sent", "clear")]
