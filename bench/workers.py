"""One Celery worker and two, each on a machine of its own as far as the network goes, before the same reminder sweep.

Two network namespaces stand for the machines; PostgreSQL and Redis are of our own and are reached over their links
alone. Where namespaces cannot be made, the figure says so in words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update

from bench import sweep, turns
from portal.db import Database
from portal.domain.policy import Policy
from portal.jobs.celery_app import QUEUE, create_celery
from portal.models import Business, Debtor, Message, PolicyVersion, ReminderTrack
from proofs import crew
from proofs.harness import Figures, environment, process, say, wait_for
from proofs.load import own_postgres
from tests.cast import make_settings

INVOICES, DUE = 40_000, 20_000
FEW_INVOICES, FEW_DUE = 8_000, 4_000
MOST_ROUNDS = 3
FIGURE = "workers_2_vs_1"
LONGEST_SECONDS = 600
# As often as the beat would tell them.
BEAT_SECONDS = 30
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
# Of 10.0.0.0/8 a corner that is rarely taken; each link is a network of its own.
LINKS = ("10.231.77.1", "10.231.77.5")


class CannotTellError(Exception):
    """This machine does not let us make network namespaces."""


@dataclass(frozen=True)
class Machine:
    """One namespace: its name, and the address under which it reaches us."""

    name: str
    host: str


def two_beside_one(rounds: int) -> Figures:
    """How much sooner two workers are done than one; 2 would be twice as fast."""
    quick = rounds <= 3
    try:
        with machines() as made:
            return _measure(made, rounds, quick=quick)
    except CannotTellError as reason:
        say(f"{FIGURE} was not measured: {reason}")
        return {FIGURE: f"not measured: {reason}"}


@contextmanager
def machines() -> Iterator[list[Machine]]:
    """Make two network namespaces, each with a link to us and nothing else; gone at the end."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise CannotTellError("network namespaces need root and iproute2")
    with ExitStack() as undo:
        made = []
        for number, host in enumerate(LINKS):
            name, link = f"portal-{os.getpid()}-{number}", f"pl{os.getpid() % 100_000}-{number}"
            inner = host.rsplit(".", 1)[0] + f".{int(host.rsplit('.', 1)[1]) + 1}"
            _ip("netns", "add", name)
            undo.callback(_gone, "netns", "del", name)
            _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
            undo.callback(_gone, "link", "del", link)
            _ip("addr", "add", f"{host}/30", "dev", link)
            _ip("link", "set", link, "up")
            _ip("-n", name, "addr", "add", f"{inner}/30", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            made.append(Machine(name, host))
        yield made


def _ip(*words: str) -> None:
    ended = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CannotTellError(f"ip {' '.join(words)}: {ended.stderr.strip()}")


def _gone(*words: str) -> None:
    with suppress(CannotTellError):
        _ip(*words)


def _measure(made: Sequence[Machine], rounds: int, *, quick: bool) -> Figures:
    hosts, due = [machine.host for machine in made], FEW_DUE if quick else DUE
    with own_postgres([crew.LOOPBACK, *hosts]) as server, crew.redis(*hosts) as broker:
        db = Database(server.url)
        say("writing invoices")
        sweep.furnish(db, FEW_INVOICES if quick else INVOICES, due, NEVER)
        _write_at_any_hour(db)
        port = broker.rpartition(":")[2]
        with ExitStack() as stack:
            for machine in made:
                env = environment(server.url_at(machine.host), celery_broker_url=f"redis://{machine.host}:{port}")
                command = ["ip", "netns", "exec", machine.name, *crew.worker(machine.name)]
                stack.enter_context(process(command, env))
            race = _Race(db, create_celery(make_settings(celery_broker_url=broker)), len(made), due // sweep.DUE_OF_ONE)
            race.seconds(2)
            figures = turns.ratio(FIGURE, lambda _: race.seconds(1), lambda _: race.seconds(2),
                                  min(rounds, MOST_ROUNDS))
        db.dispose()
    return {**figures, "workers_due": due, "workers_processors": os.cpu_count() or 0}


def _write_at_any_hour(db: Database) -> None:
    """Workers go by the real clock: the business writes today, and at whatever hour this is measured."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        business = session.scalars(select(Business)).one()
        business.country, business.timezone = crew.open_country(now.date()), "UTC"
        session.execute(update(Debtor).values(timezone="UTC"))
        rules = Policy(quiet_from_hour=0, quiet_until_hour=0).as_rules()
        session.add(PolicyVersion(business_id=business.id, version=2, rules=rules, created_at=now))


class _Race:
    """Lets so many of the workers do all that is due."""

    def __init__(self, db: Database, celery: Any, workers: int, debtors: int) -> None:
        self._db, self._celery, self._debtors = db, celery, debtors
        self._names = sorted(wait_for("the workers to answer", lambda: self._answering(workers), seconds=90))

    def _answering(self, workers: int) -> list[str]:
        found = [name for answer in self._celery.control.ping(timeout=2) for name in answer]
        return found if len(found) == workers else []

    def seconds(self, workers: int) -> float:
        """Put the work back, and tell how long so many workers take."""
        sweep.again(self._db, NEVER)
        control = self._celery.control
        control.cancel_consumer(QUEUE, destination=self._names[workers:], reply=True, timeout=5)
        control.add_consumer(QUEUE, destination=self._names[:workers], reply=True, timeout=5)
        began, told = time.monotonic(), 0.0
        while self._due():
            if time.monotonic() - began > LONGEST_SECONDS:
                raise AssertionError("the workers did not come to an end")
            if time.monotonic() - told > BEAT_SECONDS:
                told = time.monotonic()
                self._celery.send_task("portal.remind")
            time.sleep(0.05)
        took = time.monotonic() - began
        self._check()
        say(f"{workers} of {len(self._names)} workers: {took:.1f} s")
        return took

    def _check(self) -> None:
        """Each debtor was written to once, whoever did it."""
        with self._db.reading() as session:
            rows, debtors = session.execute(select(
                func.count(), func.count(Message.debtor_id.distinct())).select_from(Message)).one()
        if rows != debtors or rows != self._debtors:
            raise AssertionError(f"{rows} emails to {debtors} of {self._debtors} debtors")

    def _due(self) -> bool:
        with self._db.reading() as session:
            return session.scalar(
                select(ReminderTrack.invoice_id).where(ReminderTrack.look_at <= datetime.now(UTC)).limit(1)) is not None
