"""What staff answer to "I already paid": found among the payments, recorded now, or not found, with words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.questions import told
from portal.domain.roles import StaffAccess
from portal.models import Business, Payment, PaymentClaim, Staff, lock_debtor
from portal.runtime import Runtime
from portal.services import arrangement_mail, payment_claims, standings
from portal.services.audit import record, staff_actor

LONGEST_ANSWER = 4_000
MOST_SHOWN = 20


@dataclass(frozen=True)
class Candidate:
    """A payment of the same debtor that may be the one they mean; minor units. `same`: sum and currency fit."""

    public_id: str
    number: str
    channel: str
    amount_minor: int
    currency: str
    received_at: datetime
    same: bool


@dataclass(frozen=True)
class Answered:
    """What became of an answer: whether it also leaves by email, and if not, why (a reason of the message gate)."""

    emailed: bool
    reason: str


def find(session: Session, access: StaffAccess, claim_id: str) -> PaymentClaim:
    """Find a claim of this business; raises Refusal not_found for anybody else's."""
    found = session.scalars(select(PaymentClaim).where(
        PaymentClaim.public_id == claim_id, PaymentClaim.business_id == access.business_id)).one_or_none()
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found


def candidates(session: Session, claim: PaymentClaim) -> Sequence[Candidate]:
    """List what came in from this debtor, what fits best first."""
    rows = session.scalars(
        select(Payment).where(
            Payment.business_id == claim.business_id, Payment.debtor_id == claim.debtor_id,
            Payment.captured_minor > 0).order_by(Payment.id.desc()).limit(MOST_SHOWN)).all()
    found = [Candidate(
        row.public_id, row.number, row.channel, row.captured_minor, row.currency, row.received_at or row.created_at,
        same=(row.captured_minor, row.currency) == (claim.amount_minor, claim.currency)) for row in rows]
    return sorted(found, key=lambda one: (not one.same, abs(_days(one.received_at.date(), claim.paid_on))))


def match(rt: Runtime, access: StaffAccess, claim_id: str, payment_id: str, *, words: str = "") -> Answered:
    """Say which payment it is; reminders go on for what is left. Raises Refusal: not_found, claim_decided, pick_one."""
    now = rt.now()
    return rt.db.run(lambda session: match_in(session, access, claim_id, payment_id, words=words, now=now))


def match_in(session: Session, access: StaffAccess, claim_id: str, payment_id: str, *, now: datetime,
             words: str = "") -> Answered:
    """Say which payment it is, in the caller's transaction, as match() does."""
    def work(session: Session, claim: PaymentClaim) -> bool:
        payment = session.scalars(select(Payment).where(
            Payment.public_id == payment_id, Payment.business_id == claim.business_id,
            Payment.debtor_id == claim.debtor_id, Payment.captured_minor > 0)).one_or_none()
        if payment is None:
            raise Refusal("invalid", "pick_one")
        claim.state, claim.payment_id = "matched", payment.id
        return True

    return _answer(session, access, claim_id, words, work, now)


def look_again(session: Session, access: StaffAccess, payment: Payment, now: datetime) -> None:
    """Take back that a payment is what a debtor told of: it is looked for anew. The caller holds the debtor's lock."""
    business = session.get_one(Business, access.business_id)
    for claim in payment_claims.look_again(session, business, payment.id, now):
        record(session, at=now, actor=staff_actor(access), act="claim.reopened", business_id=access.business_id,
               debtor_id=claim.debtor_id, target=f"claim:{claim.public_id}")


def reject(rt: Runtime, access: StaffAccess, claim_id: str, *, words: str) -> Answered:
    """Say that it was not found, with words; reminders go on. Raises Refusal as match(), and words_missing."""
    told(words, longest=LONGEST_ANSWER)

    def work(_session: Session, claim: PaymentClaim) -> bool:
        claim.state = "rejected"
        return False

    now = rt.now()
    return rt.db.run(lambda session: _answer(session, access, claim_id, words, work, now))


def _answer(session: Session, access: StaffAccess, claim_id: str, words: str,
            work: Callable[[Session, PaymentClaim], bool], now: datetime) -> Answered:
    access.require("work")
    body = told(words, longest=LONGEST_ANSWER) if words.strip() else ""
    claim = find(session, access, claim_id)
    lock_debtor(session, access.business_id, claim.debtor_id)
    # What was read before the lock may be old.
    session.refresh(claim)
    if claim.state != "waiting":
        raise Refusal("conflict", "claim_decided")
    found = work(session, claim)
    claim.staff_id, claim.decided_at, claim.answer = access.staff_id, now, body
    payment_claims.release(session, claim, now)
    name = session.get_one(Staff, access.staff_id).name
    message = arrangement_mail.tell_of_claim(session, now, claim, found=found, staff_name=name)
    record(session, at=now, actor=staff_actor(access), act=f"claim.{claim.state}", business_id=access.business_id,
           debtor_id=claim.debtor_id, target=f"claim:{claim.public_id}")
    standings.recount_one(session, access.business_id, claim.debtor_id, now)
    return Answered(message.state == "queued", message.reason)


def _days(one: date, other: date) -> int:
    return (one - other).days
