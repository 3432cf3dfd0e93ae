"""What a debtor's page says is true: sums per currency, discounts, holds, payments under way, and nobody else's."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from portal.db import Database
from portal.runtime import Runtime
from portal.services import account, bookkeeping
from portal.services.account import AccountView
from tests.account.conftest import counted, narrowed
from tests.cast import NOON, Owed, make_debtor, make_invoice, make_link, make_offer, make_runtime, someone_owes
from tests.ledger.stories import moved, received, start_payment, tell
from tests.stage import set_stage

TODAY = date(2026, 11, 10)


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return make_runtime(db, tmp_path)


def page_of(rt: Runtime, owed: Owed) -> AccountView:
    return account.account_page(rt, owed.access, "USD", TODAY)


def test_the_sum_the_lateness_and_the_discount_of_two_invoices(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 608_43)
    with db.transaction() as session:
        planting = make_invoice(session, owed.debtor, 1681_80, due_on=date(2026, 12, 6))
        make_offer(session, planting, 33_64, NOON + timedelta(days=10), basis_points=200)
    view = page_of(rt, owed)
    (dollars,) = view.sums
    assert (dollars.left_minor, dollars.with_discount_minor, dollars.saving_minor) == (2290_23, 2256_59, 33_64)
    assert [invoice.days_late for invoice in dollars.invoices] == [23, 0]
    assert [coming.code for coming in view.coming] == ["discount_ends", "due"]


def test_every_sum_can_be_checked_from_its_lines(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 500_00)
    paid = start_payment(db, owed, (owed.invoices[0], 200_00))
    tell(db, received(paid))
    with db.transaction() as session:
        bookkeeping.charge_fee(session, owed.invoices[0], 11_93, step="late", interest=False,
                               rule="late_fee:200:59650:USD:14", now=NOON)
    (invoice,) = page_of(rt, owed).sums[0].invoices
    made = sum(line.amount_minor + line.tax_minor for line in invoice.lines)
    assert made + sum(movement.amount_minor for movement in invoice.movements) == invoice.left_minor == 311_93


def test_currencies_stand_side_by_side_and_are_never_added(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        make_invoice(session, owed.debtor, 45_00, currency="EUR")
        make_invoice(session, owed.debtor, 900, currency="JPY")
    view = page_of(rt, owed)
    assert [(part.currency, part.left_minor) for part in view.sums] == [("USD", 100_00), ("EUR", 45_00), ("JPY", 900)]


def test_a_discount_ends_to_the_second_and_a_part_payment_uses_it_up(db: Database, tmp_path: Path) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        make_offer(session, owed.invoices[0], 5_00, NOON)
    assert page_of(make_runtime(db, tmp_path, lambda: NOON), owed).sums[0].with_discount_minor == 95_00
    late = make_runtime(db, tmp_path, lambda: NOON + timedelta(microseconds=1))
    assert page_of(late, owed).sums[0].with_discount_minor == 100_00


def test_who_has_paid_sees_that_nothing_is_left(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    tell(db, received(start_payment(db, owed, (owed.invoices[0], 100_00))))
    view = page_of(rt, owed)
    assert view.paid_up and not view.coming and not view.under_way


def test_money_paid_twice_is_credit_that_can_be_asked_back(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    for _ in range(2):
        tell(db, received(start_payment(db, owed, (owed.invoices[0], 100_00), opens=False)))
    view = page_of(rt, owed)
    assert view.paid_up
    assert [(part.credit_minor, part.acts.refund_credit) for part in view.sums] == [(100_00, True)]


def test_what_a_bank_is_moving_cannot_be_paid_again(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 50_00)
    tell(db, moved(start_payment(db, owed, (owed.invoices[0], 100_00)), "processing", brand="us_bank_account"))
    view = page_of(rt, owed)
    assert [(p.state, p.amount_minor) for p in view.under_way] == [("processing", 100_00)]
    assert [invoice.on_its_way for invoice in view.sums[0].invoices] == [True, False]
    assert view.sums[0].acts.pay
    tell(db, moved(start_payment(db, owed, (owed.invoices[1], 50_00)), "processing", intent="pi_second"))
    assert not page_of(rt, owed).sums[0].acts.pay


def test_a_narrowed_link_shows_its_invoices_and_nothing_around_them(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00, 731_17)
    for _ in range(2):
        with db.transaction() as session:
            extra = make_invoice(session, owed.debtor, 10_00, currency="EUR")
        tell(db, received(start_payment(db, owed, (extra, 10_00), opens=False)))
    tell(db, moved(start_payment(db, owed, (owed.invoices[1], 731_17)), "processing"))
    view = account.account_page(rt, narrowed(owed, owed.invoices[0].id), "USD", TODAY)
    assert [invoice.public_id for part in view.sums for invoice in part.invoices] == [owed.invoices[0].public_id]
    assert not view.under_way, "a payment for another invoice is none of this reader's business"
    assert not any(part.credit_minor for part in view.sums)


def test_nobody_sees_another_debtors_account(db: Database, rt: Runtime) -> None:
    owed = someone_owes(db, 100_00)
    with db.transaction() as session:
        other = make_debtor(session, owed.business, name="Omar Haddad")
        make_link(session, other)
        make_invoice(session, other, 777_77, title="Only for Omar")
    assert [i.left_minor for part in page_of(rt, owed).sums for i in part.invoices] == [100_00]
    foreign = narrowed(owed, *range(1, 50))
    view = account.account_page(rt, foreign, "USD", TODAY)
    assert all(i.title != "Only for Omar" for part in view.sums for i in part.invoices)


def test_the_page_of_someone_with_everything_asks_at_most_four_questions(db: Database, tmp_path: Path) -> None:
    stage = set_stage(db, tmp_path, NOON)
    rt = make_runtime(db, tmp_path)
    with counted(db) as asked:
        view = page_of(rt, stage.own.owed)
    assert view.count >= 3 and view.under_way
    assert len(asked) <= 4, "\n\n".join(asked)


def test_ten_times_the_invoices_ask_no_more_questions(db: Database, rt: Runtime) -> None:
    few, many = someone_owes(db, 10_00), someone_owes(db, *[10_00] * 12)
    with counted(db) as of_few:
        page_of(rt, few)
    with counted(db) as of_many:
        page_of(rt, many)
    assert len(of_many) == len(of_few)
