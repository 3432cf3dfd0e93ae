"""Corrections: a mirror transfer undoes a wrong one and says why; nothing is ever edited.

What lowers a debt above the policy's limit waits for a second person, as a write-off does.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE, Account
from portal.domain.roles import StaffAccess
from portal.models import Approval, LedgerAccount, LedgerTransfer, lock_debtor
from portal.runtime import Runtime
from portal.services import approvals, audit, bookkeeping, policies
from portal.services.approvals import Asked, Outcome
from portal.services.audit import staff_actor
from portal.services.corrected import PREFIX

REASONS = ("mistake", "wrong_amount", "wrong_debtor", "entered_twice", "other")


def correct(rt: Runtime, access: StaffAccess, transfer_id: int, reason: str, note: str = "") -> Outcome:
    """Undo a transfer by its mirror, or ask a second person first.

    Raises Refusal: role_may_not, unknown_page, reason_missing, note_needs_debtor, correct_the_payment,
    already_corrected, approval_waiting, and prove_first for a sum above the limit.
    """
    now = rt.now()
    access.require("move_money")
    approvals.check_words(reason, REASONS, note)
    return rt.db.run(lambda session: _correct(session, access, transfer_id, reason, note, now))


def outlook(rt: Runtime, access: StaffAccess, transfer_id: int, reason: str, note: str = "") -> Outcome:
    """Tell whether such a correction would be made at once or wait for a second person; raises as correct() does.

    Writes nothing.
    """
    access.require("move_money")
    approvals.check_words(reason, REASONS, note)
    with rt.db.reading() as session:
        row = named(session, access.business_id, transfer_id)
        return "waiting" if _waits(session, access, row, reason, note, rt.now()) else "done"


def _waits(session: Session, access: StaffAccess, row: LedgerTransfer, reason: str, note: str, now: datetime) -> bool:
    """Say whether a second person decides; refuses what cannot be corrected, or not like this."""
    debit, credit = accounts_of(session, row)
    if not (debit.debtor_id or credit.debtor_id) and (note.strip() or reason == "other"):
        # Own words are kept with a debtor, where they can be erased; this entry has none.
        raise Refusal("invalid", "note_needs_debtor")
    bookkeeping.refuse_correction(session, row, debit, credit)
    approvals.refuse_while_waiting(session, access, "write_off", f"{PREFIX}{row.id}")
    if debit.kind != RECEIVABLE:
        return False
    # The mirror lowers what is owed: by the back door of a correction it would be a write-off.
    if row.amount > policies.in_force(session, access.business_id).second_person_above(row.currency):
        access.require_proof(now)
    return approvals.needs_second(session, access, row.currency, row.amount)


def _correct(session: Session, access: StaffAccess, transfer_id: int, reason: str, note: str,
             now: datetime) -> Outcome:
    row = named(session, access.business_id, transfer_id)
    debit, credit = accounts_of(session, row)
    debtor_id = debit.debtor_id or credit.debtor_id
    if debtor_id is not None:
        lock_debtor(session, row.business_id, debtor_id)
    waits = _waits(session, access, row, reason, note, now)
    if debtor_id is not None:
        asked = Asked("write_off", f"{PREFIX}{row.id}", debtor_id, row.currency, row.amount, reason,
                      f"{PREFIX}{row.id}", note)
        if waits:
            approvals.wait(session, access, asked, now)
            return "waiting"
        approvals.keep_note(session, access, asked, now)
    bookkeeping.correct(session, row, now=now)
    audit.record(session, at=now, actor=staff_actor(access), act="ledger.corrected", business_id=row.business_id,
                 debtor_id=debtor_id, target=f"{PREFIX}{row.id}", amount=row.amount, currency=row.currency,
                 reason=reason, entry=row.kind)
    return "done"


def mirror(session: Session, business_id: int, transfer_id: int, now: datetime) -> None:
    """Do what a second person approved; raises the refusals of a correction."""
    bookkeeping.correct(session, named(session, business_id, transfer_id), now=now)


def check(session: Session, business_id: int, transfer_id: int) -> None:
    """Refuse what cannot be corrected now; only read."""
    row = named(session, business_id, transfer_id)
    bookkeeping.refuse_correction(session, row, *accounts_of(session, row))


def named(session: Session, business_id: int, transfer_id: int) -> LedgerTransfer:
    """Find a transfer of a business; raises Refusal unknown_page."""
    row = session.get(LedgerTransfer, transfer_id) if 0 < transfer_id < 2**63 else None
    if row is None or row.business_id != business_id:
        raise Refusal("not_found", "unknown_page")
    return row


def accounts_of(session: Session, row: LedgerTransfer) -> tuple[Account, Account]:
    """Give the debited and the credited account of a transfer."""
    found = {
        one.id: Account(one.kind, one.currency, one.debtor_id, one.invoice_id)
        for one in session.scalars(select(LedgerAccount).where(
            LedgerAccount.id.in_((row.debit_account_id, row.credit_account_id))))}
    return found[row.debit_account_id], found[row.credit_account_id]


def waiting(session: Session, row: LedgerTransfer) -> str:
    """Give the public id of the correction of this transfer that waits for a second person, or ""."""
    return session.scalar(select(Approval.public_id).where(
        Approval.business_id == row.business_id, Approval.act == "write_off", Approval.state == "waiting",
        Approval.target == f"{PREFIX}{row.id}")) or ""


def approval_named(session: Session, business_id: int, public_id: str) -> str:
    """Give the public id back if an approval has it; a write-off done at once has none."""
    return session.scalar(select(Approval.public_id).where(
        Approval.business_id == business_id, Approval.public_id == public_id)) or ""
