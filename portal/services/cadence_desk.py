"""Cadences as the office edits them: always a draft beside what is on, so that nothing half-done is ever sent.

Each cadence has versions; the one that is on goes on until its draft is switched on (see cadence_switch.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal.domain import cadences as rules
from portal.domain.cadences import PRESETS
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Business, Cadence, CadenceStep, Holiday, ReminderTrack
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import audit, cadence_places, cadences, nonces
from portal.services.audit import staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.reminder_facts import step_of
from portal.services.step_words import StepLine

AUDIENCES, HISTORIES = ("any", "consumer", "business"), ("any", "first_time", "repeat")
LONGEST_NAME = 80
MOST_CADENCES = 20


@dataclass(frozen=True)
class CadenceView:
    """One version of a cadence. `other_id` is its draft where it is on, and what is on where it is a draft."""

    public_id: str
    name: str
    preset: str
    audience: str
    history: str
    least_minor: int
    currency: str
    version: int
    switched_on_at: datetime | None
    other_id: str
    other_version: int
    steps: tuple[StepLine, ...]
    mistakes: tuple[str, ...]
    invoices: int = 0

    @property
    def is_draft(self) -> bool:
        return self.switched_on_at is None


@dataclass(frozen=True)
class Overview:
    """Everything about reminders by themselves, by rank; `holidays` are the business's own days from today on."""

    cadences: tuple[CadenceView, ...]
    holidays: tuple[tuple[date, str], ...]
    safe_mode_at: datetime | None
    paused_at: datetime | None
    currency: str


@dataclass(frozen=True)
class Whom:
    """Whom a cadence is for and what staff call it; minor units of the business's currency."""

    name: str
    audience: str = "any"
    history: str = "any"
    least_minor: int = 0


