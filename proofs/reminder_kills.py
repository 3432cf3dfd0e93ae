"""Workers killed with SIGKILL while thousands of reminders are queued and sent: none is lost, none goes out as two.

On PostgreSQL two Celery workers share the work, on SQLite the worker of one machine does it. Half of the kills fall
right after the mail server has kept a message and before the worker hears of it, which is the worst moment there is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.ledger import RECEIVABLE
from portal.domain.policy import Policy
from portal.models import Debtor, Invoice, InvoiceLine, LedgerAccount, Message
from portal.services import cadences
from portal.services.audit import COMMAND_LINE
from proofs import crew
from proofs.crew import Crew
from proofs.harness import Databases, Figures, Steps, environment, say
from proofs.postbox import Postbox, serving
from tests.cast import make_business, make_runtime

MANY, FEW = 5_000, 300
# Kills while steps are taken, while messages leave, and in the moment between the server's keeping and its answer.
KILLS, FEW_KILLS = (6, 10, 10), (2, 2, 3)
PATIENCE_SECONDS = 20 * 60
# After so long without any message, only leases of the dead keep the rest waiting; after so long, nobody will send it.
STANDSTILL_SECONDS, HOPELESS_SECONDS = 8, 120



def run(database: str, quick: bool) -> Figures:
    """Queue and send as many reminders as there are debtors, killing workers all the while."""
    many = FEW if quick else MANY
    box = Postbox()
    with Databases(database) as made, made.fresh() as url, serving(box) as server:
        db = Database(url)
        addresses = _furnish(db, made.folder, many)
        env = environment(url, smtp_port=str(server.port), mail_safe_mode="false",
                          files_dir=str(made.folder / "files"))
        with _crew(database, env, made.folder) as workers:
            reaper = Reaper(db, box, workers, FEW_KILLS if quick else KILLS, many)
            reaper.run()
        figures = _judge(db, box, addresses)
        db.dispose()
    return {"worker_kills": workers.kills, "worker_kills_before_the_answer": reaper.aimed_kills, **figures}


@contextmanager
def _crew(database: str, env: dict[str, str], folder: Path) -> Iterator[Crew]:
    if database == "sqlite":
        with crew.of_one_machine(env, folder / "workers.log") as workers:
            yield workers
    else:
        with crew.of_celery(env, folder) as workers, workers:
            yield workers


def _furnish(db: Database, folder: Path, many: int) -> set[str]:
    """One business that writes today at any hour, whose debtors all owe something; gives their addresses."""
    now = datetime.now(UTC)
    rt = replace(make_runtime(db, folder), clock=lambda: now)
    with db.transaction() as session:
        business = make_business(session, timezone="UTC", country=crew.open_country(now.date()),
                                 policy=Policy(quiet_from_hour=0, quiet_until_hour=0))
    with db.transaction() as session:
        addresses = _owing(session, business.id, many, now)
    while cadences.track_new(rt):
        pass
    cadences.switch_on(rt, business.slug, "standard", actor=COMMAND_LINE)
    return addresses


def _owing(session: Session, business_id: int, many: int, now: datetime) -> set[str]:
    """Write debtors with an invoice each, a table at a time: one by one it would take longer than sending them mail."""
    due = now.date() - timedelta(days=12)
    session.execute(insert(Debtor), [{
        "business_id": business_id, "number": f"K-{number}", "kind": "consumer", "name": f"Debtor {number}",
        "email": f"k{number}@debtor.example", "country": "US", "locale": "en", "timezone": "UTC", "created_at": now}
        for number in range(many)])
    debtors = session.execute(select(Debtor.id, Debtor.email).order_by(Debtor.id)).all()
    session.execute(insert(Invoice), [{
        "business_id": business_id, "debtor_id": id, "number": f"KI-{id}", "title": "Work", "issued_on": due,
        "due_on": due, "currency": "USD", "total_minor": 90_00, "created_at": now} for id, _ in debtors])
    invoices = session.execute(select(Invoice.id, Invoice.debtor_id)).all()
    session.execute(insert(InvoiceLine), [{
        "business_id": business_id, "invoice_id": id, "position": 0, "description": "Work", "amount_minor": 90_00}
        for id, _ in invoices])
    session.execute(insert(LedgerAccount), [{
        "business_id": business_id, "kind": RECEIVABLE, "currency": "USD", "owner": f"invoice:{id}", "debtor_id": of,
        "invoice_id": id, "due_on": due, "debits": 90_00, "credits": 0} for id, of in invoices])
    return {email for _, email in debtors if email}


class Reaper:
    """Kills workers as the work goes on, and sees to it that all of it gets done in the end."""

    def __init__(self, db: Database, box: Postbox, workers: Crew, kills: tuple[int, int, int], many: int) -> None:
        self._db, self._box, self._workers, self._many = db, box, workers, many
        self._dice = random.Random(11)
        while_taking, while_sending, aimed = kills
        places = range(many // 20, many * 9 // 10)
        self._at_rows = sorted(self._dice.sample(range(1, many * 3 // 4), while_taking))
        self._at_sent = sorted(self._dice.sample(places, while_sending))
        self._aimed = set(self._dice.sample(places, aimed))
        self._killed_at = -1
        self.aimed_kills = 0

    def run(self) -> None:
        """Go on until every message is settled."""
        self._box.before_answer = self._kill_before_the_answer
        steps, deadline, sent = Steps("reminders sent", self._many), time.monotonic() + PATIENCE_SECONDS, 0
        moved = time.monotonic()
        while True:
            rows, queued, free = self._counts()
            if rows >= self._many and not queued:
                return
            if time.monotonic() > min(deadline, moved + HOPELESS_SECONDS):
                say("the workers did not come to an end")
                return
            self._workers.start()
            self._kill_at_random(rows)
            fresh = len(self._box.by_address())
            if fresh > sent:
                moved = time.monotonic()
            elif queued and not free and time.monotonic() > moved + STANDSTILL_SECONDS:
                self._let_leases_run_out()
            steps.step(fresh - sent)
            sent = fresh
            time.sleep(0.05)

    def _kill_before_the_answer(self) -> None:
        """The server has kept the message; whoever sent it dies before it hears so."""
        reached = {moment for moment in self._aimed if len(self._box.taken) >= moment}
        if reached:
            self._aimed -= reached
            self.aimed_kills += sum([self._workers.kill(place) for place in range(len(self._workers))])

    def _kill_at_random(self, rows: int) -> None:
        done = rows + len(self._box.taken)
        for moments, reached in ((self._at_rows, rows), (self._at_sent, len(self._box.taken))):
            # Whoever did nothing since the last kill is not worth another.
            if moments and reached >= moments[0] and done > self._killed_at:
                del moments[0]
                time.sleep(self._dice.uniform(0.0, 0.3))
                if self._workers.kill(self._dice.randrange(len(self._workers))):
                    self._killed_at = self._counts()[0] + len(self._box.taken)
                return

    def _counts(self) -> tuple[int, int, int]:
        """How many messages there are, how many of them wait, and how many of those nobody has in hand."""
        waits = Message.state == "queued"
        with self._db.reading() as session:
            rows, queued, free = session.execute(select(
                func.count(), func.count().filter(waits),
                func.count().filter(waits, Message.leased_until.is_(None)))).one()
        return rows, queued, free

    def _let_leases_run_out(self) -> None:
        """Minutes in which nothing would happen are not waited for: what the dead had in hand is due at once."""
        with self._db.transaction() as session:
            session.execute(
                update(Message).where(Message.state == "queued", Message.leased_until.is_not(None))
                .values(leased_until=datetime(2020, 1, 1, tzinfo=UTC)).execution_options(synchronize_session=False))


def _judge(db: Database, box: Postbox, addresses: set[str]) -> Figures:
    with db.reading() as session:
        rows = session.execute(select(Message.to_address, Message.state)).all()
    found, sent = box.by_address(), {to for to, state in rows if state == "sent"}
    lost = {one for one in addresses if one not in sent or one not in found}
    names = sum(len(ids) for ids in found.values())
    doubled = names - len(found) + max(0, len(rows) - len({to for to, _ in rows}))
    for one in sorted(lost)[:3]:
        say(f"WRONG: {one} is lost: {[state for to, state in rows if to == one]}, {len(found.get(one, ()))} came")
    return {"messages_queued": len(rows), "messages_lost": len(lost), "messages_doubled": doubled,
            "messages_handed_over_again": len(box.taken) - names}
