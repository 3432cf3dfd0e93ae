"""What a debtor changes of a running plan by its own rules: a day, the order, how something missed is made up for.

The rules were told before the plan was signed, so none of this needs a new signature; anything else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain import plan_living
from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.plan_living import Slot
from portal.domain.plan_rules import Living
from portal.domain.schedules import IsOpen
from portal.models import Arrangement, Business, Debtor, Installment, Plan
from portal.runtime import Runtime
from portal.services import arrangements, more_time, plan_mail, plan_money, plan_scope, plan_watch, plans
from portal.services.arrangements import Step
from portal.services.audit import Actor, record


@dataclass(frozen=True)
class Changeable:
    """One installment with what may be done with it now: the furthest day (None: it cannot be moved), end, spread."""

    plan_id: str
    installment_id: str
    currency: str
    due_on: date
    left_minor: int
    furthest: date | None
    to_end: date | None
    each_more_minor: int
    seen: str


_Work = Callable[[Sequence[Slot], Slot, Plan, Living, date, IsOpen], tuple[Slot, ...]]


def changeable(rt: Runtime, access: Access, plan_id: str, installment_id: str) -> Changeable:
    """Say what may be done with one installment; raises Refusal not_found, plan_running, plan_part_done."""
    now = rt.now()
    with rt.db.reading() as session:
        arrangement, plan = _running(session, access, plan_id)
        debtor = session.get_one(Debtor, access.debtor_id)
        slots, rows = _slots(session, arrangement)
        slot = _slot(slots, rows, installment_id)
        living, today, is_open = _rules(session, debtor, plan, now)
        return Changeable(
            plan_id, installment_id, plan.currency, slot.due_on, slot.left_minor,
            plan_living.furthest(slot, living, today) if plan.moves_used < living.moves else None,
            _end_day(slots, slot, plan, living, is_open), _more(slots, slot, plan, living), str(arrangement.version))


def move(rt: Runtime, access: Access, plan_id: str, installment_id: str, day: date, *, seen: str) -> None:
    """Move one installment to another day. Raises Refusal as domain/plan_living.move(), plan_running,
    time_moved_on."""
    def work(slots: Sequence[Slot], slot: Slot, plan: Plan, living: Living, today: date,
             is_open: IsOpen) -> tuple[Slot, ...]:
        found = plan_living.move(slots, slot.id, day, living, plan.moves_used, today=today, is_open=is_open)
        plan.moves_used += 1
        return found

    _change(rt, access, plan_id, installment_id, seen, "plan.moved", work)


def to_end(rt: Runtime, access: Access, plan_id: str, installment_id: str, *, seen: str) -> None:
    """Put one installment after the last one. Raises Refusal as domain/plan_living.to_end(), plan_running,
    time_moved_on."""
    def work(slots: Sequence[Slot], slot: Slot, plan: Plan, living: Living, _today: date,
             is_open: IsOpen) -> tuple[Slot, ...]:
        found = plan_living.to_end(slots, slot.id, plan.frequency, living, plan.skips_used, is_open=is_open)
        plan.skips_used += 1
        return found

    _change(rt, access, plan_id, installment_id, seen, "plan.put_to_end", work)


def spread(rt: Runtime, access: Access, plan_id: str, installment_id: str, *, seen: str) -> None:
    """Spread what is missing of one installment over those after it. Raises Refusal as domain/plan_living.spread(),
    plan_running, time_moved_on."""
    def work(slots: Sequence[Slot], slot: Slot, plan: Plan, living: Living, _today: date,
             _is_open: IsOpen) -> tuple[Slot, ...]:
        found = plan_living.spread(slots, slot.id, plan.currency, living, plan.skips_used)
        plan.skips_used += 1
        return found

    _change(rt, access, plan_id, installment_id, seen, "plan.spread", work)


def _change(rt: Runtime, access: Access, plan_id: str, installment_id: str, seen: str, act: str, work: _Work) -> None:
    now = rt.now()

    def run(session: Session) -> None:
        debtor = more_time.locked(session, access, now)
        arrangement, plan = _running(session, access, plan_id)
        plan_money.follow(session, debtor.business_id, debtor.id, now)
        if str(arrangement.version) != seen:
            raise Refusal("conflict", "time_moved_on")
        slots, rows = _slots(session, arrangement)
        slot = _slot(slots, rows, installment_id)
        living, today, is_open = _rules(session, debtor, plan, now)
        changed = work(slots, slot, plan, living, today, is_open)
        if sum(one.amount_minor for one in changed) != plan.total_minor:
            raise ValueError("a change never changes the sum of a plan")
        write(arrangement, plan, rows, changed)
        parts = [[one.due_on.isoformat(), one.amount_minor] for one in
                 sorted(changed, key=lambda one: one.due_on) if one.amount_minor]
        arrangements.note(session, arrangement, Step("debtor", "moved", plan.last_on, plan.total_minor,
                                                     terms={"parts": parts}), now)
        plan_watch.look(session, debtor, arrangement, plan, now)
        plan_mail.tell_debtor(session, now, arrangement, "plan_changed",
                              amount_minor=sum(one.left_minor for one in changed))
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act=act, business_id=debtor.business_id,
               debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}", installment=installment_id)

    rt.db.run(run)


def write(arrangement: Arrangement, plan: Plan, rows: Sequence[Installment], changed: Sequence[Slot]) -> None:
    """Write changed installments back; one whose amount went to the others counts no more."""
    by_id = {one.id: one for one in changed}
    for row in rows:
        one = by_id[row.id]
        if (row.due_on, row.amount_minor) == (one.due_on, one.amount_minor):
            continue
        row.due_on, row.amount_minor = one.due_on, one.amount_minor
        # What was planned to be charged is planned anew, with the notice its new day or sum needs.
        row.try_at, row.tries = None, 0
        if not one.left_minor:
            row.state = "paid" if one.amount_minor else "void"
    plan.last_on = max(one.due_on for one in changed if one.amount_minor)
    arrangement.until = plan.last_on


def _running(session: Session, access: Access, plan_id: str) -> tuple[Arrangement, Plan]:
    arrangement, plan = plans.own(session, access, plan_id)
    if arrangement.state != "active":
        raise Refusal("conflict", "plan_running")
    return arrangement, plan


def _slots(session: Session, arrangement: Arrangement) -> tuple[list[Slot], Sequence[Installment]]:
    rows = plans.installments(session, arrangement.id)
    moving = plans.under_way(session, arrangement.id)
    return [Slot(row.id, row.due_on, row.original_on, row.amount_minor, row.paid_minor, row.id in moving)
            for row in rows], rows


def _slot(slots: Sequence[Slot], rows: Sequence[Installment], installment_id: str) -> Slot:
    found = next((row.id for row in rows if row.public_id == installment_id), None)
    if found is None:
        raise Refusal("not_found", "unknown_page")
    slot = next(one for one in slots if one.id == found)
    if not slot.left_minor:
        raise Refusal("conflict", "plan_part_done")
    return slot


def _rules(session: Session, debtor: Debtor, plan: Plan, now: datetime) -> tuple[Living, date, IsOpen]:
    business = session.get_one(Business, debtor.business_id)
    return (Living.from_data(plan.rules), arrangements.today(session, debtor, now),
            plan_scope.working_days(debtor, business))


def _end_day(slots: Sequence[Slot], slot: Slot, plan: Plan, living: Living, is_open: IsOpen) -> date | None:
    try:
        changed = plan_living.to_end(slots, slot.id, plan.frequency, living, plan.skips_used, is_open=is_open)
    except Refusal:
        return None
    return next(one.due_on for one in changed if one.id == slot.id)


def _more(slots: Sequence[Slot], slot: Slot, plan: Plan, living: Living) -> int:
    """Tell by how much the others would grow at most; 0 where it cannot be spread."""
    try:
        changed = plan_living.spread(slots, slot.id, plan.currency, living, plan.skips_used)
    except Refusal:
        return 0
    return max(after.amount_minor - before.amount_minor for before, after in zip(slots, changed, strict=True))
