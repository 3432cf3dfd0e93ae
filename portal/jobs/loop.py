"""The worker of one machine: runs every job in turn until it is told to stop, and finishes what it holds."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from portal.jobs.registry import JOBS, Job
from portal.jobs.running import Runner
from portal.runtime import Runtime

LONGEST_BACK_OFF_SECONDS = 300.0
LONGEST_NAP_SECONDS = 1.0
# In one --once run; far more than one machine can hold back.
MOST_ROUNDS = 100_000


@dataclass
class Turn:
    """When a job runs next, by the machine's monotonic clock, and how often in a row it has failed."""

    job: Job
    next_at: float = 0.0
    failures: int = 0


class Loop:
    """Runs jobs in turn. One failing job waits ever longer and never stops the others."""

    def __init__(self, rt: Runtime, jobs: Sequence[Job] = JOBS) -> None:
        self._runner = Runner(rt)
        self._turns = [Turn(job) for job in jobs]
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let the job in hand finish, then end."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stop() is called."""
        while not self._stopping.is_set():
            busy = [self._take(turn) for turn in self._turns if turn.next_at <= time.monotonic()]
            if not any(busy):
                self._stopping.wait(self._nap())

    def run_once(self) -> int:
        """Do all that is due now, and return how much it was."""
        done = 0
        for turn in self._turns:
            for _ in range(MOST_ROUNDS):
                handled = self._call(turn)
                done += handled
                if not handled or turn.job.sweep or self._stopping.is_set():
                    break
        return done

    def _take(self, turn: Turn) -> bool:
        if self._stopping.is_set():
            return False
        handled = self._call(turn)
        if turn.failures:
            wait = min(LONGEST_BACK_OFF_SECONDS, turn.job.every_seconds * 2**min(turn.failures, 16))
        else:
            wait = 0.0 if handled and not turn.job.sweep else turn.job.every_seconds
        turn.next_at = time.monotonic() + wait
        return bool(handled)

    def _call(self, turn: Turn) -> int:
        ran = self._runner.run(turn.job)
        turn.failures = turn.failures + 1 if ran.failed else 0
        return ran.handled

    def _nap(self) -> float:
        soonest = min(turn.next_at for turn in self._turns) - time.monotonic()
        return min(LONGEST_NAP_SECONDS, max(0.05, soonest))


def work(rt: Runtime, *, once: bool = False) -> int:
    """Run the jobs: for ever until SIGTERM or SIGINT, or once through. Returns what a single round did."""
    loop = Loop(rt)
    with _stopped_by_signals(loop):
        if once:
            return loop.run_once()
        loop.run()
        return 0


@contextmanager
def _stopped_by_signals(loop: Loop) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.stop()

    before = {kind: signal.signal(kind, stop) for kind in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
