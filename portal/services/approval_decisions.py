"""The second person's side: what waits, what it would do now, and the one decision about it.

The debtor's lock makes two decisions, or a decision and a withdrawal, happen one after the other: the second finds it
decided. The database refuses on its own that anybody approves what they asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Approval, Business, Debtor, Invoice, Note, Payment, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import approval_mail, approvals, audit, bookkeeping, corrections, refunds
from portal.services.audit import staff_actor
from portal.services.corrected import PREFIX, act_of, transfer_of
from portal.services.refunds import RefundOrder

SHOWN = 50


@dataclass(frozen=True)
class ApprovalView:
    """One weighty act as its page shows it; `about` is the number of the payment or invoice, amounts in minor units.

    `due_on` is the day an invoice that would be given up falls due, or fell due; None for everything else.
    """

    public_id: str
    act: str
    state: str
    debtor_public_id: str
    debtor_name: str
    about: str
    about_public_id: str
    currency: str
    amount: int
    reason: str
    mode: str
    note: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    version: int
    mine: bool
    due_on: date | None = None
    # Why it cannot be done any more as it was asked, if so.
    obstacle: Refusal | None = None


def waiting(rt: Runtime, access: StaffAccess) -> list[ApprovalView]:
    """List what waits for a second person, the oldest first."""
    access.require("see")
    return _listed(rt, access, ("waiting",), newest_first=False)


def decided(rt: Runtime, access: StaffAccess) -> list[ApprovalView]:
    """List what was decided or withdrawn lately, the newest first."""
    access.require("see")
    return _listed(rt, access, ("approved", "refused", "withdrawn"), newest_first=True)


def _listed(rt: Runtime, access: StaffAccess, states: Sequence[str], *, newest_first: bool) -> list[ApprovalView]:
    with rt.db.reading() as session:
        rows: list[Approval] = []
        # One walk along the index of a state each: over several states at once the database would sort them all.
        for state in states:
            order = Approval.asked_at.desc() if newest_first else Approval.asked_at
            rows += session.scalars(select(Approval).where(
                Approval.business_id == access.business_id, Approval.state == state).order_by(order).limit(SHOWN))
        rows.sort(key=lambda row: row.asked_at, reverse=newest_first)
        return [_view(session, access, row) for row in rows[:SHOWN]]


def one(rt: Runtime, access: StaffAccess, public_id: str) -> ApprovalView:
    """Show one, and whether it could still be done as it was asked; raises Refusal unknown_page."""
    access.require("see")
    now = rt.now()
    with rt.db.reading() as session:
        row = _named(session, access, public_id)
        obstacle = _obstacle(session, access, row, now) if row.state == "waiting" else None
        return _view(session, access, row, obstacle)


def count_waiting(session: Session, business_id: int) -> int:
    """Count what waits, for the menu."""
    return len(session.scalars(select(Approval.id).where(
        Approval.business_id == business_id, Approval.state == "waiting").limit(100)).all())


def approve(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Approve what another person asked for, which does it: our books first, then Stripe where money goes back.

    Raises Refusal: role_may_not, prove_first, unknown_page, approval_decided, approval_own, approval_expired,
    approval_changed, and those of a refund or a write-off.
    """
    now = rt.now()
    access.require("approve")
    access.require_proof(now)
    refund_id = rt.db.run(lambda session: _approve(session, access, public_id, now))
    if refund_id is not None:
        refunds.send(rt, refund_id)


def _approve(session: Session, access: StaffAccess, public_id: str, now: datetime) -> int | None:
    row = _locked(session, access, public_id)
    if row.asked_by == access.staff_id:
        raise Refusal("not_allowed", "approval_own")
    if now >= row.asked_at + approvals.STANDS:
        raise Refusal("gone", "approval_expired")
    done = _refund(session, access, row, now) if row.act == "refund" else _write_off(session, access, row, now)
    _close(session, access, row, "approved", now)
    _note_decision(session, access, row, now, **done)
    return done.get("refund_row")


def _refund(session: Session, access: StaffAccess, row: Approval, now: datetime) -> dict[str, int]:
    payment = refunds.locked_payment(session, row.business_id, row.target)
    made = refunds.make(session, payment, _order(access, row), now)
    return {"refund_row": made.id}


def _write_off(session: Session, access: StaffAccess, row: Approval, now: datetime) -> dict[str, int]:
    transfer_id = transfer_of(row.target)
    if transfer_id is not None:
        corrections.mirror(session, row.business_id, transfer_id, now)
        return {}
    invoice, left = approvals.locked_invoice(session, row.business_id, row.target)
    if left != row.amount_minor:
        raise Refusal("conflict", "approval_changed", left=left, currency=row.currency)
    bookkeeping.write_off(session, invoice, cause=row.public_id, now=now)
    return {}


def refuse(rt: Runtime, access: StaffAccess, public_id: str, note: str = "") -> None:
    """Refuse what another person asked for; nothing changes. Raises as approve() does, without the proof."""
    now = rt.now()
    access.require("approve")
    if len(note) > approvals.LONGEST_NOTE:
        raise Refusal("invalid", "note_too_long", longest=approvals.LONGEST_NOTE)

    def work(session: Session) -> None:
        row = _locked(session, access, public_id)
        if row.asked_by == access.staff_id:
            raise Refusal("not_allowed", "approval_own")
        if note.strip() and row.debtor_id is not None:
            session.add(Note(business_id=row.business_id, debtor_id=row.debtor_id, staff_id=access.staff_id,
                             kind="reason", about=f"approval:{row.public_id}", body=note.strip(), at=now))
        _close(session, access, row, "refused", now)
        _note_decision(session, access, row, now)

    rt.db.run(work)


