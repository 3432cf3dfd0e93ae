"""Children that do one act of the portal and kill themselves with SIGKILL at one exact step of it.

A step is what the outside can tell apart: before a commit, before a call to Stripe, after its answer. The product
has no hook for this: the child watches its own database engine and wraps its own gateway.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from portal.db import Database
from portal.runtime import Runtime
from tests.cast import make_runtime

# Both kinds of answers of the gateway that move nothing at Stripe are steps like any other.
CALLS = ("create_checkout", "expire_checkout", "find_checkout", "look_up_session", "look_up_intent", "look_up_returns",
         "refund", "balance_line", "events")
KILLED, DONE = -int(signal.SIGKILL), 0


class Steps:
    """Counts the steps of an act and dies at the chosen one; never at step 0."""

    def __init__(self, last: int) -> None:
        self._last, self.seen = last, 0

    def __call__(self, *_what: object) -> None:
        self.seen += 1
        if self.seen == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A gateway whose every call is two steps: about to ask, and answered."""

    def __init__(self, gateway: Any, steps: Steps) -> None:
        self._gateway, self._steps = gateway, steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name not in CALLS:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._steps()
            try:
                return found(*args, **kwargs)
            finally:
                self._steps()
        return call


def runtime(url: str, folder: Path, stripe_url: str, offset: Callable[[], float],
            steps: Steps | None = None) -> Runtime:
    """A portal whose clock runs with the stand-in's; watched when steps are given."""
    db = Database(url)
    rt = make_runtime(db, folder, lambda: datetime.now(UTC) + timedelta(seconds=offset()), stripe_api_base=stripe_url,
                      stripe_timeout_seconds=10)
    if steps is None:
        return rt
    event.listen(db.engine, "commit", steps)
    return replace(rt, stripe=Watched(rt.stripe, steps))  # type: ignore[arg-type]


def in_child(act: Callable[[], None], *, seconds: float = 60.0, kill_after: float | None = None) -> int:
    """Fork, act, and give how the child ended; it is killed by its id at a chosen moment or when time is up."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = DONE
        finally:
            os._exit(code)
    limit = time.monotonic() + (seconds if kill_after is None else kill_after)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > limit:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        time.sleep(0.002)
