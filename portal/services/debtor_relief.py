"""What a business gives up of its own accord: a goodwill credit, a credit note, a fee taken back, a debt written off.

Each takes the debtor's lock first and is booked once, however often its form is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.credit_notes import tax_within
from portal.domain.errors import Refusal
from portal.domain.ledger import RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Debtor, Invoice, InvoiceLine, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services import approvals, bookkeeping, debtor_desk, ledger, nonces, policies
from portal.services.audit import record, staff_actor

GOODWILL_REASONS = ("thanks", "apology", "loyalty", "other")
CREDIT_NOTE_REASONS = ("billed_wrong", "returned", "not_delivered", "price_agreed", "other")
WAIVER_REASONS = ("first_time", "our_mistake", "hardship", "agreed", "other")
FEE_KINDS = ("fee", "interest")


@dataclass(frozen=True)
class Why:
    """The reason of an act as a code, staff's own words, and the random id of the form it was asked in."""

    code: str
    nonce: str
    words: str = ""


@dataclass(frozen=True)
class Fee:
    """A fee or interest on an invoice that has not been taken back; `memo` is the rule that made it."""

    transfer_id: int
    invoice_number: str
    invoice_title: str
    memo: str
    kind: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True)
class InvoiceView:
    """One invoice as the pages that give something up show it; minor units."""

    debtor_id: str
    debtor_name: str
    public_id: str
    number: str
    title: str
    currency: str
    total_minor: int
    left_minor: int
    creditable_minor: int
    erased: bool


def invoice_view(rt: Runtime, access: StaffAccess, debtor_id: str, invoice_id: str) -> InvoiceView:
    """Give an invoice with what is left of it and the most that can be credited; raises Refusal not_found."""
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        invoice = debtor_desk.invoice_of(session, debtor, invoice_id)
        left = ledger.left_by_invoice(session, access.business_id, debtor.id).get(invoice.id, 0)
        return InvoiceView(
            debtor.public_id, debtor.name, invoice.public_id, invoice.number, invoice.title, invoice.currency,
            invoice.total_minor, left, invoice.total_minor - credited_before(session, invoice),
            debtor.erased_at is not None)


def goodwill(rt: Runtime, access: StaffAccess, debtor_id: str, currency: str, amount: int, why: Why) -> None:
    """Give a debtor a credit as a thank-you or an apology; it pays what is open at once.

    Raises Refusal: not_found, debtor_erased, unknown_reason, reason_missing, amount_negative, nothing_billed,
    credit_above_billed, prove_first and above_one_person for a sum above the limit.
    """
    access.require("move_money")
    now = rt.now()
    _check(why, GOODWILL_REASONS, amount)
    _check_words(why)

    def work(session: Session) -> None:
        debtor = debtor_desk.lock(session, access, debtor_id)
        cause = nonces.public_id(access, "goodwill", why.nonce)
        if ledger.is_posted(session, access.business_id, f"goodwill:{cause}"):
            return
        billed = billed_in(session, access.business_id, debtor.id, currency)
        if not billed:
            raise Refusal("conflict", "nothing_billed")
        given = _given(session, access, debtor, currency)
        if given + amount > billed:
            raise Refusal("invalid", "credit_above_billed", most=max(0, billed - given), currency=currency)
        # A sum in slices is the same sum.
        keep_to_limit(session, access, currency, given + amount, now)
        bookkeeping.thank(session, debtor, currency, amount, cause=cause, now=now)
        _note(session, access, debtor, now, "goodwill.given", f"goodwill:{cause}", why, amount=amount,
              currency=currency)

    rt.db.run(work)


def credit_note(rt: Runtime, access: StaffAccess, debtor_id: str, invoice_id: str, amount: int, why: Why) -> int:
    """Credit a part of an invoice that should not have been billed; returns the tax within it, minor units.

    What was paid of it already becomes the debtor's credit. Raises Refusal: not_found, debtor_erased, unknown_reason,
    reason_missing, amount_negative, credit_above_invoice, prove_first and above_one_person for a sum above the limit.
    """
    access.require("move_money")
    now = rt.now()
    _check(why, CREDIT_NOTE_REASONS, amount)
    _check_words(why)

    def work(session: Session) -> int:
        debtor = debtor_desk.lock(session, access, debtor_id)
        invoice = debtor_desk.invoice_of(session, debtor, invoice_id)
        cause = f"credit_note:{nonces.public_id(access, 'credit note', why.nonce)}"
        tax = tax_within(amount, total=invoice.total_minor, tax=_tax_of(session, invoice))
        if any(ledger.is_posted(session, access.business_id, f"{cause}:{kind}:{invoice.id}")
               for kind in ("credit", "tax_credit")):
            return tax
        most = invoice.total_minor - credited_before(session, invoice)
        if amount > most:
            raise Refusal("invalid", "credit_above_invoice", most=most, currency=invoice.currency)
        keep_to_limit(session, access, invoice.currency, invoice.total_minor - most + amount, now)
        bookkeeping.credit_note(session, invoice, amount, tax=tax, cause=cause, now=now)
        _note(session, access, debtor, now, "credit_note.made", cause, why, amount=amount, tax=tax,
              currency=invoice.currency, invoice=invoice.public_id)
        return tax

    return rt.db.run(work)