def withdraw(rt: Runtime, access: StaffAccess, public_id: str) -> None:
    """Take back what one asked for oneself; raises Refusal unknown_page, approval_decided, approval_not_yours."""
    now = rt.now()
    access.require("move_money")

    def work(session: Session) -> None:
        row = _locked(session, access, public_id)
        if row.asked_by != access.staff_id:
            raise Refusal("not_allowed", "approval_not_yours")
        _close(session, access, row, "withdrawn", now)
        _note_decision(session, access, row, now)

    rt.db.run(work)


def _locked(session: Session, access: StaffAccess, public_id: str) -> Approval:
    """Find one that waits, under the debtor's lock and read anew; raises Refusal unknown_page, approval_decided."""
    row = _named(session, access, public_id)
    if row.debtor_id is not None:
        lock_debtor(session, row.business_id, row.debtor_id)
    session.refresh(row, with_for_update=True)
    if row.state != "waiting":
        raise Refusal("conflict", "approval_decided")
    return row


def _named(session: Session, access: StaffAccess, public_id: str) -> Approval:
    row = session.scalars(select(Approval).where(
        Approval.business_id == access.business_id, Approval.public_id == public_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row


def _close(session: Session, access: StaffAccess, row: Approval, state: str, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state, access.staff_id, now
    row.version += 1
    session.flush()
    if state != "withdrawn":
        approval_mail.tell_asker(
            session, now, session.get_one(Business, row.business_id), session.get_one(Staff, row.asked_by),
            session.get_one(Staff, access.staff_id), row)


def _note_decision(session: Session, access: StaffAccess, row: Approval, now: datetime, **done: int) -> None:
    audit.record(session, at=now, actor=staff_actor(access), act=f"approval.{row.state}", business_id=row.business_id,
                 debtor_id=row.debtor_id, target=f"approval:{row.public_id}", wanted=row.act, amount=row.amount_minor,
                 currency=row.currency, about=row.target, reason=row.reason, **done)


def _order(access: StaffAccess, row: Approval) -> RefundOrder:
    return RefundOrder(row.business_id, row.target, row.amount_minor, row.reason.partition(":")[0], staff_actor(access))


def _obstacle(session: Session, access: StaffAccess, row: Approval, now: datetime) -> Refusal | None:
    """Say why it could not be done now; only read, the decision itself looks again under the lock."""
    try:
        if now >= row.asked_at + approvals.STANDS:
            raise Refusal("gone", "approval_expired")
        if row.act == "refund":
            payment = session.scalars(select(Payment).where(
                Payment.business_id == row.business_id, Payment.public_id == row.target)).one()
            refunds.check(session, payment, _order(access, row), now)
        elif (transfer_id := transfer_of(row.target)) is not None:
            corrections.check(session, row.business_id, transfer_id)
        else:
            left = approvals.left_of(session, row.business_id, row.target)
            if left != row.amount_minor:
                raise Refusal("conflict", "approval_changed", left=left, currency=row.currency)
    except Refusal as refusal:
        refusal.params.setdefault("currency", row.currency)
        return refusal
    return None


def _view(session: Session, access: StaffAccess, row: Approval, obstacle: Refusal | None = None) -> ApprovalView:
    asker, decider = aliased(Staff), aliased(Staff)
    debtor, asked_by, decided_by = session.execute(
        select(Debtor, asker.name, decider.name).select_from(Approval)
        .outerjoin(Debtor, Debtor.id == Approval.debtor_id).join(asker, asker.id == Approval.asked_by)
        .outerjoin(decider, decider.id == Approval.decided_by).where(Approval.id == row.id)).one()
    mode, sign, reason = row.reason.rpartition(":")
    return ApprovalView(
        public_id=row.public_id, act=act_of(row.act, row.target), state=row.state,
        debtor_public_id=debtor.public_id if debtor else "", debtor_name=debtor.name if debtor else "",
        about=_number(session, row), about_public_id=row.target.removeprefix(PREFIX), currency=row.currency,
        amount=row.amount_minor, reason=reason, mode=mode if sign else "", note=_note(session, row),
        asked_by=asked_by, asked_at=row.asked_at, expires_at=row.asked_at + approvals.STANDS,
        decided_by=decided_by or "", decided_at=row.decided_at, version=row.version,
        mine=row.asked_by == access.staff_id, due_on=_due_on(session, row), obstacle=obstacle)


def _number(session: Session, row: Approval) -> str:
    transfer_id = transfer_of(row.target)
    if transfer_id is not None:
        return str(transfer_id)
    thing = Payment if row.act == "refund" else Invoice
    return session.scalar(select(thing.number).where(
        thing.business_id == row.business_id, thing.public_id == row.target)) or ""


def _due_on(session: Session, row: Approval) -> date | None:
    if row.act != "write_off" or transfer_of(row.target) is not None:
        return None
    return session.scalar(select(Invoice.due_on).where(
        Invoice.business_id == row.business_id, Invoice.public_id == row.target))


def _note(session: Session, row: Approval) -> str:
    if row.debtor_id is None:
        return ""
    return "\n".join(session.scalars(select(Note.body).where(
        Note.debtor_id == row.debtor_id, Note.business_id == row.business_id, Note.kind == "reason",
        Note.about == f"approval:{row.public_id}").order_by(Note.at, Note.id)))
