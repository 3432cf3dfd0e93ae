"""Worked examples a bookkeeper can read: each row of the ledger's table, told as it happens in a shop."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.ledger import SUSPENSE, Entry, own, receivable
from portal.domain.money_facts import PaidOut
from portal.models import Invoice, LedgerTransfer, Refund, SuspenseItem
from portal.services import bookkeeping, ledger
from portal.services.bookkeeping import Part
from tests.cast import NOON, Owed, balances, make_invoice, make_offer, someone_owes
from tests.ledger.stories import assert_sound, charged_back, line, moved, received, refunded, start_payment, tell


def left(owed: Owed, index: int = 0) -> str:
    return f"receivable invoice:{owed.invoices[index].id} USD"


def credit(owed: Owed) -> str:
    return f"debtor_credit debtor:{owed.debtor.id} USD"


def test_an_invoice_is_issued(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 608_43)
    assert balances(db, owed.business.id) == {left(owed): 608_43, "sales USD": -608_43}
    assert_sound(db, tmp_path)


def test_a_late_fee_and_interest_are_added_once_and_can_be_waived(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 596_50)
    with db.transaction() as session:
        invoice = session.get_one(Invoice, owed.invoices[0].id)
        for added in (True, False):
            assert bookkeeping.charge_fee(
                session, invoice, 11_93, step="late", interest=False, rule="late_fee", now=NOON) is added
        assert bookkeeping.charge_fee(session, invoice, 1_00, step="2026-11", interest=True, rule="interest", now=NOON)
    assert balances(db, owed.business.id) == {
        left(owed): 609_43, "sales USD": -596_50, "fee_income USD": -11_93, "interest_income USD": -1_00}
    with db.transaction() as session:
        fee = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "fee")).one()
        bookkeeping.waive_fee(session, fee, now=NOON)
    assert balances(db, owed.business.id)[left(owed)] == 597_50
    assert "fee_income USD" not in balances(db, owed.business.id)
    assert_sound(db, tmp_path)


def test_a_payment_for_two_invoices_arrives_with_its_fee(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    payment = start_payment(db, owed, (owed.invoices[0], 60_00), (owed.invoices[1], 40_00))
    tell(db, received(payment), line(payment, 100_00, 3_20))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 96_80, "processing_fees USD": 3_20}
    assert_sound(db, tmp_path)


def test_money_paid_twice_becomes_credit_and_pays_the_next_invoice(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    first = start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)
    second = start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)
    tell(db, received(first), received(second))
    assert balances(db, owed.business.id)[credit(owed)] == -100_00
    with db.transaction() as session:
        owed.invoices.append(make_invoice(session, owed.debtor, 60_00))
    assert balances(db, owed.business.id) == {
        "sales USD": -160_00, "stripe_clearing USD": 200_00, credit(owed): -40_00}
    assert_sound(db, tmp_path)


def test_a_payment_of_the_wrong_sum_closes_nothing_and_waits_in_suspense(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 2_000_00)
    payment = start_payment(db, owed, (owed.invoices[0], 2_000_00))
    assert tell(db, received(payment, amount=1_00)) == ["mismatch"]
    assert tell(db, received(payment, amount=1_00)) == ["mismatch"]
    assert balances(db, owed.business.id) == {
        left(owed): 2_000_00, "sales USD": -2_000_00, "stripe_clearing USD": 1_00, "suspense USD": -1_00}
    with db.transaction() as session:
        item = session.scalars(select(SuspenseItem)).one()
        bookkeeping.resolve_suspense(session, item, session.get_one(Invoice, owed.invoices[0].id), now=NOON)
    assert balances(db, owed.business.id)[left(owed)] == 1_999_00
    assert "suspense USD" not in balances(db, owed.business.id)


@pytest.mark.parametrize("late_first", [False, True])
def test_money_that_was_looked_for_stays_where_it_was_put(db: Database, tmp_path: Path, late_first: bool) -> None:
    owed = someone_owes(db, 100_00)

    def bill(minor: int, due_on: date) -> None:
        with db.transaction() as session:
            owed.invoices.append(make_invoice(session, owed.debtor, minor, due_on=due_on))

    later = owed.invoices[0].due_on + timedelta(days=9)
    bill(50_00, later)
    fence = owed.invoices[1]
    tell(db, received(start_payment(db, owed, (fence, 50_00)), amount=70_00))
    if late_first:
        bill(10_00, later)
    with db.transaction() as session:
        item = session.scalars(select(SuspenseItem)).one()
        bookkeeping.resolve_suspense(session, item, session.get_one(Invoice, fence.id), now=NOON)
    # What Fence has no room for pays what is due earlier, at once and not only with the next fact.
    assert balances(db, owed.business.id)[left(owed)] == 80_00
    if not late_first:
        bill(10_00, later)
    with db.reading() as session:
        found = ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)
    assert [found[one.id] for one in owed.invoices] == [80_00, 0, 10_00]
    assert_sound(db, tmp_path)


def test_money_that_was_looked_for_comes_back_to_what_it_was_for(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        owed.invoices.append(make_invoice(session, owed.debtor, 50_00, due_on=owed.invoices[0].due_on
                                          + timedelta(days=9)))
    fence = owed.invoices[1]
    first, stray = start_payment(db, owed, (fence, 50_00)), start_payment(db, owed, (fence, 50_00), opens=False)
    tell(db, received(first), received(stray, amount=50_01))
    with db.transaction() as session:
        item = session.scalars(select(SuspenseItem)).one()
        bookkeeping.resolve_suspense(session, item, session.get_one(Invoice, fence.id), now=NOON + timedelta(days=1))
    assert balances(db, owed.business.id)[left(owed)] == 49_99
    taken = line(first, -50_00, 0, id="txn_3", source="du_1", kind="adjustment")
    tell(db, charged_back(first, 50_00, taken), now=NOON + timedelta(days=2))
    with db.reading() as session:
        found = ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)
    assert [found[one.id] for one in owed.invoices] == [99_99, 0]
    assert_sound(db, tmp_path)


def test_money_applied_before_its_key_named_an_invoice_stays_credit(db: Database, tmp_path: Path) -> None:
    # The money's own number is the number of an invoice as well, and of one that is due later than others.
    owed = someone_owes(db, 10_00, 50_00)
    with db.transaction() as session:
        session.get_one(Invoice, owed.invoices[0].id).due_on += timedelta(days=60)
    tell(db, received(start_payment(db, owed, (owed.invoices[1], 50_00)), amount=60_00))
    with db.transaction() as session:
        item = session.scalars(select(SuspenseItem)).one()
        assert item.id == owed.invoices[0].id
        item.resolved_at = NOON
        ledger.post(session, owed.business.id, [Entry(
            own(SUSPENSE, "USD"), receivable(owed.invoices[1].id, owed.debtor.id, "USD"), 60_00, "suspense_applied",
            f"suspense:{item.id}", "suspense", item.payment_intent, NOON)], now=NOON)
    with db.transaction() as session:
        owed.invoices.append(make_invoice(session, owed.debtor, 15_00, due_on=owed.invoices[1].due_on))
    with db.reading() as session:
        found = ledger.left_by_invoice(session, owed.business.id, owed.debtor.id)
    assert [found[one.id] for one in owed.invoices] == [10_00, 0, 5_00]
    assert_sound(db, tmp_path)


def test_suspense_money_is_refunded_at_stripe(db: Database) -> None:
    owed = someone_owes(db, 50_00)
    payment = start_payment(db, owed, (owed.invoices[0], 50_00))
    tell(db, received(payment, currency="EUR"), line(payment, 54_00, 1_50, currency="USD"),
         refunded(payment, 50_00), line(payment, -54_00, 0, id="txn_2", source="re_1", kind="refund"))
    found = balances(db, owed.business.id)
    assert found[left(owed)] == 50_00
    assert "suspense EUR" not in found


def test_an_early_pay_discount_is_booked_when_the_money_arrives(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 1_681_80)
    with db.transaction() as session:
        offer = make_offer(session, owed.invoices[0], 33_64, NOON + timedelta(days=10))
    payment = start_payment(db, owed, (owed.invoices[0], 1_648_16), offer=offer)
    tell(db, moved(payment, "processing"))
    assert balances(db, owed.business.id)[left(owed)] == 1_681_80
    tell(db, received(payment, happened_at=NOON + timedelta(days=14)), now=NOON + timedelta(days=14))
    assert balances(db, owed.business.id) == {
        "sales USD": -1_681_80, "stripe_clearing USD": 1_648_16, "discounts_allowed USD": 33_64}
    assert_sound(db, tmp_path)


def test_the_rest_forgiven_by_a_settlement_comes_with_its_payment(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 1_000_00)
    with db.transaction() as session:
        offer = make_offer(session, owed.invoices[0], 400_00, NOON + timedelta(days=10), kind="settlement")
    payment = start_payment(db, owed, (owed.invoices[0], 600_00), offer=offer)
    tell(db, received(payment))
    assert balances(db, owed.business.id) == {
        "sales USD": -1_000_00, "stripe_clearing USD": 600_00, "settlements_allowed USD": 400_00}
    assert_sound(db, tmp_path)


def test_an_upheld_dispute_credits_the_invoice_and_its_tax(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 120_00)
    with db.transaction() as session:
        invoice = session.get_one(Invoice, owed.invoices[0].id)
        bookkeeping.credit_note(session, invoice, 60_00, tax=10_00, cause="dispute:7", now=NOON)
    assert balances(db, owed.business.id) == {
        left(owed): 60_00, "sales USD": -120_00, "credit_notes USD": 50_00, "tax_payable USD": 10_00}
    assert_sound(db, tmp_path)


def test_a_credit_note_on_a_paid_invoice_becomes_the_debtors_credit(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 120_00)
    payment = start_payment(db, owed, (owed.invoices[0], 120_00))
    tell(db, received(payment))
    with db.transaction() as session:
        invoice = session.get_one(Invoice, owed.invoices[0].id)
        bookkeeping.credit_note(session, invoice, 20_00, tax=0, cause="dispute:7", now=NOON)
    assert balances(db, owed.business.id)[credit(owed)] == -20_00
    assert_sound(db, tmp_path)


def test_a_bad_debt_is_written_off(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 75_00)
    with db.transaction() as session:
        bookkeeping.write_off(session, session.get_one(Invoice, owed.invoices[0].id), cause="1", now=NOON)
    assert balances(db, owed.business.id) == {"sales USD": -75_00, "bad_debt USD": 75_00}
    assert_sound(db, tmp_path)


def test_a_check_with_too_much_on_it_bounces(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 75_00)
    with db.transaction() as session:
        part = Part(session.get_one(Invoice, owed.invoices[0].id), 75_00)
        check = bookkeeping.receive_outside(
            session, owed.debtor, [part], channel="check", amount=80_00, reference="check 114", received_at=NOON,
            now=NOON, number="P-TEST-0001")
    assert balances(db, owed.business.id) == {"sales USD": -75_00, "bank USD": 80_00, credit(owed): -5_00}
    with db.transaction() as session:
        bookkeeping.bounce_outside(session, session.merge(check), happened_at=NOON, now=NOON)
    assert balances(db, owed.business.id) == {"sales USD": -75_00, left(owed): 75_00}
    assert_sound(db, tmp_path)


def test_a_refund_reopens_what_it_had_paid(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    payment = start_payment(db, owed, (owed.invoices[0], 60_00), (owed.invoices[1], 40_00))
    tell(db, received(payment), refunded(payment, 50_00))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 50_00, left(owed, 0): 10_00, left(owed, 1): 40_00}
    assert_sound(db, tmp_path)


def test_a_surplus_is_refunded_out_of_credit(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    first = start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)
    second = start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)
    tell(db, received(first), received(second))
    with db.transaction() as session:
        session.add(Refund(business_id=owed.business.id, payment_id=second.id, amount_minor=100_00, currency="USD",
                           mode="credit", state="requested", created_at=NOON, public_id="our-refund"))
    tell(db, refunded(second, 100_00, our_refund="our-refund"))
    assert balances(db, owed.business.id) == {"sales USD": -100_00, "stripe_clearing USD": 100_00}
    assert_sound(db, tmp_path)


def test_a_refund_that_fails_later_goes_back_where_it_came_from(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(payment), refunded(payment, 100_00))
    assert balances(db, owed.business.id)[left(owed)] == 100_00
    tell(db, refunded(payment, 100_00, status="failed"))
    assert balances(db, owed.business.id) == {"sales USD": -100_00, "stripe_clearing USD": 100_00}
    assert_sound(db, tmp_path)


def test_a_refund_fails_after_the_debtor_paid_again(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(payment), refunded(payment, 100_00))
    again = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(again), refunded(payment, 100_00, status="failed"))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 200_00, credit(owed): -100_00}
    assert_sound(db, tmp_path)


def test_a_chargeback_reopens_the_invoice_and_takes_back_its_discount(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        offer = make_offer(session, owed.invoices[0], 2_00, NOON + timedelta(days=10))
    payment = start_payment(db, owed, (owed.invoices[0], 98_00), offer=offer)
    withdrawn = line(payment, -98_00, 15_00, id="txn_d", source="du_1", kind="adjustment")
    reinstated = line(payment, 98_00, -15_00, id="txn_r", source="du_1", kind="adjustment")
    tell(db, received(payment), charged_back(payment, 98_00, withdrawn))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, left(owed): 100_00, "stripe_clearing USD": -15_00, "chargeback_fees USD": 15_00}
    tell(db, charged_back(payment, 98_00, withdrawn, reinstated, status="won"))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 98_00, "discounts_allowed USD": 2_00}
    assert_sound(db, tmp_path)


def test_a_chargeback_is_won_after_the_debtor_paid_again(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    withdrawn = line(payment, -100_00, 15_00, id="txn_d", source="du_1", kind="adjustment")
    reinstated = line(payment, 100_00, 0, id="txn_r", source="du_1", kind="adjustment")
    tell(db, received(payment), charged_back(payment, 100_00, withdrawn))
    again = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(again), charged_back(payment, 100_00, withdrawn, reinstated, status="won"))
    assert balances(db, owed.business.id) == {
        "sales USD": -100_00, "stripe_clearing USD": 185_00, "chargeback_fees USD": 15_00, credit(owed): -100_00}
    assert_sound(db, tmp_path)


def test_a_payout_reaches_the_bank_and_another_comes_back(db: Database) -> None:
    owed = someone_owes(db, 100_00)
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(payment), line(payment, 100_00, 3_20))
    tell(db, PaidOut("", NOON, "po_1", 96_80, "USD", "paid"))
    assert balances(db, owed.business.id)["bank USD"] == 96_80
    tell(db, PaidOut("", NOON, "po_1", 96_80, "USD", "failed"), PaidOut("", NOON, "po_1", 96_80, "USD", "paid"))
    found = balances(db, owed.business.id)
    assert "bank USD" not in found
    assert found["stripe_clearing USD"] == 96_80


def test_euros_are_settled_as_dollars(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00, currency="EUR")
    payment = start_payment(db, owed, (owed.invoices[0], 100_00))
    tell(db, received(payment), line(payment, 108_00, 3_43, currency="USD"))
    assert balances(db, owed.business.id) == {
        "sales EUR": -100_00, "exchange EUR": 100_00, "exchange USD": -108_00, "stripe_clearing USD": 104_57,
        "processing_fees USD": 3_43}
    tell(db, refunded(payment, 50_00),
         line(payment, -54_00, 0, id="txn_2", currency="USD", source="re_1", kind="refund"))
    assert balances(db, owed.business.id)["stripe_clearing USD"] == 50_57
    assert "stripe_clearing EUR" not in balances(db, owed.business.id)
    assert_sound(db, tmp_path)


def test_a_thank_you_credit_pays_what_is_open(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        bookkeeping.thank(session, owed.debtor, "USD", 5_00, cause="1", now=NOON)
    assert balances(db, owed.business.id) == {"sales USD": -100_00, "goodwill USD": 5_00, left(owed): 95_00}
    assert_sound(db, tmp_path)


def test_a_mistaken_entry_is_corrected_by_its_mirror_once(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 75_00)
    with db.transaction() as session:
        bookkeeping.write_off(session, session.get_one(Invoice, owed.invoices[0].id), cause="1", now=NOON)
    with db.transaction() as session:
        mistake = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "write_off")).one()
        bookkeeping.correct(session, mistake, now=NOON)
    assert balances(db, owed.business.id) == {"sales USD": -75_00, left(owed): 75_00}
    assert_sound(db, tmp_path)
