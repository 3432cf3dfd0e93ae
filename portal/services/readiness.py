"""Whether this portal can serve: the database answers, its tables are this release's, and work is not piling up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.models import Message, StripeFetch
from portal.runtime import Runtime

LATE = timedelta(minutes=15)
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@dataclass(frozen=True)
class Readiness:
    """`waiting` is work that has been due for a quarter of an hour; it is told and does not stop pages."""

    database: bool
    migrations: bool
    waiting: int

    @property
    def ready(self) -> bool:
        return self.database and self.migrations


def look(rt: Runtime) -> Readiness:
    """Look at the database; never raises for one that does not answer."""
    try:
        with rt.db.reading() as session:
            current = session.scalar(text("SELECT version_num FROM alembic_version"))
            waiting = _waiting(session, rt)
    except SQLAlchemyError:
        return Readiness(database=False, migrations=False, waiting=0)
    return Readiness(database=True, migrations=current == _newest(), waiting=waiting)


def _waiting(session: Session, rt: Runtime) -> int:
    since = rt.now() - LATE
    emails = session.scalar(select(func.count()).select_from(Message).where(
        Message.state == "queued", Message.due_at < since)) or 0
    questions = session.scalar(select(func.count()).select_from(StripeFetch).where(
        StripeFetch.done_at.is_(None), StripeFetch.dead_at.is_(None), StripeFetch.due_at < since)) or 0
    return emails + questions


@cache
def _newest() -> str | None:
    from alembic.script import ScriptDirectory  # only this one page needs it

    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
