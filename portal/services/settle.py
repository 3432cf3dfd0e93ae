"""After every fact: moves a debtor's money between invoices and credit until it lies where the fixed rule says.

Also earns and un-earns discounts: a discount stands exactly while a payment that met its terms stands in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.allocation import Claim, Target, allocate
from portal.domain.ledger import (
    DISCOUNTS,
    MONEY_KINDS,
    RECEIVABLE,
    SETTLEMENTS,
    Account,
    Entry,
    debtor_credit,
    own,
    receivable,
)
from portal.models import Hold, Invoice, LedgerAccount, LedgerTransfer, Offer, Payment, PaymentInvoice
from portal.models.base import fixed
from portal.services import ledger

REDUCTION_KINDS = frozenset({"discount", "discount_unearned", "settled", "settled_unearned"})


@dataclass
class _Standing:
    """One invoice as the ledger has it now, minor units."""

    invoice_id: int
    account_id: int
    due_on: date
    left: int
    money: int = 0
    discount: int = 0
    contested: bool = False


@dataclass
class _Reduction:
    """The discount or forgiven rest one offer should have taken off its invoice by now."""

    offer_id: int
    kind: str
    amount: int
    legs: int = 0


def settle(session: Session, business_id: int, debtor_id: int, currency: str, *, cause: str, now: datetime) -> None:
    """Bring a debtor's invoices and credit into line with all that is known. The caller holds the debtor's lock.

    `cause` is the key of the fact that was just booked; it names the moves. In one currency, minor units.
    """
    standings = _standings(session, business_id, debtor_id, currency)
    reductions = _reductions(session, business_id, debtor_id, currency)
    credit = ledger.credit_of(session, business_id, debtor_id, currency)
    targets, taken_off = [], {}
    for s in standings:
        owed = s.left + s.money + s.discount
        wanted = reductions.get(s.invoice_id)
        taken_off[s.invoice_id] = min(wanted.amount, owed) if wanted else s.discount
        targets.append(Target(s.invoice_id, s.due_on, owed - taken_off[s.invoice_id], not s.contested))
    money = credit + sum(s.money for s in standings)
    given = allocate(targets, _claims(session, business_id, debtor_id, currency), money)
    moves = []
    for s in standings:
        account = receivable(s.invoice_id, debtor_id, currency)
        moves.append(_money_move(account, given[s.invoice_id] - s.money, cause, now))
        wanted = reductions.get(s.invoice_id)
        if wanted:
            moves.append(_reduction_move(account, wanted, taken_off[s.invoice_id] - s.discount, now))
    # First everything that makes room on a receivable, then everything that fills it; discounts before money.
    entries = sorted((move for move in moves if move),
                     key=lambda entry: (entry.credit.kind == RECEIVABLE, entry.cause_type != "offer"))
    if ledger.post(session, business_id, entries, now=now) != len(entries):
        raise ledger.LedgerError(f"{cause} was settled before")


def needs_settling(session: Session, business_id: int, debtor_id: int, currency: str) -> bool:
    """Say whether money can lie anywhere but where its payer sent it: only once credit has ever existed."""
    whose = {"business": business_id, "debtor": debtor_id, "currency": currency}
    return session.scalar(_CREDIT, whose) is not None


_CREDIT = select(LedgerAccount.id).where(
    LedgerAccount.business_id == bindparam("business"), LedgerAccount.debtor_id == bindparam("debtor"),
    LedgerAccount.kind == fixed("debtor_credit"), LedgerAccount.currency == bindparam("currency"))


def _money_move(account: Account, change: int, cause: str, now: datetime) -> Entry | None:
    assert account.debtor_id is not None
    spare = debtor_credit(account.debtor_id, account.currency)
    if change == 0:
        return None
    debit, credit, kind = (spare, account, "credit_used") if change > 0 else (account, spare, "credit_returned")
    key = f"settle:{cause}:{account.invoice_id}"
    return Entry(debit, credit, abs(change), kind, key, "settle", str(account.invoice_id), now, memo=kind)


def _reduction_move(account: Account, wanted: _Reduction, change: int, now: datetime) -> Entry | None:
    if change == 0:
        return None
    settled = wanted.kind == "settlement"
    allowed = own(SETTLEMENTS if settled else DISCOUNTS, account.currency)
    word = "settled" if settled else "discount"
    # A discount earned again after a chargeback is a new leg of the same cause.
    key = f"offer:{wanted.offer_id}:{word}:{account.invoice_id}" + (f":{wanted.legs}" if wanted.legs else "")
    debit, credit, kind = (allowed, account, word) if change > 0 else (account, allowed, f"{word}_unearned")
    return Entry(debit, credit, abs(change), kind, key, "offer", str(wanted.offer_id), now, memo=kind)


def _standings(session: Session, business_id: int, debtor_id: int, currency: str) -> list[_Standing]:
    query = (
        select(LedgerAccount.invoice_id, LedgerAccount.id, Invoice.due_on,
               LedgerAccount.debits - LedgerAccount.credits)
        .join(Invoice, Invoice.id == LedgerAccount.invoice_id)
        .where(LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == debtor_id,
               LedgerAccount.kind == RECEIVABLE, LedgerAccount.currency == currency))
    standings = {account_id: _Standing(invoice_id or 0, account_id, due_on, left)
                 for invoice_id, account_id, due_on, left in session.execute(query)}
    for account_id, kind, amount in _sums(session, standings):
        if kind in MONEY_KINDS:
            standings[account_id].money += amount
        elif kind in REDUCTION_KINDS:
            standings[account_id].discount += amount
    contested = _contested(session, business_id, debtor_id)
    for standing in standings.values():
        standing.contested = standing.invoice_id in contested or None in contested
    return list(standings.values())


def _sums(session: Session, accounts: Iterable[int]) -> list[tuple[int, str, int]]:
    """Net credit per account and kind; an account's own side of each transfer."""
    ids = list(accounts)
    if not ids:
        return []
    credited = LedgerTransfer.credit_account_id.in_(ids)
    account = case((credited, LedgerTransfer.credit_account_id), else_=LedgerTransfer.debit_account_id)
    signed = func.sum(case((credited, LedgerTransfer.amount), else_=-LedgerTransfer.amount))
    query = (
        select(account, LedgerTransfer.kind, signed)
        .where(or_(credited, LedgerTransfer.debit_account_id.in_(ids)))
        .group_by(account, LedgerTransfer.kind))
    return [(int(a), kind, int(amount)) for a, kind, amount in session.execute(query)]


