"""A cadence from the first note to the last notice: the right step on the right day, once, and why not otherwise."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.cadences import TONES
from portal.domain.errors import Refusal
from portal.models import CallTask, Consent, Debtor, Hold, Invoice, Message, PaperLetter, ReminderTrack, StepOutcome
from portal.services import bookkeeping, cadences, reminder_sweep
from portal.services.audit import COMMAND_LINE
from portal.services.bookkeeping import Part
from tests.cast import NOON, make_invoice
from tests.messages.conftest import Post


def begin(post: Post, preset: str = "standard") -> int:
    cadences.track_new(post.rt)
    return cadences.switch_on(post.rt, post.business.slug, preset, actor=COMMAND_LINE)


def day_passes(post: Post, *, hours: int = 24, step: int = 1) -> None:
    """Let time go by in steps of some hours, with everything that works by itself."""
    for _ in range(hours // step):
        post.clock.pass_time(hours=step)
        while reminder_sweep.sweep(post.rt):
            pass
        post.deliver()


def outcomes(post: Post) -> list[tuple[str, str]]:
    with post.rt.db.reading() as session:
        return [(row.outcome, row.reason) for row in session.scalars(select(StepOutcome).order_by(StepOutcome.id))]


def test_one_hundred_days_bring_each_step_once_and_kindly(post: Post) -> None:
    assert begin(post) == 1
    for _ in range(100):
        day_passes(post, step=6)
    sent = [message for message in post.all() if message.kind == "reminder"]
    assert [message.state for message in sent] == ["sent"] * 5
    # Due since October 21: the first is friendly all the same, and none comes sooner than its series says.
    days = [message.local_day for message in sent if message.local_day]
    assert days[0] == date(2026, 11, 10)
    # The sixteenth day is Thanksgiving.
    assert [(later - days[0]).days for later in days[:3]] == [0, 7, 17]
    bodies = [message.body_text for message in sent]
    assert "Perhaps it slipped by" in bodies[0] and "formal request" in bodies[-2] and "last notice" in bodies[-1]
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(CallTask)) == 1
        track = session.scalars(select(ReminderTrack)).one()
    assert (track.look_at, track.reason) == (None, "cadence_ended")
    assert {outcome for outcome, _ in outcomes(post)} == {"taken"}


def through(post: Post, days: int) -> None:
    for _ in range(days):
        day_passes(post, step=6)


def test_who_has_an_address_gets_letters_for_the_last_steps_and_both_wait_to_be_printed(post: Post) -> None:
    post.change(post.debtor, postal_address="9 Juniper Way\nBend")
    begin(post)
    through(post, 100)
    with post.rt.db.reading() as session:
        letters = session.scalars(select(PaperLetter).order_by(PaperLetter.id)).all()
        made = set(session.scalars(select(StepOutcome.made).where(StepOutcome.made.startswith("letter:"))))
    assert [(letter.kind, letter.state, letter.contents["invoices"]) for letter in letters] == [
        ("formal", "waiting", [post.invoice.id]), ("final", "waiting", [post.invoice.id])]
    assert made == {f"letter:{letter.public_id}" for letter in letters}
    assert len([message for message in post.all() if message.kind == "reminder"]) == 3


@pytest.mark.parametrize("changes", [{"email": None}, {"email_state": "bounced"}, {"opted_out_at": NOON}])
def test_whom_no_email_reaches_gets_letters_and_the_friendly_ones_first(post: Post, changes: dict[str, object]) -> None:
    post.change(post.debtor, postal_address="9 Juniper Way\nBend", phone=None, **changes)
    begin(post)
    through(post, 100)
    with post.rt.db.reading() as session:
        kinds = list(session.scalars(select(PaperLetter.kind).order_by(PaperLetter.id)))
    ranks = [TONES.index(kind) for kind in kinds]
    assert kinds[-2:] == ["formal", "final"] and ranks == sorted(ranks)
    assert kinds[0] in ("note", "friendly") and len(kinds) >= 5
    assert post.inbox() == []


def test_who_said_no_to_letters_and_calls_is_written_to_by_email_and_not_called(post: Post) -> None:
    post.change(post.debtor, postal_address="9 Juniper Way\nBend")
    with post.rt.db.transaction() as session:
        for channel, words in (("letter", (True, False)), ("phone", (False,))):
            for given in words:
                session.add(Consent(business_id=post.business.id, debtor_id=post.debtor.id, channel=channel,
                                    given=given, source="staff", at=post.clock()))
                session.flush()
    begin(post)
    through(post, 100)
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(PaperLetter)) == 0
        assert session.scalar(select(func.count()).select_from(CallTask)) == 0
    assert len([message for message in post.all() if message.kind == "reminder"]) == 6


def test_a_pause_of_all_reminders_keeps_letters_and_calls_back_too(post: Post) -> None:
    post.change(post.debtor, postal_address="9 Juniper Way\nBend")
    begin(post)
    through(post, 20)
    post.change(post.business, paused_at=post.clock())
    before = len(post.all())
    through(post, 60)
    with post.rt.db.reading() as session:
        made = session.scalar(select(func.count()).select_from(PaperLetter))
        calls = session.scalar(select(func.count()).select_from(CallTask))
    assert (len(post.all()), made, calls) == (before, 0, 0) and outcomes(post)[-1] == ("held", "paused")


def test_nothing_leaves_before_the_cadence_is_switched_on_or_after_it_was_switched_off(post: Post) -> None:
    cadences.track_new(post.rt)
    day_passes(post)
    assert post.all() == []
    begin(post)
    cadences.switch_off(post.rt, post.business.slug, actor=COMMAND_LINE)
    day_passes(post, hours=48)
    assert post.all() == []


def test_a_step_waits_for_the_morning_of_the_debtor(post: Post) -> None:
    post.clock.now = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
    begin(post)
    reminder_sweep.sweep(post.rt)
    assert post.all() == []
    day_passes(post, hours=8)
    (message,) = post.all()
    assert message.state == "sent" and message.sent_at is not None and message.sent_at.hour == 16


def test_a_hold_keeps_a_step_back_and_says_why_once(post: Post) -> None:
    with post.rt.db.transaction() as session:
        session.add(Hold(business_id=post.business.id, debtor_id=post.debtor.id, invoice_id=post.invoice.id,
                         reminders=True, cause="dispute", starts_at=post.clock() - timedelta(days=1)))
    begin(post)
    for _ in range(5):
        day_passes(post, step=6)
    assert post.all() == [] and outcomes(post) == [("held", "held")]
    with post.rt.db.transaction() as session:
        session.scalars(select(Hold)).one().released_at = post.clock()
    day_passes(post, hours=30)
    assert [message.state for message in post.all()] == ["sent"]


def test_who_opted_out_is_never_written_to_and_the_reason_is_kept(post: Post) -> None:
    post.change(post.debtor, opted_out_at=post.clock())
    begin(post)
    for _ in range(4):
        day_passes(post, step=6)
    assert post.all() == [] and outcomes(post) == [("held", "opted_out")]


def test_two_invoices_make_one_email_a_day_in_the_firmest_tone(post: Post) -> None:
    with post.rt.db.transaction() as session:
        make_invoice(session, post.debtor, 90_00, due_on=date(2026, 11, 1), now=post.clock())
    assert begin(post) == 2
    day_passes(post, hours=24)
    (message,) = post.all()
    assert "2 of your invoices" in message.body_text
    with post.rt.db.reading() as session:
        made = set(session.scalars(select(StepOutcome.made)))
    assert made == {f"message:{message.public_id}"}


def test_who_paid_a_moment_before_is_not_asked(post: Post) -> None:
    begin(post)
    reminder_sweep.sweep(post.rt)
    (message,) = post.all()
    with post.rt.db.transaction() as session:
        bookkeeping.receive_outside(
            session, session.get_one(Debtor, post.debtor.id), [Part(session.get_one(Invoice, post.invoice.id), 453_00)],
            channel="cash", amount=453_00, reference="", received_at=post.clock(), now=post.clock(), number="P-1")
    post.deliver()
    assert [(row.state, row.reason) for row in post.all() if row.id == message.id] == [("skipped", "nothing_left")]


def test_two_workers_at_once_take_a_step_once(post: Post) -> None:
    begin(post)
    workers = [threading.Thread(target=reminder_sweep.sweep, args=(post.rt,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert session.scalar(select(func.count()).select_from(StepOutcome)) == 1


def test_another_cadence_goes_on_from_where_the_first_one_stood(post: Post) -> None:
    begin(post, "firm")
    for _ in range(20):
        day_passes(post, step=6)
    before = len(post.all())
    assert before >= 3
    cadences.switch_on(post.rt, post.business.slug, "gentle", actor=COMMAND_LINE)
    day_passes(post, hours=2)
    # The gentle series has a friendly step on day 4 too; whoever heard a firm word is not greeted anew.
    assert len(post.all()) == before


def test_an_unknown_business_is_said_so(post: Post) -> None:
    with pytest.raises(Refusal) as refused:
        cadences.switch_on(post.rt, "nobody", "gentle", actor=COMMAND_LINE)
    assert refused.value.code == "unknown_business"
