"""How fast emails may leave: so many in a minute and in an hour, all workers together, and slower when the server asks.

Counted in rows, because workers on several machines share one mail server. A fifth of each limit is kept for what is
essential, so that a code never waits behind ten thousand reminders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Update, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from config import Settings
from portal.models import SendingWindow
from portal.runtime import Runtime

UNLIMITED = 1_000_000
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)
KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Room:
    """How many emails may leave now: essential ones, and of those at most so many others."""

    essential: int
    others: int


@dataclass(frozen=True)
class _Limit:
    """One window: its name in the table, its length, and how many fit."""

    sender: str
    length: timedelta
    most: int

    def begins(self, now: datetime) -> datetime:
        seconds = int(self.length.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)

    def of(self, *, essential: bool) -> int:
        return self.most if essential else max(1, self.most * 4 // 5)


def room(rt: Runtime) -> Room:
    """Tell how many emails may leave at this moment; none while the mail server is given a rest."""
    now = rt.now()
    with rt.db.reading() as session:
        if _rests_until(session, rt.settings, now) is not None:
            return Room(0, 0)
        found = Room(UNLIMITED, UNLIMITED)
        for limit in _limits(rt.settings):
            sent = session.scalar(select(SendingWindow.sent).where(
                SendingWindow.sender == limit.sender, SendingWindow.starts_at == limit.begins(now))) or 0
            found = Room(min(found.essential, limit.of(essential=True) - sent),
                         min(found.others, limit.of(essential=False) - sent))
        return found


def take(session: Session, settings: Settings, now: datetime, *, essential: bool) -> datetime | None:
    """Count one email that leaves now; if it does not fit any more, give the time at which there is room again."""
    taken: list[_Limit] = []
    for limit in _limits(settings):
        if not _count(session, limit, now, essential=essential):
            for other in taken:
                session.execute(_of(other, now).values(sent=SendingWindow.sent - 1))
            return limit.begins(now) + limit.length
        taken.append(limit)
    return None


def slow_down(rt: Runtime) -> datetime:
    """Give the mail server a rest, ever longer while it goes on refusing: 15 s, 30 s, 1 min … up to five minutes."""
    now, sender = rt.now(), _sender(rt.settings, "rest")

    def work(session: Session) -> datetime:
        newest = session.scalars(select(SendingWindow).where(SendingWindow.sender == sender)
                                 .order_by(SendingWindow.starts_at.desc()).limit(1)).one_or_none()
        if newest is not None and newest.starts_at > now:
            return newest.starts_at
        # It refused again soon after the last rest: then that one was too short.
        times = newest.sent + 1 if newest and newest.starts_at > now - 2 * rest_after(newest.sent) else 1
        until = now + rest_after(times)
        session.execute(_insert(session).values(sender=sender, starts_at=until, sent=times).on_conflict_do_nothing())
        _forget(session, sender, now)
        return until

    return rt.db.run(work)


def rest_after(times: int) -> timedelta:
    """Tell how long the server rests after refusing so many times in a row."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(times - 1, 10)))


def _rests_until(session: Session, settings: Settings, now: datetime) -> datetime | None:
    # No rest is longer than this; after a clock was set back, an old one must not last for hours.
    return session.scalar(select(SendingWindow.starts_at).where(
        SendingWindow.sender == _sender(settings, "rest"), SendingWindow.starts_at > now,
        SendingWindow.starts_at <= now + LONGEST_WAIT).limit(1))


def _count(session: Session, limit: _Limit, now: datetime, *, essential: bool) -> bool:
    made = session.scalar(_insert(session).values(
        sender=limit.sender, starts_at=limit.begins(now), sent=0)
        .on_conflict_do_nothing().returning(SendingWindow.sent))
    if made is not None:
        _forget(session, limit.sender, now)
    counted = session.execute(
        _of(limit, now).where(SendingWindow.sent < limit.of(essential=essential)).values(sent=SendingWindow.sent + 1))
    return bool(counted.rowcount)  # type: ignore[attr-defined]


def _limits(settings: Settings) -> list[_Limit]:
    found = (_Limit(_sender(settings, "hour"), timedelta(hours=1), settings.mail_per_hour),
             _Limit(_sender(settings, "minute"), timedelta(minutes=1), settings.mail_per_minute))
    return [limit for limit in found if limit.most]


def _sender(settings: Settings, what: str) -> str:
    return f"{settings.smtp_host[:60]}:{what}"


def _of(limit: _Limit, now: datetime) -> Update:
    return (update(SendingWindow).where(
        SendingWindow.sender == limit.sender, SendingWindow.starts_at == limit.begins(now))
        .execution_options(synchronize_session=False))


def _forget(session: Session, sender: str, now: datetime) -> None:
    session.execute(delete(SendingWindow).where(
        SendingWindow.sender == sender, SendingWindow.starts_at < now - KEPT)
        .execution_options(synchronize_session=False))


def _insert(session: Session) -> Any:
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(SendingWindow)
