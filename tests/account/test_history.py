"""What has happened on an account: every entry with what it did to which invoice, newest first, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.models import Refund
from portal.runtime import Runtime
from portal.services import bookkeeping
from portal.services.bookkeeping import Part
from portal.services.history import Effect, Entry, history
from portal.services.payments import new_number
from tests.access.visitor import House
from tests.account.conftest import counted, inside, narrowed
from tests.cast import NOON, Owed, make_debtor, make_invoice, make_link, make_offer, make_runtime, someone_owes
from tests.ledger.stories import charged_back, line, moved, received, refunded, start_payment, tell

LATER = NOON + timedelta(days=1)


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return make_runtime(db, tmp_path)


def shown(rt: Runtime, owed: Owed) -> list[Entry]:
    return list(history(rt, owed.access).entries)


def told(entries: list[Entry]) -> list[tuple[str, int]]:
    return [(entry.story or entry.memo, entry.amount_minor) for entry in entries]


def test_a_payment_tells_what_it_did_to_which_invoice(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    first, second = owed.invoices
    paid = start_payment(db, owed, (first, 60_00), (second, 10_00))
    tell(db, received(paid))
    (entry,) = shown(rt, owed)
    assert (entry.story, entry.amount_minor, entry.payment_id, entry.has_receipt) == (
        "received", 70_00, paid.public_id, True)
    assert entry.effects == (Effect(first.number, first.title, -60_00), Effect(second.number, second.title, -10_00))


def test_money_that_found_nothing_to_pay_is_told_as_credit(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00)
    for hour in (0, 1):
        paid = start_payment(db, owed, (owed.invoices[0], 60_00), opens=False)
        tell(db, received(paid, happened_at=NOON + timedelta(hours=hour)))
    newest, oldest = (entry for entry in shown(rt, owed) if entry.story)
    assert newest.effects == (Effect("", "", 60_00),)
    assert oldest.effects == (Effect(owed.invoices[0].number, owed.invoices[0].title, -60_00),)


@pytest.mark.parametrize(("state", "story"), [
    ("created", "asking"), ("unknown", "asking"), ("open", "waiting"), ("announced", "announced"),
    ("processing", "processing"), ("failed", "failed")])
def test_attempts_that_may_move_money_or_failed_are_told(db: Database, rt: Runtime, state: str, story: str) -> None:
    owed = someone_owes(db, 60_00)
    start_payment(db, owed, (owed.invoices[0], 60_00), state=state, opens=False)
    (entry,) = shown(rt, owed)
    assert (entry.story, entry.has_receipt) == (story, False)


@pytest.mark.parametrize("state", ["expired", "canceled"])
def test_attempts_that_came_to_nothing_are_not_told(db: Database, rt: Runtime, state: str) -> None:
    owed = someone_owes(db, 60_00)
    start_payment(db, owed, (owed.invoices[0], 60_00), state=state, opens=False)
    assert shown(rt, owed) == []


def test_refund_chargeback_fee_credit_and_discount_each_have_their_entry(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 50_00)
    first, second = owed.invoices
    with db.transaction() as session:
        offer = make_offer(session, first, 5_00, NOON + timedelta(days=5))
        bookkeeping.charge_fee(session, second, 2_00, step="late", interest=False, rule="late_fee:400:5000:USD:14",
                               now=NOON - timedelta(days=2))
    paid = start_payment(db, owed, (first, 95_00), offer=offer)
    tell(db, received(paid))
    tell(db, refunded(paid, 10_00, happened_at=LATER), now=LATER)
    other = start_payment(db, owed, (second, 52_00), opens=False)
    tell(db, received(other, happened_at=LATER + timedelta(hours=1)), now=LATER + timedelta(hours=1))
    taken = charged_back(other, 52_00, line(other, -52_00, 1500, id="txn_cb", kind="adjustment"))
    tell(db, taken, now=LATER + timedelta(hours=2))
    with db.transaction() as session:
        bookkeeping.credit_note(session, first, 3_00, tax=0, cause="dispute:d1", now=LATER + timedelta(hours=3))
    entries = shown(rt, owed)
    seen = told(entries)
    for expected in (("partly_refunded", 95_00), ("charged_back", 52_00), ("refund", 10_00), ("chargeback", 52_00),
                     ("late_fee:400:5000:USD:14", 2_00), ("discount", -5_00), ("credit", -3_00)):
        assert expected in seen, (expected, seen)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    refund = next(entry for entry in entries if entry.memo == "refund")
    assert refund.effects == (Effect(first.number, first.title, 10_00),) and refund.payment_id == paid.public_id


def test_a_refund_that_was_asked_for_is_told_before_it_leaves(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00)
    paid = start_payment(db, owed, (owed.invoices[0], 60_00))
    tell(db, received(paid))
    with db.transaction() as session:
        session.add(Refund(business_id=owed.business.id, payment_id=paid.id, amount_minor=20_00, currency="USD",
                           mode="reopen", state="pending", created_at=LATER))
    entry = shown(rt, owed)[0]
    assert (entry.memo, entry.amount_minor, entry.payment_id) == ("refund_under_way", 20_00, paid.public_id)
    tell(db, refunded(paid, 20_00, happened_at=LATER), now=LATER)
    assert "refund" in [one.memo for one in shown(rt, owed)]


def test_a_thank_you_credit_that_pays_an_invoice_tells_both_sides(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00)
    with db.transaction() as session:
        bookkeeping.thank(session, owed.debtor, "USD", 7_00, cause="early-1", now=NOON)
    by_memo = {entry.memo: entry for entry in shown(rt, owed)}
    assert by_memo["goodwill"].effects == (Effect("", "", 7_00),)
    assert set(by_memo["credit_used"].effects) == {
        Effect("", "", -7_00), Effect(owed.invoices[0].number, owed.invoices[0].title, -7_00)}
    assert by_memo["credit_used"].amount_minor == -7_00


def test_a_narrowed_link_hears_of_its_own_invoices_only(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    first, second = owed.invoices
    both = start_payment(db, owed, (first, 60_00), (second, 10_00))
    tell(db, received(both))
    tell(db, received(start_payment(db, owed, (second, 30_00))))
    tell(db, refunded(both, 20_00, happened_at=LATER), now=LATER)
    entries = list(history(rt, narrowed(owed, first.id)).entries)
    payments = [entry for entry in entries if entry.story]
    assert [(p.amount_minor, p.payment_id, p.has_receipt) for p in payments] == [(60_00, "", False)]
    assert all(effect.number == first.number for entry in entries for effect in entry.effects)
    assert not any(entry.payment_id for entry in entries)


def test_nothing_of_a_neighbour_or_another_business_is_told(db: Database, rt: Runtime) -> None:
    owed, stranger = someone_owes(db, 60_00), someone_owes(db, 70_00)
    with db.transaction() as session:
        beside = make_debtor(session, owed.business)
        theirs = make_invoice(session, beside, 80_00)
        bookkeeping.thank(session, beside, "USD", 7_00, cause="early-2", now=NOON)
        link = make_link(session, beside)
    neighbour = Owed(owed.business, beside, link, [theirs])
    for other, invoice in ((neighbour, theirs), (stranger, stranger.invoices[0])):
        tell(db, received(start_payment(db, other, (invoice, 5_00))))
    assert shown(rt, owed) == []


def test_a_long_history_is_turned_page_by_page_and_nothing_is_lost(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_000_00)
    total = 230
    with db.transaction() as session:
        for number in range(total):
            # Three at a time happen at the very same moment.
            at = NOON + timedelta(minutes=number // 3)
            bookkeeping.receive_outside(
                session, owed.debtor, [Part(owed.invoices[0], 1_00 + number)], channel="cash", amount=1_00 + number,
                reference="", received_at=at, now=at, number=new_number())
    pages: list[list[Entry]] = []
    before: datetime | None = None
    with counted(db) as asked:
        while True:
            page = history(rt, owed.access, before)
            pages.append(list(page.entries))
            before = page.earlier
            if before is None:
                break
    assert len(asked) <= 10 * len(pages), "the cost of a page does not grow with its entries"
    amounts = [entry.amount_minor for page in pages for entry in page]
    assert len(amounts) == total == len(set(amounts))
    assert [entry.at for page in pages for entry in page] == sorted(
        (entry.at for page in pages for entry in page), reverse=True)
    assert len(pages) == 3 and all(100 <= len(page) <= 102 for page in pages[:2])


def test_the_page_says_it_in_words(house: House) -> None:
    owed = someone_owes(house.db, 60_00)
    paid = start_payment(house.db, owed, (owed.invoices[0], 30_00))
    browser = inside(house, owed.link)
    browser.get("/history")
    assert "Not finished yet" in browser.words and "Receipt as PDF" not in browser.words
    tell(house.db, moved(paid, "processing"))
    browser.get("/history")
    assert "On its way" in browser.words
    tell(house.db, received(paid))
    browser.get("/history")
    assert browser.page is not None and browser.page.status_code == 200
    assert f"Payment {paid.number}" in browser.words and "Received" in browser.words and "−$30.00" in browser.words
    assert f'href="/payments/{paid.public_id}"' in browser.text
    assert f'href="/payments/{paid.public_id}/receipt.pdf"' in browser.text
    assert "Show earlier" not in browser.words
    assert browser.get("/history?before=0").status_code == 200 and "There is nothing before that" in browser.words
    for wrong in ("x", "-1", "9" * 17, "9" * 40, "1.5"):
        assert browser.get(f"/history?before={wrong}").status_code in (200, 404), wrong


def test_the_page_speaks_spanish(house: House) -> None:
    owed = someone_owes(house.db, 60_00, locale="es")
    tell(house.db, received(start_payment(house.db, owed, (owed.invoices[0], 30_00))))
    browser = inside(house, owed.link)
    browser.get("/history")
    assert "Lo que ha ocurrido" in browser.words and "Recibido" in browser.words and "Received" not in browser.words


def test_a_debtor_without_a_past_sees_so(house: House) -> None:
    owed = someone_owes(house.db, 60_00)
    browser = inside(house, owed.link)
    browser.get("/history")
    assert "Nothing yet" in browser.words
