"""Gives every invoice its place in the cadences that are switched on: which one it follows, and how far it has come.

Set-based, however many invoices there are. Whose cadence stays the same is left alone; who moves goes on from about
where they stood, so that nobody is greeted anew after a firm word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Case, ColumnElement, Exists, and_, case, exists, func, null, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.domain.cadences import Audience, Series, counterpart
from portal.domain.ledger import RECEIVABLE
from portal.models import (
    Business,
    Cadence,
    CadenceStep,
    Debtor,
    DebtorStanding,
    Invoice,
    LedgerAccount,
    ReminderTrack,
)
from portal.services.reminder_facts import step_of, weight

NO_CADENCE, NOTHING_LEFT = "no_cadence", "nothing_left"


def in_force(session: Session, business_ids: Sequence[int]) -> dict[int, list[Cadence]]:
    """Give the cadences that are switched on, by business, the first that fits first."""
    query = (
        select(Cadence).where(Cadence.business_id.in_(business_ids), Cadence.ended_at.is_(None),
                              Cadence.switched_on_at.is_not(None))
        .order_by(Cadence.rank, Cadence.id))
    found: dict[int, list[Cadence]] = {}
    for cadence in session.scalars(query):
        found.setdefault(cadence.business_id, []).append(cadence)
    return found


def series_of(session: Session, cadences: Sequence[Cadence]) -> list[Series]:
    """Give cadences as the rules know them, in the order given."""
    steps: dict[int, list[CadenceStep]] = {cadence.id: [] for cadence in cadences}
    for row in session.scalars(select(CadenceStep).where(
            CadenceStep.cadence_id.in_(steps), CadenceStep.removed_at.is_(None)).order_by(CadenceStep.day)):
        steps[row.cadence_id].append(row)
    return [Series(cadence.id, audience_of(cadence), tuple(step_of(row) for row in steps[cadence.id]))
            for cadence in cadences]


def audience_of(cadence: Cadence) -> Audience:
    """Tell whom a cadence is for."""
    return Audience(cadence.audience, cadence.history, cadence.least_minor)


def owed() -> Exists:
    """Ask of a track whether anything is left of its invoice."""
    return exists().where(LedgerAccount.invoice_id == ReminderTrack.invoice_id, LedgerAccount.kind == RECEIVABLE,
                          LedgerAccount.credits < LedgerAccount.debits)


def give(session: Session, business_id: int, now: datetime, *, only: Sequence[int] | None = None) -> int:
    """Let every invoice that is owed follow the first cadence that fits it; returns how many follow one now.

    `only` are the invoices to look at, all without it. The caller holds the business's lock.
    """
    mine = [ReminderTrack.business_id == business_id, owed()]
    if only is not None:
        mine.append(ReminderTrack.invoice_id.in_(only))
    chosen = _first_that_fits(in_force(session, [business_id]).get(business_id, []))
    moved = or_(ReminderTrack.cadence_id.is_distinct_from(chosen),
                and_(ReminderTrack.look_at.is_(None), ReminderTrack.reason.in_((NO_CADENCE, NOTHING_LEFT))))
    session.execute(
        update(ReminderTrack).where(*mine, moved).values(
            cadence_id=chosen, look_at=case((chosen.is_not(None), now), else_=null()),
            reason=case((chosen.is_not(None), ""), else_=NO_CADENCE)).execution_options(synchronize_session=False))
    _go_on(session, business_id)
    followed = select(func.count()).select_from(ReminderTrack).where(*mine, ReminderTrack.cadence_id.is_not(None))
    return session.scalar(followed) or 0


def _first_that_fits(cadences: Sequence[Cadence]) -> Case[Any]:
    """Choose as domain/cadences.choose() does, in the database."""
    fits = [(_fits(cadence), cadence.id) for cadence in cadences]
    # Without any, the choice is none for everybody.
    return case(*fits, else_=null()) if fits else case((ReminderTrack.invoice_id < 0, 0), else_=null())


def _fits(cadence: Cadence) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [ReminderTrack.invoice_id.is_not(None)]
    if cadence.audience != "any":
        kind = select(Debtor.kind).where(Debtor.id == ReminderTrack.debtor_id).scalar_subquery()
        parts.append(kind == cadence.audience)
    if cadence.history != "any":
        late = exists().where(DebtorStanding.debtor_id == ReminderTrack.debtor_id, DebtorStanding.paid_late > 0)
        parts.append(late if cadence.history == "repeat" else ~late)
    if cadence.least_minor:
        counted = (
            select(weight()).join(Business, Business.id == Invoice.business_id)
            .where(Invoice.id == ReminderTrack.invoice_id).scalar_subquery())
        parts.append(counted >= cadence.least_minor)
    return and_(*parts)


def _go_on(session: Session, business_id: int) -> None:
    """Let invoices that stand on a step of another cadence go on from its counterpart in their own."""
    step = aliased(CadenceStep)
    pairs = session.execute(
        select(func.coalesce(ReminderTrack.cadence_id, 0), step).distinct()
        .join(step, step.id == ReminderTrack.step_id)
        .where(ReminderTrack.business_id == business_id, ReminderTrack.cadence_id.is_not(None),
               step.cadence_id != ReminderTrack.cadence_id)).all()
    if not pairs:
        return
    cadences = session.scalars(select(Cadence).where(Cadence.id.in_({pair[0] for pair in pairs}))).all()
    steps = {series.id: series.steps for series in series_of(session, cadences)}
    for cadence_id, old in pairs:
        found = counterpart(steps[cadence_id], step_of(old))
        session.execute(
            update(ReminderTrack).where(
                ReminderTrack.business_id == business_id, ReminderTrack.cadence_id == cadence_id,
                ReminderTrack.step_id == old.id)
            .values(step_id=None if found is None else found.id).execution_options(synchronize_session=False))
