"""Thousands of money facts, each delivered five times, shuffled, by eight at once, to a portal served by processes.

In the end every invoice, debtor, clearing and suspense balance must be what the pure model says.
"""

from __future__ import annotations

import json
import queue
import threading
from collections import defaultdict
from typing import Any

import requests
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.ledger import BANK, CLEARING, DEBTOR_CREDIT, RECEIVABLE, SUSPENSE
from portal.models import LedgerAccount, LedgerTransfer, Message, WaitingFact
from portal.services import ledger_verify
from proofs.harness import Databases, Figures, Steps, add_up, say, shuffled, web
from proofs.model import where
from proofs.stories import Teller, Told
from tests.cast import CONNECT_SECRET, WEBHOOK_SECRET, make_runtime
from tests.stripe.signing import sign

FACTS, DELIVERIES, WORKERS, SEEDS = 2_000, 5, 8, (1, 2, 3)
# Words of a cause that take back what another word of the same object brought.
BACK = ("failed", "reinstated", "fee_returned")
# Accounts of which the stories tell everything.
TOLD_KINDS = (RECEIVABLE, DEBTOR_CREDIT, CLEARING, SUSPENSE, BANK)


def run(database: str, quick: bool) -> Figures:
    """Deliver everything for each seed to a fresh database."""
    facts, seeds = (250, SEEDS[:1]) if quick else (FACTS, SEEDS)
    with Databases(database) as made:
        return add_up(*(_one(made, seed, facts) for seed in seeds))


def _one(made: Databases, seed: int, facts: int) -> Figures:
    with made.fresh() as url:
        db = Database(url)
        told = Teller(db, seed).tell(facts)
        say(f"seed {seed}: {len(told.facts)} facts of {len(told.truths)} debtors")
        deliveries = shuffled([event for fact in told.facts for event in _five(fact.events)], seed)
        with web(url, workers=2, threads=4, log=made.folder / "web.log") as (address, _):
            never_taken = _deliver(address, deliveries, f"seed {seed}: deliveries")
        figures = _judge(db, told, never_taken)
        differences, transfers = ledger_verify.verify(make_runtime(db, made.folder))
        db.dispose()
    return {"webhook_deliveries": len(deliveries), "webhook_facts": len(told.facts),
            **figures, "webhook_ledger_transfers": transfers, "webhook_ledger_differences": len(differences)}


def _five(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One fact five times: the same event again, and other events that tell the same."""
    return [events[place % len(events)] for place in range(DELIVERIES)]


def _deliver(address: str, deliveries: list[dict[str, Any]], what: str) -> int:
    """Post all by eight threads; like Stripe, try what was not taken again. Gives how many were never taken."""
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    for event in deliveries:
        waiting.put(event)
    steps, lock, errors = Steps(what, len(deliveries)), threading.Lock(), [0]

    def work() -> None:
        with requests.Session() as http:
            while True:
                try:
                    event = waiting.get_nowait()
                except queue.Empty:
                    return
                taken = any(_post(http, address, event) for _ in range(3))
                with lock:
                    steps.step()
                    errors[0] += not taken

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors[0]:
        say(f"WRONG: {errors[0]} deliveries were never taken")
    return errors[0]


def _post(http: requests.Session, address: str, event: dict[str, Any]) -> bool:
    body = json.dumps(event).encode()
    connect = "account" in event
    signature = sign(body, CONNECT_SECRET if connect else WEBHOOK_SECRET)
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
    try:
        path = "/webhooks/stripe/connect" if connect else "/webhooks/stripe"
        return http.post(address + path, data=body, headers=headers, timeout=60).status_code == 200
    except requests.RequestException:
        return False


def _judge(db: Database, told: Told, never_taken: int) -> Figures:
    lost, doubled = never_taken, 0
    booked = _booked(db)
    for cause, amount in told.causes.items():
        lost += booked[cause] < amount
        doubled += booked[cause] > amount
    doubled += sum(amount > 0 and cause not in told.causes for cause, amount in booked.items() if cause[1] == "money")
    with db.reading() as session:
        lost += session.scalar(
            select(func.count()).select_from(WaitingFact).where(WaitingFact.applied_at.is_(None))) or 0
        receipts = session.scalar(select(func.count()).select_from(Message).where(Message.kind == "receipt")) or 0
    paid = sum(payment.captured > 0 for truth in told.truths.values() for payment in truth.payments.values())
    doubled += max(0, receipts - paid)
    lost += max(0, paid - receipts)
    compared, wrong = _compared(db, told)
    return {"webhook_facts_lost": lost, "webhook_facts_doubled": doubled, "webhook_balances": compared,
            "webhook_balances_wrong": wrong}


def _booked(db: Database) -> dict[tuple[str, str], int]:
    """What stands in the ledger per object of Stripe: its money, and its fee; what was taken back is taken off."""
    booked: dict[tuple[str, str], int] = defaultdict(int)
    with db.reading() as session:
        for key, amount in session.execute(select(LedgerTransfer.key, LedgerTransfer.amount).where(
                LedgerTransfer.key.startswith("stripe:"))):
            _, subject, word = key.split(":")[:3]
            if word != "exchange":
                group = "fee" if word.startswith("fee") else "money"
                booked[subject, group] += -amount if word in BACK else amount
    return booked


def _compared(db: Database, told: Told) -> tuple[int, int]:
    """Every balance of an invoice, a debtor and a business beside the model's; gives how many, and how many differ."""
    wanted: dict[tuple[str, Any], int] = {}
    for debtor, truth in told.truths.items():
        lies = where(truth)
        wanted[DEBTOR_CREDIT, debtor] = -lies.credit
        wanted |= {(RECEIVABLE, invoice): left for invoice, left in lies.left.items()}
    wanted |= {(kind, (business, currency)): amount for (business, kind, currency), amount in told.own.items()}
    found = {place: amount for place, amount in _found(db).items() if place in wanted or place[0] in TOLD_KINDS}
    # An account nobody told of counts as well: its balance must be nothing.
    places = wanted.keys() | found.keys()
    return len(places), sum(found.get(place, 0) != wanted.get(place, 0) for place in places)


def _found(db: Database) -> dict[tuple[str, Any], int]:
    found: dict[tuple[str, Any], int] = defaultdict(int)
    with db.reading() as session:
        for side, sign_ in ((LedgerTransfer.debit_account_id, 1), (LedgerTransfer.credit_account_id, -1)):
            query = select(LedgerAccount, LedgerTransfer.amount).join(LedgerTransfer, side == LedgerAccount.id)
            for account, amount in session.execute(query):
                owner = account.invoice_id or account.debtor_id or (account.business_id, account.currency)
                found[account.kind, owner] += sign_ * amount
    return found
