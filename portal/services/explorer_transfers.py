"""One transfer of the books: what caused it, all transfers of that cause, who did it, and its correction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE, Account
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, Invoice, LedgerAccount, LedgerTransfer, Note, Payment, Staff, SuspenseItem
from portal.runtime import Runtime
from portal.services import bookkeeping, corrections, explorer, policies
from portal.services.explorer import Line

# Many transfers can have one cause; a page shows the first of them.
SHOWN = 50


@dataclass(frozen=True)
class Cause:
    """What made a transfer: its type, how it is called, and the public ids of its pages, where there are any."""

    type: str
    number: str = ""
    payment: str = ""
    invoice: str = ""
    approval: str = ""
    at_stripe: str = ""
    debtor_name: str = ""
    debtor_public_id: str = ""


@dataclass(frozen=True)
class TransferPage:
    """A transfer with everything that explains it. `why_not` says why no correction is possible, if so."""

    line: Line
    key: str
    memo: str
    cause: Cause
    siblings: tuple[Line, ...]
    actor_kind: str
    actor_name: str
    corrected_by: int | None
    reason: str
    note: str
    # Whether undoing it lowers a debt by more than one person may alone.
    weighty: bool
    has_debtor: bool
    waits: str
    why_not: Refusal | None


def one(rt: Runtime, access: StaffAccess, transfer_id: int) -> TransferPage:
    """Show one transfer; raises Refusal unknown_page."""
    access.require("see")
    with rt.db.reading() as session:
        row = corrections.named(session, access.business_id, transfer_id)
        siblings = session.scalars(select(LedgerTransfer).where(
            LedgerTransfer.cause_type == row.cause_type, LedgerTransfer.cause_id == row.cause_id,
            LedgerTransfer.business_id == row.business_id).order_by(LedgerTransfer.id).limit(SHOWN)).all()
        ends = explorer.ends_of(session, [
            id for one in (row, *siblings) for id in (one.debit_account_id, one.credit_account_id)])
        debit, credit = corrections.accounts_of(session, row)
        actor_kind, actor_name = _actor(session, row, debit, credit)
        reason, note = _why(session, row)
        return TransferPage(
            explorer.line(row, ends, {row.debit_account_id}), row.key, row.memo, _cause(session, row),
            tuple(explorer.line(one, ends, {one.debit_account_id}) for one in siblings), actor_kind, actor_name,
            session.scalar(select(LedgerTransfer.id).where(
                LedgerTransfer.business_id == row.business_id, LedgerTransfer.key == f"correction:{row.id}")),
            reason, note, debit.kind == RECEIVABLE and row.amount > policies.in_force(
                session, row.business_id).second_person_above(row.currency), bool(debit.debtor_id or credit.debtor_id),
            corrections.waiting(session, row), _why_not(session, row, debit, credit))


def _why_not(session: Session, row: LedgerTransfer, debit: Account, credit: Account) -> Refusal | None:
    try:
        bookkeeping.refuse_correction(session, row, debit, credit)
    except Refusal as refusal:
        return refusal
    return None


def _actor(session: Session, row: LedgerTransfer, debit: Account, credit: Account) -> tuple[str, str]:
    """Who did it: the act that was noted in the same commit, and so at the same moment."""
    debtor_id = debit.debtor_id or credit.debtor_id
    where = (AuditEvent.debtor_id == debtor_id if debtor_id
             else (AuditEvent.business_id == row.business_id) & AuditEvent.debtor_id.is_(None))
    found = session.execute(
        select(AuditEvent.actor_kind, AuditEvent.actor_id).where(
            where, AuditEvent.business_id == row.business_id, AuditEvent.at == row.recorded_at)
        .order_by(AuditEvent.id).limit(1)).one_or_none()
    if found is None:
        return "", ""
    return found[0], staff_name(session, found[1]) if found[0] == "staff" else ""


def staff_name(session: Session, public_id: str) -> str:
    """Name one of the staff; "" for somebody nobody knows."""
    return session.scalar(select(Staff.name).where(Staff.public_id == public_id)) or ""


def _why(session: Session, row: LedgerTransfer) -> tuple[str, str]:
    """Why a correction was made: the reason's code from the act, own words from the note."""
    if row.corrects_id is None:
        return "", ""
    found = session.scalars(select(AuditEvent).where(
        AuditEvent.business_id == row.business_id, AuditEvent.at == row.recorded_at,
        AuditEvent.act.in_(("ledger.corrected", "approval.approved"))).limit(1)).one_or_none()
    note = session.scalars(select(Note.body).join(
        LedgerAccount, LedgerAccount.debtor_id == Note.debtor_id).where(
        LedgerAccount.id.in_((row.debit_account_id, row.credit_account_id)), Note.kind == "reason",
        Note.business_id == row.business_id, Note.about == f"transfer:{row.corrects_id}").limit(1)).one_or_none()
    return str(found.details.get("reason", "")) if found else "", note or ""


def _cause(session: Session, row: LedgerTransfer) -> Cause:
    found = _known_cause(session, row)
    if found is None or not (found.payment or found.invoice):
        return found or Cause(row.cause_type, at_stripe=_of_stripe(row))
    return found


def _known_cause(session: Session, row: LedgerTransfer) -> Cause | None:
    if row.cause_type == "payment":
        payment = session.scalars(select(Payment).where(
            Payment.business_id == row.business_id, Payment.public_id == row.cause_id)).one_or_none()
        if payment is None:
            return None
        return Cause("payment", payment.number, payment=payment.public_id, at_stripe=payment.payment_intent or "")
    if row.cause_type in ("invoice", "fee"):
        public_id = row.cause_id.partition(":")[0]
        number = session.scalar(select(Invoice.number).where(
            Invoice.business_id == row.business_id, Invoice.public_id == public_id))
        return Cause(row.cause_type, number, invoice=public_id) if number else None
    if row.cause_type == "suspense":
        item = session.scalars(select(SuspenseItem).where(
            SuspenseItem.business_id == row.business_id, SuspenseItem.payment_intent == row.cause_id).limit(1)).first()
        return Cause("suspense", at_stripe=item.payment_intent) if item else None
    if row.cause_type == "writeoff":
        return Cause("writeoff", approval=corrections.approval_named(session, row.business_id, row.cause_id))
    return None


def _of_stripe(row: LedgerTransfer) -> str:
    return row.cause_id if row.cause_type in ("balance_line", "payout", "suspense") else ""

