"""Finds what bank lines may be: open invoices, debtors, announced transfers, claims, recorded payments, payouts.

All lines of a page are asked about together; what each one means is reckoned in domain/bank_matching.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.domain.bank_matching import Candidate, Suggestion, suggest, words_of_line
from portal.domain.ledger import RECEIVABLE
from portal.models import (
    BankLine,
    Debtor,
    Invoice,
    LedgerAccount,
    Payment,
    PaymentClaim,
    Payout,
    SearchWord,
)

CHUNK = 400
MOST_FOUND = 2_000
MOST_OF_ONE = 40
AROUND = timedelta(days=10)
BANK_TRANSFER = "transfer"


def suggestions(session: Session, business_id: int, lines: Sequence[BankLine]) -> dict[int, list[Suggestion]]:
    """Say for each of some waiting lines what it may be, the most likely first."""
    if not lines:
        return {}
    debtors = _debtors(session, business_id, lines)
    shared = [*_invoices(session, business_id, lines, debtors), *_claims(session, business_id, lines),
              *_announced(session, business_id), *_recorded(session, business_id, lines),
              *_payouts(session, business_id, lines)]
    by_currency: dict[str, list[Candidate]] = defaultdict(list)
    for currency, one in shared:
        by_currency[currency].append(one)
    return {line.id: suggest(line.amount_minor, line.payer, line.reference, line.booked_on,
                             by_currency[line.currency]) for line in lines}


def _debtors(session: Session, business_id: int, lines: Sequence[BankLine]) -> set[int]:
    """Whose name or number, or whose invoice's number, some word of a line is."""
    words = sorted({word for line in lines for word in words_of_line(line.payer, line.reference) if len(word) > 2})
    found: set[int] = set()
    for start in range(0, len(words), CHUNK):
        found |= set(session.scalars(select(SearchWord.debtor_id).where(
            SearchWord.business_id == business_id, SearchWord.word.in_(words[start:start + CHUNK]))
            .distinct().limit(MOST_FOUND)))
    return found


def _invoices(session: Session, business_id: int, lines: Sequence[BankLine],
              debtors: set[int]) -> Iterable[tuple[str, Candidate]]:
    left = LedgerAccount.debits - LedgerAccount.credits
    mine = (LedgerAccount.business_id == business_id, LedgerAccount.kind == RECEIVABLE,
            LedgerAccount.credits < LedgerAccount.debits)
    query = (
        select(Invoice.public_id, Invoice.number, LedgerAccount.currency, left, Invoice.debtor_id)
        .join(Invoice, and_(Invoice.id == LedgerAccount.invoice_id)).where(*mine)
        .order_by(Invoice.due_on, Invoice.id).limit(MOST_FOUND))
    sums = {line.amount_minor for line in lines}
    rows = list(session.execute(query.where(left.in_(sums))))
    owners = sorted(debtors | {row.debtor_id for row in rows})
    of_owners: list[tuple[str, str, str, int, int]] = []
    for start in range(0, len(owners), CHUNK):
        of_owners += [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(
            query.where(Invoice.debtor_id.in_(owners[start:start + CHUNK])))]
    people = {row.id: row for row in _people(session, owners)}
    by_debtor: dict[tuple[int, str], list[tuple[str, str, int]]] = defaultdict(list)
    for public_id, number, currency, minor, debtor_id in of_owners:
        by_debtor[debtor_id, currency].append((public_id, number, minor))
    for (debtor_id, currency), some in by_debtor.items():
        person, total = people[debtor_id], sum(minor for _, _, minor in some)
        for public_id, number, minor in some[:MOST_OF_ONE]:
            yield currency, Candidate(
                f"i.{public_id}", "invoice", person.public_id, (person.name,), (number,), (person.number,), (),
                (minor,), total)
        if len(some) > 1:
            # What names nobody's invoice, or all of them at once, is paid from the oldest on.
            yield currency, Candidate(f"d.{person.public_id}", "debtor", person.public_id, (person.name,), (),
                                      (person.number,), (), (), total)


def _people(session: Session, ids: Sequence[int]) -> list[Debtor]:
    found: list[Debtor] = []
    for start in range(0, len(ids), CHUNK):
        found += session.scalars(select(Debtor).where(Debtor.id.in_(ids[start:start + CHUNK])))
    return found


def _claims(session: Session, business_id: int, lines: Sequence[BankLine]) -> Iterable[tuple[str, Candidate]]:
    rows = session.execute(
        select(PaymentClaim, Debtor).join(Debtor, Debtor.id == PaymentClaim.debtor_id)
        .where(PaymentClaim.business_id == business_id, PaymentClaim.state == "waiting",
               PaymentClaim.amount_minor.in_({line.amount_minor for line in lines})).limit(MOST_FOUND))
    for claim, debtor in rows:
        yield claim.currency, Candidate(
            f"c.{claim.public_id}", "claim", debtor.public_id, (debtor.name,), (), (debtor.number,),
            (claim.reference,) if claim.reference else (), (claim.amount_minor,), 0, claim.paid_on)


def _announced(session: Session, business_id: int) -> Iterable[tuple[str, Candidate]]:
    rows = session.execute(
        select(Payment, Debtor).join(Debtor, Debtor.id == Payment.debtor_id)
        .where(Payment.business_id == business_id, Payment.channel == BANK_TRANSFER, Payment.state == "announced")
        .order_by(Payment.id.desc()).limit(MOST_FOUND))
    for payment, debtor in rows:
        yield payment.currency, Candidate(
            f"t.{payment.public_id}", "announced", debtor.public_id, (debtor.name,), (), (debtor.number,),
            (payment.reference,) if payment.reference else (), (payment.amount_minor,))


def _recorded(session: Session, business_id: int, lines: Sequence[BankLine]) -> Iterable[tuple[str, Candidate]]:
    """Transfers that somebody wrote down by hand before the statement came: to be tied, never booked again."""
    rows = session.execute(
        select(Payment, Debtor).join(Debtor, Debtor.id == Payment.debtor_id)
        .outerjoin(BankLine, BankLine.payment_id == Payment.id)
        .where(Payment.business_id == business_id, Payment.channel == BANK_TRANSFER, Payment.state == "succeeded",
               Payment.returned_minor == 0, BankLine.id.is_(None),
               Payment.captured_minor.in_({line.amount_minor for line in lines}))
        .order_by(Payment.id.desc()).limit(MOST_FOUND))
    days = [line.booked_on for line in lines]
    for payment, debtor in rows:
        on = (payment.received_at or payment.created_at).date()
        if min(days) - AROUND <= on <= max(days) + AROUND:
            yield payment.currency, Candidate(
                f"p.{payment.public_id}", "recorded", debtor.public_id, (debtor.name,), (), (debtor.number,),
                (payment.reference,) if payment.reference else (), (payment.captured_minor,), 0, on)


def _payouts(session: Session, business_id: int, lines: Sequence[BankLine]) -> Iterable[tuple[str, Candidate]]:
    rows = session.scalars(
        select(Payout).outerjoin(BankLine, BankLine.payout_id == Payout.id)
        .where(Payout.business_id == business_id, Payout.state == "paid", BankLine.id.is_(None),
               Payout.amount_minor.in_({line.amount_minor for line in lines})).limit(MOST_FOUND))
    for row in rows:
        yield row.currency, Candidate(f"o.{row.stripe_payout}", "payout", "", ("Stripe",), (), (), (),
                                      (row.amount_minor,), 0, (row.arrives_at or row.created_at).date())
