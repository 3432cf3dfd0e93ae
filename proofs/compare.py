"""Holds the books against Stripe's own objects: every debtor's balances by the model, clearing by Stripe's balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.ledger import CLEARING, DEBTOR_CREDIT, RECEIVABLE, SUSPENSE
from portal.models import Invoice, LedgerAccount, LedgerTransfer, Payment, PaymentInvoice, WaitingFact
from proofs.model import Owing, Paid, Truth, where

Objects = Callable[[str], list[dict[str, Any]]]
# Money that was sent to us by other ways than Stripe.
OUTSIDE = ("transfer", "cash", "check")
# What makes an invoice larger or smaller without being money.
ADDED = ("issued", "fee", "interest")
FORGIVEN = ("credit", "tax_credit", "write_off", "fee_waived")


@dataclass(frozen=True)
class Wrong:
    """One place where the books are not as they must be."""

    where: str
    found: int
    wanted: int


def against_stripe(db: Database, objects: Objects, debtors: Iterable[int] | None = None) -> list[Wrong]:
    """Compare debtors (all by default) with what Stripe's objects say came in and went back."""
    captured = {intent["metadata"].get("payment", ""): intent for intent in objects("payment_intent")
                if intent["status"] == "succeeded"}
    gone = _gone(objects)
    wrong: list[Wrong] = []
    with db.reading() as session:
        truths = _truths(session, captured, gone, set(debtors) if debtors is not None else None)
        found = _found(session)
        beyond = 0
        for debtor, truth in truths.items():
            lies = where(truth)
            beyond += lies.suspense
            for invoice, left in lies.left.items():
                _note(wrong, f"debtor {debtor} invoice {invoice}", found[RECEIVABLE, invoice], left)
            _note(wrong, f"debtor {debtor} credit", found[DEBTOR_CREDIT, debtor], lies.credit)
        if debtors is None:
            _note(wrong, "suspense", found[SUSPENSE, 0], beyond)
            waiting = session.scalar(select(func.count()).select_from(WaitingFact).where(
                WaitingFact.applied_at.is_(None))) or 0
            _note(wrong, "facts still waiting", waiting, 0)
    return wrong


def clearing_against_balance(db: Database, objects: Objects) -> list[Wrong]:
    """Compare Stripe clearing with the sum of the lines of Stripe's own balance."""
    with db.reading() as session:
        ours = _found(session)[CLEARING, 0]
    wrong: list[Wrong] = []
    _note(wrong, "Stripe clearing", ours, sum(line["net"] for line in objects("balance_transaction")))
    return wrong


def balances(db: Database) -> int:
    """Count the balances that are held against Stripe: each invoice's, each debtor's credit, and clearing."""
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(LedgerAccount).where(
            LedgerAccount.kind.in_((RECEIVABLE, DEBTOR_CREDIT, CLEARING)))) or 0


def twice_captured(objects: Objects) -> int:
    """Count payments of ours for which money was taken more than once."""
    seen: dict[str, int] = defaultdict(int)
    for intent in objects("payment_intent"):
        if intent["status"] == "succeeded":
            seen[intent["metadata"].get("payment", "")] += 1
    return sum(count > 1 for count in seen.values())


def _note(wrong: list[Wrong], place: str, found: int, wanted: int) -> None:
    if found != wanted:
        wrong.append(Wrong(place, found, wanted))


def _gone(objects: Objects) -> dict[str, int]:
    """What went back by payment intent: refunds that stand, chargebacks withdrawn and not reinstated."""
    gone: dict[str, int] = defaultdict(int)
    for refund in objects("refund"):
        if refund["status"] in ("pending", "succeeded"):
            gone[refund["payment_intent"]] += refund["amount"]
    for dispute in objects("dispute"):
        moves = [1 if line["amount"] < 0 else -1 for line in dispute["balance_transactions"]]
        gone[dispute["payment_intent"]] += dispute["amount"] * sum(moves)
    return gone


def _truths(session: Session, captured: dict[str, dict[str, Any]], gone: dict[str, int],
            wanted: set[int] | None) -> dict[int, Truth]:
    truths: dict[int, Truth] = defaultdict(Truth)
    for invoice in session.scalars(select(Invoice)):
        truths[invoice.debtor_id].invoices[invoice.id] = Owing((invoice.due_on.toordinal(), invoice.id), 0)
    for debtor, invoice_id, owed in session.execute(_owed()):
        truths[debtor].invoices[invoice_id].owed += int(owed)
    for debtor, amount in session.execute(_gifts()):
        truths[debtor].gifts += int(amount)
    parts: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for part in session.scalars(select(PaymentInvoice).order_by(PaymentInvoice.position)):
        parts[part.payment_id].append((part.invoice_id, part.amount_minor, part.discount_minor))
    payments = session.scalars(select(Payment).order_by(Payment.created_at, Payment.id))
    for order, payment in enumerate(payments):
        intent = captured.get(payment.public_id)
        got = payment.captured_minor if payment.channel in OUTSIDE else intent["amount_received"] if intent else 0
        back = payment.returned_minor if payment.channel in OUTSIDE else gone[intent["id"]] if intent else 0
        truths[payment.debtor_id].payments[payment.id] = Paid(order, tuple(parts[payment.id]), got, back)
    return {debtor: truth for debtor, truth in truths.items() if wanted is None or debtor in wanted}


def _owed() -> Any:
    debit = select(LedgerAccount.debtor_id, LedgerAccount.invoice_id, LedgerTransfer.amount).join(
        LedgerTransfer, LedgerTransfer.debit_account_id == LedgerAccount.id).where(
        LedgerAccount.kind == RECEIVABLE, LedgerTransfer.kind.in_(ADDED))
    credit = select(LedgerAccount.debtor_id, LedgerAccount.invoice_id, -LedgerTransfer.amount).join(
        LedgerTransfer, LedgerTransfer.credit_account_id == LedgerAccount.id).where(
        LedgerAccount.kind == RECEIVABLE, LedgerTransfer.kind.in_(FORGIVEN))
    return debit.union_all(credit)


def _gifts() -> Any:
    return select(LedgerAccount.debtor_id, LedgerTransfer.amount).join(
        LedgerTransfer, LedgerTransfer.credit_account_id == LedgerAccount.id).where(
        LedgerAccount.kind == DEBTOR_CREDIT, LedgerTransfer.kind.in_(("goodwill", "thank_you_credit", *FORGIVEN)))


def _found(session: Session) -> dict[tuple[str, int], int]:
    """Balances recomputed from the transfers: debtors' by invoice or debtor, the businesses' own by kind."""
    found: dict[tuple[str, int], int] = defaultdict(int)
    for side, sign in ((LedgerTransfer.debit_account_id, 1), (LedgerTransfer.credit_account_id, -1)):
        query = select(LedgerAccount.kind, LedgerAccount.invoice_id, LedgerAccount.debtor_id,
                       func.sum(LedgerTransfer.amount)).join(LedgerTransfer, side == LedgerAccount.id).group_by(
            LedgerAccount.kind, LedgerAccount.invoice_id, LedgerAccount.debtor_id)
        for kind, invoice, debtor, amount in session.execute(query):
            owner = invoice or debtor or 0
            # A debtor's credit is money we owe them: it counts as positive here.
            found[kind, owner] += int(amount) * (-sign if kind == DEBTOR_CREDIT else sign)
    return found
