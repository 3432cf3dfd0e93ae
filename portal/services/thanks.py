"""Thanks after paying: the note of the next day, the credit for paying early, and later the question if all is well.

Each looks back over a few days only and is told apart by its cause, so that nobody is thanked twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import GOODWILL, RECEIVABLE, Entry, debtor_credit, own
from portal.domain.policy import Policy
from portal.domain.thanks import PaidPart, credit_minor, early_minor
from portal.models import (
    Business,
    Debtor,
    Invoice,
    LedgerAccount,
    LedgerTransfer,
    Message,
    Payment,
    PaymentInvoice,
    lock_debtor,
)
from portal.models.base import fixed
from portal.runtime import Runtime
from portal.services import audit, ledger, letters, messages, policies, settle
from portal.words import courtesy_kinds

# Not on top of the receipt: the day after. What could not be thanked for within some days is let be.
AFTER, WITHIN = timedelta(hours=20), timedelta(days=4)
# A bank debit may have been started so long before it arrived.
LONGEST_WAY = timedelta(days=40)
# Whoever pays in parts is thanked once; whoever owes nothing is asked once in half a year.
THANKED_LATELY, ASKED_LATELY = timedelta(days=7), timedelta(days=182)
BATCH = 500
WORKER = audit.Actor("job", "thank")
CREDIT = "thank_you_credit"


def thank(rt: Runtime) -> int:
    """Thank everybody whose payment arrived a day ago; returns how many payments were dealt with."""
    return _each(rt, lambda policy: policy.thank_you_notes or policy.thank_you_credit, _to_thank, _thank)


def check_in(rt: Runtime) -> int:
    """Ask those who have owed nothing for as long as their business says whether all is well."""
    return _each(rt, lambda policy: policy.check_in_days > 0, _to_ask, _ask)


Find = Callable[[Business, Policy, datetime], Select[int]]
Do = Callable[[Session, int, Policy, datetime], None]


def _each(rt: Runtime, wanted: Callable[[Policy], bool], find: Find, do: Do) -> int:
    now, done = rt.now(), 0
    with rt.db.reading() as session:
        businesses = session.scalars(select(Business).order_by(Business.id)).all()
    for business in businesses:
        with rt.db.reading() as session:
            policy = policies.in_force(session, business.id)
        if wanted(policy):
            done += _all(rt, find(business, policy, now), lambda session, id, policy=policy: (  # type: ignore[misc]
                do(session, id, policy, now)))
    return done


def _all(rt: Runtime, query: Select[int], do: Callable[[Session, int], None]) -> int:
    done, after = 0, 0
    while True:
        with rt.db.reading() as session:
            found = session.scalars(query.where(Payment.id > after).order_by(Payment.id).limit(BATCH)).all()
        for payment_id in found:
            rt.db.run(lambda session, id=payment_id: do(session, id))  # type: ignore[misc]
        done += len(found)
        if len(found) < BATCH:
            return done
        after = found[-1]


def _to_thank(business: Business, policy: Policy, now: datetime) -> Select[int]:
    """Payments made on our own page that arrived a day ago; with nothing to give, only of those with nothing late."""
    query = _arrived(business, now - WITHIN, now - AFTER).where(
        or_(Payment.channel.in_(("checkout", "off_session")), Payment.link_id.is_not(None)),
        ~_told("thank_you"), ~exists().where(
            LedgerTransfer.business_id == Payment.business_id, LedgerTransfer.key == _key("thank_you")))
    if policy.thank_you_credit:
        return query
    return query.where(~_open_debt(LedgerAccount.due_on < _today(business, now)))


def _to_ask(business: Business, policy: Policy, now: datetime) -> Select[int]:
    """The last payments of those who have owed nothing since, as many days ago as the business says."""
    newest, later = now - timedelta(days=policy.check_in_days), aliased(Payment)
    return _arrived(business, newest - WITHIN, newest).where(
        ~_told("check_in"), ~_open_debt(),
        ~exists().where(later.debtor_id == Payment.debtor_id, later.created_at > Payment.created_at,
                        later.state == fixed("succeeded")),
        ~exists().where(Message.debtor_id == Payment.debtor_id, Message.kind == "check_in",
                        Message.created_at > now - ASKED_LATELY))


def _arrived(business: Business, first: datetime, last: datetime) -> Select[int]:
    # By the day it was made, for which there is an index; what arrived is a part of that.
    return select(Payment.id).where(
        Payment.business_id == business.id, Payment.state == fixed("succeeded"),
        Payment.created_at.between(first - LONGEST_WAY, last + LONGEST_WAY), Payment.returned_minor == 0,
        Payment.received_at.between(first, last))


def _key(kind: str) -> ColumnElement[str]:
    return literal(f"{kind}:") + Payment.public_id


def _told(kind: str) -> ColumnElement[bool]:
    return exists().where(Message.business_id == Payment.business_id, Message.key == _key(kind))


def _open_debt(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        LedgerAccount.debtor_id == Payment.debtor_id, LedgerAccount.kind == fixed(RECEIVABLE),
        LedgerAccount.credits < LedgerAccount.debits, *more)


def _thank(session: Session, payment_id: int, policy: Policy, now: datetime) -> None:
    payment, debtor = _locked(session, payment_id)
    if payment is None or debtor is None:
        return
    business = session.get_one(Business, payment.business_id)
    credit = _credit(session, payment, policy, business, now)
    if credit:
        give(session, payment, credit, now=now)
    if not policy.thank_you_notes:
        return
    # What somebody was given they are always told.
    if not credit and (_is_late(session, debtor, _today(business, now)) or _thanked(session, debtor, now)):
        return
    paid = replace(letters.paid_sum(session, payment), asks=policy.ask_feedback)
    messages.queue_courtesy(session, now, payment, "thank_you", lambda voice: courtesy_kinds.thank_you(
        voice.words, voice.sender, voice.reader, paid, credit))


def _ask(session: Session, payment_id: int, _policy: Policy, now: datetime) -> None:
    payment, debtor = _locked(session, payment_id)
    if payment is None or debtor is None:
        return
    left = ledger.left_by_invoice(session, debtor.business_id, debtor.id)
    if not any(left.values()):
        messages.queue_courtesy(session, now, payment, "check_in", lambda voice: courtesy_kinds.check_in(
            voice.words, voice.sender, voice.reader))


def _locked(session: Session, payment_id: int) -> tuple[Payment | None, Debtor | None]:
    payment = session.get_one(Payment, payment_id)
    debtor = lock_debtor(session, payment.business_id, payment.debtor_id)
    session.refresh(payment)
    # It may have gone back to its payer between the look and the lock.
    stands = payment.state == "succeeded" and payment.returned_minor == 0
    return (payment if stands else None), (debtor if debtor is not None and debtor.erased_at is None else None)


def _credit(session: Session, payment: Payment, policy: Policy, business: Business, now: datetime) -> int:
    rows = session.execute(
        select(PaymentInvoice.amount_minor, PaymentInvoice.discount_minor,
               LedgerAccount.debits - LedgerAccount.credits, Invoice.due_on)
        .join(Invoice, Invoice.id == PaymentInvoice.invoice_id)
        .join(LedgerAccount, (LedgerAccount.invoice_id == Invoice.id) & (LedgerAccount.kind == fixed(RECEIVABLE)))
        .where(PaymentInvoice.payment_id == payment.id)).all()
    # Begun in time is paid in time, as it is for a discount.
    began = min(payment.created_at, payment.received_at or payment.created_at)
    early = early_minor([PaidPart(*row) for row in rows], _today(business, began))
    return credit_minor(policy, payment.currency, early)


def give(session: Session, payment: Payment, amount: int, *, now: datetime) -> None:
    """Book a thank-you credit, once for its payment; it pays what is open, or waits for the next invoice.

    The caller holds the debtor's lock. It stays given when the payment comes back later, and is never paid out.
    """
    cause = f"thank_you:{payment.public_id}"
    entry = Entry(own(GOODWILL, payment.currency), debtor_credit(payment.debtor_id, payment.currency), amount, CREDIT,
                  cause, "thank_you", payment.public_id, now, memo=CREDIT)
    if ledger.post(session, payment.business_id, [entry], now=now):
        settle.settle(session, payment.business_id, payment.debtor_id, payment.currency, cause=cause, now=now)
        audit.record(session, at=now, actor=WORKER, act="thank_you.given", business_id=payment.business_id,
                     debtor_id=payment.debtor_id, target=f"payment:{payment.public_id}", amount=amount,
                     currency=payment.currency)


def _is_late(session: Session, debtor: Debtor, today: date) -> bool:
    return session.scalar(select(func.count()).select_from(LedgerAccount).where(
        LedgerAccount.debtor_id == debtor.id, LedgerAccount.kind == fixed(RECEIVABLE),
        LedgerAccount.credits < LedgerAccount.debits, LedgerAccount.due_on < today)) != 0


def _thanked(session: Session, debtor: Debtor, now: datetime) -> bool:
    return session.scalar(select(func.count()).select_from(Message).where(
        Message.debtor_id == debtor.id, Message.kind == "thank_you",
        Message.created_at > now - THANKED_LATELY)) != 0


def _today(business: Business, now: datetime) -> date:
    return now.astimezone(ZoneInfo(business.timezone)).date()
