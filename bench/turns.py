"""Two servers with the same settings, measured in turn, and what their ratios come to."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.load import Measured
from proofs.harness import Figures, answers, environment, free_port, process, say, wait_for

ROUNDS, FEWER = 11, 9
WORKERS, THREADS, CONNECTIONS = 1, 4, 4


class Served(str):
    """The address of a running server that also knows its processes."""

    group: int

    def seconds(self) -> float:
        """The processor's time that all processes of the server have taken so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                ticks += (int(fields[11]) + int(fields[12])) * (int(fields[2]) == self.group)
        return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Side:
    """One of two servers, and how a turn of its own is sent to it."""

    server: Served
    send: Callable[[int], Measured]


@contextmanager
def server(application: str, env: Mapping[str, str], ready: str) -> Iterator[Served]:
    """Serve an application by gunicorn, with the settings all servers here have."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads",
               str(THREADS), "--worker-class", "gthread", "--keep-alive", "60", "--no-control-socket", "--log-level",
               "warning", application]
    with process(command, env) as started:
        url = Served(f"http://127.0.0.1:{port}")
        url.group = started.pid
        wait_for("a server to answer", lambda: answers(url + ready), seconds=60)
        yield url


@contextmanager
def portal(database_url: str, **changes: str) -> Iterator[Served]:
    """Serve the portal as it runs in production: behind one proxy, which names each visitor's address."""
    env = environment(database_url, **{"proxy_hops": "1", "log_level": "WARNING", **changes})
    with server("wsgi:app", env, "/healthz") as url:
        yield url


@contextmanager
def yardstick(name: str, database_url: str, ready: str, **more: str) -> Iterator[Served]:
    """Serve one of the bare applications."""
    env = {**environment(database_url), "BENCH_DATABASE": database_url, **more}
    with server(f"bench.yardsticks:{name}()", env, ready) as url:
        yield url


def visitor(number: int) -> dict[str, str]:
    """The headers a proxy adds for one of many visitors, so that nobody looks like a flood."""
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "X-Forwarded-Proto": "http", "X-Forwarded-Host": "127.0.0.1"}


def in_turn(what: str, ours: Side, theirs: Side, rounds: int = ROUNDS) -> Figures:
    """Measure two servers in turn: how many answers each gives in a second, and what an answer takes of the processor.

    The second is not asked for, and is told because other work on the machine hardly moves it.
    """
    taken: dict[Side, list[float]] = {ours: [], theirs: []}

    def turn(side: Side, number: int) -> float:
        before = side.server.seconds()
        found = side.send(number)
        if found.errors:
            raise AssertionError(f"{found.errors} of {found.answers} answers were errors")
        taken[side].append((side.server.seconds() - before) / found.answers)
        return found.rate

    figures = ratio(what, lambda number: turn(ours, number), lambda number: turn(theirs, number), rounds)
    mine, other = (statistics.median(taken[side]) * 1000 for side in (ours, theirs))
    return {**figures, f"{what}_processor": round(other / mine, 3),
            f"{what}_milliseconds": f"{mine:.2f} and {other:.2f}"}


def ratio(what: str, first: Callable[[int], float], second: Callable[[int], float],
          rounds: int = ROUNDS) -> Figures:
    """Measure both in turn, changing who begins; gives the median of the rounds' ratios and their spread in words."""
    found = []
    for number in range(rounds):
        if number % 2:
            below = second(number)
            above = first(number)
        else:
            above = first(number)
            below = second(number)
        found.append(above / below)
        say(f"{what}: round {number + 1} of {rounds}: {above:.1f} / {below:.1f} = {found[-1]:.3f}")
    low, middle, high = statistics.quantiles(found, n=4)
    spread = f"{low:.3f}..{high:.3f} (half of the rounds), {min(found):.3f}..{max(found):.3f} (all)"
    say(f"{what}: {middle:.3f}, noise {spread}")
    return {what: round(middle, 3), f"{what}_noise": spread}
