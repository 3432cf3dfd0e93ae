"""What stands beside a running plan: debt that came on top of what was signed, and that no payment of it covers.

Money of a payment that was made before the signature and went back, a correction upward, a fee: they undo nothing that
was paid for the plan. All of it is read from the ledger; functions join their caller's transaction.
"""

from __future__ import annotations

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.access import Access
from portal.domain.ledger import RECEIVABLE
from portal.models import ArrangementInvoice, LedgerAccount, LedgerTransfer, Plan
from portal.models.base import fixed
from portal.services import debts

# What makes an invoice itself dearer or cheaper, whoever paid what.
DEARER = ("issue_corrected", "fee", "interest", "fee_waived")


def grown(session: Session, plan: Plan) -> dict[int, int]:
    """Tell by how much each covered invoice grew since the signature for reasons that are none of the plan's."""
    account, transfer, earlier = LedgerAccount, LedgerTransfer, aliased(LedgerTransfer)
    known_before = exists().where(
        earlier.business_id == transfer.business_id, earlier.cause_type == transfer.cause_type,
        earlier.cause_id == transfer.cause_id, earlier.recorded_at < plan.signed_at)
    undoes = exists().where(earlier.id == transfer.corrects_id, earlier.recorded_at < plan.signed_at)
    more = func.sum(case((transfer.debit_account_id == account.id, transfer.amount), else_=-transfer.amount))
    rows = session.execute(
        select(account.invoice_id, more)
        .join(ArrangementInvoice, ArrangementInvoice.invoice_id == account.invoice_id)
        .join(transfer, or_(transfer.debit_account_id == account.id, transfer.credit_account_id == account.id))
        .where(ArrangementInvoice.arrangement_id == plan.arrangement_id, account.kind == fixed(RECEIVABLE),
               account.business_id == plan.business_id, transfer.recorded_at >= plan.signed_at,
               or_(and_(transfer.cause_type == "payment", known_before), undoes, transfer.kind.in_(DEARER)))
        .group_by(account.invoice_id))
    return {invoice_id: int(minor) for invoice_id, minor in rows if invoice_id is not None and minor > 0}


def covered(session: Session, plan: Plan, left: dict[int, int]) -> dict[int, tuple[int, int]]:
    """Give by invoice what a signed plan covers of it, and how much of that is still owed."""
    rows = session.execute(select(
        ArrangementInvoice.invoice_id, ArrangementInvoice.covered_minor, ArrangementInvoice.outside_minor)
        .where(ArrangementInvoice.business_id == plan.business_id,
               ArrangementInvoice.arrangement_id == plan.arrangement_id)).all()
    more = grown(session, plan)
    return {invoice_id: (whole or 0, min(whole or 0, max(
        0, left.get(invoice_id, 0) - (outside or 0) - more.get(invoice_id, 0)))) for invoice_id, whole, outside in rows}


def beside(session: Session, plan: Plan) -> dict[int, tuple[int, int]] | None:
    """Give by open invoice what the plan still covers and what is owed beside it.

    None while that cannot be told: money is on its way, a part is newly questioned, or somebody else pursues it.
    """
    ids = frozenset(session.scalars(select(ArrangementInvoice.invoice_id).where(
        ArrangementInvoice.arrangement_id == plan.arrangement_id)))
    opened = debts.open_invoices(session, Access(plan.business_id, plan.debtor_id, 0, "", 0, ids))
    if any(one.on_its_way or one.handed_to is not None for one in opened):
        return None
    of_plan = covered(session, plan, {one.id: one.left_minor for one in opened})
    found = {one.id: (of_plan[one.id][1], one.payable_minor - of_plan[one.id][1]) for one in opened}
    return found if all(more >= 0 for _, more in found.values()) else None
