"""Books what Stripe's own balance says: fees, conversion to the settlement currency, payouts.

Stripe clearing per settlement currency then equals Stripe's balance, to the cent.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.ledger import BANK, CHARGEBACK_FEES, CLEARING, EXCHANGE, PROCESSING_FEES, Entry, own
from portal.domain.money_facts import BalanceLine, ChargedBack, PaidOut
from portal.models import Payout, Refund
from portal.services import audit, fact_lookup, ledger


def book_line(session: Session, fact: BalanceLine, now: datetime) -> str:
    """Book one line of Stripe's balance: its fee and, in another currency, its conversion."""
    if fact.kind == "payout" or fact.source.startswith(("po_", "du_", "dp_")):
        # Payouts and chargebacks are booked from their own objects, which carry these lines.
        return "noted"
    subject = fact_lookup.lock_payment(
        session, intent=fact.intent,
        charge=fact.source if fact.source.startswith(("ch_", "py_")) else None)
    if subject is not None and subject.payment.captured_minor:
        payment = subject.payment
        if (payment.stripe_account or "") != fact.account:
            return "mismatch"
        presented = _presented(session, payment.id, payment.captured_minor, fact)
        _post(session, payment.business_id, fact, payment.currency, presented, now)
        if fact.amount > 0:
            payment.ask_at = None
        return "applied"
    item = fact_lookup.suspense_of(session, fact.intent)
    if item is not None:
        _post(session, item.business_id, fact, item.currency, item.amount_minor * _sign(fact.amount), now)
        return "applied"
    if fact.intent:
        return fact_lookup.wait_for(session, fact.intent, fact, f"line:{fact.id}", now)
    return _book_own_fee(session, fact, now)


def _presented(session: Session, payment_id: int, captured: int, fact: BalanceLine) -> int:
    """The sum in the payer's currency behind a line, signed as the line is."""
    if fact.source.startswith(("re_", "pyr_")):
        amount = session.scalar(select(Refund.amount_minor).where(
            Refund.payment_id == payment_id, Refund.stripe_refund == fact.source))
        return (amount or 0) * _sign(fact.amount)
    return captured * _sign(fact.amount)


def _sign(amount: int) -> int:
    return -1 if amount < 0 else 1


def _post(session: Session, business_id: int, fact: BalanceLine, currency: str, presented: int,
          now: datetime) -> None:
    entries = exchange_entries(fact, currency, presented)
    if fact.fee:
        entries.append(_fee_entry(fact, PROCESSING_FEES, f"stripe:{fact.id}:fee"))
    ledger.post(session, business_id, entries, now=now)


def exchange_entries(fact: BalanceLine, currency: str, presented: int) -> list[Entry]:
    """Move a sum from the payer's currency into Stripe's settlement currency by two linked transfers.

    Worked: 100.00 EUR paid, settled as 108.00 USD: exchange takes 100.00 EUR from clearing and gives it 108.00 USD.
    """
    if currency == fact.currency or not presented:
        return []
    pairs = (("out", currency, presented), ("in", fact.currency, -fact.amount))
    entries = []
    for leg, code, amount in pairs:
        exchange, clearing = own(EXCHANGE, code), own(CLEARING, code)
        debit, credit = (exchange, clearing) if amount > 0 else (clearing, exchange)
        entries.append(Entry(debit, credit, abs(amount), "exchange", f"stripe:{fact.id}:exchange:{leg}", "balance_line",
                             fact.id, fact.happened_at, memo="exchange"))
    return entries


def _fee_entry(fact: BalanceLine, account: str, key: str) -> Entry:
    fees, clearing = own(account, fact.currency), own(CLEARING, fact.currency)
    debit, credit = (fees, clearing) if fact.fee > 0 else (clearing, fees)
    return Entry(debit, credit, abs(fact.fee), "stripe_fee", key, "balance_line", fact.id, fact.happened_at,
                 memo="stripe_fee")


def _book_own_fee(session: Session, fact: BalanceLine, now: datetime) -> str:
    """A charge by Stripe itself, such as for its services, which no payment caused."""
    business_id = fact_lookup.business_of_account(session, fact.account)
    if business_id is None or fact.kind != "stripe_fee" or not fact.amount:
        return "mismatch"
    fact_lookup.lock_business(session, business_id)
    fees, clearing = own(PROCESSING_FEES, fact.currency), own(CLEARING, fact.currency)
    debit, credit = (fees, clearing) if fact.amount < 0 else (clearing, fees)
    ledger.post(session, business_id, [Entry(
        debit, credit, abs(fact.amount), "stripe_fee", f"stripe:{fact.id}:fee", "balance_line", fact.id,
        fact.happened_at, memo="stripe_fee")], now=now)
    return "applied"


def book_dispute_lines(session: Session, business_id: int, fact: ChargedBack, now: datetime) -> None:
    """Book the fee of a chargeback, its return, and the conversion of what was withdrawn or reinstated."""
    entries: list[Entry] = []
    for line in fact.lines:
        entries += exchange_entries(line, fact.currency, fact.amount * _sign(line.amount))
        if line.fee:
            word = "fee" if line.fee > 0 else "fee_returned"
            entries.append(_fee_entry(line, CHARGEBACK_FEES, f"stripe:{fact.id}:{word}"))
    ledger.post(session, business_id, entries, now=now)


def pay_out(session: Session, fact: PaidOut, now: datetime) -> str:
    """Book a payout that reached the bank, and one that came back."""
    business_id = fact_lookup.business_of_account(session, fact.account)
    if business_id is None:
        return "mismatch"
    fact_lookup.lock_business(session, business_id)
    row = session.scalars(select(Payout).where(Payout.stripe_payout == fact.id)).one_or_none()
    if row is None:
        row = Payout(business_id=business_id, stripe_payout=fact.id, amount_minor=fact.amount, currency=fact.currency,
                     state=fact.status, arrives_at=fact.arrives_at, created_at=now)
        session.add(row)
    if row.state != "failed":
        row.state = fact.status
    bank, clearing = own(BANK, fact.currency), own(CLEARING, fact.currency)
    paid = Entry(bank, clearing, fact.amount, "payout", f"stripe:{fact.id}:paid", "payout", fact.id,
                 fact.happened_at, memo="payout")
    failed = Entry(clearing, bank, fact.amount, "payout_failed", f"stripe:{fact.id}:failed", "payout", fact.id,
                   fact.happened_at, memo="payout_failed")
    # A failed payout had been paid before, whether or not we were told so; both stand, in any order.
    entries = {"paid": [paid], "failed": [paid, failed]}.get(fact.status, [])
    if ledger.post(session, business_id, entries, now=now):
        audit.record(session, at=now, actor=audit.STRIPE, act=f"payout.{fact.status}", business_id=business_id,
                     target=f"payout:{fact.id}", amount=fact.amount, currency=fact.currency)
    return "applied"
