"""What will be written, printed and called in the coming days, for many debtors: read in batches, told by the rules.

Either as things stand, or as if some cadences had been switched on this moment. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from portal.domain.cadences import Series
from portal.domain.foresight import Event, Waiting, foresee
from portal.domain.ledger import RECEIVABLE
from portal.models import Cadence, Debtor, LedgerAccount, ReminderTrack
from portal.runtime import Runtime
from portal.services import cadence_places, reminder_facts
from portal.services.reminder_facts import Someone

DAYS = 30
BATCH = 400


@dataclass(frozen=True)
class Told:
    """One debtor with what is to happen to them, by time."""

    someone: Someone
    events: Sequence[Event]


def debtors_concerned(session: Session, business_id: int, *, draft: bool) -> Select[Debtor]:
    """Ask for the debtors somebody is to look at; for a draft, all who owe anything."""
    if draft:
        asked = exists().where(
            LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == Debtor.id,
            LedgerAccount.kind == RECEIVABLE, LedgerAccount.credits < LedgerAccount.debits)
    else:
        asked = exists().where(ReminderTrack.debtor_id == Debtor.id, ReminderTrack.look_at.is_not(None))
    return select(Debtor).where(Debtor.business_id == business_id, asked).order_by(Debtor.id)


def count_concerned(session: Session, business_id: int, *, draft: bool) -> int:
    """Count them."""
    found = debtors_concerned(session, business_id, draft=draft).order_by(None).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def tell(rt: Runtime, session: Session, now: datetime, business_id: int, *, most: int | None,
         series: Sequence[Series] | None = None, days: int = DAYS) -> Iterator[Told]:
    """Tell of each debtor concerned, at most so many; with `series` as if those were switched on now, by rank."""
    query, last, left = debtors_concerned(session, business_id, draft=series is not None), 0, most
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        debtors = session.scalars(query.where(Debtor.id > last).limit(size)).all()
        yield from of(rt, session, now, debtors, series=None if series is None else {business_id: series}, days=days)
        if len(debtors) < size:
            return
        last, left = debtors[-1].id, None if left is None else left - len(debtors)


def of(rt: Runtime, session: Session, now: datetime, debtors: Sequence[Debtor], *,
       series: Mapping[int, Sequence[Series]] | None = None, days: int = DAYS) -> list[Told]:
    """Tell of these debtors; a fixed number of questions, however many they are."""
    if not debtors:
        return []
    until = now + timedelta(days=days)
    if series is not None:
        someones = reminder_facts.as_if(rt, session, now, debtors, series)
        return [Told(one, _foresee(one, {debt.invoice_id: Waiting(now) for debt in one.debts}, now, until))
                for one in someones]
    return [Told(one, _foresee(one, {id: Waiting(track.look_at, track.reason) for id, track in one.tracks.items()},
                               now, until))
            for one in reminder_facts.gather(rt, session, now, debtors, only_due=False)]


def _foresee(one: Someone, waiting: Mapping[int, Waiting], now: datetime, until: datetime) -> list[Event]:
    return foresee(one.debts, waiting, one.situation, may_call=one.may_call, has_address=one.has_address, now=now,
                   until=until, is_open=one.is_open)


def series_with(session: Session, business_id: int, draft_id: int) -> list[Series]:
    """Give the cadences as they would be with a draft switched on in place of its earlier version, by rank."""
    draft = session.get_one(Cadence, draft_id)
    others = [one for one in cadence_places.in_force(session, [business_id]).get(business_id, [])
              if one.series != draft.series]
    return cadence_places.series_of(session, sorted([*others, draft], key=lambda one: (one.rank, one.id)))
