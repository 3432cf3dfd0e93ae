"""A year of a thousand debtors in an hour's third: every email of it is judged by somebody who knows only the promises.

The sweep, the last look and the sending are the real ones, through a real mail server; the clock alone is moved, a few
hours at a time. In between people pay, object, move, stop the emails and bounce, also in the moment between a step and
its email. The mail server is away for an hour now and then, and once the clock is set back.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select

from portal.jobs.registry import JOBS, Job
from portal.models import Message, ReminderTrack, StepOutcome
from portal.runtime import Runtime
from portal.services import cadences, delivery
from portal.services.audit import COMMAND_LINE
from proofs.harness import Databases, Figures, Steps, say
from proofs.postbox import Postbox, serving
from proofs.reminder_checker import Checker, Row
from proofs.reminder_world import HOUSES, World
from sandbox.mailbox.smtp import SmtpServer
from tests.cast import Clock, make_runtime

SEED = 5
BEGIN = datetime(2026, 11, 10, 0, 0, tzinfo=UTC)
PEOPLE, DAYS = 1_000, 365
FEW_PEOPLE, FEW_DAYS = 150, 130
# A year in stretches that end at other minutes each time, so that every hour of a day is met.
STRETCHES = 8
# What asks Stripe, or forgets what was never there, has no part in this.
NOT_ASKED = {"fetch_from_stripe", "ask_stripe", "send_refunds", "catch_up_events", "catch_up_all_events",
             "count_dashboards", "forget_payloads", "forget_import_files", "deliver_messages"}
MOST_ROUNDS = 1_000
# Whoever waits longer than this for a look is not waiting for anything any more.
FORGOTTEN = timedelta(days=2)


def run(database: str, quick: bool) -> Figures:
    """Let the year pass; gives what left, what of it was wrong, and what has no reason."""
    people, days = (FEW_PEOPLE, FEW_DAYS) if quick else (PEOPLE, DAYS)
    clock = Clock(BEGIN)
    box = Postbox(clock)
    with Databases(database) as made, made.opened() as db, serving(box) as server:
        rt = make_runtime(db, made.folder, clock, smtp_port=server.port, log_level="ERROR")
        world = World(rt, clock, server, SEED, people=people, days=days)
        for business, house in zip(world.businesses, HOUSES, strict=True):
            cadences.switch_on(rt, business.slug, house["preset"], actor=COMMAND_LINE)
        checker = Checker()
        Year(rt, clock, world, box, server, checker).pass_by(days)
        tries = sum(max(0, count - 1) for count in world.refused.tries.values())
        checker.wrong["bounced"] += tries
        figures = _reasons(rt)
    say(f"wrong by reason: {dict(checker.wrong)}")
    return {"simulated_debtor_years": people * days // 365, "simulated_debtors": people,
            "messages_sent": checker.asked, "messages_debtors_written_to": len(checker.written_to),
            "messages_wrongly_sent": sum(checker.wrong.values()), **figures}


class Year:
    """Lets time pass with everything that works by itself."""

    def __init__(self, rt: Runtime, clock: Clock, world: World, box: Postbox, server: SmtpServer,
                 checker: Checker) -> None:
        self._rt, self._clock, self._world = rt, clock, world
        self._box, self._server, self._checker = box, server, checker
        self._dice = random.Random(SEED)
        self._judged = 0
        self._jobs = [job for job in JOBS if job.name not in NOT_ASKED]

    def pass_by(self, days: int) -> None:
        """Let so many days pass."""
        steps = Steps("days", days)
        for day in range(days):
            for stretch in range(STRETCHES):
                self._move_to(BEGIN + timedelta(days=day, hours=24 / STRETCHES * stretch,
                                                minutes=self._dice.uniform(0, 60 * 24 / STRETCHES - 1)),
                              everything=stretch == 0)
            if day == days // 2:
                # Somebody sets the clock of the machine back, and it is noticed two hours later.
                self._clock.pass_time(hours=-2)
                self._work(everything=False)
                self._clock.pass_time(hours=2)
            steps.step()

    def _move_to(self, moment: datetime, *, everything: bool) -> None:
        before, self._clock.now = self._clock.now, moment
        between = before + (moment - before) * 0.8
        self._world.happen(between)
        self._work(everything=everything, until=moment)

    def _work(self, *, everything: bool, until: datetime | None = None) -> None:
        self._run([job for job in self._jobs if everything or job.every_seconds < 3600])
        if until is not None:
            # What happens now happens after a step was taken and before its email leaves.
            self._world.happen(until)
        if self._dice.random() < 0.01:
            self._server.down()
            delivery.deliver_due(self._rt)
            self._server.up()
        if self._dice.random() < 0.02:
            self._server.faults.temporary = 3
        for _ in range(MOST_ROUNDS):
            if not delivery.deliver_due(self._rt):
                break
        self._judge()

    def _run(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            for _ in range(MOST_ROUNDS):
                if not job.run(self._rt) or job.sweep:
                    break

    def _judge(self) -> None:
        fresh = self._box.taken[self._judged:]
        self._judged += len(fresh)
        if not fresh:
            return
        with self._rt.db.reading() as session:
            rows = {row.message_id: row for row in session.scalars(
                select(Message).where(Message.message_id.in_([mail.message_id for mail in fresh])))}
            steps: dict[str, set[tuple[int, int]]] = defaultdict(set)
            for made, invoice_id, step_id in session.execute(
                    select(StepOutcome.made, StepOutcome.invoice_id, StepOutcome.step_id)
                    .where(StepOutcome.made.in_([f"message:{row.public_id}" for row in rows.values()]))):
                steps[made].add((invoice_id, step_id))
        for mail in fresh:
            row = rows.get(mail.message_id)
            person = self._world.by_debtor.get(row.debtor_id or 0) if row else None
            self._checker.judge(mail, _told(row, steps), person)
        # A year of emails would fill the memory.
        self._box.forget()
        self._judged = 0


def _told(row: Message | None, steps: Mapping[str, set[tuple[int, int]]]) -> Row | None:
    return Row(row.message_class, frozenset(steps.get(f"message:{row.public_id}", ()))) if row else None


def _reasons(rt: Runtime) -> Figures:
    """Count what was decided, and what of it nobody could explain afterwards."""
    long_due = rt.now() - FORGOTTEN
    with rt.db.reading() as session:
        def count(*where: object, of: type = Message) -> int:
            return session.scalar(select(func.count()).select_from(of).where(*where)) or 0  # type: ignore[arg-type]

        silent = (count(Message.reason == "") + count(StepOutcome.reason == "", of=StepOutcome)
                  + count(ReminderTrack.look_at.is_(None), ReminderTrack.reason == "", of=ReminderTrack)
                  + count(ReminderTrack.look_at < long_due, of=ReminderTrack)
                  + count(Message.state == "queued", Message.due_at < long_due))
        decided = count() + count(of=StepOutcome) + count(of=ReminderTrack)
        not_sent = count(or_(Message.state == "skipped", Message.state == "failed"))
        held = count(StepOutcome.outcome == "held", of=StepOutcome)
        twice = len(session.execute(
            select(StepOutcome.invoice_id).where(StepOutcome.outcome == "taken")
            .group_by(StepOutcome.invoice_id, StepOutcome.step_id).having(func.count() > 1)).all())
    return {"messages_without_reason": silent, "messages_decided": decided, "messages_not_sent": not_sent,
            "messages_steps_held": held, "messages_steps_twice": twice}
