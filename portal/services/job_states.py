"""Writes down how each job fares, for the status page, the command and the metrics; the jobs themselves run in jobs/.

Only kinds of errors are kept, never their words: those may name a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.models import JobState
from portal.runtime import Runtime

LONGEST_ERROR = 80
_TABLE = cast(Table, JobState.__table__)


def begun(rt: Runtime, name: str) -> None:
    """Note that a worker takes a job in hand; one killed meanwhile leaves it standing as begun and not ended."""
    _keep(rt, name, {"started_at": rt.now()})


def ended(rt: Runtime, name: str, handled: int) -> None:
    """Note that a job is done; `handled` is how many rows it did, and nothing done leaves the older number."""
    _keep(rt, name, {"finished_at": rt.now(), "failures": 0, "error": "", **({"handled": handled} if handled else {})})


def failed(rt: Runtime, name: str, error: BaseException) -> None:
    """Note that a job broke off: the kind of the error, and once more in a row, whichever worker it was."""
    kind = type(error).__name__[:LONGEST_ERROR]
    _keep(rt, name, {"finished_at": rt.now(), "failures": _TABLE.c.failures + 1, "error": kind}, failures=1)


def by_name(session: Session) -> Mapping[str, JobState]:
    """Give what is known of every job that ever ran."""
    return {row.name: row for row in session.scalars(select(JobState).order_by(JobState.name))}


def seen_at(states: Mapping[str, JobState]) -> datetime | None:
    """Tell when a worker was last seen at all; None when none ever ran."""
    moments = [moment for row in states.values() for moment in (row.started_at, row.finished_at) if moment]
    return max(moments, default=None)


def _keep(rt: Runtime, name: str, values: dict[str, Any], **first: Any) -> None:
    fresh = {"name": name, "handled": 0, "failures": 0, "error": "", **values, **first}

    def work(session: Session) -> None:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(dialect.insert(_TABLE).values(fresh).on_conflict_do_update(
            index_elements=["name"], set_=values))

    rt.db.run(work)
