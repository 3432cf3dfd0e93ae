"""What staff, imports and jobs write into the books by hand: invoices issued, fees, money outside Stripe, corrections.

Each joins its caller's transaction, takes the debtor's lock first, and is one cause with one posting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.ledger import (
    BAD_DEBT,
    BANK,
    CLEARING,
    CREDIT_NOTES,
    DEBTOR_CREDIT,
    FEE_INCOME,
    GOODWILL,
    INTEREST_INCOME,
    MONEY_KINDS,
    RECEIVABLE,
    SALES,
    SUSPENSE,
    TAX,
    Account,
    Entry,
    debtor_credit,
    own,
    receivable,
)
from portal.models import (
    Debtor,
    Invoice,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    SuspenseItem,
    lock_debtor,
)
from portal.services import announced, ledger, plan_money, search, settle, settlement_ends
from portal.services.fact_lookup import lock_business


@dataclass(frozen=True)
class Part:
    """A sum for one invoice, and the offer it meets with what that takes off; minor units."""

    invoice: Invoice
    amount: int
    discount: int = 0
    offer_id: int | None = None


@dataclass(frozen=True)
class Fee:
    """A late fee or interest for one invoice, minor units; `step` names it for good, `rule` tells how it came about."""

    invoice: Invoice
    amount: int
    step: str
    interest: bool
    rule: str


def issue(session: Session, invoices: Sequence[Invoice], *, now: datetime) -> None:
    """Put new invoices of one debtor on the ledger; credit the debtor has pays them at once."""
    first = invoices[0]
    lock_debtor(session, first.business_id, first.debtor_id)
    entries = [
        Entry(_of(invoice), own(SALES, invoice.currency), invoice.total_minor, "issued", f"invoice:{invoice.id}:issued",
              "invoice", invoice.public_id, now, memo="issued")
        for invoice in invoices]
    ledger.post(session, first.business_id, entries, now=now)
    search.index_invoices(session, invoices)
    for currency in sorted({invoice.currency for invoice in invoices}):
        # Not only while credit is left: what it has paid already may belong to an invoice that is due earlier.
        if settle.needs_settling(session, first.business_id, first.debtor_id, currency):
            newest = max(invoice.id for invoice in invoices)
            settle.settle(session, first.business_id, first.debtor_id, currency, cause=f"issued:{newest}", now=now)


def charge_fee(session: Session, invoice: Invoice, amount: int, *, step: str, interest: bool, rule: str,
               now: datetime) -> bool:
    """Add a late fee or interest to an invoice, once for each step or day; False if it was there already.

    Credit the debtor has pays it at once. `rule` is the code and parameters of the rule that made it, as the
    debtor will read it.
    """
    lock_debtor(session, invoice.business_id, invoice.debtor_id)
    return bool(charge_fees(session, invoice.business_id, [Fee(invoice, amount, step, interest, rule)], now=now))


def charge_fees(session: Session, business_id: int, fees: Sequence[Fee], *, now: datetime) -> int:
    """Add fees and interest to many invoices of one business at once; returns how many were new.

    The caller holds the lock of every debtor. Credit a debtor has pays them at once.
    """
    entries = [
        Entry(_of(fee.invoice), own(INTEREST_INCOME if fee.interest else FEE_INCOME, fee.invoice.currency), fee.amount,
              "interest" if fee.interest else "fee", f"fee:{fee.invoice.id}:{fee.step}", "fee",
              f"{fee.invoice.public_id}:{fee.step}"[:80], now, memo=fee.rule) for fee in fees]
    new = ledger.post(session, business_id, entries, now=now)
    if new:
        causes = {(fee.invoice.debtor_id, fee.invoice.currency): entry.key
                  for fee, entry in zip(fees, entries, strict=True)}
        with_credit = session.execute(select(LedgerAccount.debtor_id, LedgerAccount.currency).where(
            LedgerAccount.business_id == business_id, LedgerAccount.kind == DEBTOR_CREDIT,
            LedgerAccount.debtor_id.in_({debtor_id for debtor_id, _ in causes})))
        for whose in sorted(tuple(row) for row in with_credit):
            if whose in causes:
                settle.settle(session, business_id, *whose, cause=causes[whose], now=now)
    return new


def waive_fee(session: Session, transfer: LedgerTransfer, *, now: datetime) -> None:
    """Take a fee or interest back in full, by its mirror."""
    if transfer.kind not in ("fee", "interest"):
        raise Refusal("conflict", "not_a_fee")
    correct(session, transfer, kind="fee_waived", now=now)


def receive_outside(session: Session, debtor: Debtor, parts: Sequence[Part], *, channel: str, amount: int,
                    reference: str, received_at: datetime, now: datetime, number: str) -> Payment:
    """Record a transfer, cash or a check that staff saw arrive; what is beyond the parts is the debtor's credit."""
    lock_debtor(session, debtor.business_id, debtor.id)
    currency = parts[0].invoice.currency
    payment = Payment(
        business_id=debtor.business_id, debtor_id=debtor.id, number=number, channel=channel, state="succeeded",
        currency=currency, amount_minor=amount, captured_minor=amount, reference=reference[:40], created_at=now,
        received_at=received_at)
    session.add(payment)
    session.flush()
    for position, part in enumerate(parts):
        session.add(PaymentInvoice(
            payment_id=payment.id, invoice_id=part.invoice.id, business_id=debtor.business_id, debtor_id=debtor.id,
            position=position, amount_minor=part.amount, discount_minor=part.discount, offer_id=part.offer_id))
    session.flush()
    bank = own(BANK, currency)
    entries = [
        Entry(bank, _of(part.invoice), part.amount, "manual_payment", f"manual:{payment.id}:{part.invoice.id}",
              "payment", payment.public_id, received_at, memo=f"manual_{channel}") for part in parts]
    rest = amount - sum(part.amount for part in parts)
    if rest > 0:
        entries.append(Entry(bank, debtor_credit(debtor.id, currency), rest, "manual_payment",
                             f"manual:{payment.id}:credit", "payment", payment.public_id, received_at,
                             memo=f"manual_{channel}"))
    ledger.post(session, debtor.business_id, entries, now=now)
    met = any(part.offer_id for part in parts)
    if met or settle.needs_settling(session, debtor.business_id, debtor.id, currency):
        settle.settle(session, debtor.business_id, debtor.id, currency, cause=f"manual:{payment.id}", now=now)
    else:
        plan_money.follow(session, debtor.business_id, debtor.id, now)
    if met:
        settlement_ends.follow_money(session, payment.id, now)
    announced.meet(session, payment, [part.invoice.id for part in parts], now)
    return payment


