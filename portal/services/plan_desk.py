"""Plans as the office reads them: those of one debtor with what can be done, and all that run, those at risk first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from portal.domain.roles import StaffAccess
from portal.models import Arrangement, Debtor, Installment, Plan
from portal.runtime import Runtime
from portal.services import arrangements, debtor_desk, plan_answers, plans
from portal.services.plans import PlanView

MOST_OF_ONE = 20
MOST_LISTED = 200
# Those that need somebody first.
ORDER = {"cure": 0, "late": 1, "good": 2}


@dataclass(frozen=True)
class DebtorPlans:
    """One debtor's plans and proposals, the newest first."""

    debtor_id: str
    name: str
    plans: tuple[PlanView, ...]


@dataclass(frozen=True)
class RunningPlan:
    """One running plan in a line; sums in minor units, `next_on` is the day of the next open payment."""

    plan_id: str
    debtor_id: str
    name: str
    currency: str
    total_minor: int
    paid_minor: int
    standing: str
    autopay: bool
    next_on: date | None
    cure_until: date | None
    # What came on top of it and stands in a changed plan that waits for their signature, in minor units.
    added_minor: int


@dataclass(frozen=True)
class Running:
    """All running plans up to a bound, with how many stand well and how many need somebody."""

    rows: tuple[RunningPlan, ...]
    healthy: int
    at_risk: int


def of_debtor(rt: Runtime, access: StaffAccess, debtor_id: str) -> DebtorPlans:
    """Give the plans of one debtor; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        found = session.scalars(select(Arrangement).where(
            Arrangement.business_id == access.business_id, Arrangement.debtor_id == debtor.id,
            Arrangement.kind == plans.KIND).order_by(Arrangement.id.desc()).limit(MOST_OF_ONE)).all()
        return DebtorPlans(debtor.public_id, debtor.name,
                           tuple(plans.view(session, one, now, whole=True) for one in found))


def running(rt: Runtime, access: StaffAccess) -> Running:
    """Give the plans that run, those in need of somebody first, then by their next day."""
    open_on = case((Installment.state == "open", Installment.due_on))
    place = case(ORDER, value=Plan.standing, else_=9)
    change, waits = aliased(Plan), aliased(Arrangement)
    added = (
        select(func.max(change.added_minor)).join(waits, waits.id == change.arrangement_id)
        .where(change.replaces_id == Plan.arrangement_id, waits.state.in_(arrangements.WAITING))
        .correlate(Plan).scalar_subquery())
    with rt.db.reading() as session:
        counts: dict[str, int] = {standing: count for standing, count in session.execute(
            select(Plan.standing, func.count()).join(Arrangement, Arrangement.id == Plan.arrangement_id)
            .where(Plan.business_id == access.business_id, Plan.standing.in_(ORDER), Arrangement.state == "active")
            .group_by(Plan.standing))}
        query: Any = (
            select(Arrangement.public_id, Debtor.public_id, Debtor.name, Plan.currency, Plan.total_minor,
                   func.sum(Installment.paid_minor), Plan.standing, Plan.autopay, func.min(open_on), Plan.cure_until,
                   added)
            .join(Plan, Plan.arrangement_id == Arrangement.id).join(Debtor, Debtor.id == Arrangement.debtor_id)
            .join(Installment, Installment.arrangement_id == Arrangement.id)
            .where(Plan.business_id == access.business_id, Plan.standing.in_(ORDER), Arrangement.state == "active",
                   Installment.state != "void")
            .group_by(Arrangement.public_id, Debtor.public_id, Debtor.name, Plan.currency, Plan.total_minor,
                      Plan.standing, Plan.autopay, Plan.cure_until, Plan.arrangement_id)
            .order_by(place, func.min(open_on), Arrangement.public_id).limit(MOST_LISTED))
        rows = tuple(RunningPlan(row[0], row[1], row[2], row[3], row[4], int(row[5]), row[6], row[7], row[8], row[9],
                                 int(row[10] or 0))
                     for row in session.execute(query))
    return Running(rows, counts.get("good", 0), counts.get("late", 0) + counts.get("cure", 0))


def debtor_of(rt: Runtime, access: StaffAccess, plan_id: str) -> str:
    """Name the debtor of a plan of this business; raises Refusal not_found."""
    with rt.db.reading() as session:
        arrangement, _ = plan_answers.find(session, access, plan_id)
        return session.get_one(Debtor, arrangement.debtor_id).public_id
