"""Runs one job and notes how it fared; the loop of one machine and Celery's tasks both run jobs this way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from portal import logs
from portal.jobs.registry import Job
from portal.runtime import Runtime
from portal.services import job_states

# An idle job is noted this often: each note is a commit, and most jobs look every few seconds.
QUIET_SECONDS = 15.0


@dataclass(frozen=True)
class Ran:
    """How a run of a job ended: how much it did, or that it broke off."""

    handled: int
    failed: bool = False


class Runner:
    """Runs the jobs of one process. A job that breaks off is logged and noted, and never stops its worker."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._noted: dict[str, float] = {}
        self._failing: set[str] = set()

    def run(self, job: Job) -> Ran:
        """Run a job once."""
        return self.do(job.name, lambda: job.run(self._rt))

    def do(self, name: str, work: Callable[[], int]) -> Ran:
        """Do a piece of work of a job once."""
        # Failing jobs wait longer each time, so that noting all of it costs nothing; the first run is always noted.
        telling = name in self._failing or time.monotonic() - self._noted.get(name, -QUIET_SECONDS) >= QUIET_SECONDS
        if telling:
            self._note(name, lambda: job_states.begun(self._rt, name))
        try:
            handled = work()
        except Exception as error:
            logs.failed(error, job=name)
            self._failing.add(name)
            broke = error
            self._note(name, lambda: job_states.failed(self._rt, name, broke))
            return Ran(0, failed=True)
        if handled:
            logs.log().info("job", job=name, handled=handled)
        if telling or handled:
            self._note(name, lambda: job_states.ended(self._rt, name, handled))
        self._failing.discard(name)
        return Ran(handled)

    def _note(self, name: str, write: Callable[[], None]) -> None:
        self._noted[name] = time.monotonic()
        try:
            write()
        except SQLAlchemyError as error:
            # What a job did stands by itself; that it could not be noted must not undo or repeat it.
            logs.failed(error, job=name, note="not_written")
