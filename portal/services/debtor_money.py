"""Money that staff saw arrive outside Stripe: recorded once, taken back when it did not hold, credit put to use.

Each takes the debtor's lock first. A form sent twice names the same payment and books it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Invoice, LedgerAccount, Payment
from portal.runtime import Runtime
from portal.services import (
    bookkeeping,
    debtor_desk,
    debtor_relief,
    ledger,
    links,
    messages,
    nonces,
    outside_offers,
    settle,
    standings,
)
from portal.services.audit import record, staff_actor
from portal.services.bookkeeping import Part
from portal.services.outside_offers import Came

CHANNELS = ("transfer", "cash", "check")
LONGEST_REFERENCE = 40
# More than so many times all that was ever billed to a debtor is a slip of the hand, not a payment.
MOST_TIMES_BILLED = 10


@dataclass(frozen=True)
class Seen:
    """Money somebody saw: how it came, how much of what, when, and for which invoices (none: oldest due first)."""

    channel: str
    currency: str
    amount_minor: int
    received_on: date
    nonce: str
    reference: str = ""
    words: str = ""
    invoice_ids: Sequence[str] = field(default_factory=tuple)
    # Somebody was told that it looks recorded already, and says that it is another one.
    not_the_same: bool = False
    send_receipt: bool = False
    # The line of a bank statement that tells of it.
    bank_line: str = ""


@dataclass(frozen=True)
class Recorded:
    """What was recorded: the payment, and what of it paid for nothing that was open and is credit now, minor units."""

    public_id: str
    number: str
    currency: str
    amount_minor: int
    credit_minor: int


@dataclass(frozen=True)
class OpenRow:
    """An open invoice to choose, with what is left of it in minor units."""

    public_id: str
    number: str
    title: str
    due_on: date
    currency: str
    left_minor: int


@dataclass(frozen=True)
class Counter:
    """What the pages about a debtor's money start from: who it is, what is open, and their credit by currency."""

    debtor_id: str
    name: str
    number: str
    erased: bool
    can_be_mailed: bool
    invoices: Sequence[OpenRow]
    currencies: Sequence[str]
    credit: Mapping[str, int]


def counter(rt: Runtime, access: StaffAccess, debtor_id: str) -> Counter:
    """Give what the pages about money start from; raises Refusal not_found."""
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        accounts = session.execute(
            select(LedgerAccount.currency, LedgerAccount.kind, func.sum(LedgerAccount.credits - LedgerAccount.debits))
            .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == debtor.id)
            .group_by(LedgerAccount.currency, LedgerAccount.kind)).all()
        currencies = sorted({currency for currency, _, _ in accounts})
        invoices = [
            OpenRow(one.public_id, one.number, one.title, one.due_on, one.currency, left)
            for currency in currencies for one, left in _open(session, debtor, currency)]
        return Counter(
            debtor.public_id, debtor.name, debtor.number, debtor.erased_at is not None, links.may_write_to(debtor),
            invoices, currencies, {
                currency: int(left) for currency, kind, left in accounts if kind == DEBTOR_CREDIT and left > 0})


def record_payment(rt: Runtime, access: StaffAccess, debtor_id: str, seen: Seen) -> Recorded:
    """Book money that came by bank, in cash or by check.

    Raises Refusal: not_found, amount_negative, unknown_channel, day_to_come, nothing_billed, other_currency,
    payment_looks_recorded, payment_above_billed, day_too_old.
    """
    now = rt.now()
    return rt.db.run(lambda session: receive(session, access, debtor_id, seen, now))


