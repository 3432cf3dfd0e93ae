"""What waits in an office, for tests of its queues: how it comes to wait, how it is counted and how it is solved."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.models import Chargeback, Payment, SuspenseItem
from portal.services import questions, queues
from portal.services.questions import Asked
from portal.services.queues.frame import Typed
from tests.cast import NOON
from tests.ledger.stories import charged_back, line, received, start_payment, tell
from tests.office.books import Desk


def ask(desk: Desk, words: str = "What is this for?") -> str:
    return questions.ask(desk.rt, desk.owed.access, Asked(words=words))


def count(desk: Desk, name: str) -> int:
    with desk.rt.db.reading() as session:
        return {one.name: one.count for one in queues.open_counts(session, desk.owed.business.id, desk.rt.now())}[name]


def solve(desk: Desk, name: str, item: str, code: str, who: str = "manager", **typed: object) -> str:
    return queues.solve(desk.rt, desk.access(who), name, item, code, Typed(**typed)).next_item  # type: ignore[arg-type]


def refused(desk: Desk, *args: str, **typed: object) -> str:
    with pytest.raises(Refusal) as caught:
        solve(desk, *args, **typed)  # type: ignore[arg-type]
    return caught.value.code


def seen(desk: Desk, item: str) -> str:
    with desk.rt.db.reading() as session:
        return questions.thread_for_staff(session, desk.access("owner"), item)[0].seen


def at_once(*works: object) -> None:
    threads = [threading.Thread(target=work) for work in works]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def suspended(desk: Desk, amount: int = 75_00) -> str:
    """Money that names no payment of ours; gives its name at Stripe."""
    owed = desk.owed
    payment = start_payment(desk.rt.db, owed, (owed.invoices[0], amount), opens=False)
    tell(desk.rt.db, replace(received(payment), payment="nobody's", intent=f"pi_lost{payment.id}", charge=None))
    with desk.rt.db.reading() as session:
        return session.scalars(select(SuspenseItem.payment_intent).order_by(SuspenseItem.id.desc())).first() or ""


def charged(desk: Desk, status: str = "needs_response") -> Chargeback:
    owed = desk.owed
    payment = start_payment(desk.rt.db, owed, (owed.invoices[0], 100_00))
    tell(desk.rt.db, received(payment), charged_back(
        payment, 100_00, line(payment, -100_00, 15_00, id=f"txn_d{payment.id}", kind="adjustment"),
        id=f"du_{payment.id}", status=status))
    with desk.rt.db.reading() as session:
        return session.scalars(select(Chargeback)).one()


def failed(desk: Desk, **changes: object) -> Payment:
    payment = start_payment(desk.rt.db, desk.owed, (desk.owed.invoices[0], 100_00), state="failed",
                            failure_code="insufficient_funds", opens=False, method_brand="visa", method_last4="0341",
                            at=NOON - timedelta(hours=3), **changes)
    return payment
