"""How a running plan is over: paid, ended by somebody, or by its own rules. Joins the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.models import Arrangement, Debtor, Installment, Plan
from portal.services import arrangements, mandates


def end(session: Session, debtor: Debtor, arrangement: Arrangement, plan: Plan, state: str, now: datetime) -> None:
    """Let a plan be over: `state` is kept, broken or ended; what was not paid of it is due as it was before.

    The caller holds the debtor's lock.
    """
    session.execute(
        update(Installment).where(Installment.business_id == debtor.business_id,
                                  Installment.arrangement_id == arrangement.id, Installment.state == "open")
        .values(state="void", try_at=None).execution_options(synchronize_session="fetch"))
    plan.standing = "good" if state == "kept" else "ended"
    plan.cure_until = None
    allowed = mandates.of_plan(session, debtor.business_id, arrangement.id)
    if allowed is not None:
        mandates.end(session, allowed, "plan", now)
    arrangements.end(session, arrangement, state, now)


def left_of(session: Session, arrangement: Arrangement) -> int:
    """Tell how much of a plan has not come, in minor units."""
    return int(session.scalar(
        select(func.sum(Installment.amount_minor - Installment.paid_minor))
        .where(Installment.business_id == arrangement.business_id,
               Installment.arrangement_id == arrangement.id)) or 0)