def receive(session: Session, access: StaffAccess, debtor_id: str, seen: Seen, now: datetime) -> Recorded:
    """Book money as record_payment() does, in the caller's transaction; takes the debtor's lock first."""
    access.require("record_money")
    if seen.channel not in CHANNELS:
        raise Refusal("invalid", "unknown_channel")
    if seen.amount_minor <= 0:
        raise Refusal("invalid", "amount_negative")
    debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
    number = nonces.number(access, "payment", seen.nonce)
    known = session.scalars(select(Payment).where(
        Payment.business_id == access.business_id, Payment.number == number)).one_or_none()
    if known is not None:
        if known.debtor_id != debtor.id:
            raise Refusal("conflict", "form_used_elsewhere")
        return Recorded(known.public_id, known.number, known.currency, known.captured_minor, 0)
    received_at = debtor_desk.moment_of(seen.received_on, debtor_desk.zone_of(session, access), now)
    if not seen.not_the_same:
        _refuse_a_double(session, access, seen, received_at)
    _refuse_a_slip(session, access, debtor, seen)
    before = ledger.credit_of(session, access.business_id, debtor.id, seen.currency)
    payment = bookkeeping.receive_outside(
        session, debtor, _parts(session, debtor, seen, received_at), channel=seen.channel, amount=seen.amount_minor,
        reference=seen.reference.strip(), received_at=received_at, now=now, number=number)
    rest = max(0, ledger.credit_of(session, access.business_id, debtor.id, seen.currency) - before)
    _tell(session, access, debtor, payment, seen, now)
    standings.recount_one(session, access.business_id, debtor.id, now)
    return Recorded(payment.public_id, payment.number, payment.currency, payment.captured_minor, rest)


def _tell(session: Session, access: StaffAccess, debtor: Debtor, payment: Payment, seen: Seen, now: datetime) -> None:
    if seen.send_receipt and debtor.erased_at is None:
        messages.queue_receipt(session, now, payment)
    debtor_desk.keep_words(session, access, debtor, now, f"payment:{payment.public_id}", seen.words)
    record(session, at=now, actor=staff_actor(access), act="payment.recorded", business_id=access.business_id,
           debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", payment=payment.public_id,
           channel=payment.channel, amount=payment.amount_minor, currency=payment.currency,
           received_on=str(seen.received_on), invoices=list(seen.invoice_ids),
           **({"bank_line": seen.bank_line} if seen.bank_line else {}))


def _refuse_a_slip(session: Session, access: StaffAccess, debtor: Debtor, seen: Seen) -> None:
    """Refuse a sum that cannot have been meant: many times all that was ever billed to this debtor."""
    most = MOST_TIMES_BILLED * debtor_relief.billed_in(session, access.business_id, debtor.id, seen.currency)
    if most and seen.amount_minor > most:
        raise Refusal("invalid", "payment_above_billed", times=MOST_TIMES_BILLED, most=most, currency=seen.currency)


def _refuse_a_double(session: Session, access: StaffAccess, seen: Seen, received_at: datetime) -> None:
    """Warn before the same money is written down by two people: same sum, same reference, same day."""
    same = session.scalars(select(Payment).where(
        Payment.business_id == access.business_id, Payment.amount_minor == seen.amount_minor,
        Payment.currency == seen.currency, Payment.channel == seen.channel, Payment.state == "succeeded",
        Payment.returned_minor == 0))
    zone = debtor_desk.zone_of(session, access)
    for payment in same:
        on = payment.received_at
        alike = (payment.reference or "").strip().casefold() == seen.reference.strip().casefold()
        if alike and on is not None and on.astimezone(zone).date() == received_at.astimezone(zone).date():
            raise Refusal("conflict", "payment_looks_recorded", number=payment.number)


def _parts(session: Session, debtor: Debtor, seen: Seen, received_at: datetime) -> list[Part]:
    """Spread the money over the chosen invoices, or over all that are open, the oldest due first.

    Worked: 150.00 for invoices of 100.00 and 80.00 is 100.00 and 50.00; 200.00 leaves 20.00 as credit. A discount or a
    settlement that it meets is taken.
    """
    chosen = [debtor_desk.invoice_of(session, debtor, public_id) for public_id in dict.fromkeys(seen.invoice_ids)]
    if any(invoice.currency != seen.currency for invoice in chosen):
        raise Refusal("invalid", "other_currency")
    found = outside_offers.parts(session, debtor, Came(
        seen.currency, seen.amount_minor, received_at, frozenset(invoice.id for invoice in chosen)))
    return found or [Part(_newest(session, debtor, seen), seen.amount_minor)]


