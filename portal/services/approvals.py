"""Refunds and write-offs by the staff: done at once, or, above the policy's limit, kept until a second person decides.

Whatever is decided is decided under the debtor's lock with the sums of that moment; Stripe is asked after the commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import PERMISSIONS, StaffAccess
from portal.models import (
    Approval,
    Business,
    Invoice,
    LedgerAccount,
    Membership,
    Note,
    Payment,
    Refund,
    Staff,
    lock_debtor,
)
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import approval_mail, audit, bookkeeping, ledger, policies, refunds
from portal.services.audit import staff_actor
from portal.services.refunds import RefundOrder

Outcome = Literal["done", "waiting"]
# Why money goes back, and why a sum is given up; own words are kept beside, where they can be erased.
REFUND_REASONS = ("duplicate", "agreed", "not_delivered", "mistake", "goodwill", "other")
WRITE_OFF_REASONS = ("uncollectable", "insolvent", "too_small", "agreed", "mistake", "other")
# What was asked longer ago than this is asked anew: nobody remembers why.
STANDS = timedelta(days=30)
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Asked:
    """A weighty act as one person wants it: the reason's code, own words if any, and the amount in minor units."""

    act: str
    target: str
    debtor_id: int
    currency: str
    amount: int
    reason: str
    # What own words of the person are about, such as payment:<public id>; they are kept as a note of the debtor.
    about: str
    note: str = ""


def refund(rt: Runtime, access: StaffAccess, payment_public_id: str, amount: int, reason: str, *,
           mode: str = "reopen", note: str = "", expected: int | None = None) -> Outcome:
    """Send money of a payment back, or ask a second person first; `mode` says whether what it paid is owed again.

    `expected` is what could go back when the person looked: the same form pressed twice meets another sum and sends
    nothing. Raises Refusal: role_may_not, prove_first, unknown_payment, reason_missing, approval_waiting,
    refund_moved_on and those of a refund.
    """
    now = rt.now()
    access.require("move_money")
    access.require_proof(now)
    order = _order(access, payment_public_id, amount, reason, mode, note)
    refund_id = rt.db.run(lambda session: _refund(session, access, order, reason, note, now, expected))
    if refund_id is None:
        return "waiting"
    refunds.send(rt, refund_id)
    return "done"


def refund_outlook(rt: Runtime, access: StaffAccess, payment_public_id: str, amount: int, reason: str, *,
                   mode: str = "reopen", note: str = "", expected: int | None = None) -> Outcome:
    """Tell whether such a refund would be sent at once or wait for a second person; raises as refund() does.

    Writes nothing.
    """
    access.require("move_money")
    order = _order(access, payment_public_id, amount, reason, mode, note)
    with rt.db.reading() as session:
        payment = refunds.named(session, access.business_id, payment_public_id)
        waits = _waits(session, access, payment, order, expected, rt.now())
        return "waiting" if waits else "done"


def _order(access: StaffAccess, payment_public_id: str, amount: int, reason: str, mode: str, note: str) -> RefundOrder:
    check_words(reason, REFUND_REASONS, note)
    if mode not in ("reopen", "credit"):
        raise Refusal("invalid", "reason_missing")
    return RefundOrder(access.business_id, payment_public_id, amount, mode, staff_actor(access))


def _waits(session: Session, access: StaffAccess, payment: Payment, order: RefundOrder, expected: int | None,
           now: datetime) -> bool:
    """Say whether a second person decides; refuses what the payment does not allow at this moment."""
    if expected is not None and expected != (free := refunds.free_of(session, payment)):
        raise Refusal("conflict", "refund_moved_on", left=free, currency=payment.currency)
    refuse_while_waiting(session, access, "refund", payment.public_id)
    refunds.check(session, payment, order, now)
    # A sum in slices is the same sum: what has gone back of this payment already counts as well.
    return needs_second(session, access, payment.currency, order.amount_minor + _gone_back(session, payment))


def _refund(session: Session, access: StaffAccess, order: RefundOrder, reason: str, note: str,
            now: datetime, expected: int | None) -> int | None:
    payment = refunds.locked_payment(session, order.business_id, order.payment_public_id)
    asked = Asked("refund", payment.public_id, payment.debtor_id, payment.currency, order.amount_minor,
                  f"{order.mode}:{reason}", f"payment:{payment.public_id}", note)
    if _waits(session, access, payment, order, expected, now):
        wait(session, access, asked, now)
        return None
    row = refunds.make(session, payment, order, now)
    keep_note(session, access, asked, now)
    audit.record(session, at=now, actor=order.actor, act="refund.requested", business_id=payment.business_id,
                 debtor_id=payment.debtor_id, target=f"refund:{row.public_id}", amount=order.amount_minor,
                 currency=payment.currency, mode=order.mode, reason=reason, payment=payment.public_id)
    return row.id


def write_off(rt: Runtime, access: StaffAccess, invoice_public_id: str, reason: str, *, note: str = "",
              expected: int | None = None) -> Outcome:
    """Give up what is left of an invoice, or ask a second person first; `expected` is the sum the person saw.

    Raises Refusal: role_may_not, unknown_invoice, reason_missing, approval_waiting, nothing_open, sum_changed, and
    prove_first for a sum above the limit.
    """
    now = rt.now()
    access.require("move_money")
    check_words(reason, WRITE_OFF_REASONS, note)
    return rt.db.run(lambda session: _write_off(session, access, invoice_public_id, reason, note, expected, now))


