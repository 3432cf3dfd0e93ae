"""Fetches from Stripe what events left out, and closes pages whose price is no longer right."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal import logs
from portal.domain.money_facts import Fact
from portal.gateways.stripe import StripeGateway, StripeRefused, StripeUnknown
from portal.models import StripeFetch
from portal.runtime import Runtime
from portal.services import attempts, facts

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 12


def fetch_due(rt: Runtime, limit: int = 50) -> int:
    """Do every fetch whose time has come; returns how many were done."""
    done = 0
    for row, token in _claim(rt, limit):
        try:
            _fetch(rt, row)
        except StripeUnknown as silence:
            _put_back(rt, row, token, str(silence))
        except StripeRefused as refusal:
            _put_back(rt, row, token, refusal.code, dead=True)
        except Exception as error:
            # One answer that cannot be booked must not keep the others waiting behind it.
            logs.failed(error, fetch=str(row.id))
            _put_back(rt, row, token, type(error).__name__)
        else:
            _finish(rt, row, token)
            done += 1
    return done


def _claim(rt: Runtime, limit: int) -> list[tuple[StripeFetch, str]]:
    now, token = rt.now(), secrets.token_hex(16)

    def work(session: Session) -> list[StripeFetch]:
        free = or_(StripeFetch.leased_until.is_(None), StripeFetch.leased_until < now)
        query = (
            select(StripeFetch)
            .where(StripeFetch.done_at.is_(None), StripeFetch.dead_at.is_(None), StripeFetch.due_at <= now, free)
            .order_by(StripeFetch.due_at).limit(limit).with_for_update(skip_locked=True))
        rows = list(session.scalars(query))
        for row in rows:
            row.claim_token, row.leased_until, row.attempts = token, now + LEASE, row.attempts + 1
        return rows
    return [(row, token) for row in rt.db.run(work)]


def _fetch(rt: Runtime, row: StripeFetch) -> None:
    account = row.account or None
    act = ACTS.get(row.kind)
    if act is not None:
        act(rt, row.object_id, account)
        return
    found = QUESTIONS[row.kind](rt.stripe, row.object_id, account)
    now = rt.now()
    rt.db.run(lambda session: [facts.apply(session, fact, now=now) for fact in found])


# What is only done, and what is asked and its answer booked, by the kind of a row.
ACTS: dict[str, Callable[[Runtime, str, str | None], object]] = {
    "close_page": attempts.close_page,
    "cancel_intent": lambda rt, intent, account: rt.stripe.cancel_charge(intent, account=account),
    "detach_method": lambda rt, method, account: rt.stripe.detach_method(method, account=account),
    "forget_customer": lambda rt, customer, account: rt.stripe.forget_customer(customer, account=account),
}
QUESTIONS: dict[str, Callable[[StripeGateway, str, str | None], list[Fact]]] = {
    "balance_line": lambda stripe, line, account: stripe.balance_line(line, account=account),
    "setup": lambda stripe, setup, account: stripe.look_up_setup(setup, account=account),
    "saved_by": lambda stripe, intent, account: stripe.look_up_saved_by(intent, account=account),
}


def _finish(rt: Runtime, row: StripeFetch, token: str) -> None:
    now = rt.now()
    with rt.db.transaction() as session:
        session.execute(update(StripeFetch).where(StripeFetch.id == row.id, StripeFetch.claim_token == token)
                        .values(done_at=now, leased_until=None, claim_token=None))


def _put_back(rt: Runtime, row: StripeFetch, token: str, error: str, *, dead: bool = False) -> None:
    now = rt.now()
    wait = timedelta(seconds=min(3600, 5 * 2 ** row.attempts))
    ended = now if dead or row.attempts >= MOST_ATTEMPTS else None
    with rt.db.transaction() as session:
        session.execute(
            update(StripeFetch).where(StripeFetch.id == row.id, StripeFetch.claim_token == token)
            .values(due_at=now + wait, leased_until=None, claim_token=None, dead_at=ended, last_error=error[:80]))