def _newest(session: Session, debtor: Debtor, seen: Seen) -> Invoice:
    """Where nothing is open any more, name the newest invoice; the books put what it cannot take into credit."""
    query = select(Invoice).where(
        Invoice.business_id == debtor.business_id, Invoice.debtor_id == debtor.id, Invoice.currency == seen.currency)
    if seen.invoice_ids:
        query = query.where(Invoice.public_id.in_(seen.invoice_ids))
    newest = session.scalars(query.order_by(Invoice.due_on.desc(), Invoice.id.desc()).limit(1)).one_or_none()
    if newest is None:
        raise Refusal("conflict", "nothing_billed")
    return newest


def _open(session: Session, debtor: Debtor, currency: str) -> list[tuple[Invoice, int]]:
    query = (
        select(Invoice, LedgerAccount.debits - LedgerAccount.credits)
        .join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .where(LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.currency == currency,
               LedgerAccount.credits < LedgerAccount.debits)
        .order_by(Invoice.due_on, Invoice.id))
    return [(invoice, left) for invoice, left in session.execute(query)]


def take_back(rt: Runtime, access: StaffAccess, debtor_id: str, payment_id: str, *, happened_on: date,
              words: str) -> None:
    """Book that a check or transfer did not hold: what it had paid is owed again; twice changes nothing.

    Raises Refusal: not_found, cannot_bounce, credit_is_used, day_to_come.
    """
    now = rt.now()
    rt.db.run(lambda session: give_back(session, access, debtor_id, payment_id, happened_on=happened_on, words=words,
                                        now=now))


def give_back(session: Session, access: StaffAccess, debtor_id: str, payment_id: str, *, happened_on: date,
              words: str, now: datetime, bank_line: str = "") -> None:
    """Take a recorded payment back as take_back() does, in the caller's transaction; the debtor's lock comes first."""
    access.require("record_money")
    debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
    payment = _outside(session, debtor, payment_id)
    if payment.returned_minor and payment.returned_minor == payment.captured_minor:
        return
    moment = debtor_desk.moment_of(happened_on, debtor_desk.zone_of(session, access), now)
    bookkeeping.bounce_outside(session, payment, happened_at=moment, now=now)
    debtor_desk.keep_words(session, access, debtor, now, f"payment:{payment.public_id}", words)
    record(session, at=now, actor=staff_actor(access), act="payment.bounced", business_id=access.business_id,
           debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", payment=payment.public_id,
           amount=payment.captured_minor, currency=payment.currency, happened_on=str(happened_on),
           **({"bank_line": bank_line} if bank_line else {}))
    standings.recount_one(session, access.business_id, debtor.id, now)


def outside_payment(rt: Runtime, access: StaffAccess, debtor_id: str, payment_id: str) -> Payment:
    """Give a recorded payment for the page that takes it back; raises Refusal not_found."""
    with rt.db.reading() as session:
        return _outside(session, debtor_desk.find(session, access, debtor_id), payment_id)


def use_credit(rt: Runtime, access: StaffAccess, debtor_id: str, currency: str, nonce: str) -> int:
    """Pay what is open from a debtor's credit, the oldest due first; returns how much it paid, minor units.

    Raises Refusal: not_found, no_credit_to_use. Credit goes to work by itself after every fact; this does the same
    where something kept it, such as a dispute that has been answered.
    """
    access.require("record_money")
    now = rt.now()

    def work(session: Session) -> int:
        debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
        cause = f"credit:{nonces.public_id(access, 'credit', nonce)}"
        before = ledger.credit_of(session, access.business_id, debtor.id, currency)
        if before:
            settle.settle(session, access.business_id, debtor.id, currency, cause=cause, now=now)
        used = before - ledger.credit_of(session, access.business_id, debtor.id, currency)
        if used <= 0:
            raise Refusal("conflict", "no_credit_to_use")
        record(session, at=now, actor=staff_actor(access), act="credit.used", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", amount=used, currency=currency)
        standings.recount_one(session, access.business_id, debtor.id, now)
        return used

    return rt.db.run(work)


def _outside(session: Session, debtor: Debtor, payment_id: str) -> Payment:
    payment = session.scalars(select(Payment).where(
        Payment.public_id == payment_id, Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id,
        Payment.channel.in_(CHANNELS))).one_or_none()
    if payment is None:
        raise Refusal("not_found", "unknown_page")
    return payment
