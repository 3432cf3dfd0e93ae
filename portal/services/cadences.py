"""A business's cadences by command and by job: proposed from a preset, switched on and off, given to new invoices.

How they are edited in the office is in cadence_desk.py, which invoice follows which in cadence_places.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.cadences import PRESETS, choose
from portal.domain.errors import Refusal
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
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import cadence_places
from portal.services.audit import Actor, record
from portal.services.cadence_places import NO_CADENCE, NOTHING_LEFT, owed
from portal.services.fact_lookup import lock_business
from portal.services.reminder_facts import weight

# Ids are handed out before they are committed: a late commit may lie so far behind the newest.
OVERLAP = 20_000
BATCH = 20_000


def propose(session: Session, business_id: int, preset: str, *, now: datetime) -> Cadence:
    """Write a preset down as a cadence of the business, switched off. Raises Refusal invalid/unknown_preset."""
    if preset not in PRESETS:
        raise Refusal("invalid", "unknown_preset")
    name = new_public_id()
    cadence = Cadence(public_id=name, series=name, business_id=business_id, name=preset, preset=preset, created_at=now)
    session.add(cadence)
    session.flush()
    fill(session, cadence, preset, now=now)
    return cadence


def fill(session: Session, cadence: Cadence, preset: str, *, now: datetime) -> None:
    """Give a cadence the steps of a preset."""
    session.add_all(
        CadenceStep(business_id=cadence.business_id, cadence_id=cadence.id, day=day, tone=tone, channel=channel,
                    created_at=now)
        for day, tone, channel in PRESETS[preset])
    session.flush()


def switch_on(rt: Runtime, slug: str, preset: str, *, actor: Actor) -> int:
    """Let a business's reminders begin with a preset, in place of what was on; returns how many invoices it covers.

    Raises Refusal: not_found/unknown_business, invalid/unknown_preset.
    """
    now = rt.now()

    def work(session: Session) -> int:
        business = _business(session, slug)
        _end_all(session, business.id, now)
        cadence = propose(session, business.id, preset, now=now)
        cadence.switched_on_at = now
        session.flush()
        covered = cadence_places.give(session, business.id, now)
        record(session, at=now, actor=actor, act="cadence.switched_on", business_id=business.id,
               target=f"cadence:{cadence.public_id}", preset=preset, invoices=covered)
        return covered

    return rt.db.run(work)


def switch_off(rt: Runtime, slug: str, *, actor: Actor) -> None:
    """Stop a business's reminders; where each invoice stood is kept. Raises Refusal not_found/unknown_business."""
    now = rt.now()

    def work(session: Session) -> None:
        business = _business(session, slug)
        _end_all(session, business.id, now)
        cadence_places.give(session, business.id, now)
        record(session, at=now, actor=actor, act="cadence.switched_off", business_id=business.id)

    rt.db.run(work)


def _business(session: Session, slug: str) -> Business:
    business = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
    if business is None:
        raise Refusal("not_found", "unknown_business", slug=slug)
    return lock_business(session, business.id)


def _end_all(session: Session, business_id: int, now: datetime) -> None:
    session.execute(update(Cadence).where(Cadence.business_id == business_id, Cadence.ended_at.is_(None))
                    .values(ended_at=now))


def track_new(rt: Runtime) -> int:
    """Give every invoice that was issued since the last look its place in a cadence; returns how many there were."""
    now = rt.now()
    with rt.db.reading() as session:
        newest = session.scalar(select(func.max(ReminderTrack.invoice_id))) or 0
        missing = session.scalars(_missing(newest - OVERLAP).limit(BATCH)).all()
    if not missing:
        return 0
    return rt.db.run(lambda session: _track(session, now, missing))


def wake(rt: Runtime) -> int:
    """Look again at invoices that were paid once and are owed again, such as after a chargeback."""
    now = rt.now()
    resting = select(ReminderTrack.business_id, ReminderTrack.invoice_id).where(
        ReminderTrack.look_at.is_(None), ReminderTrack.reason == NOTHING_LEFT, owed())
    with rt.db.reading() as session:
        found: dict[int, list[int]] = defaultdict(list)
        for business_id, invoice_id in session.execute(resting.limit(BATCH)):
            found[business_id].append(invoice_id)

    def work(business_id: int, session: Session) -> None:
        # What was on when they were paid may have ended since.
        lock_business(session, business_id)
        cadence_places.give(session, business_id, now, only=found[business_id])

    for business_id in found:
        rt.db.run(partial(work, business_id))
    return sum(map(len, found.values()))


def _missing(after: int) -> Select[int | None]:
    tracked = exists().where(ReminderTrack.invoice_id == LedgerAccount.invoice_id)
    return (
        select(LedgerAccount.invoice_id)
        .where(LedgerAccount.invoice_id > after, LedgerAccount.kind == RECEIVABLE,
               LedgerAccount.credits < LedgerAccount.debits, ~tracked)
        .order_by(LedgerAccount.invoice_id))


def _track(session: Session, now: datetime, invoice_ids: Sequence[int | None]) -> int:
    late = func.coalesce(
        select(func.max(DebtorStanding.paid_late)).where(DebtorStanding.debtor_id == Debtor.id).scalar_subquery(), 0)
    rows = session.execute(
        select(Invoice.id, Invoice.business_id, Invoice.debtor_id, weight(), Debtor.kind, late)
        .join(Debtor, Debtor.id == Invoice.debtor_id).join(Business, Business.id == Invoice.business_id)
        .where(Invoice.id.in_(invoice_ids))).all()
    businesses = sorted({row[1] for row in rows})
    for business_id in businesses:
        # Else a cadence could be switched off between this look and its commit, and be followed all the same.
        lock_business(session, business_id)
    series = {id: cadence_places.series_of(session, cadences)
              for id, cadences in cadence_places.in_force(session, businesses).items()}
    values = []
    for invoice_id, business_id, debtor_id, counted, kind, paid_late in rows:
        fitting = choose(series.get(business_id, ()), kind=kind, repeat=paid_late > 0, amount_minor=counted)
        values.append({
            "invoice_id": invoice_id, "business_id": business_id, "debtor_id": debtor_id,
            "cadence_id": fitting.id if fitting else None, "look_at": now if fitting else None,
            "reason": "" if fitting else NO_CADENCE})
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(ReminderTrack).on_conflict_do_nothing(), values)
    return len(values)
