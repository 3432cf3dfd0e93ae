"""What the ledger says of a debtor's invoices: paid net of what went back, fees net of what was waived, written off.

Whatever the corrections, each sum is by what a transfer was or undid; all of it is minor units.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Label, ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import MONEY_KINDS, RECEIVABLE
from portal.models import Debtor, LedgerAccount, LedgerTransfer

FEES = ("fee", "interest", "fee_waived")
WRITTEN_OFF = ("write_off",)


def columns() -> tuple[Label[Any], Label[Any], Label[Any]]:
    """Give the sums of one ledger account as columns: fees, paid and written_off."""
    return (
        (_side("debit_account_id", FEES) - _side("credit_account_id", FEES)).label("fees"),
        (_side("credit_account_id", MONEY_KINDS) - _side("debit_account_id", MONEY_KINDS)).label("paid"),
        _written_off().label("written_off"))


def written_off(session: Session, debtor: Debtor) -> dict[str, int]:
    """Tell in which currencies a debtor was ever billed, and how much of it was written off."""
    rows = session.execute(
        select(LedgerAccount.currency, func.sum(_written_off()))
        .where(LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id,
               LedgerAccount.kind == RECEIVABLE)
        .group_by(LedgerAccount.currency))
    return {currency: int(amount) for currency, amount in rows}


def _written_off() -> Any:
    return _side("credit_account_id", WRITTEN_OFF) - _side("debit_account_id", WRITTEN_OFF)


def _side(column: str, kinds: Collection[str]) -> ScalarSelect[Any]:
    moved, undone = aliased(LedgerTransfer), aliased(LedgerTransfer)
    return (
        select(func.coalesce(func.sum(moved.amount), 0)).outerjoin(undone, undone.id == moved.corrects_id)
        .where(getattr(moved, column) == LedgerAccount.id, func.coalesce(undone.kind, moved.kind).in_(sorted(kinds)))
        .correlate(LedgerAccount).scalar_subquery())
