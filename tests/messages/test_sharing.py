"""Several workers take one sweep together, and a debtor whose steps cannot be taken stops nobody else's."""

from __future__ import annotations

import threading
from datetime import date, timedelta

from sqlalchemy import func, select

from portal.models import CadenceStep, Debtor, Message, ReminderTrack, StepOutcome
from portal.services import reminder_sweep
from tests.cast import make_debtor, make_invoice
from tests.messages.conftest import Post
from tests.messages.test_cadence import begin


def crowd(post: Post, many: int) -> list[int]:
    """Let more debtors owe something; gives everybody's ids."""
    with post.rt.db.transaction() as session:
        for _ in range(many):
            make_invoice(session, make_debtor(session, post.business), 50_00, now=post.clock())
    with post.rt.db.reading() as session:
        return list(session.scalars(select(Debtor.id).order_by(Debtor.id)))


def written(post: Post) -> list[int | None]:
    with post.rt.db.reading() as session:
        return list(session.scalars(select(Message.debtor_id).order_by(Message.debtor_id)))


def test_shares_hold_everybody_who_is_due_once(post: Post) -> None:
    everybody = crowd(post, 10)
    begin(post)
    shares = reminder_sweep.shares(post.rt, 4)
    assert [sum(first <= one <= last for one in everybody) for first, last in shares] == [4, 4, 3]
    assert sum(reminder_sweep.sweep_share(post.rt, first, last) for first, last in shares) == 11
    assert written(post) == everybody
    assert reminder_sweep.shares(post.rt) == []
    # A share that is told twice, or too late, finds nothing.
    assert reminder_sweep.sweep_share(post.rt, *shares[0]) == 0


def test_workers_that_take_all_shares_at_once_write_to_each_debtor_once(post: Post) -> None:
    everybody = crowd(post, 30)
    begin(post)
    first, last = everybody[0], everybody[-1]
    shares = [(first, last), (first, everybody[14]), (everybody[15], last), (first, last)]
    workers = [threading.Thread(target=reminder_sweep.sweep_share, args=(post.rt, *share)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Whoever was in another worker's hand is still due, and is found by the next look.
    while reminder_sweep.sweep(post.rt):
        pass
    assert written(post) == everybody
    with post.rt.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(StepOutcome)) == len(everybody)


def test_a_debtor_whose_steps_cannot_be_taken_rests_and_stops_nobody(post: Post) -> None:
    crowd(post, 3)
    with post.rt.db.transaction() as session:
        broken = make_debtor(session, post.business)
        # No day lies two days after this one.
        invoice = make_invoice(session, broken, 50_00, due_on=date.max, now=post.clock())
    begin(post)
    with post.rt.db.transaction() as session:
        track = session.get_one(ReminderTrack, invoice.id)
        track.look_at, track.step_id = post.clock(), _first_step(post)
        track.step_on = post.clock().date()
    assert reminder_sweep.sweep(post.rt) == 5
    assert broken.id not in written(post) and len(written(post)) == 4
    with post.rt.db.reading() as session:
        track = session.get_one(ReminderTrack, invoice.id)
    assert (track.reason, track.look_at) == ("not_ready", post.clock() + timedelta(days=1))
    assert reminder_sweep.sweep(post.rt) == 0


def _first_step(post: Post) -> int:
    with post.rt.db.reading() as session:
        return session.scalars(select(CadenceStep.id).order_by(CadenceStep.day)).first() or 0
