"""Stripe's events: each is stored once and its facts are booked in the same commit, then answered with 200."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.gateways.stripe import BadWebhook as BadWebhook
from portal.gateways.stripe import StripeRefused, StripeUnknown
from portal.gateways.stripe_facts import Unreadable, facts_of_event
from portal.models import Business, StripeEvent
from portal.runtime import Runtime
from portal.services import facts
from portal.wordings import Worded

# The most telling outcome of an event's facts is kept on its row.
WEIGHT = {"noted": 0, "applied": 1, "waiting": 2, "mismatch": 3}
# An event is written down as what it most likely comes to; nobody sees its row before that is known.
LIKELIEST = "applied"
PAYLOAD_DAYS = 90
FIRST_LOOK_BACK = timedelta(days=2)
OVERLAP = timedelta(hours=1)
# Stripe keeps events for thirty days.
LONGEST_LOOK_BACK = timedelta(days=29)
ID_CHUNK = 500


def receive_webhook(rt: Runtime, payload: bytes, signature: str | None, *, connect: bool) -> str:
    """Take one delivery of Stripe's: check it, book it, and say what came of it.

    Raises BadWebhook for whatever is not a genuine, recent event of our mode.
    """
    event = rt.stripe.verify(payload, signature, connect=connect, now=rt.now())
    return receive_event(rt, event)


def receive_event(rt: Runtime, event: Mapping[str, Any]) -> str:
    """Book a genuine event once, however often and by whatever way it reaches us."""
    now = rt.now()
    return rt.db.run(lambda session: _receive(session, event, now))


def _receive(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    row_id = _store_once(session, event, now)
    if row_id is None:
        return "known"
    outcome, note = "noted", ""
    try:
        for fact in facts_of_event(event):
            outcome = max(outcome, facts.apply(session, fact, now=now), key=WEIGHT.__getitem__)
    except Unreadable:
        outcome, note = "mismatch", "unreadable"
    if outcome != LIKELIEST:
        session.execute(_OUTCOME, {"row": row_id, "result": outcome, "why": note})
    return outcome


_EVENTS = cast(Table, StripeEvent.__table__)
_OUTCOME = update(_EVENTS).where(_EVENTS.c.id == bindparam("row")).values(
    outcome=bindparam("result"), note=bindparam("why"))


def _store_once(session: Session, event: Mapping[str, Any], now: datetime) -> int | None:
    """Insert the event's row; a second delivery at the same moment waits here for the first to commit."""
    connection = session.connection()
    values = {
        "account": str(event.get("account") or "")[:64], "event": event["id"], "type": event["type"],
        "object_id": str(event["data"]["object"].get("id", ""))[:80], "livemode": bool(event["livemode"]),
        "happened_at": datetime.fromtimestamp(event["created"], UTC), "received_at": now, "payload": dict(event),
        "outcome": LIKELIEST, "note": ""}
    found: int | None = _store(connection.dialect.name).run(connection, values).scalar()
    return found


@cache
def _store(kind: str) -> Worded:
    dialect = postgresql if kind == "postgresql" else sqlite
    return Worded(dialect.insert(_EVENTS).on_conflict_do_nothing().returning(_EVENTS.c.id))


def catch_up(rt: Runtime) -> int:
    """Ask Stripe for events that never reached us of late and book them; returns how many were new."""
    return sum(_catch_up(rt, account, since) for account, since in _accounts(rt))


def catch_up_wide(rt: Runtime) -> int:
    """Ask Stripe for every event it still keeps and book what never reached us; returns how many were new.

    What came later may hide an older gap from catch_up(), so that this looks at all of it once a day.
    """
    since = rt.now() - LONGEST_LOOK_BACK
    return sum(_catch_up(rt, account, since) for account, _ in _accounts(rt))


def missed(rt: Runtime, account: str, since: datetime) -> list[dict[str, Any]]:
    """List the events of an account since a time that never reached us, oldest first.

    Raises StripeUnknown, StripeRefused.
    """
    events = rt.stripe.events(account=account or None, since=since)
    known = _known(rt, account, [event["id"] for event in events])
    return [event for event in events if event["id"] not in known]


def _catch_up(rt: Runtime, account: str, since: datetime) -> int:
    try:
        events = missed(rt, account, since)
    except (StripeUnknown, StripeRefused):
        # An account that shut us out must not keep the others' events from us.
        return 0
    return sum(receive_event(rt, event) != "known" for event in events)


def _known(rt: Runtime, account: str, ids: list[str]) -> set[str]:
    known: set[str] = set()
    with rt.db.reading() as session:
        for start in range(0, len(ids), ID_CHUNK):
            known |= set(session.scalars(select(StripeEvent.event).where(
                StripeEvent.account == account, StripeEvent.event.in_(ids[start:start + ID_CHUNK]))))
    return known


def _accounts(rt: Runtime) -> list[tuple[str, datetime]]:
    start = rt.now() - FIRST_LOOK_BACK
    with rt.db.reading() as session:
        accounts = {account or "" for account in session.scalars(select(Business.stripe_account))}
        latest = dict(session.execute(
            select(StripeEvent.account, func.max(StripeEvent.happened_at)).group_by(StripeEvent.account)).all())
    return [(account, (latest.get(account) or start) - OVERLAP) for account in sorted(accounts)]


def forget_payloads(rt: Runtime) -> int:
    """Remove the bodies of old events: they are personal data, and what they told is booked."""
    limit = rt.now() - timedelta(days=PAYLOAD_DAYS)
    with rt.db.transaction() as session:
        old = update(StripeEvent).where(
            StripeEvent.received_at < limit, StripeEvent.payload.is_not(None)).values(payload=None)
        return int(session.execute(old).rowcount)  # type: ignore[attr-defined]
