"""Workers as they run in earnest: `flask work` on one machine, or Celery's workers and beat over their own Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import holidays

from proofs.harness import ROOT, ProofError, end, free_port, process, wait_for

LOOPBACK = "127.0.0.1"
# Their weekends differ, so that a business of one of them writes on any day of the week.
COUNTRIES = ("US", "GB", "DE", "EG", "SA", "AE", "BN", "IR", "DJ", "NP", "IN")
CELERY = (sys.executable, "-m", "celery", "-A", "portal.jobs.celery_app")


class Crew:
    """Worker processes that can be killed with all their children, and started again."""

    def __init__(self, commands: list[list[str]], env: Mapping[str, str], log: Path) -> None:
        self._commands, self._env, self._log = commands, dict(env), log
        self._running: list[subprocess.Popen[bytes] | None] = [None] * len(commands)
        # Kills come from the mail server's thread, too.
        self._lock = threading.Lock()
        self.kills = 0

    def __enter__(self) -> Crew:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for child in self._running:
            if child is not None:
                end(child)

    def __len__(self) -> int:
        return len(self._commands)

    def start(self) -> None:
        """Start whoever does not run."""
        with self._lock, self._log.open("ab") as log:
            for place, command in enumerate(self._commands):
                child = self._running[place]
                if child is None or child.poll() is not None:
                    self._refuse_if_it_fell(child)
                    self._running[place] = subprocess.Popen(
                        command, env=self._env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                        stderr=subprocess.STDOUT, start_new_session=True)

    def _refuse_if_it_fell(self, child: subprocess.Popen[bytes] | None) -> None:
        if child is not None and child.returncode != -signal.SIGKILL:
            raise ProofError(f"a worker ended by itself with {child.returncode}:\n{self._log.read_text()[-3000:]}")

    def kill(self, place: int) -> bool:
        """Kill one worker and its children with SIGKILL; False when it was dead already."""
        with self._lock:
            child = self._running[place]
            if child is None or child.poll() is not None:
                return False
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait(10)
            self.kills += 1
            return True


def of_one_machine(env: Mapping[str, str], log: Path) -> Crew:
    """The worker of one machine."""
    return Crew([[sys.executable, "-m", "flask", "--app", "wsgi", "work"]], env, log)


@contextmanager
def of_celery(env: Mapping[str, str], folder: Path, workers: int = 2) -> Iterator[Crew]:
    """Celery's workers with a process each, and one beat, over a Redis that nobody else uses."""
    with redis() as broker:
        env = {**env, "PORTAL_CELERY_BROKER_URL": broker}
        with beat(env, folder):
            yield Crew([worker(f"w{number}") for number in range(workers)], env, folder / "workers.log")


def worker(name: str) -> list[str]:
    """The command of one worker."""
    return [*CELERY, "worker", "--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "WARNING",
            "--without-gossip", "--without-mingle"]


@contextmanager
def beat(env: Mapping[str, str], folder: Path) -> Iterator[None]:
    """Let the timer tick."""
    command = [*CELERY, "beat", "--schedule", str(folder / "beat"), "--pidfile", str(folder / "beat.pid"),
               "--loglevel", "WARNING"]
    with process(command, env, folder / "beat.log"):
        yield


@contextmanager
def redis(*addresses: str) -> Iterator[str]:
    """A Redis of our own that keeps nothing, on this machine and on more addresses; gives its URL on this machine."""
    program = shutil.which("redis-server")
    if program is None:
        raise ProofError("redis-server was not found: workers under Celery need one to meet at")
    from redis import Redis

    port = free_port()
    command = [program, "--port", str(port), "--bind", LOOPBACK, *addresses, "--save", "", "--appendonly", "no",
               "--protected-mode", "no"]
    with process(command, cwd=Path("/")):
        client = Redis(host=LOOPBACK, port=port)
        wait_for("Redis to answer", lambda: _answers(client))
        client.close()
        yield f"redis://{LOOPBACK}:{port}/0"


def open_country(today: date) -> str:
    """Name a country in which people work today, so that what is proven needs no certain day."""
    for country in COUNTRIES:
        known = holidays.country_holidays(country, years=today.year)
        if today.weekday() not in known.weekend and today not in known:
            return country
    raise ProofError("every country that was asked keeps a holiday today")


def _answers(client: object) -> bool:
    try:
        return bool(client.ping())  # type: ignore[attr-defined]
    except Exception:
        return False