def _contested(session: Session, business_id: int, debtor_id: int) -> set[int | None]:
    query = select(Hold.invoice_id).where(
        Hold.business_id == business_id, Hold.debtor_id == debtor_id, Hold.cause == "dispute",
        Hold.released_at.is_(None))
    return set(session.scalars(query))


def _claims(session: Session, business_id: int, debtor_id: int, currency: str) -> list[Claim]:
    query = (
        select(PaymentInvoice.invoice_id, PaymentInvoice.amount_minor - PaymentInvoice.returned_minor,
               Payment.created_at, Payment.id, PaymentInvoice.position)
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(PaymentInvoice.business_id == business_id, PaymentInvoice.debtor_id == debtor_id,
               Payment.currency == currency, Payment.captured_minor > 0))
    # The order is by our own row, which no order of events can change.
    return [Claim((created_at, payment_id, position), invoice_id, amount)
            for invoice_id, amount, created_at, payment_id, position in session.execute(query)]


def _reductions(session: Session, business_id: int, debtor_id: int, currency: str) -> dict[int, _Reduction]:
    query = (
        select(PaymentInvoice.invoice_id, Offer.id, Offer.kind, PaymentInvoice.discount_minor,
               PaymentInvoice.returned_minor)
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .join(Offer, Offer.id == PaymentInvoice.offer_id)
        .where(PaymentInvoice.business_id == business_id, PaymentInvoice.debtor_id == debtor_id,
               Payment.currency == currency, Payment.captured_minor > 0)
        .order_by(Payment.id))
    found: dict[int, _Reduction] = {}
    for invoice_id, offer_id, kind, discount, returned in session.execute(query):
        reduction = found.setdefault(invoice_id, _Reduction(offer_id, kind, 0))
        if returned == 0:
            reduction.amount = max(reduction.amount, discount)
    causes = {str(reduction.offer_id): reduction for reduction in found.values()}
    counted = (
        select(LedgerTransfer.cause_id, func.count())
        .where(LedgerTransfer.business_id == business_id, LedgerTransfer.cause_type == "offer",
               LedgerTransfer.cause_id.in_(causes))
        .group_by(LedgerTransfer.cause_id))
    for cause_id, count in session.execute(counted) if causes else ():
        causes[cause_id].legs = count
    return found
