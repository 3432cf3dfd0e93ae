"""Recomputes the whole ledger from its transfers and names every difference; finds nothing in sound books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.models import Invoice, LedgerAccount, LedgerTransfer, Payment, PaymentInvoice
from portal.runtime import Runtime


@dataclass(frozen=True)
class Difference:
    """One place where the books disagree with themselves; amounts in minor units."""

    what: str
    where: str
    kept: int
    found: int


def verify(rt: Runtime) -> tuple[list[Difference], int]:
    """Check every account, transfer and payment; gives the differences and how many transfers were read."""
    with rt.db.reading() as session:
        differences = [*_totals(session), *_borders(session), *_issued(session), *_received(session),
                       *_returned(session), *_claims(session)]
        count = session.scalar(select(func.count()).select_from(LedgerTransfer)) or 0
    return differences, count


def _sides() -> Select[tuple[int, int, int]]:
    debit = select(LedgerTransfer.debit_account_id.label("account"), LedgerTransfer.amount.label("debit"),
                   literal(0).label("credit"))
    credit = select(LedgerTransfer.credit_account_id, literal(0), LedgerTransfer.amount)
    both = union_all(debit, credit).subquery()
    return select(both.c.account, func.sum(both.c.debit).label("debits"),
                  func.sum(both.c.credit).label("credits")).group_by(both.c.account)


def _totals(session: Session) -> Iterator[Difference]:
    """Kept totals equal the sum of the transfers, and no balance is on its wrong side."""
    sums = _sides().subquery()
    query = (
        select(LedgerAccount, func.coalesce(sums.c.debits, 0), func.coalesce(sums.c.credits, 0))
        .outerjoin(sums, sums.c.account == LedgerAccount.id)
        .where(LedgerAccount.kind.in_((RECEIVABLE, DEBTOR_CREDIT))))
    for account, debits, credits in session.execute(query):
        where = f"account {account.id} ({account.kind} {account.owner} {account.currency})"
        if account.debits != int(debits):
            yield Difference("kept debits", where, account.debits, int(debits))
        if account.credits != int(credits):
            yield Difference("kept credits", where, account.credits, int(credits))


def _borders(session: Session) -> Iterator[Difference]:
    """No transfer crosses a business or a currency."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    query = (
        select(LedgerTransfer.id)
        .join(debit, debit.id == LedgerTransfer.debit_account_id)
        .join(credit, credit.id == LedgerTransfer.credit_account_id)
        .where(or_(debit.business_id != credit.business_id, debit.currency != credit.currency,
                   debit.business_id != LedgerTransfer.business_id, debit.currency != LedgerTransfer.currency)))
    for transfer_id in session.scalars(query):
        yield Difference("transfer across a border", f"transfer {transfer_id}", 0, 1)


def _issued(session: Session) -> Iterator[Difference]:
    """Every invoice stands on the ledger with its total."""
    issued = (
        select(LedgerAccount.invoice_id, func.sum(LedgerTransfer.amount).label("amount"))
        .join(LedgerTransfer, LedgerTransfer.debit_account_id == LedgerAccount.id)
        .where(LedgerTransfer.kind == "issued").group_by(LedgerAccount.invoice_id).subquery())
    query = (
        select(Invoice.number, Invoice.total_minor, func.coalesce(issued.c.amount, 0))
        .outerjoin(issued, issued.c.invoice_id == Invoice.id)
        .where(Invoice.total_minor != func.coalesce(issued.c.amount, 0)))
    for number, total, found in session.execute(query):
        yield Difference("invoice not as issued", f"invoice {number}", total, int(found))


def _received(session: Session) -> Iterator[Difference]:
    """What a payment captured is what its transfers brought in."""
    # A capped credit is two rows, one to the receivable and its excess to the debtor's credit: both are money in.
    yield from _compare(session, "payment in the ledger", Payment.captured_minor,
                        LedgerTransfer.kind.in_(("payment", "manual_payment")))


def _returned(session: Session) -> Iterator[Difference]:
    """What went back of a payment is what its transfers took out."""
    gone = ("refund", "chargeback", "manual_payment_bounced")
    home = ("refund_failed", "chargeback_reinstated")
    yield from _compare(session, "returned in the ledger", Payment.returned_minor,
                        LedgerTransfer.kind.in_((*gone, *home)), minus=home)


def _compare(session: Session, what: str, kept: object, condition: object,
             minus: tuple[str, ...] = ()) -> Iterator[Difference]:
    signed = case((LedgerTransfer.kind.in_(minus), -LedgerTransfer.amount), else_=LedgerTransfer.amount)
    sums = (
        select(LedgerTransfer.cause_id, func.sum(signed).label("amount"))
        .where(LedgerTransfer.cause_type == "payment", condition)  # type: ignore[arg-type]
        .group_by(LedgerTransfer.cause_id).subquery())
    found = func.coalesce(sums.c.amount, 0)
    query = (
        select(Payment.number, kept, found).outerjoin(sums, sums.c.cause_id == Payment.public_id)  # type: ignore[call-overload]
        .where(kept != found))
    for row in session.execute(query).all():
        yield Difference(what, f"payment {row[0]}", int(row[1]), int(row[2]))


def _claims(session: Session) -> Iterator[Difference]:
    """What a payment means for its invoices never passes the payment."""
    meant = (select(PaymentInvoice.payment_id, func.sum(PaymentInvoice.amount_minor).label("amount"))
             .group_by(PaymentInvoice.payment_id).subquery())
    query = select(Payment.number, Payment.amount_minor, meant.c.amount).join(
        meant, meant.c.payment_id == Payment.id).where(meant.c.amount > Payment.amount_minor)
    for number, amount, found in session.execute(query):
        yield Difference("payment and its invoices", f"payment {number}", amount, int(found))
