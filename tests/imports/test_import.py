"""Importing invoices: what a business finds afterwards, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import AuditEvent, Debtor, Hold, Invoice, InvoiceLine, LedgerTransfer, Payment, PaymentInvoice
from portal.runtime import Runtime
from portal.services import bookkeeping, ledger, links
from portal.services.bookkeeping import Part
from portal.services.imports import ImportReport
from tests import cast
from tests.imports.files import HEADER, assert_books_are_right, business, everything, faults, table, take_in

PEOPLE = HEADER + ",Name,Email,Phone,Zip,Country,Language,Description,Customer type"


@pytest.fixture
def clock() -> cast.Clock:
    return cast.Clock()


@pytest.fixture
def rt(db: Database, tmp_path: Path, clock: cast.Clock) -> Runtime:
    return cast.make_runtime(db, tmp_path, clock)


def left(db: Database, number: str) -> int:
    with db.reading() as session:
        invoice = session.scalars(select(Invoice).where(Invoice.number == number)).one()
        return ledger.left_by_invoice(session, invoice.business_id, invoice.debtor_id)[invoice.id]


def debtor(db: Database, number: str) -> Debtor:
    with db.reading() as session:
        return session.scalars(select(Debtor).where(Debtor.number == number)).one()


def test_an_open_invoice_is_owed_with_its_leading_zeros(db: Database, rt: Runtime) -> None:
    owner = business(db)
    report = take_in(rt, owner, table("007,00042,2026-10-01,2026-10-31,1234.56"))
    assert (report.rows, report.new, report.settled, report.new_debtors, report.booked) == (1, 1, 0, 1, True)
    assert left(db, "00042") == 1234_56
    found = debtor(db, "007")
    assert (found.name, found.kind, found.email, found.identity_fact) == ("007", "consumer", None, "none")
    assert cast.balances(db, owner.id) == {"receivable invoice:1 USD": 1234_56, "sales USD": -1234_56}
    assert assert_books_are_right(rt) == 1


@pytest.mark.parametrize("header", ["kind", "Type", "customer kind"])
def test_the_kind_of_a_customer_is_what_the_file_says_and_else_the_protected_one(
        db: Database, rt: Runtime, header: str) -> None:
    owner = business(db)
    report = take_in(rt, owner, table(
        "1,A1,2026-10-01,2026-10-31,10,consumer", "2,A2,2026-10-01,2026-10-31,10,Business",
        "3,A3,2026-10-01,2026-10-31,10,person", "4,A4,2026-10-01,2026-10-31,10,company",
        "5,A5,2026-10-01,2026-10-31,10,", header=f"{HEADER},{header}"))
    kinds = [debtor(db, number).kind for number in "12345"]
    assert kinds == ["consumer", "business", "consumer", "business", "consumer"]
    assert (report.new_consumers, report.new_businesses, report.kinds_assumed) == (3, 2, 1)


def test_a_type_of_documents_tells_nothing_of_customers(db: Database, rt: Runtime) -> None:
    report = take_in(rt, business(db), table("1,A1,2026-10-01,2026-10-31,10,Invoice", header=f"{HEADER},Type"))
    assert (report.new, report.kinds_assumed, report.mapping["document"]) == (1, 1, "Type")


def test_a_customer_is_known_by_what_the_file_tells(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table(
        "1,A1,2026-10-01,2026-10-31,10,Ana Ruiz,,,,,,,",
        "1,A2,2026-10-01,2026-10-31,10,,ana@debtor.example,+1 503 555 0142,97301,US,es,Garden wall,consumer",
        "2,A3,2026-10-01,2026-10-31,10,Bo,,503-555-0199,,,,,",
        "3,A4,2026-10-01,2026-10-31,10,Cy,,17,,,,,", header=PEOPLE))
    ana, bo, cy = debtor(db, "1"), debtor(db, "2"), debtor(db, "3")
    assert (ana.name, ana.email, ana.kind, ana.locale) == ("Ana Ruiz", "ana@debtor.example", "consumer", "es")
    assert (ana.identity_fact, bo.identity_fact, cy.identity_fact) == ("postal_code", "phone_last4", "none")
    assert bo.locale == owner.locale
    with db.reading() as session:
        lines = session.execute(select(InvoiceLine.description, InvoiceLine.amount_minor)).all()
    assert [tuple(line) for line in lines] == [("Garden wall", 1000)]


def test_an_imported_debtor_without_email_can_be_sent_a_link(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-10-01,2026-10-31,10"))
    with db.transaction() as session:
        known = session.scalars(select(Debtor).where(Debtor.business_id == owner.id)).one()
        assert links.create(session, rt.now(), known).debtor_id == known.id


def test_a_settled_invoice_arrives_paid_on_its_day_at_noon_where_the_business_is(db: Database, rt: Runtime) -> None:
    owner = business(db, timezone="America/Los_Angeles")
    report = take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,80.50,2026-10-05", header=HEADER + ",Settled"))
    assert (report.new, report.settled, report.partly_paid) == (1, 1, 0)
    with db.reading() as session:
        payment = session.scalars(select(Payment)).one()
        part = session.scalars(select(PaymentInvoice)).one()
        transfer = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "manual_payment")).one()
    noon = datetime(2026, 10, 5, 19, 0, tzinfo=UTC)
    assert (payment.channel, payment.state, payment.captured_minor) == ("transfer", "succeeded", 8050)
    assert payment.received_at == transfer.happened_at == noon
    assert (part.amount_minor, part.open, transfer.memo) == (8050, False, "imported_payment")
    assert left(db, "A1") == 0
    assert cast.balances(db, owner.id) == {"bank USD": 8050, "sales USD": -8050}
    assert assert_books_are_right(rt) == 2


def test_a_part_that_was_paid_counts_from_the_day_of_the_import(db: Database, rt: Runtime) -> None:
    owner = business(db)
    report = take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,100,70", header=HEADER + ",Balance"))
    assert (report.settled, report.partly_paid) == (0, 1)
    assert left(db, "A1") == 7000
    with db.reading() as session:
        assert session.scalars(select(Payment.received_at)).one() == rt.now()
    assert_books_are_right(rt)


def test_an_open_disputed_invoice_is_held_and_a_settled_one_is_not(db: Database, rt: Runtime) -> None:
    owner = business(db)
    report = take_in(rt, owner, table(
        "1,A1,2026-09-01,2026-10-01,10,Yes,", "1,A2,2026-09-01,2026-10-01,10,Yes,2026-10-05",
        "1,A3,2026-09-01,2026-10-01,10,No,", header=HEADER + ",Disputed,Settled"))
    assert report.holds == 1
    with db.reading() as session:
        hold, number = session.execute(
            select(Hold, Invoice.number).join(Invoice, Invoice.id == Hold.invoice_id)).one()
    assert number == "A1" and hold.cause == "import" and hold.released_at is None
    assert hold.reminders and hold.fees and hold.autopay and hold.discount_clock


@pytest.mark.parametrize(("currency", "amount", "minor"), [("JPY", "1000", 1000), ("EUR", "10.50", 1050),
                                                           ("KWD", "1.230", 1230)])
def test_amounts_follow_the_decimals_of_their_currency(
        db: Database, rt: Runtime, currency: str, amount: str, minor: int) -> None:
    owner = business(db, currency=currency)
    rows = table(f"1,A1,2026-09-01,2026-10-01,{amount},", f"1,A2,2026-09-01,2026-10-01,{amount},2026-10-05",
                 header=HEADER + ",Settled")
    take_in(rt, owner, rows, decimal=".")
    assert left(db, "A1") == minor
    assert cast.balances(db, owner.id) == {
        f"receivable invoice:1 {currency}": minor, f"bank {currency}": minor, f"sales {currency}": -2 * minor}
    assert_books_are_right(rt)


def test_one_file_may_hold_several_currencies(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10,EUR", "1,A2,2026-09-01,2026-10-01,500,JPY",
                             "1,A3,2026-09-01,2026-10-01,10,", header=HEADER + ",Currency"))
    assert cast.balances(db, owner.id) == {
        "receivable invoice:1 EUR": 1000, "sales EUR": -1000, "receivable invoice:2 JPY": 500, "sales JPY": -500,
        "receivable invoice:3 USD": 1000, "sales USD": -1000}


MIXED = table("1,A1,2026-09-01,2026-10-01,10,Yes,", "1,A2,2026-09-01,2026-10-01,20,Yes,2026-10-05",
              "2,A3,2026-09-01,2026-10-01,30,No,", header=HEADER + ",Disputed,Settled")


def test_a_dry_run_tells_all_and_writes_nothing(db: Database, rt: Runtime) -> None:
    owner = business(db)
    before = everything(db)
    report = take_in(rt, owner, MIXED, dry_run=True)
    assert (report.new, report.settled, report.holds, report.new_debtors, report.booked) == (3, 1, 1, 2, False)
    assert everything(db) == before


def test_the_same_file_twice_changes_nothing(db: Database, rt: Runtime, clock: cast.Clock) -> None:
    owner = business(db)
    take_in(rt, owner, MIXED)
    before = everything(db)
    clock.pass_time(days=3)
    report = take_in(rt, owner, MIXED)
    assert (report.new, report.unchanged, report.errors, report.booked) == (0, 3, (), False)
    assert everything(db) == before


def test_one_import_is_one_line_in_the_audit_trail_without_a_name(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-10-01,2026-10-31,10,Ana Ruiz,ana@debtor.example,,,,,,", header=PEOPLE))
    with db.reading() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert (event.act, event.business_id, event.details["new"], event.actor_kind) == (
        "invoices.imported", owner.id, 1, "cli")
    assert "Ana" not in str(event.details) and "ana@" not in str(event.details)


def test_one_bad_row_and_no_row_is_taken(db: Database, rt: Runtime) -> None:
    owner = business(db)
    before = everything(db)
    report = take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10", "1,A2,2026-09-01,2026-10-01,ten",
                                      "1,A3,2026-13-01,2026-10-01,10", "2" * 65 + ",A4,2026-09-01,2026-10-01,10"))
    assert faults(report) == [(3, "Amount", "amount_not_a_number"), (4, "Invoice date", "date_unreadable"),
                              (5, "Customer ID", "cell_too_long")]
    assert report.rows == 4 and not report.booked
    assert everything(db) == before


@pytest.mark.parametrize(("changed", "column"), [
    ("2,A1,2026-09-01,2026-10-01,10,USD", "Customer ID"), ("1,A1,2026-09-01,2026-10-01,10,EUR", "Currency")])
def test_a_number_that_is_another_debt_is_named_with_its_column(
        db: Database, rt: Runtime, changed: str, column: str) -> None:
    owner = business(db)
    header = HEADER + ",Currency"
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10,USD", header=header))
    before = everything(db)
    report = take_in(rt, owner, table("1,A0,2026-09-01,2026-10-01,10,", changed, header=header))
    assert faults(report) == [(3, column, "invoice_differs")]
    assert everything(db) == before


def test_a_file_that_lags_behind_the_portal_is_no_contradiction(
        db: Database, rt: Runtime, clock: cast.Clock) -> None:
    """Paid here after the first import: the old file and one that knows of the payment are both unchanged."""
    owner = business(db)
    header = HEADER + ",Settled"
    open_row = table("1,A1,2026-09-01,2026-10-01,10,", header=header)
    take_in(rt, owner, open_row)
    with db.transaction() as session:
        invoice = session.scalars(select(Invoice)).one()
        bookkeeping.receive_outside(
            session, session.get_one(Debtor, invoice.debtor_id), [Part(invoice, 1000)], channel="cash", amount=1000,
            reference="", received_at=clock.now, now=clock.now, number="P-1")
    assert take_in(rt, owner, open_row).unchanged == 1
    assert take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10,2026-11-09", header=header)).unchanged == 1


def test_a_hold_that_staff_released_does_not_come_back(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, MIXED)
    with db.transaction() as session:
        session.execute(update(Hold).values(released_at=rt.now()))
    assert take_in(rt, owner, MIXED).unchanged == 3
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Hold)) == 1


def test_details_of_a_known_debtor_are_kept_and_that_is_said(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-10-01,2026-10-31,10,Ana Ruiz,ana@debtor.example,,,,,,", header=PEOPLE))
    report = take_in(rt, owner, table("1,A2,2026-10-01,2026-10-31,10,Ana,other@debtor.example,,,,,,", header=PEOPLE))
    assert [note.code for note in report.notes] == ["debtor_details_kept"]
    assert (report.new, report.new_debtors, debtor(db, "1").email) == (1, 0, "ana@debtor.example")


def test_credit_pays_what_is_imported_next(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10"))
    with db.transaction() as session:
        known = session.scalars(select(Debtor)).one()
        bookkeeping.thank(session, known, "USD", 1500, cause="kindness", now=rt.now())
    take_in(rt, owner, table("1,A2,2026-09-01,2026-10-01,20", "1,A3,2026-09-01,2026-10-02,20"))
    assert (left(db, "A1"), left(db, "A2"), left(db, "A3")) == (0, 1500, 2000)
    assert_books_are_right(rt)


def test_two_businesses_may_use_the_same_numbers(db: Database, rt: Runtime) -> None:
    first, second = business(db), business(db)
    for owner in (first, second):
        assert take_in(rt, owner, MIXED).new == 3
    assert cast.balances(db, first.id)["sales USD"] == cast.balances(db, second.id)["sales USD"] == -6000


def test_the_books_tell_when_an_invoice_was_issued(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10"))
    with db.reading() as session:
        transfer = session.scalars(select(LedgerTransfer)).one()
    assert transfer.happened_at.date() == date(2026, 9, 1)
    assert transfer.recorded_at - rt.now() == timedelta(0)


def test_an_unknown_business_is_refused(rt: Runtime, db: Database) -> None:
    owner = business(db)
    owner.slug = "nobody"
    with pytest.raises(Refusal) as refused:
        take_in(rt, owner, MIXED)
    assert (refused.value.kind, refused.value.code) == ("not_found", "unknown_business")


def test_two_imports_of_one_file_at_once_take_it_in_once(db: Database, rt: Runtime) -> None:
    owner = business(db)
    take_in(rt, owner, table("1,OLD,2026-09-01,2026-10-01,10"))
    data = table(*(f"{n % 7},N{n},2026-09-01,2026-10-01,{n + 1}" for n in range(150)))
    start, reports, problems = threading.Barrier(3), [], []

    def work() -> None:
        try:
            start.wait(30)
            reports.append(take_in(rt, owner, data))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert sorted(_outcome(report) for report in reports) == [(0, 150), (0, 150), (150, 0)]
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Invoice)) == 151
        assert session.scalar(select(func.count()).select_from(Debtor)) == 7
    assert assert_books_are_right(rt) == 151


def _outcome(report: ImportReport) -> tuple[int, int]:
    return report.new, report.unchanged
