"""Forged webhooks of every kind over real HTTP, and genuine ones that tell of the wrong money: nothing is closed."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import requests

from portal.db import Database
from portal.models import Payment
from proofs.forgeries import CONNECT_DOOR, FORGERIES, OWN_DOOR, SECRETS, Sent, signed
from proofs.harness import Databases, Figures, Steps, add_up, say, web
from tests import databases
from tests.borders import digest
from tests.cast import Owed, balances, someone_owes
from tests.ledger.stories import start_payment
from tests.stripe.signing import body_of, intent

WHOLE, SHORT = 6_000, 480
WRONG, WRONG_SHORT = 300, 60
RIGHT = 10
THREADS = 4
_mine = threading.local()


def run(quick: bool) -> Figures:
    """Forge on both databases."""
    return add_up(*(_on(kind, quick) for kind in databases.KINDS))


def _on(kind: str, quick: bool) -> Figures:
    with Databases(kind) as prepared, prepared.opened() as db:
        debts = [_owes(db, place) for place in range(12)]
        with web(db.engine.url.render_as_string(hide_password=False), workers=2, threads=4) as (url, _):
            before = digest(db)
            sent, taken = _forge(url, debts, (SHORT if quick else WHOLE) // 2, kind)
            after = digest(db)
            changed = [table for table in after if after[table] != before[table]]
            if changed:
                say(f"{kind}: forged webhooks changed {changed}")
            tried, closed = _wrong(url, db, (WRONG_SHORT if quick else WRONG) // 2)
            strange, broken = _strange(url, db, kind)
            booked, right = _right(url, db)
    return {"forged_webhooks": sent, "forged_accepted": taken + len(changed), "genuine_wrong_tried": tried,
            "genuine_wrong_closed": closed, "genuine_strange_tried": strange, "genuine_strange_5xx": broken,
            "genuine_right_tried": booked, "genuine_right_refused": right}


def _owes(db: Database, place: int, **changes: Any) -> tuple[Owed, Payment]:
    owed = someone_owes(db, 2_000_00 + place, **changes)
    return owed, start_payment(db, owed, (owed.invoices[0], owed.invoices[0].total_minor), at=datetime.now(UTC),
                               stripe_account=owed.business.stripe_account)


def send(url: str, sent: Sent) -> int:
    """Send one request on this thread's own connection."""
    http = getattr(_mine, "http", None)
    if http is None:
        http = _mine.http = requests.Session()
    headers = {"Content-Type": "application/json", **sent.headers}
    request = requests.Request(sent.method, url + sent.path, data=sent.body, headers=_as_bytes(headers)).prepare()
    # requests would tidy the path up.
    request.url = url + sent.path
    try:
        return int(http.send(request, timeout=30, allow_redirects=False).status_code)
    except requests.ConnectionError:
        # The server hung up on it, which accepts nothing.
        http.close()
        return 400


def _as_bytes(headers: dict[str, str]) -> dict[str, Any]:
    return {name: value.encode("latin-1", "replace") for name, value in headers.items()}


def _forge(url: str, debts: list[tuple[Owed, Payment]], total: int, kind: str) -> tuple[int, int]:
    chance, steps = random.Random(17), Steps(f"{kind}: forged webhooks", total)
    answers: Counter[tuple[str, int]] = Counter()
    jobs = []
    for number in range(total):
        name = list(FORGERIES)[number % len(FORGERIES)]
        body = body_of("payment_intent.succeeded", intent(debts[number % len(debts)][1]))
        jobs.append((name, FORGERIES[name](chance, body)))
    with ThreadPoolExecutor(THREADS) as pool:
        for (name, _), status in zip(jobs, pool.map(lambda job: send(url, job[1]), jobs), strict=True):
            answers[name, status] += 1
            steps.step()
    taken = {key: count for key, count in answers.items() if not 400 <= key[1] < 500}
    if taken:
        say(f"{kind}: not refused: {taken}")
    return total, sum(taken.values())


def _wrong(url: str, db: Database, total: int) -> tuple[int, int]:
    """Tell, rightly signed, of money that is not what was asked for."""
    someone_owes(db, 5_00, stripe_account="acct_known_elsewhere")
    tried = closed = 0
    for number in range(total):
        owed, payment = _owes(db, number)
        for event, door in _tellings(payment, number):
            body = json.dumps(event).encode()
            send(url, signed(body, SECRETS[door], path=door))
            tried += 1
        owed_still = f"receivable invoice:{owed.invoices[0].id} USD"
        closed += balances(db, owed.business.id).get(owed_still) != owed.invoices[0].total_minor
        with db.reading() as session:
            closed += session.get_one(Payment, payment.id).captured_minor != 0
    return tried, closed