def bounce_outside(session: Session, payment: Payment, *, happened_at: datetime, now: datetime) -> None:
    """Take back a check or transfer that did not hold: what it had paid is owed again."""
    lock_debtor(session, payment.business_id, payment.debtor_id)
    session.refresh(payment)
    if payment.channel not in ("transfer", "cash", "check") or payment.returned_minor or not payment.captured_minor:
        raise Refusal("conflict", "cannot_bounce")
    rows = session.scalars(select(PaymentInvoice).where(PaymentInvoice.payment_id == payment.id)).all()
    bank, key = own(BANK, payment.currency), f"manual:{payment.id}:bounced"
    entries = []
    for row in rows:
        row.returned_minor = row.amount_minor
        account = receivable(row.invoice_id, payment.debtor_id, payment.currency)
        entries.append(Entry(account, bank, row.amount_minor, "manual_payment_bounced", f"{key}:{row.invoice_id}",
                             "payment", payment.public_id, happened_at, memo="bounced"))
    rest = payment.captured_minor - sum(row.amount_minor for row in rows)
    if rest:
        credit = ledger.credit_of(session, payment.business_id, payment.debtor_id, payment.currency)
        if credit < rest:
            raise Refusal("conflict", "credit_is_used", most=credit)
        entries.append(Entry(debtor_credit(payment.debtor_id, payment.currency), bank, rest, "manual_payment_bounced",
                             f"{key}:credit", "payment", payment.public_id, happened_at, memo="bounced"))
    payment.returned_minor = payment.captured_minor
    ledger.post(session, payment.business_id, entries, now=now)
    settle.settle(session, payment.business_id, payment.debtor_id, payment.currency, cause=key, now=now)
    if any(row.offer_id for row in rows):
        settlement_ends.follow_money(session, payment.id, now)


def credit_note(session: Session, invoice: Invoice, amount: int, *, tax: int, cause: str, now: datetime) -> None:
    """Credit a part of an invoice, such as the upheld part of a dispute; `tax` is the tax within `amount`.

    What had already been paid of it becomes the debtor's credit.
    """
    lock_debtor(session, invoice.business_id, invoice.debtor_id)
    entries = [
        Entry(own(kind, invoice.currency), _of(invoice), part, word, f"{cause}:{word}:{invoice.id}",
              cause.split(":")[0], cause.split(":", 1)[1][:80], now, memo=word)
        for kind, part, word in ((CREDIT_NOTES, amount - tax, "credit"), (TAX, tax, "tax_credit")) if part]
    ledger.post(session, invoice.business_id, entries, now=now)
    settle.settle(session, invoice.business_id, invoice.debtor_id, invoice.currency, cause=f"{cause}:{invoice.id}",
                  now=now)


def write_off(session: Session, invoice: Invoice, *, cause: str, now: datetime) -> int:
    """Give up what is left of an invoice as a bad debt; returns the sum."""
    lock_debtor(session, invoice.business_id, invoice.debtor_id)
    left = ledger.left_by_invoice(session, invoice.business_id, invoice.debtor_id)[invoice.id]
    if left == 0:
        raise Refusal("conflict", "nothing_open")
    entry = Entry(own(BAD_DEBT, invoice.currency), _of(invoice), left, "write_off", f"writeoff:{cause}", "writeoff",
                  cause, now, memo="write_off")
    ledger.post(session, invoice.business_id, [entry], now=now)
    plan_money.follow(session, invoice.business_id, invoice.debtor_id, now)
    return left


