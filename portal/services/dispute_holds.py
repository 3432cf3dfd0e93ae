"""What a dispute does while it is open: the questioned part rests, and a discount's clock stands still.

Everything here joins its caller's transaction, under the debtor's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.domain.currencies import step
from portal.domain.disputes import discount_on_rest
from portal.domain.offers import rest_of
from portal.models import Dispute, DisputePart, Hold, Invoice, Offer, Payment, PaymentInvoice
from portal.services import attempts, ledger, settle, settlement_clock

CAUSE = "dispute"
# Reminders begin again so long after the answer has left, so that nobody is asked before they have read it.
NOTICE = timedelta(days=7)
DATED_KINDS = ("early_pay", "prompt_pay")


@dataclass(frozen=True)
class Clock:
    """An offer whose clock stands still, since when, and what it takes off what is left; minor units."""

    offer: Offer
    stopped_at: datetime
    discount: int
    left: int


def begin(session: Session, dispute: Dispute, parts: Sequence[DisputePart], now: datetime) -> None:
    """Let what is questioned rest at once, and let pages on which it could still be paid be closed."""
    for invoice_id in sorted({part.invoice_id for part in parts}):
        mine = [part for part in parts if part.invoice_id == invoice_id and part.open]
        if mine:
            whole = any(part.whole for part in mine)
            session.add(Hold(
                business_id=dispute.business_id, debtor_id=dispute.debtor_id, invoice_id=invoice_id,
                amount_minor=None if whole else sum(part.asked_minor - part.credited_minor for part in mine),
                reminders=True, fees=True, autopay=True, discount_clock=True, cause=CAUSE,
                cause_id=dispute.public_id, starts_at=now))
    session.flush()
    settlement_clock.stop(session, dispute.debtor_id, {part.invoice_id for part in parts})
    attempts.close_later(session, {part.invoice_id for part in parts}, now)
    _settle(session, dispute, f"{CAUSE}:{dispute.id}:opened:{dispute.looks}", now)


def end(session: Session, dispute: Dispute, now: datetime, *, notice: bool) -> None:
    """Let what was questioned be asked for again; after an answer of ours only when it can have been read."""
    held = session.scalars(select(Hold).where(
        Hold.business_id == dispute.business_id, Hold.cause == CAUSE, Hold.cause_id == dispute.public_id,
        Hold.released_at.is_(None))).all()
    for hold in held:
        hold.released_at = now
        if notice:
            session.add(Hold(
                business_id=dispute.business_id, debtor_id=dispute.debtor_id, invoice_id=hold.invoice_id,
                reminders=True, fees=True, cause="staff", cause_id=dispute.public_id, starts_at=now,
                until=now + NOTICE))
    session.flush()
    attempts.close_later(session, {hold.invoice_id for hold in held if hold.invoice_id is not None}, now)
    _settle(session, dispute, f"{CAUSE}:{dispute.id}:ended:{dispute.looks}", now)


def end_notice(session: Session, dispute: Dispute, now: datetime) -> None:
    """Take back the quiet days after an answer, because the dispute itself begins anew."""
    session.execute(update(Hold).where(
        Hold.business_id == dispute.business_id, Hold.cause == "staff", Hold.cause_id == dispute.public_id,
        Hold.released_at.is_(None)).values(released_at=now).execution_options(synchronize_session=False))


def stopped(session: Session, dispute: Dispute) -> list[Clock]:
    """List the discounts a dispute stops that can still be earned; to be asked before anything is credited."""
    mine = select(Hold.invoice_id).where(
        Hold.business_id == dispute.business_id, Hold.cause == CAUSE, Hold.cause_id == dispute.public_id,
        Hold.released_at.is_(None))
    since = _since(session, dispute.debtor_id, None)
    rows = session.execute(
        select(Offer, Invoice.total_minor).join(Invoice, Invoice.id == Offer.invoice_id)
        .where(Offer.invoice_id.in_(mine), Offer.withdrawn_at.is_(None), Offer.kind.in_(DATED_KINDS)))
    left = ledger.left_by_invoice(session, dispute.business_id, dispute.debtor_id)
    found = []
    for offer, total in rows:
        base, rest = total if offer.base_minor is None else offer.base_minor, left[offer.invoice_id]
        if rest + _paid_with(session, offer) == base:
            # Nothing but the offer's own payments has made the rest smaller: its share of the rest is still open.
            discount = discount_on_rest(offer.discount_minor, base=base, rest=rest)
        else:
            discount = rest_of(offer.part_effect, offer.discount_minor, base=base, left=rest)
        if discount and offer.deadline >= since[offer.invoice_id]:
            found.append(Clock(offer, since[offer.invoice_id], discount, rest))
    return found


def date_anew(session: Session, dispute: Dispute, clocks: Sequence[Clock], now: datetime) -> None:
    """Give each stopped discount, on what is left now, the time that was left of it, and each settlement its days.

    To be asked after the end.
    """
    settlement_clock.go_on(session, dispute, now)
    left = ledger.left_by_invoice(session, dispute.business_id, dispute.debtor_id)
    still = _since(session, dispute.debtor_id, dispute.public_id)
    for clock in clocks:
        old, rest = clock.offer, left[clock.offer.invoice_id]
        discount = discount_on_rest(clock.discount, base=clock.left, rest=rest)
        discount -= discount % step(old.currency)
        if not discount or discount >= rest:
            continue
        old.withdrawn_at, old.ended_as = now, "superseded"
        session.flush()
        # Another open dispute of the invoice still holds the clock: it goes on from where that one stopped it.
        goes_on = still.get(old.invoice_id, now)
        session.add(Offer(
            business_id=old.business_id, debtor_id=old.debtor_id, invoice_id=old.invoice_id, currency=old.currency,
            kind=old.kind, discount_minor=discount, basis_points=old.basis_points, base_minor=rest,
            part_effect=old.part_effect, deadline=goes_on + (old.deadline - clock.stopped_at), version=old.version + 1,
            created_at=now))
        session.flush()


def _since(session: Session, debtor_id: int, but: str | None) -> dict[int, datetime]:
    """Tell since when each questioned invoice is questioned, apart from one dispute."""
    query = select(Hold.invoice_id, func.min(Hold.starts_at)).where(
        Hold.debtor_id == debtor_id, Hold.cause == CAUSE, Hold.released_at.is_(None))
    query = query if but is None else query.where(Hold.cause_id != but)
    return {id: at for id, at in session.execute(query.group_by(Hold.invoice_id)) if id is not None}


def _paid_with(session: Session, offer: Offer) -> int:
    """Tell what payments that earned an offer took off its invoice, their discount included; minor units."""
    return session.scalar(
        select(func.coalesce(func.sum(PaymentInvoice.amount_minor + PaymentInvoice.discount_minor), 0))
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(PaymentInvoice.debtor_id == offer.debtor_id, PaymentInvoice.invoice_id == offer.invoice_id,
               PaymentInvoice.offer_id == offer.id, PaymentInvoice.returned_minor == 0,
               Payment.captured_minor > 0)) or 0


def _settle(session: Session, dispute: Dispute, cause: str, now: datetime) -> None:
    # Money beyond what was chosen lies on no questioned part; once that changes, it may lie elsewhere.
    if settle.needs_settling(session, dispute.business_id, dispute.debtor_id, dispute.currency):
        settle.settle(session, dispute.business_id, dispute.debtor_id, dispute.currency, cause=cause, now=now)
