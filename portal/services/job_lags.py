"""How far each job is behind: the oldest row that is due and that nobody has taken yet, read through its index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal.models import Business, FeeTrack, Message, Payment, Refund, ReminderTrack, StripeFetch

# More than this is "many": nobody needs the exact number, and counting on would read the whole table.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Lag:
    """What waits for one job: how many rows (at most MOST_COUNTED) and since when the oldest; None when nothing."""

    waiting: int = 0
    since: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """Tell how long the oldest has waited."""
        return max(0.0, (now - self.since).total_seconds()) if self.since else 0.0


def _messages(now: datetime, business_id: int | None) -> Select[Any]:
    free = or_(Message.leased_until.is_(None), Message.leased_until <= now)
    query = select(Message.due_at.label("at")).where(Message.state == "queued", Message.due_at <= now, free)
    return query if business_id is None else query.where(Message.business_id == business_id)


def _fetches(now: datetime, business_id: int | None) -> Select[Any]:
    free = or_(StripeFetch.leased_until.is_(None), StripeFetch.leased_until <= now)
    query = select(StripeFetch.due_at.label("at")).where(
        StripeFetch.done_at.is_(None), StripeFetch.dead_at.is_(None), StripeFetch.due_at <= now, free)
    return query if business_id is None else query.where(StripeFetch.account == account_of(business_id))


def _questions(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(Payment.ask_at.label("at")).where(Payment.ask_at <= now)
    return query if business_id is None else query.where(Payment.business_id == business_id)


def _refunds(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(Refund.created_at.label("at")).where(Refund.state.in_(("requested", "unknown")))
    return query if business_id is None else query.where(Refund.business_id == business_id)


def _steps(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(ReminderTrack.look_at.label("at")).where(ReminderTrack.look_at <= now)
    return query if business_id is None else query.where(ReminderTrack.business_id == business_id)


def _fees(now: datetime, business_id: int | None) -> Select[Any]:
    query = select(FeeTrack.look_on.label("at")).where(FeeTrack.look_on < now.astimezone(UTC).date())
    return query if business_id is None else query.where(FeeTrack.business_id == business_id)


def account_of(business_id: int) -> Any:
    """Write the question for the Stripe account of a business as fetches name it; "" is the installation's own."""
    return select(func.coalesce(Business.stripe_account, "")).where(Business.id == business_id).scalar_subquery()


QUEUES: Mapping[str, Callable[[datetime, int | None], Select[Any]]] = {
    "deliver_messages": _messages, "fetch_from_stripe": _fetches, "ask_stripe": _questions, "send_refunds": _refunds,
    "remind": _steps, "charge_late_fees": _fees,
}


def of_all(session: Session, now: datetime, business_id: int | None = None) -> dict[str, Lag]:
    """Tell for each job that has rows to work on how many are due and since when; of one business if it is named."""
    return {name: _lag(session, due(now, business_id)) for name, due in QUEUES.items()}


def _lag(session: Session, due: Select[Any]) -> Lag:
    rows = due.order_by("at").limit(MOST_COUNTED).subquery()
    waiting, since = session.execute(select(func.count(), func.min(rows.c.at))).one()
    return Lag(waiting, _over(since) if isinstance(since, date) and not isinstance(since, datetime) else since)


def _over(day: date) -> datetime:
    """Give the moment a day is over, by which what is kept by days goes."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
