"""The one door for facts from Stripe, whether an event told them, a job asked, or they had to wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from portal.domain.money_facts import (
    BalanceLine,
    BalancePending,
    ChargedBack,
    Described,
    Fact,
    MandateChanged,
    MethodChanged,
    MethodPending,
    MethodSaved,
    Moved,
    PaidOut,
    Received,
    Refunded,
    from_data,
)
from portal.models import WaitingFact
from portal.services import fact_balance, fact_lookup, fact_payments, fact_returns, saved_methods


def apply(session: Session, fact: Fact, *, now: datetime) -> str:
    """Book one fact; the same fact again changes nothing. Returns applied, waiting, noted or mismatch."""
    match fact:
        case Received():
            arrival = fact_payments.receive(session, fact, now)
            outcome = arrival.outcome
            if arrival.awaited:
                _apply_waiting(session, fact, now)
        case Moved():
            outcome = fact_payments.move(session, fact, now)
        case Described():
            outcome = fact_payments.describe(session, fact, now)
        case Refunded():
            outcome = fact_returns.refund(session, fact, now)
        case ChargedBack():
            outcome = fact_returns.chargeback(session, fact, now)
        case BalanceLine():
            outcome = fact_balance.book_line(session, fact, now)
        case BalancePending():
            fact_lookup.ask_later(session, "balance_line", fact.line, fact.account, now)
            outcome = "noted"
        case PaidOut():
            outcome = fact_balance.pay_out(session, fact, now)
        case _:
            outcome = _of_methods(session, fact, now)
    return outcome


def _of_methods(session: Session, fact: Fact, now: datetime) -> str:
    """Book what was told of saved methods; money does not move by it."""
    match fact:
        case MethodPending():
            fact_lookup.ask_later(session, fact.what, fact.object_id, fact.account, now)
        case MethodSaved():
            return saved_methods.saved(session, fact, now)
        case MethodChanged():
            return saved_methods.changed(session, fact, now)
        case MandateChanged():
            return saved_methods.mandate_changed(session, fact, now)
    return "noted"


def _apply_waiting(session: Session, received: Received, now: datetime) -> None:
    """Book in the same commit whatever came before the payment it builds on."""
    predecessors = [name for name in (received.intent, received.charge) if name]
    fact_lookup.lock_names(session, *predecessors)
    waiting = session.scalars(_WAITING, {"names": predecessors, "account": received.account})
    for row in waiting.all():
        row.applied_at = now
        apply(session, from_data(row.fact), now=now)


_WAITING = (
    select(WaitingFact)
    .where(WaitingFact.waits_for.in_(bindparam("names", expanding=True)), WaitingFact.account == bindparam("account"),
           WaitingFact.applied_at.is_(None))
    .order_by(WaitingFact.id))
