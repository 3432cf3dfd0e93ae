"""A payment's page tells the truth in every state it can be in, and only to its own reader."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import Payment
from portal.runtime import Runtime
from portal.services import payment_pages
from portal.services.payment_pages import PaymentView
from tests.account.conftest import narrowed
from tests.cast import NOON, Owed, make_debtor, make_invoice, make_offer, make_runtime, someone_owes
from tests.ledger.stories import charged_back, line, moved, received, refunded, start_payment, tell


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return make_runtime(db, tmp_path)


def begun(db: Database, owed: Owed, **changes: Any) -> Payment:
    return start_payment(db, owed, (owed.invoices[0], 100_00), **changes)


def told(rt: Runtime, owed: Owed, payment: Payment) -> PaymentView:
    return payment_pages.payment_page(rt, owed.access, payment.public_id)


@pytest.mark.parametrize(("state", "changes", "story"), [
    ("created", {}, "asking"),
    ("unknown", {}, "asking"),
    ("open", {}, "waiting"),
    ("open", {"failure_code": "card_declined"}, "declined"),
    ("announced", {"channel": "transfer", "expires_at": None}, "announced"),
    ("processing", {}, "processing"),
    ("failed", {"failure_code": "insufficient_funds"}, "failed"),
    ("expired", {}, "expired"),
    ("canceled", {}, "expired"),
    ("expired", {"channel": "transfer", "expires_at": None}, "missed"),
    ("canceled", {"channel": "transfer", "expires_at": None}, "come"),
])
def test_each_state_has_its_story(db: Database, rt: Runtime, state: str, changes: dict[str, Any], story: str) -> None:
    owed = someone_owes(db, 100_00)
    assert told(rt, owed, begun(db, owed, state=state, **changes)).story == story


def test_a_page_whose_time_is_over_cannot_be_gone_back_to(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    url = "http://checkout.test/c/1"
    assert told(rt, owed, begun(db, owed, checkout_url=url)).page_url == url
    over = begun(db, owed, checkout_url=url, opens=False, expires_at=NOON)
    assert told(rt, owed, over).page_url == ""
    assert told(rt, owed, over).story == "asking", "nobody is told to go on at a page that has closed"


def test_received_says_what_was_paid_and_what_is_left(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 40_00)
    payment = begun(db, owed)
    tell(db, received(payment))
    view = told(rt, owed, payment)
    assert (view.story, view.captured_minor, view.left_minor) == ("received", 100_00, 40_00)
    assert (view.method_brand, view.method_last4) == ("visa", "4242")
    assert [(one.number, one.amount_minor) for one in view.lines] == [(owed.invoices[0].number, 100_00)]


def test_what_is_left_never_adds_two_currencies(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 40_00)
    with db.transaction() as session:
        make_invoice(session, owed.debtor, 55_00, currency="EUR")
    payment = begun(db, owed)
    tell(db, received(payment))
    assert told(rt, owed, payment).left_minor == 40_00


def test_a_discount_stands_on_the_receipt(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        offer = make_offer(session, owed.invoices[0], 2_00, NOON + timedelta(days=1))
    payment = start_payment(db, owed, (owed.invoices[0], 98_00), offer=offer)
    tell(db, received(payment))
    view = told(rt, owed, payment)
    assert (view.discount_minor, view.left_minor) == (2_00, 0)


def test_paid_back_in_part_and_in_full(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    payment = begun(db, owed)
    tell(db, received(payment), refunded(payment, 30_00))
    part = told(rt, owed, payment)
    assert (part.story, part.returned_minor) == ("received", 30_00)
    tell(db, refunded(payment, 70_00, id="re_2"))
    assert told(rt, owed, payment).story == "refunded"


def test_a_payment_the_bank_took_back(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    payment = begun(db, owed)
    tell(db, received(payment))
    taken = line(payment, -100_00, 15_00, id="txn_du", kind="adjustment")
    tell(db, charged_back(payment, 100_00, taken))
    assert told(rt, owed, payment).story == "charged_back"
    back = line(payment, 100_00, 0, id="txn_won", kind="adjustment")
    tell(db, charged_back(payment, 100_00, taken, back, status="won"))
    assert told(rt, owed, payment).story == "received"


def test_paid_twice_is_told_as_credit(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    first, second = begun(db, owed, opens=False), begun(db, owed, opens=False)
    tell(db, received(first), received(second))
    assert told(rt, owed, second).credit_minor == 100_00


def test_a_bank_debit_that_failed_is_not_called_declined_twice(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    payment = begun(db, owed)
    tell(db, moved(payment, "processing", brand="us_bank_account", last4="6789"))
    tell(db, moved(payment, "failed", failure_code="insufficient_funds", happened_at=NOON + timedelta(days=3)))
    view = told(rt, owed, payment)
    assert (view.story, view.captured_minor, view.failure_code) == ("failed", 0, "insufficient_funds")


def test_a_foreign_payment_does_not_exist(db: Database, rt: Runtime) -> None:
    owed, stranger = someone_owes(db, 100_00), someone_owes(db, 100_00)
    payment = begun(db, stranger)
    with db.transaction() as session:
        neighbour = make_debtor(session, owed.business)
        theirs = make_invoice(session, neighbour, 100_00)
    next_door = start_payment(db, Owed(owed.business, neighbour, owed.link), (theirs, 100_00))
    for public_id in (payment.public_id, next_door.public_id, "made-up", ""):
        with pytest.raises(Refusal) as refused:
            payment_pages.payment_page(rt, owed.access, public_id)
        assert (refused.value.kind, refused.value.code) == ("not_found", "unknown_payment")


def test_a_narrowed_link_opens_only_payments_for_its_own_invoices(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 40_00)
    mine, other = owed.invoices
    both = start_payment(db, owed, (mine, 100_00), (other, 40_00), opens=False)
    only = begun(db, owed, opens=False)
    tell(db, received(only))
    access = narrowed(owed, mine.id)
    seen = payment_pages.payment_page(rt, access, only.public_id)
    assert (seen.left_minor, seen.credit_minor) == (0, 0)
    with pytest.raises(Refusal):
        payment_pages.payment_page(rt, access, both.public_id)
