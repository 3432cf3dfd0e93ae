"""What every proof shares: progress lines, figures, fresh databases, and processes that are ended by their id."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import requests

from portal.db import Database
from tests import databases
from tests.cast import CONNECT_SECRET, WEBHOOK_SECRET, make_settings

ROOT = Path(__file__).resolve().parent.parent
Figures = dict[str, int | float | str]
T = TypeVar("T")
STARTED = time.monotonic()


class ProofError(AssertionError):
    """The proof itself could not be carried out; says nothing about the portal."""


def say(text: str) -> None:
    """Show how far a proof has come."""
    print(f"[{time.monotonic() - STARTED:6.1f}s] {text}", flush=True)


class Steps:
    """Counts towards a known end and says so now and then."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._said = what, total, 0, time.monotonic()

    def step(self, by: int = 1) -> None:
        """Note progress; a line appears every few seconds."""
        self._done += by
        if time.monotonic() - self._said > 5 or self._done == self._total:
            self._said = time.monotonic()
            say(f"{self._what}: {self._done} of {self._total}")


def add_up(*parts: Mapping[str, Any]) -> Figures:
    """Sum figures of the same name; of words (such as hashes) the first is kept."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            known = total.get(name, value)
            total[name] = known + value if name in total and not isinstance(value, str) else known
    return total


class Databases:
    """Migrated, empty databases of one kind, as many as wanted; all gone at the end."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._stack = ExitStack()

    def __enter__(self) -> Databases:
        self.folder = self._stack.enter_context(temporary_folder())
        self._template = self._stack.enter_context(databases.template(self.kind, self.folder))
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def template(self) -> str:
        """The migrated, empty database that copies are made of."""
        return self._template

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Give the address of a database of its own."""
        with databases.fresh(self.kind, self._template, self.folder) as url:
            yield url

    @contextmanager
    def opened(self, *, pool_size: int = 10) -> Iterator[Database]:
        """Give a database of its own, opened."""
        with self.fresh() as url:
            db = Database(url, pool_size=pool_size)
            try:
                yield db
            finally:
                db.dispose()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that is gone at the end, whatever still lies in it."""
    with tempfile.TemporaryDirectory(prefix="proof-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def free_port() -> int:
    """Find a loopback port that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def environment(database_url: str, **changes: str) -> dict[str, str]:
    """The settings of a portal in a process of its own, as environment variables."""
    settings = make_settings()
    key = settings.session_key.get_secret_value()
    values = {
        "environment": "test", "base_url": "http://127.0.0.1", "database_url": database_url, "session_key": key,
        "link_keys": key, "code_key": key, "agreement_keys": key,
        "encryption_keys": settings.encryption_keys[0].get_secret_value(),
        "stripe_secret_key": settings.stripe_secret_key.get_secret_value(), "stripe_webhook_secrets": WEBHOOK_SECRET,
        "stripe_connect_webhook_secrets": CONNECT_SECRET, "stripe_api_base": "http://127.0.0.1:1",
        "smtp_host": "127.0.0.1", "smtp_port": "1", "smtp_starttls": "false", "mail_from": "portal@portal.test",
        "mail_safe_mode": "true", "trusted_hosts": "127.0.0.1", "log_level": "WARNING",
    }
    own = {f"PORTAL_{name.upper()}": value for name, value in {**values, **changes}.items()}
    return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}


@contextmanager
def process(command: Sequence[str], env: Mapping[str, str] | None = None, log: Path | None = None,
            cwd: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own; at the end it is asked to stop, then made to."""
    out = log.open("ab") if log else None
    child = subprocess.Popen(list(command), env=dict(env or os.environ), cwd=cwd, stdin=subprocess.DEVNULL,
                             stdout=out or subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield child
    finally:
        end(child)
        if out:
            out.close()


def end(child: subprocess.Popen[Any], patience: float = 10.0) -> None:
    """End a process we started, and what it started; only ever by its own id."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    child.wait(patience)


def wait_for(what: str, ready: Callable[[], T], *, seconds: float = 30.0, every: float = 0.05) -> T:
    """Wait until something is so; raises ProofError when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > deadline:
            raise ProofError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


def answers(url: str) -> bool:
    """Say whether a server answers at an address."""
    try:
        return requests.get(url, timeout=5).status_code < 500
    except requests.RequestException:
        return False


@contextmanager
def web(database_url: str, *, workers: int = 4, threads: int = 2, port: int = 0, log: Path | None = None,
        **changes: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the portal by gunicorn in processes of its own; gives its address and the master's process."""
    port = port or free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads",
               str(threads), "--worker-class", "gthread", "--no-control-socket", "--log-level", "warning",
               "--graceful-timeout", "5", "wsgi:app"]
    with process(command, environment(database_url, **changes), log) as master:
        url = f"http://127.0.0.1:{port}"
        wait_for("the portal to answer", lambda: answers(f"{url}/healthz"), seconds=60)
        yield url, master


class Remote:
    """A Stripe stand-in in a process of its own; its control is reached over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()

    def do(self, act: str, **arguments: Any) -> Any:
        """Do what the outside world does: see the stand-in's control."""
        answer = self._http.post(f"{self.url}/_sandbox/{act}", json=arguments, timeout=120)
        found = answer.json()
        if answer.status_code != 200:
            raise ProofError(f"{act}: {found}")
        return found["result"]


@contextmanager
def stripe_process(webhook: str | None = None, log: Path | None = None) -> Iterator[Remote]:
    """Run the Stripe stand-in as a process; it forgets everything at the end."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox.stripe", "--port", str(port), "--secret", WEBHOOK_SECRET,
               "--connect-secret", CONNECT_SECRET]
    command += ["--webhook", f"{webhook}/webhooks/stripe"] if webhook else []
    with process(command, log=log):
        url = f"http://127.0.0.1:{port}"
        wait_for("the stand-in to answer", lambda: answers(f"{url}/_sandbox/"))
        yield Remote(url)


def at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """Run acts in threads that start together; an act that raised gives its exception."""
    from threading import Barrier

    together = Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        together.wait(30)
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def shuffled(values: Sequence[T], seed: int) -> list[T]:
    """The same values in an order that the seed alone decides."""
    found = list(values)
    random.Random(seed).shuffle(found)
    return found


def print_figures(figures: Mapping[str, Any]) -> None:
    """Print the figures, one per line, as the last thing a proof says."""
    for name, value in figures.items():
        print(f"figure {name} {json.dumps(value) if isinstance(value, float) else value}", flush=True)