class Stale(Exception):
    """Somebody else changed the same thing meanwhile: (field, before, now) for each field that moved."""

    def __init__(self, changes: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(changes)
        self.changes = list(changes)


def find(session: Session, access: StaffAccess, cadence_id: str) -> Cadence:
    """Find a cadence of this business that stands; raises Refusal not_found."""
    cadence = session.scalars(select(Cadence).where(
        Cadence.public_id == cadence_id, Cadence.business_id == access.business_id,
        Cadence.ended_at.is_(None))).one_or_none()
    if cadence is None:
        raise Refusal("not_found", "unknown_page")
    return cadence


def lock_draft(session: Session, access: StaffAccess, cadence_id: str) -> Cadence:
    """Take the business's lock and give a draft to change; raises Refusal not_found, conflict/cadence_is_on."""
    access.require("set_up")
    lock_business(session, access.business_id)
    cadence = find(session, access, cadence_id)
    session.refresh(cadence)
    if cadence.switched_on_at is not None or cadence.ended_at is not None:
        raise Refusal("conflict", "cadence_is_on")
    return cadence


def overview(rt: Runtime, access: StaffAccess) -> Overview:
    """Show all cadences that stand, and what holds them all."""
    access.require("set_up")
    with rt.db.reading() as session:
        business = session.get_one(Business, access.business_id)
        stand = session.scalars(_standing(access.business_id)).all()
        today = today_at(business, rt.now())
        days = session.execute(select(Holiday.day, Holiday.name).where(
            Holiday.business_id == business.id, Holiday.day >= today).order_by(Holiday.day)).all()
        return Overview(tuple(_views(session, business, stand)), tuple((day, name) for day, name in days),
                        business.safe_mode_at, business.paused_at, business.currency)


def today_at(business: Business, now: datetime) -> date:
    """Tell which day it is where the business is."""
    return now.astimezone(ZoneInfo(business.timezone)).date()


def view(rt: Runtime, access: StaffAccess, cadence_id: str) -> CadenceView:
    """Show one cadence; raises Refusal not_found."""
    access.require("set_up")
    with rt.db.reading() as session:
        cadence = find(session, access, cadence_id)
        business = session.get_one(Business, access.business_id)
        stand = session.scalars(_standing(access.business_id)).all()
        return next(one for one in _views(session, business, stand) if one.public_id == cadence.public_id)


def make(rt: Runtime, access: StaffAccess, preset: str, whom: Whom, nonce: str) -> str:
    """Begin another cadence as a draft, from a preset; returns its public id, the same for the same form.

    Raises Refusal: unknown_preset, cadence_name_missing, choice_unknown, cadences_many, form_without_id.
    """
    access.require("set_up")
    _check(whom)
    if preset not in PRESETS:
        raise Refusal("invalid", "unknown_preset")
    now, public_id = rt.now(), nonces.public_id(access, "cadence", nonce)

    def work(session: Session) -> str:
        lock_business(session, access.business_id)
        if session.scalar(select(Cadence.id).where(Cadence.public_id == public_id)) is not None:
            return public_id
        stand = session.scalars(_standing(access.business_id)).all()
        if len(stand) >= MOST_CADENCES:
            raise Refusal("conflict", "cadences_many", most=MOST_CADENCES)
        cadence = Cadence(
            public_id=public_id, series=public_id, business_id=access.business_id, name=whom.name.strip(),
            preset=preset, audience=whom.audience, history=whom.history, least_minor=whom.least_minor,
            rank=max((one.rank for one in stand), default=-1) + 1, created_at=now)
        session.add(cadence)
        session.flush()
        cadences.fill(session, cadence, preset, now=now)
        note(session, access, cadence, "cadence.drafted", now, preset=preset)
        return public_id

    return rt.db.run(work)


def draft_of(rt: Runtime, access: StaffAccess, cadence_id: str) -> str:
    """Give the draft of a cadence that is on, a copy of it where there is none yet; returns its public id."""
    access.require("set_up")
    now = rt.now()

    def work(session: Session) -> str:
        lock_business(session, access.business_id)
        cadence = find(session, access, cadence_id)
        known = session.scalars(_standing(access.business_id).where(
            Cadence.series == cadence.series, Cadence.switched_on_at.is_(None))).first()
        if known is not None:
            return known.public_id
        draft = Cadence(
            public_id=new_public_id(), series=cadence.series, business_id=cadence.business_id, name=cadence.name,
            preset=cadence.preset, audience=cadence.audience, history=cadence.history,
            least_minor=cadence.least_minor, rank=cadence.rank, version=cadence.version + 1, created_at=now)
        session.add(draft)
        session.flush()
        session.add_all(
            CadenceStep(business_id=step.business_id, cadence_id=draft.id, day=step.day, tone=step.tone,
                        channel=step.channel, own_words=dict(step.own_words), created_at=now)
            for step in steps_of(session, cadence))
        note(session, access, draft, "cadence.drafted", now, version=draft.version)
        return draft.public_id

    return rt.db.run(work)


def drop(rt: Runtime, access: StaffAccess, cadence_id: str) -> None:
    """Throw a draft away; what is on is left as it is. Raises Refusal not_found, cadence_is_on."""
    now = rt.now()

    def work(session: Session) -> None:
        draft = lock_draft(session, access, cadence_id)
        # No invoice ever followed it.
        draft.ended_at = now
        note(session, access, draft, "cadence.draft_dropped", now)

    rt.db.run(work)


def save_whom(rt: Runtime, access: StaffAccess, cadence_id: str, whom: Whom, was: Mapping[str, str]) -> bool:
    """Keep whom a draft is for; returns whether anything changed. `was` are the values the form began from.

    Raises Stale, and Refusal: not_found, cadence_is_on, cadence_name_missing, choice_unknown.
    """
    _check(whom)
    now = rt.now()

    def work(session: Session) -> bool:
        draft = lock_draft(session, access, cadence_id)
        before = whom_values(draft)
        refuse_stale(before, was)
        draft.name, draft.audience, draft.history = whom.name.strip(), whom.audience, whom.history
        draft.least_minor = whom.least_minor
        after = whom_values(draft)
        if after == before:
            return False
        note(session, access, draft, "cadence.whom_changed", now, before=before, after=after)
        return True

    return rt.db.run(work)


def move(rt: Runtime, access: StaffAccess, cadence_id: str, *, earlier: bool) -> None:
    """Let a cadence be asked before or after its neighbour, for invoices of which both are; counts from now on."""
    access.require("set_up")
    now = rt.now()

    def work(session: Session) -> None:
        lock_business(session, access.business_id)
        mine = find(session, access, cadence_id)
        stand = list(session.scalars(_standing(access.business_id)))
        # A draft stands where its cadence does.
        order = list(dict.fromkeys(one.series for one in stand))
        at = order.index(mine.series)
        to = at - 1 if earlier else at + 1
        if not 0 <= to < len(order):
            return
        order[at], order[to] = order[to], order[at]
        for one in stand:
            one.rank = order.index(one.series)
        session.flush()
        cadence_places.give(session, access.business_id, now)
        note(session, access, mine, "cadence.moved", now, rank=mine.rank)

    rt.db.run(work)


def whom_values(cadence: Cadence) -> dict[str, str]:
    """Write whom a cadence is for as a form carries it."""
    return {"name": cadence.name, "audience": cadence.audience, "history": cadence.history,
            "least_minor": str(cadence.least_minor)}


def refuse_stale(now: Mapping[str, str], was: Mapping[str, str]) -> None:
    """Raise Stale where somebody changed what this person began from."""
    moved = [(name, was[name], value) for name, value in now.items() if name in was and was[name] != value]
    if moved:
        raise Stale(moved)


def steps_of(session: Session, cadence: Cadence) -> list[CadenceStep]:
    """List the steps of a cadence, by day."""
    return list(session.scalars(select(CadenceStep).where(
        CadenceStep.cadence_id == cadence.id, CadenceStep.removed_at.is_(None)).order_by(CadenceStep.day)))


def note(session: Session, access: StaffAccess, cadence: Cadence, act: str, now: datetime, **details: Any) -> None:
    """Keep one act on a cadence in the audit."""
    audit.record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id,
                 target=f"cadence:{cadence.public_id}", **details)


