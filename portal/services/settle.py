"""After every fact: moves a debtor's money between invoices and credit until it lies where the fixed rule says.

Also earns and un-earns discounts: see domain/earning.py for when one stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, case, cast, func, or_, select, union_all
from sqlalchemy.orm import Session

from portal.domain.allocation import Claim, Target, allocate
from portal.domain.earning import Meant, standing_offers
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
from portal.services import ledger, plan_money

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
    # What the debtor questions of it; None: all.
    contested: int | None = 0


@dataclass
class _Reduction:
    """The discount or forgiven rest one offer should have taken off its invoice by now, and what it has taken."""

    offer_id: int
    kind: str
    amount: int
    taken: int = 0
    legs: int = 0


def settle(session: Session, business_id: int, debtor_id: int, currency: str, *, cause: str, now: datetime) -> None:
    """Bring a debtor's invoices and credit into line with all that is known. The caller holds the debtor's lock.

    `cause` is the key of the fact that was just booked; it names the moves. In one currency, minor units.
    """
    standings = _standings(session, business_id, debtor_id, currency)
    owed = {s.invoice_id: s.left + s.money + s.discount for s in standings}
    reductions = _reductions(session, business_id, debtor_id, currency, owed)
    credit = ledger.credit_of(session, business_id, debtor_id, currency)
    targets = []
    for s in standings:
        taken_off = _fit(reductions[s.invoice_id], s, owed[s.invoice_id])
        targets.append(Target(s.invoice_id, s.due_on, owed[s.invoice_id] - taken_off, s.contested))
    money = credit + sum(s.money for s in standings)
    given = allocate(targets, _claims(session, business_id, debtor_id, currency), money)
    moves = []
    for s in standings:
        account = receivable(s.invoice_id, debtor_id, currency)
        moves.append(_money_move(account, given[s.invoice_id] - s.money, cause, now))
        moves += [_reduction_move(account, one, cause, now) for one in reductions[s.invoice_id]]
    # First everything that makes room on a receivable, then everything that fills it; discounts before money.
    entries = sorted((move for move in moves if move),
                     key=lambda entry: (entry.credit.kind == RECEIVABLE, entry.cause_type != "offer"))
    if ledger.post(session, business_id, entries, now=now) != len(entries):
        raise ledger.LedgerError(f"{cause} was settled before")
    plan_money.follow(session, business_id, debtor_id, now)


def _fit(reductions: Sequence[_Reduction], standing: _Standing, owed: int) -> int:
    """Cap what offers take off an invoice at what is owed on it; returns what is off it then, minor units."""
    # What no payment of ours accounts for stays as it is.
    off = standing.discount - sum(one.taken for one in reductions)
    for one in reductions:
        one.amount = max(0, min(one.amount, owed - off))
        off += one.amount
    return off


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


def _reduction_move(account: Account, wanted: _Reduction, cause: str, now: datetime) -> Entry | None:
    change = wanted.amount - wanted.taken
    if change == 0:
        return None
    settled = wanted.kind == "settlement"
    allowed = own(SETTLEMENTS if settled else DISCOUNTS, account.currency)
    word = "settled" if settled else "discount"
    # A discount earned again after a chargeback is a new leg of the same cause, and so is one that is lost again.
    key = f"offer:{wanted.offer_id}:{word}:{account.invoice_id}" + (f":{wanted.legs}" if wanted.legs else "")
    if change < 0:
        # What takes a discount back is the cause: a chargeback, a returned debit, a refund.
        whose = cause.rpartition(":")[0] if cause.startswith("stripe:") else cause
        key = f"{whose}:unearned:{account.invoice_id}" + (f":{wanted.legs}" if wanted.legs > 1 else "")
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
        parts = [part for whose, part in contested if whose in (None, standing.invoice_id)]
        standing.contested = None if None in parts else sum(part or 0 for part in parts)
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


def _contested(session: Session, business_id: int, debtor_id: int) -> list[tuple[int | None, int | None]]:
    """What is questioned, as (invoice or None for all, sum or None for all of it)."""
    query = select(Hold.invoice_id, Hold.amount_minor).where(
        Hold.business_id == business_id, Hold.debtor_id == debtor_id, Hold.cause == "dispute",
        Hold.released_at.is_(None))
    return [(invoice_id, amount) for invoice_id, amount in session.execute(query)]


def _claims(session: Session, business_id: int, debtor_id: int, currency: str) -> list[Claim]:
    paid = (
        select(PaymentInvoice.invoice_id, PaymentInvoice.amount_minor - PaymentInvoice.returned_minor,
               Payment.created_at, Payment.id, cast(PaymentInvoice.position, BigInteger), fixed(""))
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(PaymentInvoice.business_id == business_id, PaymentInvoice.debtor_id == debtor_id,
               Payment.currency == currency, Payment.captured_minor > 0))
    # Money that staff found an invoice for has no row of a payment: the transfer itself says where it was sent.
    applied = (
        select(LedgerAccount.invoice_id, LedgerTransfer.amount, LedgerTransfer.happened_at, cast(0, BigInteger),
               LedgerTransfer.id, LedgerTransfer.key)
        .join(LedgerAccount, LedgerAccount.id == LedgerTransfer.credit_account_id)
        .where(LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == debtor_id,
               LedgerAccount.currency == currency, LedgerTransfer.kind == "suspense_applied"))
    rows: Iterable[Any] = session.execute(union_all(paid, applied))
    # The order is by our own row, which no order of events can change.
    found = ((at, payment_id, position, invoice_id or _sent_to(key), amount)
             for invoice_id, amount, at, payment_id, position, key in rows)
    return [Claim((at, payment_id, position), meant, amount)
            for at, payment_id, position, meant, amount in found if meant is not None]


def _sent_to(key: str) -> int | None:
    """Read the invoice that money from suspense was applied to; keys of long ago end with the money's own number."""
    return _named(key) if key.removesuffix(ledger.EXCESS).count(":") == 2 else None