def thank(session: Session, debtor: Debtor, currency: str, amount: int, *, cause: str, now: datetime) -> None:
    """Give a debtor a credit of the business's own accord; it pays what is open at once."""
    lock_debtor(session, debtor.business_id, debtor.id)
    entry = Entry(own(GOODWILL, currency), debtor_credit(debtor.id, currency), amount, "goodwill", f"goodwill:{cause}",
                  "goodwill", cause, now, memo="goodwill")
    if ledger.post(session, debtor.business_id, [entry], now=now):
        settle.settle(session, debtor.business_id, debtor.id, currency, cause=f"goodwill:{cause}", now=now)


def resolve_suspense(session: Session, item: SuspenseItem, invoice: Invoice | None, *, now: datetime) -> None:
    """Apply money in suspense to an invoice, or (without one) note that Stripe has sent it back by itself."""
    lock_business(session, item.business_id)
    session.refresh(item)
    free = item.amount_minor - item.returned_minor
    if item.resolved_at is not None or free == 0:
        raise Refusal("conflict", "suspense_resolved")
    if invoice is not None and invoice.currency != item.currency:
        raise Refusal("invalid", "other_currency")
    item.resolved_at = now
    if invoice is None:
        ledger.post(session, item.business_id, [Entry(
            own(SUSPENSE, item.currency), own(CLEARING, item.currency), free, "suspense_returned",
            f"suspense:{item.id}", "suspense", item.payment_intent, now, memo="suspense_returned")], now=now)
    else:
        _apply(session, item, invoice, free, now)


def _apply(session: Session, item: SuspenseItem, invoice: Invoice, free: int, now: datetime) -> None:
    """Book money in suspense for an invoice; the transfer's key keeps which, also of what finds no room on it."""
    lock_debtor(session, invoice.business_id, invoice.debtor_id)
    cause = f"suspense:{item.id}"
    ledger.post(session, item.business_id, [Entry(
        own(SUSPENSE, item.currency), _of(invoice), free, "suspense_applied", f"{cause}:{invoice.id}", "suspense",
        item.payment_intent, now, memo="suspense_applied")], now=now)
    if settle.needs_settling(session, invoice.business_id, invoice.debtor_id, item.currency):
        settle.settle(session, invoice.business_id, invoice.debtor_id, item.currency, cause=cause, now=now)
    else:
        plan_money.follow(session, invoice.business_id, invoice.debtor_id, now)


def correct(session: Session, transfer: LedgerTransfer, *, kind: str = "correction", now: datetime) -> None:
    """Undo a transfer by its mirror, which points at it; nothing is ever edited."""
    accounts = {
        row.id: Account(row.kind, row.currency, row.debtor_id, row.invoice_id)
        for row in session.scalars(select(LedgerAccount).where(
            LedgerAccount.id.in_((transfer.debit_account_id, transfer.credit_account_id))))}
    debit, credit = accounts[transfer.debit_account_id], accounts[transfer.credit_account_id]
    debtor_id = debit.debtor_id or credit.debtor_id
    if debtor_id is not None:
        lock_debtor(session, transfer.business_id, debtor_id)
    else:
        lock_business(session, transfer.business_id)
    refuse_correction(session, transfer, debit, credit, kind)
    key = f"correction:{transfer.id}"
    ledger.post(session, transfer.business_id, [Entry(
        credit, debit, transfer.amount, kind, key, "correction", str(transfer.id), now, memo=kind,
        corrects_id=transfer.id)], now=now)
    if debtor_id is not None and settle.needs_settling(session, transfer.business_id, debtor_id, transfer.currency):
        settle.settle(session, transfer.business_id, debtor_id, transfer.currency, cause=key, now=now)
    elif debtor_id is not None:
        plan_money.follow(session, transfer.business_id, debtor_id, now)


def refuse_correction(session: Session, transfer: LedgerTransfer, debit: Account, credit: Account,
                      kind: str = "correction") -> None:
    """Refuse to undo what a mirror would not put right; raises Refusal correct_the_payment, already_corrected."""
    if (debit.kind == RECEIVABLE and transfer.kind in MONEY_KINDS) or credit.kind == DEBTOR_CREDIT:
        raise Refusal("conflict", "correct_the_payment")
    if kind == "correction" and transfer.kind in MONEY_KINDS:
        raise Refusal("conflict", "correct_the_payment")
    if ledger.is_posted(session, transfer.business_id, f"correction:{transfer.id}"):
        raise Refusal("conflict", "already_corrected")


def _of(invoice: Invoice) -> Account:
    return receivable(invoice.id, invoice.debtor_id, invoice.currency)