def waive_fee(rt: Runtime, access: StaffAccess, debtor_id: str, transfer_id: int, why: Why) -> None:
    """Take a fee or interest back in full; twice changes nothing.

    Raises Refusal: not_found, debtor_erased, unknown_reason, not_a_fee.
    """
    access.require("move_money")
    now = rt.now()
    _check(why, WAIVER_REASONS, 1)

    def work(session: Session) -> None:
        debtor = debtor_desk.lock(session, access, debtor_id)
        transfer = session.scalars(
            select(LedgerTransfer).join(LedgerAccount, LedgerAccount.id == LedgerTransfer.debit_account_id)
            .where(LedgerTransfer.id == transfer_id, LedgerTransfer.business_id == access.business_id,
                   LedgerAccount.debtor_id == debtor.id)).one_or_none()
        if transfer is None:
            raise Refusal("not_found", "unknown_page")
        if ledger.is_posted(session, access.business_id, f"correction:{transfer.id}"):
            return
        bookkeeping.waive_fee(session, transfer, now=now)
        _note(session, access, debtor, now, "fee.waived", f"fee:{transfer.id}", why, amount=transfer.amount,
              currency=transfer.currency)

    rt.db.run(work)


def fees(rt: Runtime, access: StaffAccess, debtor_id: str) -> Sequence[Fee]:
    """List the fees and interest of a debtor that stand, the newest first; raises Refusal not_found."""
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        rows = session.execute(
            select(LedgerTransfer, Invoice.number, Invoice.title)
            .join(LedgerAccount, LedgerAccount.id == LedgerTransfer.debit_account_id)
            .join(Invoice, Invoice.id == LedgerAccount.invoice_id)
            .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == debtor.id,
                   LedgerAccount.kind == RECEIVABLE, LedgerTransfer.kind.in_(FEE_KINDS))
            .order_by(LedgerTransfer.id.desc())).all()
        waived = _waived(session, access, [transfer.id for transfer, _, _ in rows])
        return [Fee(transfer.id, number, title, transfer.memo, transfer.kind, transfer.amount, transfer.currency,
                    transfer.happened_at)
                for transfer, number, title in rows if transfer.id not in waived]


def _waived(session: Session, access: StaffAccess, ids: Sequence[int]) -> set[int]:
    if not ids:
        return set()
    keys = {f"correction:{id}": id for id in ids}
    spelled = [*keys, *(f"{key}{ledger.EXCESS}" for key in keys)]
    found = session.scalars(select(LedgerTransfer.key).where(
        LedgerTransfer.business_id == access.business_id, LedgerTransfer.key.in_(spelled)))
    return {keys[key.removesuffix(ledger.EXCESS)] for key in found}


def _check(why: Why, reasons: Sequence[str], amount: int) -> None:
    if why.code not in reasons:
        raise Refusal("invalid", "unknown_reason")
    if amount <= 0:
        raise Refusal("invalid", "amount_negative")


def _check_words(why: Why) -> None:
    if why.code == "other" and not why.words.strip():
        raise Refusal("invalid", "reason_missing")


def keep_to_limit(session: Session, access: StaffAccess, currency: str, amount: int, now: datetime) -> None:
    """Above the limit one person gives nothing away by these two acts; alone in the house, only with a fresh proof."""
    if amount <= policies.in_force(session, access.business_id).second_person_above(currency):
        return
    access.require_proof(now)
    if approvals.needs_second(session, access, currency, amount):
        raise Refusal("conflict", "above_one_person")


def billed_in(session: Session, business_id: int, debtor_id: int, currency: str) -> int:
    """Tell what a debtor was ever billed in a currency, minor units."""
    return session.scalar(select(func.coalesce(func.sum(Invoice.total_minor), 0)).where(
        Invoice.business_id == business_id, Invoice.debtor_id == debtor_id, Invoice.currency == currency)) or 0


def _given(session: Session, access: StaffAccess, debtor: Debtor, currency: str) -> int:
    """Tell what goodwill a debtor had before in a currency, minor units."""
    accounts = select(LedgerAccount.id).where(
        LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == debtor.id,
        LedgerAccount.currency == currency)
    return session.scalar(select(func.coalesce(func.sum(LedgerTransfer.amount), 0)).where(
        LedgerTransfer.credit_account_id.in_(accounts), LedgerTransfer.kind == "goodwill")) or 0


def _tax_of(session: Session, invoice: Invoice) -> int:
    return session.scalar(select(func.coalesce(func.sum(InvoiceLine.tax_minor), 0)).where(
        InvoiceLine.invoice_id == invoice.id)) or 0


def credited_before(session: Session, invoice: Invoice) -> int:
    """Tell what was credited of an invoice before, also where it went into the debtor's credit; minor units."""
    accounts = select(LedgerAccount.id).where(
        LedgerAccount.business_id == invoice.business_id, LedgerAccount.debtor_id == invoice.debtor_id,
        LedgerAccount.currency == invoice.currency,
        (LedgerAccount.invoice_id == invoice.id) | LedgerAccount.invoice_id.is_(None))
    rows = session.execute(select(LedgerTransfer.key, LedgerTransfer.amount).where(
        LedgerTransfer.credit_account_id.in_(accounts), LedgerTransfer.kind.in_(("credit", "tax_credit"))))
    return sum(amount for key, amount in rows if key.removesuffix(ledger.EXCESS).endswith(f":{invoice.id}"))


def _note(session: Session, access: StaffAccess, debtor: Debtor, now: datetime, act: str, about: str, why: Why,
          **details: object) -> None:
    debtor_desk.keep_words(session, access, debtor, now, about, why.words, code=why.code)
    record(session, at=now, actor=staff_actor(access), act=act, business_id=access.business_id, debtor_id=debtor.id,
           target=f"debtor:{debtor.public_id}", reason=why.code, **details)
