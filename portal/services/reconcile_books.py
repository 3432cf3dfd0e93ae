"""Reads what the books say moved on Stripe clearing, in the words of Stripe's own objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session, aliased

from portal.domain.ledger import CLEARING
from portal.domain.reconciling import Booked
from portal.models import Business, LedgerAccount, LedgerTransfer, Payment

CHUNK = 500
BY_HAND = "returned"


def businesses_of(session: Session, account: str) -> list[int]:
    """Give the businesses whose money an account holds, the one first that money of nobody is booked with."""
    mine = Business.stripe_account == account if account else Business.stripe_account.is_(None)
    return list(session.scalars(select(Business.id).where(mine).order_by(Business.id)))


def movements(session: Session, businesses: Sequence[int], since: datetime) -> Iterator[Booked]:
    """Give every movement on the clearing accounts of some businesses since a time, signed as Stripe's balance is.

    A correction counts for what it corrects.
    """
    clearing = select(LedgerAccount.id).where(
        LedgerAccount.business_id.in_(businesses), LedgerAccount.kind == CLEARING)
    corrected = aliased(LedgerTransfer)
    sides = [
        select(LedgerTransfer.key, corrected.key.label("of"), LedgerTransfer.cause_id, LedgerTransfer.currency,
               (LedgerTransfer.amount * literal(sign)).label("amount"), LedgerTransfer.happened_at)
        .outerjoin(corrected, corrected.id == LedgerTransfer.corrects_id)
        .where(side.in_(clearing), LedgerTransfer.happened_at >= since)
        for side, sign in ((LedgerTransfer.debit_account_id, 1), (LedgerTransfer.credit_account_id, -1))]
    for key, of, cause, currency, amount, at in session.execute(union_all(*sides)):
        yield _booked(of or key, cause, currency, int(amount), at)


def _booked(key: str, cause: str, currency: str, amount: int, at: datetime) -> Booked:
    origin, _, rest = key.partition(":")
    if origin != "stripe":
        # Somebody noted that money in suspense went back without us.
        return Booked(cause, BY_HAND, currency, amount, at)
    object_id, _, rest = rest.partition(":")
    return Booked(object_id, rest.partition(":")[0], currency, amount, at)


def charges(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Say to which payment at Stripe each of some charges belongs, as far as our own payments know."""
    wanted = sorted(names)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = session.execute(select(Payment.charge, Payment.payment_intent).where(
            Payment.charge.in_(wanted[start:start + CHUNK]), Payment.payment_intent.is_not(None)))
        found |= {charge: intent for charge, intent in rows if charge and intent}
    return found
