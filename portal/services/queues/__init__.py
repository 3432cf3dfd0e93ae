"""Everything that waits for staff, in one frame: a new queue is one new file here with a QUEUE in it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.runtime import Runtime
from portal.services.audit import record, staff_actor
from portal.services.fact_lookup import lock_business
from portal.services.queues import line, marks
from portal.services.queues.frame import LATER, Case, Count, Page, Queue, Solved, Typed, Waiting
from portal.words.refusals import N_
from portal.words.said import Said, Sayable

# Further away than this nobody means it.
FURTHEST = timedelta(days=92)
FIRST_OF_EACH = 10


@cache
def all_queues() -> tuple[Queue, ...]:
    """Give every queue there is, in the order pages show them."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [module.QUEUE for module in modules if hasattr(module, "QUEUE")]
    return tuple(sorted(found, key=lambda queue: queue.place))


def named(name: str) -> Queue:
    """Find a queue by its name in an address; raises Refusal not_found."""
    queue = next((queue for queue in all_queues() if queue.name == name), None)
    if queue is None:
        raise Refusal("not_found", "unknown_page")
    return queue


def open_counts(session: Session, business_id: int, now: datetime) -> list[Count]:
    """Count what waits in every queue, for the dashboard and the navigation; cheap, and never further than 99."""
    return line.counts(session, all_queues(), business_id, now)


def overview(rt: Runtime, access: StaffAccess) -> tuple[list[Count], list[Waiting]]:
    """Give the counts of all queues and the first of each line, what is due soonest first."""
    now = rt.now()
    with rt.db.reading() as session:
        counted = open_counts(session, access.business_id, now)
        first = [one for queue in all_queues()
                 for one in line.page(session, queue, access.business_id, now, limit=FIRST_OF_EACH).lines]
    return counted, sorted(first, key=lambda one: (one.due, one.since))


def in_line(rt: Runtime, access: StaffAccess, name: str, after: str = "") -> tuple[list[Count], Page]:
    """Give the counts of all queues and one part of the line of one; raises Refusal not_found."""
    queue, now = named(name), rt.now()
    with rt.db.reading() as session:
        return (open_counts(session, access.business_id, now),
                line.page(session, queue, access.business_id, now, after))


def case(rt: Runtime, access: StaffAccess, name: str, item: str, find: str = "") -> tuple[Case, Page, str]:
    """Show one item, the line it stands in, and which item comes behind it ("" for none).

    Raises Refusal not_found for what is not this business's.
    """
    queue, now = named(name), rt.now()
    with rt.db.reading() as session:
        found = queue.view(session, access, item, now, find)
        standing = line.page(session, queue, access.business_id, now)
        place = line.place_of(session, queue, access.business_id, item, now)
        behind = line.next_after(session, queue, access.business_id, place, now)
    return found, standing, "" if behind == item else behind


def solve(rt: Runtime, access: StaffAccess, name: str, item: str, code: str, typed: Typed) -> Solved:
    """Give an answer to an item; says what was done and which item comes up next.

    Raises Refusal: role_may_not, not_found, unknown_act, queue_solved, and whatever the act itself refuses.
    """
    queue, now = named(name), rt.now()
    access.require(queue.permission)
    with rt.db.reading() as session:
        # A refusal of what is not theirs comes first, whatever was to be done with it.
        shown = queue.view(session, access, item, now, "")
        place = line.place_of(session, queue, access.business_id, item, now)
    act = queue.act(code)
    if code == LATER:
        said = _put_off(rt, access, queue, item, typed.until)
    elif act is None:
        raise Refusal("invalid", "unknown_act")
    elif code not in shown.acts:
        raise Refusal("conflict", "queue_solved")
    else:
        if act.proof:
            access.require_proof(now)
        said = act.do(rt, access, item, typed)
        if act.stays:
            return Solved(said, item)
    with rt.db.reading() as session:
        return Solved(said, line.next_after(session, queue, access.business_id, place, now))


def _put_off(rt: Runtime, access: StaffAccess, queue: Queue, item: str, until: date | None) -> Sayable:
    now = rt.now()

    def work(session: Session) -> Sayable:
        lock_business(session, access.business_id)
        today = line.today_of(session, access.business_id, now)
        if until is None or not today < until <= today + FURTHEST:
            raise Refusal("invalid", "later_day_wrong", days=FURTHEST.days)
        if line.place_of(session, queue, access.business_id, item, now) is None:
            raise Refusal("conflict", "queue_solved")
        marks.put(session, access, queue.name, item, now, until=until)
        record(session, at=now, actor=staff_actor(access), act="queue.put_off", business_id=access.business_id,
               target=f"{queue.name}:{item}"[:80], until=until.isoformat())
        return Said(N_("Put off until %(day)s."), {"day": until})

    return rt.db.run(work)