def _write_off(session: Session, access: StaffAccess, public_id: str, reason: str, note: str, expected: int | None,
               now: datetime) -> Outcome:
    invoice, left = locked_invoice(session, access.business_id, public_id)
    if expected is not None and expected != left:
        raise Refusal("conflict", "sum_changed", left=left, currency=invoice.currency)
    asked = Asked("write_off", invoice.public_id, invoice.debtor_id, invoice.currency, left, reason,
                  f"invoice:{invoice.public_id}", note)
    refuse_while_waiting(session, access, asked.act, asked.target)
    if left > policies.in_force(session, access.business_id).second_person_above(invoice.currency):
        access.require_proof(now)
    if needs_second(session, access, invoice.currency, left):
        wait(session, access, asked, now)
        return "waiting"
    cause = new_public_id()
    bookkeeping.write_off(session, invoice, cause=cause, now=now)
    keep_note(session, access, asked, now)
    audit.record(session, at=now, actor=staff_actor(access), act="invoice.written_off", business_id=invoice.business_id,
                 debtor_id=invoice.debtor_id, target=f"invoice:{invoice.public_id}", amount=left,
                 currency=invoice.currency, reason=reason, write_off=cause)
    return "done"


def locked_invoice(session: Session, business_id: int, public_id: str) -> tuple[Invoice, int]:
    """Find an invoice, lock its debtor and tell what is left; raises Refusal unknown_invoice, nothing_open."""
    invoice = session.scalars(select(Invoice).where(
        Invoice.business_id == business_id, Invoice.public_id == public_id)).one_or_none()
    if invoice is None:
        raise Refusal("not_found", "unknown_invoice")
    lock_debtor(session, business_id, invoice.debtor_id)
    left = ledger.left_by_invoice(session, business_id, invoice.debtor_id).get(invoice.id, 0)
    if left == 0:
        raise Refusal("conflict", "nothing_open")
    return invoice, left


def left_of(session: Session, business_id: int, invoice_public_id: str) -> int:
    """Tell what is left of an invoice now, in minor units; only read, without a lock."""
    return session.scalar(
        select(LedgerAccount.debits - LedgerAccount.credits).join(Invoice, Invoice.id == LedgerAccount.invoice_id)
        .where(Invoice.business_id == business_id, Invoice.public_id == invoice_public_id,
               LedgerAccount.kind == RECEIVABLE)) or 0


def needs_second(session: Session, access: StaffAccess, currency: str, amount: int) -> bool:
    """Say whether a second person decides: the amount is above the limit, and there is somebody who could."""
    above = amount > policies.in_force(session, access.business_id).second_person_above(currency)
    return above and bool(approvers(session, access.business_id, but=access.staff_id))


def approvers(session: Session, business_id: int, *, but: int = 0) -> list[Staff]:
    """List who may decide about what somebody else asked for."""
    return list(session.scalars(
        select(Staff).join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.business_id == business_id, Membership.ended_at.is_(None), Staff.disabled_at.is_(None),
               Membership.role.in_(sorted(PERMISSIONS["approve"])), Staff.id != but).order_by(Staff.id)))


def check_words(reason: str, known: tuple[str, ...], note: str) -> None:
    """Refuse a reason nobody knows, "other" without own words, and words that are too many."""
    if reason not in known or (reason == "other" and not note.strip()):
        raise Refusal("invalid", "reason_missing")
    if len(note) > LONGEST_NOTE:
        raise Refusal("invalid", "note_too_long", longest=LONGEST_NOTE)


def _gone_back(session: Session, payment: Payment) -> int:
    return sum(session.scalars(select(Refund.amount_minor).where(
        Refund.payment_id == payment.id, Refund.reversed_at.is_(None),
        or_(Refund.state.notin_(("failed", "canceled")), Refund.booked_at.is_not(None)))))


def refuse_while_waiting(session: Session, access: StaffAccess, act: str, target: str) -> None:
    """Refuse what waits for a second person already."""
    if session.scalar(select(Approval.id).where(
            Approval.business_id == access.business_id, Approval.act == act, Approval.target == target,
            Approval.state == "waiting")):
        raise Refusal("conflict", "approval_waiting")


def wait(session: Session, access: StaffAccess, asked: Asked, now: datetime) -> None:
    """Keep an act for a second person and tell everybody who may decide; notes the one audit event."""
    approval = Approval(
        business_id=access.business_id, debtor_id=asked.debtor_id, act=asked.act, target=asked.target,
        currency=asked.currency, amount_minor=asked.amount, reason=asked.reason, state="waiting",
        asked_by=access.staff_id, asked_at=now)
    session.add(approval)
    session.flush()
    keep_note(session, access, asked, now, about=f"approval:{approval.public_id}")
    business = session.get_one(Business, access.business_id)
    asker = session.get_one(Staff, access.staff_id)
    for person in approvers(session, access.business_id, but=access.staff_id):
        approval_mail.tell_approver(session, now, business, person, asker, approval)
    audit.record(session, at=now, actor=staff_actor(access), act="approval.asked", business_id=access.business_id,
                 debtor_id=asked.debtor_id, target=f"approval:{approval.public_id}", wanted=asked.act,
                 amount=asked.amount, currency=asked.currency, reason=asked.reason, about=asked.target)


def keep_note(session: Session, access: StaffAccess, asked: Asked, now: datetime, about: str = "") -> None:
    """Keep own words where they can be erased one day: as a note of the debtor."""
    if asked.note.strip():
        session.add(Note(
            business_id=access.business_id, debtor_id=asked.debtor_id, staff_id=access.staff_id, kind="reason",
            about=about or asked.about, body=asked.note.strip(), at=now))
