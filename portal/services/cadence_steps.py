"""Edits of a draft's steps: added, changed, put earlier or later, taken out, or all replaced by a preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.cadences import CHANNELS, EARLIEST_DAY, LATEST_DAY, MOST_STEPS, PRESETS, TONES
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Cadence, CadenceStep
from portal.runtime import Runtime
from portal.services import cadences, nonces
from portal.services.cadence_desk import lock_draft, note, refuse_stale, steps_of


@dataclass(frozen=True)
class Typed:
    """A step as somebody typed it: days after the due date (negative before it), a tone and a channel."""

    day: str
    tone: str
    channel: str


def add(rt: Runtime, access: StaffAccess, cadence_id: str, typed: Typed, nonce: str) -> str:
    """Add a step to a draft; returns its public id, the same for the same form.

    Raises Refusal: not_found, cadence_is_on, step_day_wrong, two_on_one_day, choice_unknown, many_steps.
    """
    now, public_id = rt.now(), nonces.public_id(access, "cadence_step", nonce)
    day = _day(typed)

    def work(session: Session) -> str:
        draft = lock_draft(session, access, cadence_id)
        steps = steps_of(session, draft)
        if any(step.public_id == public_id for step in steps):
            return public_id
        if len(steps) >= MOST_STEPS:
            raise Refusal("conflict", "many_steps", most=MOST_STEPS)
        _refuse_taken(steps, day)
        session.add(CadenceStep(
            public_id=public_id, business_id=access.business_id, cadence_id=draft.id, day=day, tone=typed.tone,
            channel=typed.channel, created_at=now))
        _own(session, access, draft, "cadence.step_added", now, step=public_id, after=_told(day, typed))
        return public_id

    return rt.db.run(work)


def save(rt: Runtime, access: StaffAccess, cadence_id: str, step_id: str, typed: Typed,
         was: Mapping[str, str]) -> bool:
    """Keep a changed step of a draft; returns whether anything changed. `was` are the values the form began from.

    Raises Stale, and Refusal: not_found, cadence_is_on, step_is_gone, step_day_wrong, two_on_one_day, choice_unknown.
    """
    now, day = rt.now(), _day(typed)

    def work(session: Session) -> bool:
        draft = lock_draft(session, access, cadence_id)
        step = _found(session, draft, step_id)
        before = values_of(step)
        refuse_stale(before, was)
        _refuse_taken([one for one in steps_of(session, draft) if one.id != step.id], day)
        step.day, step.tone, step.channel = day, typed.tone, typed.channel
        after = values_of(step)
        if after == before:
            return False
        _own(session, access, draft, "cadence.step_changed", now, step=step_id, before=before, after=after)
        return True

    return rt.db.run(work)


def remove(rt: Runtime, access: StaffAccess, cadence_id: str, step_id: str) -> None:
    """Take a step out of a draft; raises Refusal not_found, cadence_is_on, step_is_gone."""
    now = rt.now()

    def work(session: Session) -> None:
        draft = lock_draft(session, access, cadence_id)
        step = _found(session, draft, step_id)
        step.removed_at = now
        _own(session, access, draft, "cadence.step_removed", now, step=step_id, before=values_of(step))

    rt.db.run(work)


def swap(rt: Runtime, access: StaffAccess, cadence_id: str, step_id: str, *, earlier: bool) -> None:
    """Let a step and its neighbour change days, as moving one up or down in a list does; nothing at the ends.

    Raises Refusal not_found, cadence_is_on, step_is_gone.
    """
    now = rt.now()

    def work(session: Session) -> None:
        draft = lock_draft(session, access, cadence_id)
        step, steps = _found(session, draft, step_id), steps_of(session, draft)
        to = [one.id for one in steps].index(step.id) + (-1 if earlier else 1)
        if not 0 <= to < len(steps):
            return
        other = steps[to]
        mine, theirs = step.day, other.day
        # No two steps stand on one day, not even for a moment: the other one steps aside first.
        other.day = next(day for day in range(EARLIEST_DAY, LATEST_DAY) if day not in {one.day for one in steps})
        session.flush()
        step.day = theirs
        session.flush()
        other.day = mine
        _own(session, access, draft, "cadence.steps_swapped", now, step=step_id, other=other.public_id)

    rt.db.run(work)


def use_preset(rt: Runtime, access: StaffAccess, cadence_id: str, preset: str) -> None:
    """Give a draft the steps of a preset in place of its own.

    Raises Refusal unknown_preset, not_found, cadence_is_on.
    """
    now = rt.now()
    if preset not in PRESETS:
        raise Refusal("invalid", "unknown_preset")

    def work(session: Session) -> None:
        draft = lock_draft(session, access, cadence_id)
        for step in steps_of(session, draft):
            step.removed_at = now
        session.flush()
        draft.preset = preset
        cadences.fill(session, draft, preset, now=now)
        note(session, access, draft, "cadence.preset_used", now, preset=preset)

    rt.db.run(work)


def values_of(step: CadenceStep) -> dict[str, str]:
    """Write a step as a form carries it."""
    return {"day": str(step.day), "tone": step.tone, "channel": step.channel}


def _day(typed: Typed) -> int:
    if typed.tone not in TONES or typed.channel not in CHANNELS:
        raise Refusal("invalid", "choice_unknown")
    text = typed.day.strip().replace("\u2212", "-").removeprefix("+")
    digits = text.removeprefix("-")
    day = int(text) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(LATEST_DAY)) else LATEST_DAY + 1
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise Refusal("invalid", "step_day_wrong", lowest=EARLIEST_DAY, highest=LATEST_DAY)
    return day


def _told(day: int, typed: Typed) -> dict[str, str]:
    return {"day": str(day), "tone": typed.tone, "channel": typed.channel}


def _refuse_taken(steps: list[CadenceStep], day: int) -> None:
    if any(step.day == day for step in steps):
        raise Refusal("conflict", "two_on_one_day")


def _found(session: Session, draft: Cadence, step_id: str) -> CadenceStep:
    step = session.scalars(select(CadenceStep).where(
        CadenceStep.cadence_id == draft.id, CadenceStep.public_id == step_id)).one_or_none()
    if step is None:
        raise Refusal("not_found", "unknown_page")
    session.refresh(step)
    if step.removed_at is not None:
        raise Refusal("conflict", "step_is_gone")
    return step


def _own(session: Session, access: StaffAccess, draft: Cadence, act: str, now: datetime, **details: Any) -> None:
    """Note an edit; from it on the draft is no preset any more."""
    draft.preset = "own"
    session.flush()
    note(session, access, draft, act, now, **details)
