"""What a few debtors meet in every year, however short: planned and not drawn, so that no dice pass a guard by.

One is given time on the very day of a charge; another's notice lies in a mail server that rests until that day; and
three are always charged on the same days, so that the order in which that is done shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.models import DebitNotice, Installment
from proofs import plan_people

if TYPE_CHECKING:
    from proofs.plan_people import Tenant
    from proofs.plan_world import PlanWorld

# By place among six, so that the smallest world has all of them; every second payment of the first two kinds. Those
# who pay together do so every week, and are over early: only the first of a world.
EVERY, GIVEN_TIME, LATE_MAIL, TOGETHER = 6, 1, 2, (0, 3, 4)
DAYS_GIVEN = 5


def is_together(place: int) -> bool:
    """Say whether a debtor is one of those who pay on the same days."""
    return place in TOGETHER


def give_time(world: PlanWorld) -> None:
    """Before the portal works: give time to whoever is to be given it and is about to be charged."""
    for tenant in _those(world, GIVEN_TIME):
        coming = plan_people.coming_of(world, tenant)
        if (coming is not None and coming.position % 2 and coming.position not in tenant.given
                and coming.try_at is not None and coming.try_at <= world.rt.now()):
            tenant.given.add(coming.position)
            plan_people.hold(world, tenant, DAYS_GIVEN, whole=False)


def resting(world: PlanWorld, session: Any) -> set[int]:
    """Name the messages that the mail server does not take yet: notices of some debits before their day."""
    debtors = [tenant.owed.debtor.id for tenant in _those(world, LATE_MAIL)]
    return set(session.scalars(
        select(DebitNotice.message_id).join(Installment, Installment.id == DebitNotice.installment_id)
        .where(DebitNotice.debtor_id.in_(debtors), Installment.position % 2 == 1,
               DebitNotice.due_on > world.rt.now().date())))


def _those(world: PlanWorld, which: int) -> list[Tenant]:
    return world.tenants[which::EVERY]
