"""Keeps installments in step with the ledger: whatever made the debt smaller or larger again, they say what is left.

Joins its caller's transaction, who holds the debtor's lock. Called wherever a fact of money is booked, and once more
before an installment is charged or its payer is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.plan_money import Due, lay
from portal.domain.plan_rules import Living
from portal.models import (
    Arrangement,
    Debtor,
    Installment,
    InstallmentPayment,
    Payment,
    Plan,
)
from portal.services import arrangements, ledger, plan_beside


def follow(session: Session, business_id: int, debtor_id: int, now: datetime) -> None:
    """Lay what has come on the installments of a debtor's running plans."""
    session.flush()
    running = session.scalars(
        select(Plan).join(Arrangement, Arrangement.id == Plan.arrangement_id)
        .where(Plan.business_id == business_id, Plan.debtor_id == debtor_id, Plan.signed_at.is_not(None),
               Arrangement.state == "active")).all()
    if not running:
        return
    left = ledger.left_by_invoice(session, business_id, debtor_id)
    today = arrangements.today(session, session.get_one(Debtor, debtor_id), now)
    for plan in running:
        rows = _installments(session, plan)
        own = _own(session, [row.id for row in rows])
        paid = lay([Due(row.id, row.due_on, row.amount_minor, own.get(row.id, 0)) for row in rows],
                   _gone(session, plan, left), extra=Living.from_data(plan.rules).extra, today=today)
        for row in rows:
            _mark(row, paid[row.id])
    session.flush()


def _installments(session: Session, plan: Plan) -> Sequence[Installment]:
    return session.scalars(
        select(Installment).where(Installment.business_id == plan.business_id,
                                  Installment.arrangement_id == plan.arrangement_id, Installment.state != "void")
        .execution_options(populate_existing=True)).all()


def _own(session: Session, installment_ids: list[int]) -> dict[int, int]:
    """What was paid for each installment by name and has stayed."""
    kept = func.sum(Payment.captured_minor - Payment.returned_minor)
    rows = session.execute(
        select(InstallmentPayment.installment_id, kept)
        .join(Payment, Payment.id == InstallmentPayment.payment_id)
        .where(InstallmentPayment.installment_id.in_(installment_ids), Payment.captured_minor > 0)
        .group_by(InstallmentPayment.installment_id))
    return {installment_id: max(0, int(minor)) for installment_id, minor in rows}


def _gone(session: Session, plan: Plan, left: dict[int, int]) -> int:
    """How much of what a plan covers is not owed any more."""
    return sum(whole - still for whole, still in plan_beside.covered(session, plan, left).values())


def _mark(row: Installment, paid: int) -> None:
    row.paid_minor, row.state = paid, "paid" if paid == row.amount_minor and paid > 0 else "open"
    if row.state == "paid":
        # What has come is not charged, whatever was planned.
        row.try_at = None
