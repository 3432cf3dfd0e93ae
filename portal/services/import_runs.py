"""A file on its way: who works on it, how far it has come, and that one at a time goes into a business's books.

Whoever works holds a token with a lease. Every commit of theirs carries it, so that a worker who was thought dead and
is not cannot write a second time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import ImportCustomer, ImportFinding, ImportLine, ImportRow, ImportRun
from portal.runtime import Runtime
from portal.services.fact_lookup import lock_business

# Longer than the largest file takes to read, in which nothing is written.
LEASE = timedelta(minutes=5)
# Steps as the progress bar names them.
READING, STAGING, PUBLISHING = "reading", "staging", "publishing"
STAGED = (ImportLine, ImportRow, ImportCustomer)

Told = Callable[[str, int, int], None]


class Lost(Exception):
    """Somebody else works on this file now."""


def quiet(_step: str, _done: int, _total: int) -> None:
    """Tell nobody how far it has come."""


@dataclass(frozen=True)
class Hold:
    """A worker's hold on a run."""

    run_id: int
    business_id: int
    token: str

    def keep(self, session: Session, now: datetime, **values: object) -> None:
        """Note how far it has come, in the commit of what was done; raises Lost when another works on it."""
        done = session.execute(
            update(ImportRun).where(ImportRun.id == self.run_id, ImportRun.token == self.token)
            .values(lease_until=now + LEASE, **values).execution_options(synchronize_session=False))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Lost

    def tell(self, rt: Runtime, step: str, done: int, total: int) -> None:
        """Note a step where there is nothing else to commit."""
        rt.db.run(lambda session: self.keep(session, rt.now(), step=step, done=done, total=total))


def hold_new(rt: Runtime, run: ImportRun) -> Hold:
    """Begin to take a file in that nobody looked at first; raises Refusal conflict/import_under_way."""
    token = secrets.token_hex(16)
    now = rt.now()

    def work(session: Session) -> int:
        _refuse_second(session, run.business_id, 0)
        run.state, run.token, run.lease_until = "publishing", token, now + LEASE
        session.add(run)
        session.flush()
        return run.id

    return Hold(rt.db.run(work), run.business_id, token)


def hold_checked(rt: Runtime, run_id: int, business_id: int) -> Hold:
    """Begin to take in a file that was looked at; raises Refusal import_under_way, import_file_ended."""
    token = secrets.token_hex(16)
    now = rt.now()

    def work(session: Session) -> None:
        _refuse_second(session, business_id, run_id)
        done = session.execute(
            update(ImportRun).where(ImportRun.id == run_id, ImportRun.business_id == business_id,
                                    ImportRun.state == "checked")
            .values(state="publishing", token=token, lease_until=now + LEASE, step=STAGING, done=0, total=0)
            .execution_options(synchronize_session=False))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Refusal("gone", "import_file_ended")

    rt.db.run(work)
    return Hold(run_id, business_id, token)


def give_back(rt: Runtime, hold: Hold) -> None:
    """Let the next worker have it at once."""
    rt.db.run(lambda session: free(session, hold.run_id))


def free(session: Session, run_id: int) -> None:
    """Say that nobody works on a run."""
    session.execute(update(ImportRun).where(ImportRun.id == run_id).values(lease_until=None, token=None)
                    .execution_options(synchronize_session=False))


def hold_waiting(rt: Runtime) -> tuple[Hold, str] | None:
    """Take the next file that is to be read or taken in and that nobody works on; gives its state too."""
    token = secrets.token_hex(16)
    now = rt.now()

    def work(session: Session) -> tuple[Hold, str] | None:
        free = ImportRun.state.in_(("reading", "publishing")) & (
            ImportRun.lease_until.is_(None) | (ImportRun.lease_until <= now))
        row = session.execute(select(ImportRun.id, ImportRun.business_id, ImportRun.state).where(free)
                              .order_by(ImportRun.id).limit(1)).one_or_none()
        if row is None:
            return None
        done = session.execute(update(ImportRun).where(ImportRun.id == row.id, free)
                               .values(token=token, lease_until=now + LEASE)
                               .execution_options(synchronize_session=False))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return Hold(row.id, row.business_id, token), row.state

    return rt.db.run(work)


def hold_reading(rt: Runtime, run_id: int) -> Hold | None:
    """Take one file that is to be read; None when another works on it."""
    token = secrets.token_hex(16)
    now = rt.now()

    def work(session: Session) -> Hold | None:
        free = ImportRun.lease_until.is_(None) | (ImportRun.lease_until <= now)
        done = session.execute(
            update(ImportRun).where(ImportRun.id == run_id, ImportRun.state == "reading", free)
            .values(token=token, lease_until=now + LEASE).execution_options(synchronize_session=False))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            return None
        return Hold(run_id, session.scalars(select(ImportRun.business_id).where(ImportRun.id == run_id)).one(), token)

    return rt.db.run(work)


def drop(session: Session, run_id: int) -> None:
    """Forget a run that has put nothing into the books, with all it staged."""
    for table in STAGED:
        session.execute(delete(table).where(table.run_id == run_id))
    session.execute(delete(ImportFinding).where(ImportFinding.run_id == run_id, ImportFinding.state == "staged"))
    session.execute(delete(ImportRun).where(ImportRun.id == run_id))


def _refuse_second(session: Session, business_id: int, but: int) -> None:
    lock_business(session, business_id)
    if session.scalar(select(ImportRun.id).where(
            ImportRun.business_id == business_id, ImportRun.state == "publishing", ImportRun.id != but)):
        raise Refusal("conflict", "import_under_way")
