"""What was tried too often and rests until a person looks: emails, questions to Stripe, refunds and reminder steps.

Nothing that rests is lost or counted as done: its row says so, and the jobs page, `flask jobs` and /metrics show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from portal.domain.reminding import BROKEN
from portal.models import Message, Payment, Refund, ReminderTrack, StripeFetch
from portal.models.payments import OPEN_STATES
from portal.runtime import Runtime
from portal.services import refunds
from portal.services.asking import MOST_ASKS
from portal.services.audit import COMMAND_LINE, record
from portal.services.job_lags import MOST_COUNTED, account_of

# Older than this, somebody has seen it or nobody ever will.
LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True)
class Resting:
    """How many rows of one kind rest (at most MOST_COUNTED), and since when the oldest."""

    kind: str
    count: int
    since: datetime


def _emails(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(Message.created_at.label("at")).where(
        Message.state == "failed", Message.reason.in_(("given_up", "never_ready")),
        Message.created_at > now - LOOK_BACK)
    return query if business_id is None else query.where(Message.business_id == business_id)


def _fetches(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(StripeFetch.dead_at.label("at")).where(
        StripeFetch.done_at.is_(None), StripeFetch.dead_at > now - LOOK_BACK)
    return query if business_id is None else query.where(StripeFetch.account == account_of(business_id))


def _questions(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(Payment.created_at.label("at")).where(*_unasked(), Payment.created_at > now - LOOK_BACK)
    return query if business_id is None else query.where(Payment.business_id == business_id)


def _unasked() -> tuple[ColumnElement[bool], ...]:
    return Payment.state.in_(OPEN_STATES), Payment.ask_at.is_(None), Payment.ask_count > MOST_ASKS


def _refunds(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(Refund.created_at.label("at")).where(
        Refund.state.in_(("requested", "unknown")), Refund.created_at < now - refunds.SILENCE)
    return query if business_id is None else query.where(Refund.business_id == business_id)


def _steps(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(ReminderTrack.look_at.label("at")).where(
        ReminderTrack.look_at.is_not(None), ReminderTrack.reason == BROKEN)
    return query if business_id is None else query.where(ReminderTrack.business_id == business_id)


KINDS: Mapping[str, Callable[[datetime, int | None], Select[Any]]] = {
    "emails": _emails, "fetches": _fetches, "questions": _questions, "refunds": _refunds, "steps": _steps,
}


def of_all(session: Session, now: datetime, business_id: int | None = None) -> list[Resting]:
    """List the kinds of which something rests; of one business if it is named."""
    found = []
    for kind, resting in KINDS.items():
        rows = resting(now, business_id).limit(MOST_COUNTED).subquery()
        count, since = session.execute(select(func.count(), func.min(rows.c.at))).one()
        if count:
            found.append(Resting(kind, count, since))
    return found


def wake(rt: Runtime) -> int:
    """Let every question to Stripe that rests be asked once more, from the beginning; returns how many there were."""
    now = rt.now()

    def work(session: Session) -> int:
        fetches = session.execute(
            update(StripeFetch).where(StripeFetch.done_at.is_(None), StripeFetch.dead_at.is_not(None))
            .values(dead_at=None, due_at=now, attempts=0).execution_options(synchronize_session=False))
        asks = session.execute(
            update(Payment).where(*_unasked()).values(ask_at=now, ask_count=0)
            .execution_options(synchronize_session=False))
        woken = int(fetches.rowcount) + int(asks.rowcount)  # type: ignore[attr-defined]
        if woken:
            record(session, at=now, actor=COMMAND_LINE, act="jobs.woken", business_id=None, rows=woken)
        return woken

    return rt.db.run(work)
