"""Opens what a file implied as questions to staff, and holds what they are about until somebody has answered.

Nobody is reminded of money that may have come in already.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import RECEIVABLE
from portal.models import (
    Business,
    Debtor,
    Hold,
    ImportedInvoice,
    ImportFinding,
    ImportRow,
    ImportRun,
    Invoice,
    LedgerAccount,
)
from portal.models.base import new_public_id
from portal.services import import_corrections, standings
from portal.services.import_known import OF_A_FINDING, chunks

# What is asked about while reminders and fees wait; the other kinds are on hold already, or need not be.
HELD_FOR = ("paid", "gone", "credit", "due")
OPPOSITES = (("paid", "gone"), ("gone", "paid"), ("undisputed", "disputed"), ("disputed", "undisputed"))
FLAGS = ("reminders", "fees", "autopay", "discount_clock")


def open_findings(session: Session, business: Business, run: ImportRun, chunk: int, now: datetime) -> None:
    """Open the questions of one chunk. The caller holds the debtors' locks; new debtors are made already."""
    mine = and_(ImportFinding.run_id == run.id, ImportFinding.chunk == chunk, ImportFinding.state == "staged")
    if session.scalar(select(ImportFinding.id).where(mine).limit(1)) is None:
        return
    debtor = select(Debtor.id).where(
        Debtor.business_id == business.id, Debtor.number == ImportFinding.customer_number).scalar_subquery()
    session.execute(update(ImportFinding).where(mine, ImportFinding.debtor_id.is_(None)).values(debtor_id=debtor)
                    .execution_options(synchronize_session=False))
    _name_credited(session, business.id, mine)
    _answer_what_came_true(session, mine, now)
    _supersede(session, business.id, run.id, chunk, now)
    _hold(session, business.id, mine, now)
    debtors = list(session.scalars(select(ImportFinding.debtor_id).where(mine).distinct()))
    session.execute(update(ImportFinding).where(mine).values(state="open", created_at=now)
                    .execution_options(synchronize_session=False))
    # Holds leave no entry in the ledger, by which the dashboard would notice.
    standings.recount(session, business, [one for one in debtors if one is not None], now)


def unfollow(session: Session, business_id: int, invoice_ids: list[int]) -> None:
    """Take what is gone from a kind of file out of what the next one is held against."""
    for part in chunks(invoice_ids):
        session.execute(
            update(ImportedInvoice).where(ImportedInvoice.business_id == business_id,
                                          ImportedInvoice.invoice_id.in_(part))
            .values(source="").execution_options(synchronize_session=False))


def ask_about_disputes(session: Session, business_id: int, run: ImportRun, chunk: int, now: datetime) -> None:
    """A disputed invoice is on hold from its first moment; whether it stays so is for somebody to look at."""
    rows = session.execute(
        select(Invoice.id, Invoice.debtor_id, ImportRow.customer_number, ImportRow.currency, ImportRow.total_minor,
               ImportRow.paid_minor)
        .select_from(ImportRow)
        .join(Invoice, and_(Invoice.business_id == business_id, Invoice.number == ImportRow.number))
        .where(ImportRow.run_id == run.id, ImportRow.chunk == chunk, ImportRow.invoice_id.is_(None),
               ImportRow.hold_public_id.is_not(None)).order_by(ImportRow.position)).all()
    if rows:
        session.execute(insert(ImportFinding), [
            {"public_id": new_public_id(), "business_id": business_id, "run_id": run.id, "chunk": chunk, "row": 0,
             "kind": "disputed", "state": "open", "debtor_id": debtor_id, "customer_number": number,
             "invoice_id": invoice_id, "reference": "", "currency": currency, "amount_minor": total - paid,
             "created_at": now, "decision": ""}
            for invoice_id, debtor_id, number, currency, total, paid in rows])


def _name_credited(session: Session, business_id: int, mine: ColumnElement[bool]) -> None:
    """A credit note may name an invoice that came with the same file and is in the books by now."""
    credited = select(Invoice.id).where(
        Invoice.business_id == business_id, Invoice.number == ImportFinding.invoice_number,
        Invoice.debtor_id == ImportFinding.debtor_id, Invoice.currency == ImportFinding.currency).scalar_subquery()
    session.execute(
        update(ImportFinding).where(mine, ImportFinding.kind == "credit", ImportFinding.invoice_number != "")
        .values(invoice_id=credited).execution_options(synchronize_session=False))


def _answer_what_came_true(session: Session, mine: ColumnElement[bool], now: datetime) -> None:
    """Since the file was read a debtor may have paid here: then nothing is left to ask."""
    nothing_left = select(LedgerAccount.id).where(
        LedgerAccount.invoice_id == ImportFinding.invoice_id, LedgerAccount.kind == RECEIVABLE,
        LedgerAccount.credits >= LedgerAccount.debits).exists()
    session.execute(
        update(ImportFinding).where(mine, ImportFinding.kind.in_(("paid", "gone", "due")), nothing_left)
        .values(state="void", decided_at=now).execution_options(synchronize_session=False))


def _supersede(session: Session, business_id: int, run_id: int, chunk: int, now: datetime) -> None:
    """An older question about the same thing gives way to what the newer file says."""
    newer = aliased(ImportFinding)
    # An invoice that is paid is not also gone, and what is disputed no more is not disputed.
    opposite = [and_(newer.kind == one, ImportFinding.kind == other) for one, other in OPPOSITES]
    answered = select(newer.id).where(
        newer.run_id == run_id, newer.chunk == chunk, newer.state == "staged",
        newer.invoice_id == ImportFinding.invoice_id,
        or_(newer.kind == ImportFinding.kind, *opposite)).exists()
    import_corrections.close(session, business_id, select(ImportFinding.id).where(
        ImportFinding.business_id == business_id, ImportFinding.state == "open", answered), now)


def _hold(session: Session, business_id: int, mine: ColumnElement[bool], now: datetime) -> None:
    held = session.execute(
        select(ImportFinding.public_id, ImportFinding.debtor_id, ImportFinding.invoice_id)
        .where(mine, ImportFinding.kind.in_(HELD_FOR)).order_by(ImportFinding.id)).all()
    if held:
        session.execute(insert(Hold), [
            {"business_id": business_id, "public_id": new_public_id(), "debtor_id": debtor_id,
             "invoice_id": invoice_id, **dict.fromkeys(FLAGS, True), "cause": "import",
             "cause_id": f"{OF_A_FINDING}{public_id}", "starts_at": now}
            for public_id, debtor_id, invoice_id in held])


