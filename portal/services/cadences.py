"""A business's cadences: proposed from a preset, switched on and off, and given to every invoice that is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.cadences import PRESETS, TONES, Audience
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
from portal.runtime import Runtime
from portal.services.audit import Actor, record
from portal.services.fact_lookup import lock_business

# Ids are handed out before they are committed: a late commit may lie so far behind the newest.
OVERLAP = 20_000
BATCH = 20_000
NO_CADENCE, NOTHING_LEFT = "no_cadence", "nothing_left"


def propose(session: Session, business_id: int, preset: str, *, now: datetime) -> Cadence:
    """Write a preset down as a cadence of the business, switched off. Raises Refusal invalid/unknown_preset."""
    if preset not in PRESETS:
        raise Refusal("invalid", "unknown_preset")
    cadence = Cadence(business_id=business_id, name=preset, preset=preset, created_at=now)
    session.add(cadence)
    session.flush()
    session.add_all(
        CadenceStep(business_id=business_id, cadence_id=cadence.id, day=day, tone=tone, channel=channel, created_at=now)
        for day, tone, channel in PRESETS[preset])
    session.flush()
    return cadence


def switch_on(rt: Runtime, slug: str, preset: str, *, actor: Actor) -> int:
    """Let a business's reminders begin with a preset, in place of what was on; returns how many invoices it covers.

    Raises Refusal: not_found/unknown_business, invalid/unknown_preset.
    """
    now = rt.now()

    def work(session: Session) -> int:
        business = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
        if business is None:
            raise Refusal("not_found", "unknown_business", slug=slug)
        lock_business(session, business.id)
        session.execute(update(Cadence).where(Cadence.business_id == business.id, Cadence.ended_at.is_(None))
                        .values(ended_at=now))
        cadence = propose(session, business.id, preset, now=now)
        cadence.switched_on_at = now
        session.flush()
        covered = _give(session, business.id, cadence, now)
        record(session, at=now, actor=actor, act="cadence.switched_on", business_id=business.id,
               target=f"cadence:{cadence.public_id}", preset=preset, invoices=covered)
        return covered

    return rt.db.run(work)


def switch_off(rt: Runtime, slug: str, *, actor: Actor) -> None:
    """Stop a business's reminders; where each invoice stood is kept. Raises Refusal not_found/unknown_business."""
    now = rt.now()

    def work(session: Session) -> None:
        business = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
        if business is None:
            raise Refusal("not_found", "unknown_business", slug=slug)
        lock_business(session, business.id)
        session.execute(update(Cadence).where(Cadence.business_id == business.id, Cadence.ended_at.is_(None))
                        .values(ended_at=now))
        session.execute(
            update(ReminderTrack).where(ReminderTrack.business_id == business.id, ReminderTrack.look_at.is_not(None))
            .values(look_at=None, reason=NO_CADENCE))
        record(session, at=now, actor=actor, act="cadence.switched_off", business_id=business.id)

    rt.db.run(work)


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
    owed = exists().where(LedgerAccount.invoice_id == ReminderTrack.invoice_id, LedgerAccount.kind == RECEIVABLE,
                          LedgerAccount.credits < LedgerAccount.debits)

    def work(session: Session) -> int:
        resting = update(ReminderTrack).where(
            ReminderTrack.look_at.is_(None), ReminderTrack.reason == NOTHING_LEFT, owed).values(look_at=now)
        return len(session.execute(resting.returning(ReminderTrack.invoice_id)).all())

    return rt.db.run(work)


def in_force(session: Session, business_ids: Sequence[int]) -> dict[int, list[tuple[Cadence, Audience]]]:
    """Give the cadences that are switched on, by business, the first that fits first."""
    query = (
        select(Cadence).where(Cadence.business_id.in_(business_ids), Cadence.ended_at.is_(None),
                              Cadence.switched_on_at.is_not(None))
        .order_by(Cadence.rank, Cadence.id))
    found: dict[int, list[tuple[Cadence, Audience]]] = {}
    for cadence in session.scalars(query):
        audience = Audience(cadence.audience, cadence.history, cadence.least_minor)
        found.setdefault(cadence.business_id, []).append((cadence, audience))
    return found


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
        select(Invoice.id, Invoice.business_id, Invoice.debtor_id, Invoice.total_minor, Debtor.kind, late)
        .join(Debtor, Debtor.id == Invoice.debtor_id).where(Invoice.id.in_(invoice_ids))).all()
    series = in_force(session, sorted({row[1] for row in rows}))
    values = []
    for invoice_id, business_id, debtor_id, total, kind, paid_late in rows:
        fitting = next((cadence.id for cadence, audience in series.get(business_id, ())
                        if audience.fits(kind=kind, repeat=paid_late > 0, amount_minor=total)), None)
        values.append({
            "invoice_id": invoice_id, "business_id": business_id, "debtor_id": debtor_id, "cadence_id": fitting,
            "look_at": now if fitting else None, "reason": "" if fitting else NO_CADENCE})
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(ReminderTrack).on_conflict_do_nothing(), values)
    return len(values)


def _give(session: Session, business_id: int, cadence: Cadence, now: datetime) -> int:
    """Let every invoice that is owed go on with a new cadence from about where it stood in the old one."""
    for old, new in _counterparts(session, business_id, cadence).items():
        session.execute(update(ReminderTrack).where(
            ReminderTrack.business_id == business_id, ReminderTrack.step_id == old).values(step_id=new))
    owed = exists().where(LedgerAccount.invoice_id == ReminderTrack.invoice_id, LedgerAccount.kind == RECEIVABLE,
                          LedgerAccount.credits < LedgerAccount.debits)
    session.execute(update(ReminderTrack).where(ReminderTrack.business_id == business_id, owed)
                    .values(cadence_id=cadence.id, look_at=now, reason=""))
    return session.scalar(
        select(func.count()).select_from(ReminderTrack)
        .where(ReminderTrack.business_id == business_id, ReminderTrack.look_at.is_not(None))) or 0


def _counterparts(session: Session, business_id: int, cadence: Cadence) -> dict[int, int | None]:
    """Find for each step of earlier cadences the last one of the new cadence that is no later and no firmer."""
    steps = session.scalars(select(CadenceStep).where(CadenceStep.business_id == business_id)).all()
    new = sorted((step for step in steps if step.cadence_id == cadence.id), key=lambda step: step.day)
    found: dict[int, int | None] = {}
    for old in steps:
        if old.cadence_id != cadence.id:
            fitting = [step.id for step in new
                       if step.day <= old.day and TONES.index(step.tone) <= TONES.index(old.tone)]
            found[old.id] = fitting[-1] if fitting else None
    return found