def _named(key: str) -> int:
    """Read the invoice that a sum beyond what it could take was meant for: its key ends with it."""
    return int(key.removesuffix(ledger.EXCESS).rpartition(":")[2])


def _reductions(session: Session, business_id: int, debtor_id: int, currency: str,
                owed: Mapping[int, int]) -> defaultdict[int, list[_Reduction]]:
    """What offers should have taken off each invoice by now, and what they have taken; each offer counts once."""
    query = (
        select(Payment.id, Payment.created_at, PaymentInvoice.invoice_id, PaymentInvoice.amount_minor,
               PaymentInvoice.returned_minor, PaymentInvoice.discount_minor, Offer.id, Offer.kind)
        .join(Payment, Payment.id == PaymentInvoice.payment_id)
        .outerjoin(Offer, Offer.id == PaymentInvoice.offer_id)
        .where(PaymentInvoice.business_id == business_id, PaymentInvoice.debtor_id == debtor_id,
               Payment.currency == currency, Payment.captured_minor > 0)
        .order_by(Payment.created_at, Payment.id))
    meant = [Meant((row[1], row[0]), row[2], row[3], row[4], row[5], row[6], row[7]) for row in session.execute(query)]
    if any(one.offer_id is not None and 0 < one.returned < one.amount for one in meant):
        owed = _less_corrected(session, business_id, debtor_id, currency, owed)
    stands = standing_offers(meant, owed)
    found: defaultdict[int, list[_Reduction]] = defaultdict(list)
    known: dict[int, _Reduction] = {}
    for one in meant:
        if one.offer_id is None:
            continue
        if one.offer_id not in known:
            known[one.offer_id] = _Reduction(one.offer_id, one.kind or "", 0)
            found[one.invoice_id].append(known[one.offer_id])
        if (one.order, one.invoice_id) in stands:
            known[one.offer_id].amount = max(known[one.offer_id].amount, one.discount)
    if known:
        _count_taken(session, business_id, known)
    return found


def _less_corrected(session: Session, business_id: int, debtor_id: int, currency: str,
                    owed: Mapping[int, int]) -> Mapping[int, int]:
    """What is owed less what was credited after it had been paid: that went to the debtor, not off the invoice."""
    beyond = dict(owed)
    rows = session.execute(
        select(LedgerTransfer.key, LedgerTransfer.amount)
        .join(LedgerAccount, LedgerAccount.id == LedgerTransfer.credit_account_id)
        .where(LedgerAccount.business_id == business_id, LedgerAccount.debtor_id == debtor_id,
               LedgerAccount.kind == "debtor_credit", LedgerAccount.currency == currency,
               LedgerTransfer.kind.in_(("credit", "tax_credit")), LedgerTransfer.key.endswith(ledger.EXCESS)))
    for key, amount in rows:
        invoice_id = _named(key)
        beyond[invoice_id] = beyond.get(invoice_id, 0) - amount
    return beyond


def _count_taken(session: Session, business_id: int, known: dict[int, _Reduction]) -> None:
    """Read what each offer has taken off its invoice, and how many legs that had."""
    # What found no room on the invoice went to the debtor's credit, and is not off it.
    signed = func.sum(case(
        (and_(LedgerTransfer.kind.in_(("discount", "settled")), ~LedgerTransfer.key.endswith(ledger.EXCESS)),
         LedgerTransfer.amount),
        (LedgerTransfer.kind.in_(("discount_unearned", "settled_unearned")), -LedgerTransfer.amount), else_=0))
    counted = (
        select(LedgerTransfer.cause_id, func.count(), signed)
        .where(LedgerTransfer.business_id == business_id, LedgerTransfer.cause_type == "offer",
               LedgerTransfer.cause_id.in_([str(offer_id) for offer_id in known]))
        .group_by(LedgerTransfer.cause_id))
    for cause_id, count, taken in session.execute(counted):
        known[int(cause_id)].legs, known[int(cause_id)].taken = count, int(taken)
