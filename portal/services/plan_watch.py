"""Watches running plans: what is late is told, what stays missing ends a plan as it was signed, who paid is thanked.

Every plan follows the ledger first: money that came outside, credits and chargebacks count before anything is late.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain.plan_living import Slot, overdue
from portal.models import Arrangement, ArrangementInvoice, Debtor, Hold, Installment, Plan, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangements, plan_ending, plan_mail, plan_money, plans, standings
from portal.services.arrangements import Step
from portal.services.audit import Actor, record

BATCH = 200
WORKER = Actor("job", "watch_plans")
# Who pays by hand is reminded so many days before each payment.
REMIND_DAYS = 3


def watch(rt: Runtime) -> int:
    """Look at every running plan on which something is due, late or paid; returns how many changed."""
    now, changed, after = rt.now(), 0, 0
    while True:
        found = _due(rt, now, after)
        changed += sum(_look_at(rt, *row, now) for row in found)
        if len(found) < BATCH:
            return changed
        after = found[-1][0]


def _due(rt: Runtime, now: datetime, after: int) -> list[tuple[int, int, int]]:
    """Name the next plans to look at, in the order of their ids: (arrangement, business, debtor)."""
    soon = (now + timedelta(days=REMIND_DAYS + 1)).date()
    due = select(Installment.arrangement_id).where(Installment.state == "open", Installment.due_on <= soon)
    unpaid = select(Installment.arrangement_id).where(Installment.state == "open")
    with rt.db.reading() as session:
        rows = session.execute(
            select(Plan.arrangement_id, Plan.business_id, Plan.debtor_id)
            .join(Arrangement, Arrangement.id == Plan.arrangement_id)
            .where(Plan.arrangement_id > after, Arrangement.state == "active", Plan.signed_at.is_not(None),
                   or_(Plan.arrangement_id.in_(due), Plan.standing != "good", Plan.arrangement_id.not_in(unpaid)))
            .order_by(Plan.arrangement_id).limit(BATCH))
        return [(row.arrangement_id, row.business_id, row.debtor_id) for row in rows]


def _look_at(rt: Runtime, arrangement_id: int, business_id: int, debtor_id: int, now: datetime) -> int:
    def work(session: Session) -> int:
        debtor = lock_debtor(session, business_id, debtor_id)
        arrangement = session.get_one(Arrangement, arrangement_id, populate_existing=True)
        plan = session.get_one(Plan, arrangement_id, populate_existing=True)
        if debtor is None or arrangement.state != "active":
            return 0
        plan_money.follow(session, business_id, debtor_id, now)
        changed = look(session, debtor, arrangement, plan, now)
        return int(changed or _remind(session, debtor, arrangement, plan, now))

    return rt.db.run(work)


def look(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> bool:
    """Bring a plan's standing in line with what has come; the caller holds the lock and let the plan follow."""
    rows = plans.installments(session, arrangement.id)
    today = arrangements.today(session, debtor, now)
    if all(row.state == "paid" for row in rows):
        _complete(session, debtor, arrangement, plan, now)
        return True
    if _held(session, arrangement, now):
        # What is questioned or paused is asked of nobody, so it is not late either.
        return _stands(session, debtor, arrangement, plan, "good", now)
    moving = plans.under_way(session, arrangement.id)
    slots = [Slot(row.id, row.due_on, row.original_on, row.amount_minor, row.paid_minor, row.id in moving)
             for row in rows]
    missed, beyond = overdue(slots, today, plan.grace_days)
    missing = sum(one.left_minor for one in missed)
    if plan.standing == "cure" and beyond and plan.cure_until is not None and today > plan.cure_until:
        _default(session, debtor, arrangement, plan, now)
        return True
    if beyond and plan.standing != "cure":
        plan.cure_until = today + timedelta(days=plan.cure_days)
        plan_mail.tell_debtor(session, now, arrangement, "plan_cure", until=plan.cure_until, amount_minor=missing)
        return _stands(session, debtor, arrangement, plan, "cure", now)
    if missed and not beyond and plan.standing == "good":
        if not plan.autopay:
            plan_mail.tell_debtor(session, now, arrangement, "plan_late", until=missed[0].due_on, amount_minor=missing)
        return _stands(session, debtor, arrangement, plan, "late", now)
    return _stands(session, debtor, arrangement, plan, "good", now) if not missed else False


def _stands(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, standing: str,
            now: datetime) -> bool:
    if plan.standing == standing:
        return False
    plan.standing = standing
    if standing == "good":
        plan.cure_until = None
    record(session, at=now, actor=WORKER, act=f"plan.stands_{standing}", business_id=debtor.business_id,
           debtor_id=debtor.id, target=f"arrangement:{arrangement.public_id}")
    standings.recount_one(session, debtor.business_id, debtor.id, now)
    return True


def _complete(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> None:
    plan_ending.end(session, debtor, arrangement, plan, "kept", now)
    plan_mail.thank(session, now, arrangement)
    record(session, at=now, actor=WORKER, act="plan.kept", business_id=debtor.business_id, debtor_id=debtor.id,
           target=f"arrangement:{arrangement.public_id}")
    standings.recount_one(session, debtor.business_id, debtor.id, now)


def _default(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> None:
    left = plan_ending.left_of(session, arrangement)
    arrangements.note(session, arrangement, Step("rules", "ended"), now)
    plan_ending.end(session, debtor, arrangement, plan, "broken", now)
    plan_mail.tell_debtor(session, now, arrangement, "plan_ended", amount_minor=left)
    record(session, at=now, actor=WORKER, act="plan.broken", business_id=debtor.business_id, debtor_id=debtor.id,
           target=f"arrangement:{arrangement.public_id}", left=left)
    standings.recount_one(session, debtor.business_id, debtor.id, now)


def _remind(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, now: datetime) -> bool:
    """Remind who pays by hand of the next payment, once for each day it is due on."""
    if plan.autopay or _held(session, arrangement, now):
        return False
    today = arrangements.today(session, debtor, now)
    row = next((row for row in plans.installments(session, arrangement.id) if row.state == "open"), None)
    if row is None or not today <= row.due_on <= today + timedelta(days=REMIND_DAYS):
        return False
    return plan_mail.remind(session, now, arrangement, row)


def _held(session: Session, arrangement: Arrangement, now: datetime) -> bool:
    """Whether automatic payments rest for any invoice of a plan: a dispute, a chargeback, a pause by staff."""
    ids = select(ArrangementInvoice.invoice_id).where(ArrangementInvoice.arrangement_id == arrangement.id)
    return bool(session.scalar(select(func.count()).select_from(Hold).where(
        Hold.business_id == arrangement.business_id, Hold.debtor_id == arrangement.debtor_id, Hold.autopay,
        Hold.released_at.is_(None), Hold.starts_at <= now, or_(Hold.until.is_(None), Hold.until > now),
        or_(Hold.invoice_id.is_(None), Hold.invoice_id.in_(ids)))))
