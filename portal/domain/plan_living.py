"""Living with a plan: moving a day, putting a payment to the end, spreading it over the others. Pure.

What may be done, how often and how far is in the rules the plan was signed with; every change keeps the sum exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import cast

from portal.domain.currencies import step
from portal.domain.errors import Refusal
from portal.domain.money import split_evenly
from portal.domain.plan_rules import Living
from portal.domain.schedules import Frequency, IsOpen, days, next_open

# Days of one's own have no rhythm: what comes after the last of them comes a month later.
USUAL_REST = 30


@dataclass(frozen=True)
class Slot:
    """One installment as its rules see it; `moving` says that money for it may be on its way."""

    id: int
    due_on: date
    original_on: date
    amount_minor: int
    paid_minor: int
    moving: bool = False

    @property
    def left_minor(self) -> int:
        """What of it has not come."""
        return self.amount_minor - self.paid_minor


def furthest(slot: Slot, living: Living, today: date) -> date:
    """Tell the last day an installment may be moved to: counted from its signed day, or from today once it is late."""
    return max(slot.original_on, today) + timedelta(days=living.move_days)


def move(slots: Sequence[Slot], id: int, day: date, living: Living, used: int, *, today: date,
         is_open: IsOpen) -> tuple[Slot, ...]:
    """Move one installment to another day.

    Raises Refusal: plan_no_moves, plan_part_done, plan_part_moving, day_passed, plan_move_too_far.
    """
    slot = _open(slots, id)
    if used >= living.moves:
        raise Refusal("conflict", "plan_no_moves")
    if day < today:
        raise Refusal("invalid", "day_passed")
    latest = furthest(slot, living, today)
    if day > latest:
        raise Refusal("invalid", "plan_move_too_far", day=latest)
    return _changed(slots, replace(slot, due_on=next_open(day, is_open)))


def to_end(slots: Sequence[Slot], id: int, frequency: str, living: Living, used: int, *,
           is_open: IsOpen) -> tuple[Slot, ...]:
    """Put one installment after the last one, a rhythm later.

    Raises Refusal: plan_no_skips, plan_part_done, plan_part_moving.
    """
    slot = _open(slots, id)
    if used >= living.skips:
        raise Refusal("conflict", "plan_no_skips")
    last = max(one.due_on for one in slots)
    if frequency:
        after = days(cast(Frequency, frequency), last, 2, is_open)[1]
    else:
        after = next_open(last + timedelta(days=USUAL_REST), is_open)
    return _changed(slots, replace(slot, due_on=after))


def spread(slots: Sequence[Slot], id: int, currency: str, living: Living, used: int) -> tuple[Slot, ...]:
    """Spread what is missing of one installment over those after it.

    Worked: 50.00 missing, three of 50.00 after it: they become 66.67, 66.67 and 66.66. Raises Refusal: plan_no_skips,
    plan_part_done, plan_part_moving, plan_no_room.
    """
    slot = _open(slots, id)
    if used >= living.skips:
        raise Refusal("conflict", "plan_no_skips")
    later = [one for one in slots if one.left_minor and not one.moving and one.due_on > slot.due_on]
    if not later:
        raise Refusal("conflict", "plan_no_room")
    shares = split_evenly(slot.left_minor, len(later), step(currency))
    found = {one.id: replace(one, amount_minor=one.amount_minor + share)
             for one, share in zip(later, shares, strict=True)}
    found[slot.id] = replace(slot, amount_minor=slot.paid_minor)
    return tuple(found.get(one.id, one) for one in slots)


def overdue(slots: Sequence[Slot], today: date, grace_days: int) -> tuple[tuple[Slot, ...], tuple[Slot, ...]]:
    """Tell which installments have missed their day, and which of them have missed the days of grace as well."""
    missed = tuple(one for one in slots if one.left_minor and not one.moving and one.due_on < today)
    return missed, tuple(one for one in missed if one.due_on + timedelta(days=grace_days) < today)


def _open(slots: Sequence[Slot], id: int) -> Slot:
    slot = next(one for one in slots if one.id == id)
    if slot.moving:
        raise Refusal("conflict", "plan_part_moving")
    if not slot.left_minor:
        raise Refusal("conflict", "plan_part_done")
    return slot


def _changed(slots: Sequence[Slot], slot: Slot) -> tuple[Slot, ...]:
    return tuple(slot if one.id == slot.id else one for one in slots)
