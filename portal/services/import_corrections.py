"""What a later file corrects of an invoice that is in the books: its total, by a transfer of its own.

The invoice keeps the total it was issued with; the correction stands beside it, where the debtor can read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, select, update
from sqlalchemy.orm import Session

from portal.domain.ledger import SALES, Entry, own, receivable
from portal.models import Hold, ImportedInvoice, ImportFinding, ImportRow, ImportRun, Invoice
from portal.services import ledger, plan_money, settle
from portal.services.import_known import OF_A_FINDING, chunks

KIND = "issue_corrected"
# Each posting asks for all its causes at once.
TOGETHER = 200


def correct(session: Session, business_id: int, run: ImportRun, mine: ColumnElement[bool], now: datetime) -> None:
    """Post the corrections of a chunk; what was paid beyond a lowered total becomes the debtor's credit.

    Also ends the question of what seemed gone and is in the file again. The caller holds the debtors' locks.
    """
    rows = session.execute(
        select(Invoice.id, Invoice.debtor_id, ImportRow.currency, ImportRow.change_minor, ImportRow.total_minor)
        .select_from(ImportRow).join(Invoice, Invoice.id == ImportRow.invoice_id)
        .where(mine, ImportRow.change_minor != 0).order_by(Invoice.debtor_id, Invoice.id)).all()
    for part in chunks(rows, TOGETHER):
        _post(session, business_id, run, part, now)
    there = session.scalars(select(ImportRow.invoice_id).where(mine, ImportRow.invoice_id.is_not(None))).all()
    for ids in chunks(there):
        close(session, business_id, select(ImportFinding.id).where(
            ImportFinding.business_id == business_id, ImportFinding.kind == "gone", ImportFinding.state == "open",
            ImportFinding.invoice_id.in_(ids)), now)


def _post(session: Session, business_id: int, run: ImportRun, rows: Sequence[Row[int, int, str, int, int]],
          now: datetime) -> None:
    entries = []
    totals = {}
    for invoice_id, debtor_id, currency, change, total in rows:
        account, sales = receivable(invoice_id, debtor_id, currency), own(SALES, currency)
        debit, credit = (account, sales) if change > 0 else (sales, account)
        key = f"import:{run.public_id}:corrected:{invoice_id}"
        entries.append(Entry(debit, credit, abs(change), KIND, key, "import", run.public_id, now, memo=KIND))
        totals[invoice_id] = total
    ledger.post(session, business_id, entries, now=now)
    for invoice_id, total in totals.items():
        session.execute(update(ImportedInvoice).where(ImportedInvoice.invoice_id == invoice_id)
                        .values(total_minor=total).execution_options(synchronize_session=False))
    for debtor_id, currency in sorted({(row[1], row[2]) for row in rows}):
        if settle.needs_settling(session, business_id, debtor_id, currency):
            cause = f"import:{run.public_id}:corrected:{debtor_id}"
            settle.settle(session, business_id, debtor_id, currency, cause=cause, now=now)
        else:
            plan_money.follow(session, business_id, debtor_id, now)


def close(session: Session, business_id: int, findings: Select[int], now: datetime, state: str = "void") -> None:
    """End questions that a newer file answers, and what was held for them."""
    ids = list(session.scalars(findings))
    for part in chunks(ids):
        names = [f"{OF_A_FINDING}{public_id}" for public_id in session.scalars(
            select(ImportFinding.public_id).where(ImportFinding.id.in_(part)))]
        session.execute(update(ImportFinding).where(ImportFinding.id.in_(part)).values(state=state, decided_at=now)
                        .execution_options(synchronize_session=False))
        session.execute(
            update(Hold).where(Hold.business_id == business_id, Hold.cause == "import", Hold.cause_id.in_(names),
                               Hold.released_at.is_(None))
            .values(released_at=now).execution_options(synchronize_session=False))