def _check(whom: Whom) -> None:
    if not whom.name.strip() or len(whom.name.strip()) > LONGEST_NAME:
        raise Refusal("invalid", "cadence_name_missing", longest=LONGEST_NAME)
    if whom.audience not in AUDIENCES or whom.history not in HISTORIES:
        raise Refusal("invalid", "choice_unknown")


def _standing(business_id: int) -> Select[Cadence]:
    return (
        select(Cadence).where(Cadence.business_id == business_id, Cadence.ended_at.is_(None))
        .order_by(Cadence.rank, Cadence.series, Cadence.version))


def _views(session: Session, business: Business, stand: Sequence[Cadence]) -> list[CadenceView]:
    steps: dict[int, list[CadenceStep]] = {one.id: [] for one in stand}
    for step in session.scalars(select(CadenceStep).where(
            CadenceStep.cadence_id.in_(steps), CadenceStep.removed_at.is_(None)).order_by(CadenceStep.day)):
        steps[step.cadence_id].append(step)
    followed = {id: n for id, n in session.execute(
        select(ReminderTrack.cadence_id, func.count()).where(
            ReminderTrack.business_id == business.id, ReminderTrack.look_at.is_not(None))
        .group_by(ReminderTrack.cadence_id))}
    found = []
    for one in stand:
        other = next((it for it in stand if it.series == one.series and it.id != one.id), None)
        found.append(CadenceView(
            one.public_id, one.name, one.preset, one.audience, one.history, one.least_minor, business.currency,
            one.version, one.switched_on_at, other.public_id if other else "", other.version if other else 0,
            tuple(StepLine(it.public_id, it.day, it.tone, it.channel, tuple(sorted(it.own_words)))
                  for it in steps[one.id]),
            tuple(rules.mistakes([step_of(it) for it in steps[one.id]])), followed.get(one.id, 0)))
    return found


def currency_of(rt: Runtime, access: StaffAccess) -> str:
    """Give the currency in which least amounts are typed."""
    with rt.db.reading() as session:
        return session.get_one(Business, access.business_id).currency
