"""The portal under load while its web workers, its job worker, its callers and its database are killed at random."""

from __future__ import annotations

import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.quotes import Choice
from portal.models import Payment, StripeEvent, StripeFetch
from portal.runtime import Runtime
from portal.services import payments, refunds
from portal.services.audit import Actor
from portal.services.refunds import RefundOrder
from proofs.harness import (
    Databases,
    Figures,
    ProofError,
    Remote,
    add_up,
    end,
    environment,
    free_port,
    say,
    stripe_process,
    web,
)
from proofs.killing import KILLED, in_child
from proofs.mended import Bench, judge, owing
from tests import databases
from tests.cast import Owed, make_business

# How long a job worker lives, beside the time it needs to start here: some die on the way, most with work in hand.
WORKER_LIVES = (-1.0, 8.0)
# Shorter than this, it is chance whether a job worker came to do anything.
SAYS_SOMETHING_SECONDS = 30
POSTGRES_BINARIES = "/usr/lib/postgresql/*/bin"


class Server:
    """A PostgreSQL server of our own, so that nobody else's is ever restarted."""

    def __init__(self, folder: Path, addresses: Sequence[str] = ("127.0.0.1",)) -> None:
        self.folder, self.port, self.addresses = folder, free_port(), addresses
        self.url = self.url_at("127.0.0.1")

    def url_at(self, address: str) -> str:
        """Give the database as it is reached by one of the server's addresses."""
        return f"postgresql://postgres@{address}:{self.port}/postgres"

    def command(self, program: str, *args: str) -> None:
        """Run one of PostgreSQL's programs; it refuses to serve as root, so root steps down first."""
        found = shutil.which(program) or next(iter(sorted(glob.glob(f"{POSTGRES_BINARIES}/{program}"))), None)
        if found is None:
            raise ProofError(f"PostgreSQL's {program} was not found")
        step_down = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*step_down, found, "-D", str(self.folder / "data"), *args], check=True, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        """Make the cluster and serve it."""
        self.command("initdb", "-A", "trust", "-U", "postgres")
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.writelines(f"host all all {address}/30 trust\n" for address in self.addresses)
        self.command("pg_ctl", "-w", "-o",
                     f"-p {self.port} -k {self.folder} -c listen_addresses={','.join(self.addresses)}",
                     "-l", str(self.folder / "log"), "start")

    def restart(self) -> None:
        """Pull the plug and start again; what was committed must be there."""
        self.command("pg_ctl", "-w", "-m", "immediate", "-l", str(self.folder / "log"), "restart")

    def stop(self) -> None:
        """End the server."""
        self.command("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def own_postgres(addresses: Sequence[str] = ("127.0.0.1",)) -> Iterator[Server]:
    """A migrated PostgreSQL cluster on a port of its own, for whoever is in these small networks; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="proof-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = Server(folder, addresses)
    try:
        server.start()
        databases.migrate(server.url)
        yield server
    finally:
        with suppress(subprocess.SubprocessError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def under_load(made: Databases, *, seconds: int, own_server: bool = False) -> Figures:
    """Pay, refund and hear of it all while everything is killed in turn; gives the kills and what was wrong after."""
    if own_server:
        with own_postgres() as server:
            return _under_load(made, server.url, seconds, server)
    with made.fresh() as url:
        return _under_load(made, url, seconds, None)


def _under_load(made: Databases, url: str, seconds: int, server: Server | None) -> Figures:
    port = free_port()
    with stripe_process(f"http://127.0.0.1:{port}", log=made.folder / "stripe.log") as stripe:
        bench = Bench(url, made.folder, stripe)
        with web(url, workers=2, threads=4, port=port, log=made.folder / "web.log",
                 stripe_api_base=stripe.url) as (_, master):
            load = Load(bench, master, server)
            load.run(seconds)
        fetched = _fetched(bench)
        lost = _acknowledged_but_lost(bench, stripe)
        figures = judge(bench)
    say(f"under load{' on a server that is killed' if server else ''}: {load.kills} kills among {load.acts} acts: "
        f"{load.tally}, {lost} lost, {figures}")
    if not fetched and seconds >= SAYS_SOMETHING_SECONDS:
        raise ProofError("the job worker never came to do anything, so killing it shows nothing")
    tally: Figures = {f"kills_of_{who}": count for who, count in load.tally.items()
                      if server is not None or who != "the_database"}
    return add_up(figures, {"kills": load.kills, "kills_lost_or_doubled": lost, "kills_acts_under_load": load.acts,
                            "kills_jobs_done_under_load": fetched}, tally)


def _fetched(bench: Bench) -> int:
    """What the job worker did while it was killed now and then; nobody else fetches from Stripe."""
    with bench.portal() as rt, rt.db.reading() as session:
        return session.scalar(
            select(func.count()).select_from(StripeFetch).where(StripeFetch.done_at.is_not(None))) or 0


class Load:
    """Acts of debtors and staff, each in a child of its own, and the killing of whoever serves them."""

    def __init__(self, bench: Bench, master: subprocess.Popen[bytes], server: Server | None) -> None:
        self._bench, self._master, self._server = bench, master, server
        self._random = random.Random(7)
        self._worker: subprocess.Popen[bytes] | None = None
        self._idle: list[Owed] = []
        self.kills = self.acts = 0
        self.tally = {"web_workers": 0, "job_workers": 0, "callers": 0, "the_database": 0}

    def run(self, seconds: int) -> None:
        """Keep going for so long."""
        with self._bench.portal() as rt, rt.db.transaction() as session:
            self._bench.business = make_business(session)
        starting = self._time_to_start()
        until, next_kill, worker_ends, said = time.monotonic() + seconds, 0.0, 0.0, time.monotonic()
        try:
            while time.monotonic() < until:
                self._act()
                if time.monotonic() > next_kill:
                    self._kill_somebody()
                    next_kill = time.monotonic() + self._random.uniform(0.2, 0.8)
                if time.monotonic() > worker_ends:
                    self._kill_worker()
                    worker_ends = time.monotonic() + starting + self._random.uniform(*WORKER_LIVES)
                if time.monotonic() - said > 10:
                    said = time.monotonic()
                    say(f"{self.acts} acts, {self.kills} kills")
        finally:
            if self._worker is not None:
                end(self._worker)

    def _act(self) -> None:
        self.acts += 1
        if not self._idle:
            with self._bench.portal() as rt:
                self._idle = owing(rt, self._bench.business, 20)
        kind = self._random.random()
        if kind < 0.75:
            owed = self._idle.pop()
            self._in_child(lambda rt: payments.start_checkout(
                rt, owed.access, Choice("USD"), expected_total_minor=100_00))
            self._press(owed)
        else:
            self._in_child(self._refund)

    def _press(self, owed: Owed) -> None:
        """Whoever got a page pays on it, as far as the portal kept it; a lost page is left alone."""
        with self._bench.portal() as rt, rt.db.reading() as session:
            page = session.scalars(select(Payment.checkout_session).where(Payment.debtor_id == owed.debtor.id)).first()
        if page:
            self._bench.stripe.do("press", session=page, outcome="pay")

    def _refund(self, rt: Runtime) -> None:
        with rt.db.reading() as session:
            ids = list(session.scalars(select(Payment.public_id).where(
                Payment.captured_minor > Payment.returned_minor, Payment.payment_intent.is_not(None)).limit(20)))
        if ids:
            chosen = self._random.choice(ids)
            refunds.refund(rt, RefundOrder(self._bench.business.id, chosen, 20_00, "reopen", Actor("cli")))

    def _in_child(self, work: Any) -> None:
        """Half of all callers are killed somewhere on their way."""
        def act() -> None:
            with self._bench.portal() as rt, suppress(Refusal):
                work(rt)
        doomed = self._random.uniform(0.005, 0.12) if self._random.random() < 0.5 else None
        if in_child(act, kill_after=doomed) == KILLED:
            self._count("callers")

    def _kill_somebody(self) -> None:
        dice = self._random.random()
        if self._server is not None and dice < 0.2:
            self._server.restart()
            self._count("the_database")
        else:
            self._kill_web()

    def _kill_web(self) -> None:
        """Kill one of gunicorn's workers; its master starts another."""
        children = Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children").read_text().split()
        if children:
            with suppress(ProcessLookupError):
                os.kill(int(self._random.choice(children)), signal.SIGKILL)
                self._count("web_workers")

    def _kill_worker(self) -> None:
        """Kill the job worker and start another."""
        if self._worker is not None:
            os.killpg(self._worker.pid, signal.SIGKILL)
            self._worker.wait(10)
            self._count("job_workers")
        self._worker = self._start_worker()

    def _start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "work", *options]
        env = environment(self._bench.url, stripe_api_base=self._bench.stripe.url)
        return subprocess.Popen(command, env=env, start_new_session=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _time_to_start(self) -> float:
        """How long a job worker needs on this machine until it has looked once for work, in seconds."""
        began = time.monotonic()
        once = self._start_worker("--once")
        try:
            once.wait(120)
        finally:
            end(once)
        return time.monotonic() - began

    def _count(self, who: str) -> None:
        self.kills += 1
        self.tally[who] += 1


def _acknowledged_but_lost(bench: Bench, stripe: Remote) -> int:
    """Events that were answered with 200 and are not in the books: there must be none."""
    with suppress(ProofError):
        stripe.do("wait_idle", timeout=1.0)
    missed = {row["event_id"] for row in stripe.do("undelivered")}
    taken = {event["id"] for event in stripe.do("events")} - missed
    db = Database(bench.url)
    with db.reading() as session:
        lost = taken - set(session.scalars(select(StripeEvent.event)))
    db.dispose()
    if lost:
        say(f"WRONG: {len(lost)} events were acknowledged and are not there")
    return len(lost)


