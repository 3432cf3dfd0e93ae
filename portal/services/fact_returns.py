"""Books money that goes back: refunds, chargebacks and returned bank debits, and their reversals.

How much of a payment has gone back is one running sum; what each fact adds to it follows from the sum alone,
so that a refund and a chargeback of the same money end the same way in either order.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain.ledger import CLEARING, SUSPENSE, Account, Entry, debtor_credit, own, receivable
from portal.domain.money_facts import ChargedBack, Refunded
from portal.models import Chargeback, Hold, Payment, Refund, SuspenseItem
from portal.services import audit, fact_balance, fact_lookup, ledger, messages, settle, settlement_ends
from portal.services.fact_lookup import Subject

# A refund's states in the order they may follow each other; a later one is never undone by an earlier.
REFUND_RANK = {
    "requested": 0, "unknown": 0, "pending": 1, "requires_action": 1, "succeeded": 2, "failed": 3, "canceled": 3}
CLOSED = ("won", "lost", "warning_closed", "prevented")


def refund(session: Session, fact: Refunded, now: datetime) -> str:
    """Book a refund as it stands: money gone, or come home because the refund failed."""
    subject = fact_lookup.lock_payment(session, intent=fact.intent, charge=fact.charge)
    if subject is None or not subject.payment.captured_minor:
        item = fact_lookup.suspense_of(session, fact.intent)
        if item is not None:
            return _refund_of_suspense(session, item, fact, now)
        return fact_lookup.wait_for(session, fact.intent or fact.charge or fact.id, fact,
                                    f"refund:{fact.id}:{fact.status}", now)
    if (subject.payment.stripe_account or "") != fact.account or subject.payment.currency != fact.currency:
        return "mismatch"
    row = _refund_row(session, subject.payment, fact, now)
    if REFUND_RANK.get(fact.status, 1) < REFUND_RANK[row.state]:
        return "applied"
    row.state = "pending" if fact.status == "requires_action" else fact.status
    row.failure_code = fact.failure_code or row.failure_code
    if fact.status in ("pending", "succeeded") and row.booked_at is None:
        row.booked_at = fact.happened_at
        _return(session, subject, fact.amount, "refund", f"stripe:{fact.id}:refunded", fact.happened_at, now,
                from_credit=row.mode == "credit")
        messages.queue_refund(session, now, row)
        _note(session, subject.payment, "refund.booked", row.public_id, now)
    elif fact.status in ("failed", "canceled") and row.booked_at is not None and row.reversed_at is None:
        row.reversed_at = fact.happened_at
        _return(session, subject, -fact.amount, "refund_failed", f"stripe:{fact.id}:failed", fact.happened_at, now)
        messages.queue_refund(session, now, row)
        _note(session, subject.payment, "refund.failed", row.public_id, now)
    return "applied"


def _refund_row(session: Session, payment: Payment, fact: Refunded, now: datetime) -> Refund:
    query = select(Refund).where(Refund.payment_id == payment.id)
    row = session.scalars(query.where(Refund.stripe_refund == fact.id)).one_or_none()
    if row is None and fact.our_refund:
        row = session.scalars(query.where(
            Refund.public_id == fact.our_refund, Refund.stripe_refund.is_(None))).one_or_none()
    if row is None:
        # Made at Stripe's own pages: what it had paid is owed again, unless a surplus covers it.
        row = Refund(business_id=payment.business_id, payment_id=payment.id, amount_minor=fact.amount,
                     currency=fact.currency, mode="reopen", state="requested", created_at=now)
        session.add(row)
    if row.stripe_refund is None:
        # Stripe knows it: what we concluded from its silence no longer counts.
        row.stripe_refund, row.state = fact.id, "requested"
    session.flush()
    return row


def chargeback(session: Session, fact: ChargedBack, now: datetime) -> str:
    """Book a chargeback as it stands: money withdrawn, its fee, and money reinstated when it was won."""
    subject = fact_lookup.lock_payment(session, intent=fact.intent, charge=fact.charge)
    if subject is None or not subject.payment.captured_minor:
        item = fact_lookup.suspense_of(session, fact.intent)
        if item is not None:
            return _chargeback_of_suspense(session, item, fact, now)
        count = len(fact.lines)
        return fact_lookup.wait_for(session, fact.intent or fact.charge or fact.id, fact,
                                    f"chargeback:{fact.id}:{fact.status}:{count}", now)
    if (subject.payment.stripe_account or "") != fact.account or subject.payment.currency != fact.currency:
        return "mismatch"
    row = _chargeback_row(session, subject.payment, fact, now)
    if row.state not in CLOSED:
        row.state = fact.status
    if any(line.amount < 0 for line in fact.lines) and row.withdrawn_at is None:
        row.withdrawn_at = fact.happened_at
        _return(session, subject, fact.amount, "chargeback", f"stripe:{fact.id}:withdrawn", fact.happened_at, now)
        _hold(session, subject, row, now)
        _note(session, subject.payment, "chargeback.withdrawn", row.public_id, now)
    if any(line.amount > 0 for line in fact.lines) and row.withdrawn_at is not None and row.reinstated_at is None:
        row.reinstated_at = fact.happened_at
        _return(session, subject, -fact.amount, "chargeback_reinstated", f"stripe:{fact.id}:reinstated",
                fact.happened_at, now)
        _release(session, row, now)
        _note(session, subject.payment, "chargeback.reinstated", row.public_id, now)
    fact_balance.book_dispute_lines(session, subject.payment.business_id, fact, now)
    return "applied"


def _chargeback_row(session: Session, payment: Payment, fact: ChargedBack, now: datetime) -> Chargeback:
    row = session.scalars(select(Chargeback).where(Chargeback.stripe_dispute == fact.id)).one_or_none()
    if row is None:
        row = Chargeback(business_id=payment.business_id, payment_id=payment.id, stripe_dispute=fact.id,
                         amount_minor=fact.amount, currency=fact.currency, reason=fact.reason, state=fact.status,
                         created_at=now)
        session.add(row)
        session.flush()
    return row


def _return(session: Session, subject: Subject, amount: int, kind: str, key: str, happened_at: datetime,
            now: datetime, *, from_credit: bool = False) -> None:
    """Book a sum that left Stripe (or, negative, came home) against what the payment had paid.

    Worked: a payment of 100.00 for A (60.00) and B (40.00); 50.00 go back: B is reopened by 40.00, A by 10.00.
    """
    payment = subject.payment
    payment.returned_minor += amount
    standing = min(payment.returned_minor, payment.captured_minor)
    parts: dict[Account, int] = {}
    for line in reversed(subject.lines):
        wanted = min(line.amount_minor, standing)
        standing -= wanted
        if wanted != line.returned_minor:
            parts[receivable(line.invoice_id, payment.debtor_id, payment.currency)] = wanted - line.returned_minor
            line.returned_minor = wanted
    # Returned twice over: nobody's invoice can owe that; a person must look.
    beyond = amount - sum(parts.values())
    if beyond:
        parts[own(SUSPENSE, payment.currency)] = beyond
    if from_credit:
        parts = _from_credit(session, payment, parts)
    _post_parts(session, payment, parts, kind, key, happened_at, now)
    settle.settle(session, payment.business_id, payment.debtor_id, payment.currency, cause=key, now=now)
    if any(line.offer_id for line in subject.lines):
        settlement_ends.follow_money(session, payment.id, now)


def _from_credit(session: Session, payment: Payment, parts: dict[Account, int]) -> dict[Account, int]:
    """Take what the debtor has in credit before reopening an invoice."""
    credit = ledger.credit_of(session, payment.business_id, payment.debtor_id, payment.currency)
    spare = debtor_credit(payment.debtor_id, payment.currency)
    changed: dict[Account, int] = {}
    for account, amount in parts.items():
        taken = min(credit, amount) if account.invoice_id is not None else 0
        credit -= taken
        if taken:
            changed[spare] = changed.get(spare, 0) + taken
        if amount - taken:
            changed[account] = amount - taken
    return changed


def _post_parts(session: Session, payment: Payment, parts: dict[Account, int], kind: str, key: str,
                happened_at: datetime, now: datetime) -> None:
    clearing = own(CLEARING, payment.currency)
    entries = []
    for account, amount in parts.items():
        debit, credit = (account, clearing) if amount > 0 else (clearing, account)
        entries.append(Entry(debit, credit, abs(amount), kind, f"{key}:{account.owner or account.kind}", "payment",
                             payment.public_id, happened_at, memo=kind))
    ledger.post(session, payment.business_id, entries, now=now)


def _refund_of_suspense(session: Session, item: SuspenseItem, fact: Refunded, now: datetime) -> str:
    key = f"stripe:{fact.id}:refunded:suspense"
    gone = ledger.is_posted(session, item.business_id, key)
    if fact.status in ("pending", "succeeded") and not gone:
        _suspense_moves(session, item, fact.amount, "refund", key, fact.happened_at, now)
    elif fact.status in ("failed", "canceled") and gone:
        back = f"stripe:{fact.id}:failed:suspense"
        if not ledger.is_posted(session, item.business_id, back):
            _suspense_moves(session, item, -fact.amount, "refund_failed", back, fact.happened_at, now)
    return "applied"


def _chargeback_of_suspense(session: Session, item: SuspenseItem, fact: ChargedBack, now: datetime) -> str:
    for word, sign in (("withdrawn", -1), ("reinstated", 1)):
        key = f"stripe:{fact.id}:{word}:suspense"
        if any(line.amount * sign > 0 for line in fact.lines) and not ledger.is_posted(session, item.business_id, key):
            _suspense_moves(session, item, -sign * fact.amount, "chargeback", key, fact.happened_at, now)
    fact_balance.book_dispute_lines(session, item.business_id, fact, now)
    return "applied"


def _suspense_moves(session: Session, item: SuspenseItem, amount: int, kind: str, key: str, happened_at: datetime,
                    now: datetime) -> None:
    suspense, clearing = own(SUSPENSE, item.currency), own(CLEARING, item.currency)
    debit, credit = (suspense, clearing) if amount > 0 else (clearing, suspense)
    item.returned_minor = max(0, min(item.amount_minor, item.returned_minor + amount))
    item.resolved_at = now if item.returned_minor == item.amount_minor else None
    entry = Entry(debit, credit, abs(amount), kind, key, "suspense", item.payment_intent, happened_at, memo=kind)
    ledger.post(session, item.business_id, [entry], now=now)
    audit.record(session, at=now, actor=audit.STRIPE, act=f"suspense.{kind}", business_id=item.business_id,
                 target=f"intent:{item.payment_intent}", amount=amount, currency=item.currency)


def _hold(session: Session, subject: Subject, row: Chargeback, now: datetime) -> None:
    for line in subject.lines:
        session.add(Hold(
            business_id=row.business_id, debtor_id=subject.payment.debtor_id, invoice_id=line.invoice_id,
            reminders=True, fees=True, autopay=True, cause="chargeback", cause_id=row.public_id, starts_at=now))


def _release(session: Session, row: Chargeback, now: datetime) -> None:
    session.execute(update(Hold).where(
        Hold.business_id == row.business_id, Hold.cause == "chargeback", Hold.cause_id == row.public_id,
        Hold.released_at.is_(None)).values(released_at=now).execution_options(synchronize_session=False))


def _note(session: Session, payment: Payment, act: str, public_id: str, now: datetime) -> None:
    audit.record(session, at=now, actor=audit.STRIPE, act=act, business_id=payment.business_id,
                 debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}", about=public_id)