def _tellings(payment: Payment, number: int) -> list[tuple[dict[str, Any], str]]:
    amount, public_id = payment.amount_minor, payment.public_id
    wrong: list[dict[str, Any]] = [
        {"amount_received": 1_00}, {"amount_received": amount - 1}, {"amount_received": amount + 1},
        {"amount_received": amount * 100}, {"amount_received": 1}, {"currency": "jpy"}, {"currency": "eur"},
        {"metadata": {"payment": f"{public_id}x"}}, {"metadata": {"payment": public_id.swapcase()}}, {"metadata": {}}]
    found = []
    for place, changes in enumerate(wrong):
        one = intent(payment, id=f"pi_wrong_{public_id}_{place}", **changes)
        found.append((json.loads(body_of("payment_intent.succeeded", one)), OWN_DOOR))
    other_pages: list[dict[str, Any]] = [{"amount_total": 1_00}, {"currency": "jpy"}]
    for place, changes in enumerate(other_pages):
        page = {"id": f"cs_{public_id}{place}", "object": "checkout.session", "client_reference_id": public_id,
                "status": "complete", "mode": "payment", "payment_status": "paid", "amount_total": amount,
                "currency": "usd", "payment_intent": f"pi_other_{public_id}_{place}", **changes}
        found.append((json.loads(body_of("checkout.session.completed", page)), OWN_DOOR))
    right = intent(payment, id=f"pi_elsewhere_{public_id}")
    for account in ("acct_known_elsewhere", "acct_nobody", ""):
        event = json.loads(body_of("payment_intent.succeeded", right, **({"account": account} if account else {})))
        if account:
            found.append((event, CONNECT_DOOR))
    found.append((json.loads(body_of("payment_intent.succeeded", intent(payment), livemode=True)), OWN_DOOR))
    random.Random(number).shuffle(found)
    return found


def _strange(url: str, db: Database, kind: str) -> tuple[int, int]:
    """Rightly signed events with parts no such event has: kept for a person or refused, never an error of ours."""
    _, payment = _owes(db, 0)
    values: tuple[Any, ...] = (
        None, "", "x", -1, 0, 1.5, 2**63, 2**70, 10**30, "9" * 40, [], {}, [1], {"id": None}, True, "\0", "a\0b",
        "\ud800", "x" * 5_000, "NaN", {"id": "x" * 500})
    shapes = {
        "payment_intent.succeeded": intent(payment),
        "charge.updated": {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "balance_transaction": "txn_1"},
        "refund.updated": {"id": "re_1", "object": "refund", "payment_intent": "pi_1", "charge": "ch_1", "amount": 5,
                           "currency": "usd", "status": "succeeded"},
        "charge.dispute.created": {"id": "du_1", "object": "dispute", "payment_intent": "pi_1", "charge": "ch_1",
                                   "amount": 5, "currency": "usd", "reason": "fraudulent", "status": "lost"},
        "payout.paid": {"id": "po_1", "object": "payout", "amount": 5, "currency": "usd", "status": "paid",
                        "arrival_date": 1_700_000_000}}
    answers: Counter[str] = Counter()
    tried = 0
    for event, data in shapes.items():
        for name in data:
            for value in values:
                answers[f"{event} {name}={value!r:.20}: {_tell(url, event, {**data, name: value})}"] += 1
                tried += 1
    for name in ("id", "type", "account", "created"):
        for value in values:
            body = body_of("payment_intent.succeeded", intent(payment), **{name: value})
            answers[f"event {name}={value!r:.20}: {send(url, signed(body))}"] += 1
            tried += 1
    broken = {one for one in answers if one.endswith(("500", "502", "503"))}
    for one in sorted(broken)[:25]:
        say(f"{kind}: {one}")
    return tried, sum(answers[one] for one in broken)


def _tell(url: str, event: str, data: dict[str, Any]) -> int:
    return send(url, signed(body_of(event, data)))


def _right(url: str, db: Database) -> tuple[int, int]:
    """The other side: the very same door books what is right."""
    refused = 0
    for number in range(RIGHT):
        owed, payment = _owes(db, number)
        status = send(url, signed(body_of("payment_intent.succeeded", intent(payment))))
        refused += status != 200 or f"receivable invoice:{owed.invoices[0].id} USD" in balances(db, owed.business.id)
    return RIGHT, refused
