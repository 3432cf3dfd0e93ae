"""Two servers with the same settings, measured in turn, and what their ratios come to."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from proofs.harness import answers, environment, free_port, process, say, wait_for

ROUNDS = 11
WORKERS, THREADS, CONNECTIONS = 1, 4, 4


@contextmanager
def server(application: str, env: Mapping[str, str], ready: str) -> Iterator[str]:
    """Serve an application by gunicorn, with the settings all servers here have."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads",
               str(THREADS), "--worker-class", "gthread", "--keep-alive", "60", "--no-control-socket", "--log-level",
               "warning", application]
    with process(command, env):
        url = f"http://127.0.0.1:{port}"
        wait_for("a server to answer", lambda: answers(url + ready), seconds=60)
        yield url


@contextmanager
def portal(database_url: str, **changes: str) -> Iterator[str]:
    """Serve the portal as it runs in production: behind one proxy, which names each visitor's address."""
    env = environment(database_url, **{"proxy_hops": "1", "log_level": "WARNING", **changes})
    with server("wsgi:app", env, "/healthz") as url:
        yield url


@contextmanager
def yardstick(name: str, database_url: str, ready: str, **more: str) -> Iterator[str]:
    """Serve one of the bare applications."""
    env = {**environment(database_url), "BENCH_DATABASE": database_url, **more}
    with server(f"bench.yardsticks:{name}()", env, ready) as url:
        yield url


def visitor(number: int) -> dict[str, str]:
    """The headers a proxy adds for one of many visitors, so that nobody looks like a flood."""
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "X-Forwarded-Proto": "http", "X-Forwarded-Host": "127.0.0.1"}


def ratio(what: str, first: Callable[[int], float], second: Callable[[int], float],
          rounds: int = ROUNDS) -> tuple[float, str]:
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
    return round(middle, 3), spread
