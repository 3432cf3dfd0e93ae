"""How the jobs fare, put together for whoever asks: a business's own page, the command line, and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.domain.roles import StaffAccess
from portal.runtime import Runtime
from portal.services import job_lags, job_states, resting_work
from portal.services.job_lags import Lag
from portal.services.resting_work import Resting

# A worker looks for work every few seconds and notes it every quarter of a minute.
GONE_AFTER = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=15)
NOTHING = Lag()


@dataclass(frozen=True)
class JobLine:
    """One job. `running_since` is set while it is in hand, or when its worker died with it."""

    name: str
    ended_at: datetime | None
    running_since: datetime | None
    handled: int
    failures: int
    error: str
    lag: Lag
    late: bool


@dataclass(frozen=True)
class Report:
    """All jobs, when a worker was last seen (None: never), and what rests after too many tries."""

    at: datetime
    seen_at: datetime | None
    jobs: Sequence[JobLine]
    resting: Sequence[Resting]

    @property
    def gone(self) -> bool:
        """Whether no worker runs, as far as anybody can tell."""
        return self.seen_at is None or self.at - self.seen_at > GONE_AFTER

    @property
    def well(self) -> bool:
        """Whether somebody works, nothing is late, nothing fails and nothing rests."""
        return not (self.gone or self.resting or any(one.late or one.failures for one in self.jobs))


def of_business(rt: Runtime, access: StaffAccess) -> Report:
    """Tell how the jobs fare for one business: what waits and rests is its own alone. Raises Refusal role_may_not."""
    access.require("set_up")
    return look(rt, access.business_id)


def look(rt: Runtime, business_id: int | None = None) -> Report:
    """Tell how the jobs fare, of the whole installation or for one business."""
    now = rt.now()
    with rt.db.reading() as session:
        states = job_states.by_name(session)
        lags = job_lags.of_all(session, now, business_id)
        resting = resting_work.of_all(session, now, business_id)
    lines = []
    for name in sorted(states.keys() | lags.keys()):
        row, lag = states.get(name), lags.get(name, NOTHING)
        running = row.started_at if row and row.started_at and (
            row.finished_at is None or row.started_at > row.finished_at) else None
        lines.append(JobLine(
            name, row.finished_at if row else None, running, row.handled if row else 0, row.failures if row else 0,
            row.error if row else "", lag, lag.since is not None and now - lag.since > LATE_AFTER))
    return Report(now, job_states.seen_at(states), lines, resting)
