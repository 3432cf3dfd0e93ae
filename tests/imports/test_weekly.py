"""The same export every week: what is new, changed, gone or as before is shown as that, and nothing is assumed."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import (
    AuditEvent,
    Business,
    Debtor,
    Hold,
    ImportFinding,
    ImportRun,
    Invoice,
    LedgerTransfer,
    Payment,
)
from portal.runtime import Runtime
from portal.services import bookkeeping, import_answers, import_files, import_known, import_staging, imports, ledger
from portal.services.bookkeeping import Part
from portal.services.import_reports import Changed, ImportReport
from tests import cast
from tests.imports.files import assert_books_are_right, business, everything, shared_file, table, take_in
from tests.office.people import make_staff

HEADER = "Country,Customer ID,Invoice no.,Invoice date,Due date,Amount,Disputed,Settled,Bill by"
FIRST = table(
    "818,C-1,A1,8/3/2026,9/2/2026,59.44,No,9/20/2026,Paper", "818,C-1,A2,9/4/2026,10/4/2026,80.68,No,,Paper",
    "391,C-2,A3,9/6/2026,10/6/2026,48.45,Yes,,Paper", "391,C-2,A4,9/12/2026,10/12/2026,63.03,No,,Electronic",
    "391,C-3,A5,9/13/2026,10/13/2026,100,No,,Paper", "391,C-3,A6,9/14/2026,10/14/2026,30,No,,Paper", header=HEADER)
# A1 was settled before and is gone; A2 and A4 were settled since; A5 is another amount; A6 is gone and open; A7 is new.
SECOND = table(
    "818,C-1,A2,9/4/2026,10/4/2026,80.68,No,11/5/2026,Paper", "391,C-2,A3,9/6/2026,10/6/2026,48.45,Yes,,Paper",
    "391,C-2,A4,9/12/2026,10/12/2026,63.03,No,11/6/2026,Electronic", "391,C-3,A5,9/13/2026,10/13/2026,90,No,,Paper",
    "406,C-4,A7,11/1/2026,12/1/2026,12.50,No,,Paper", header=HEADER)


@pytest.fixture
def rt(db: Database, tmp_path: Path) -> Runtime:
    return cast.make_runtime(db, tmp_path, cast.Clock(datetime(2026, 11, 24, 20, tzinfo=UTC)))


@pytest.fixture
def owner(db: Database) -> Business:
    return business(db)


def manager(db: Database, owner: Business) -> StaffAccess:
    with db.transaction() as session:
        staff = make_staff(session, owner, "manager")
    return StaffAccess(owner.id, staff.id, staff.public_id, "manager", 0)


def left(db: Database, number: str) -> int:
    with db.reading() as session:
        invoice = session.scalars(select(Invoice).where(Invoice.number == number)).one()
        return ledger.left_by_invoice(session, invoice.business_id, invoice.debtor_id)[invoice.id]


def findings(db: Database, state: str = "open") -> dict[tuple[str, str], ImportFinding]:
    with db.reading() as session:
        rows = session.execute(
            select(ImportFinding, Invoice.number).outerjoin(Invoice, Invoice.id == ImportFinding.invoice_id)
            .where(ImportFinding.state == state))
        return {(one.kind, number or one.reference): one for one, number in rows}


def held(db: Database) -> set[str]:
    """Numbers of invoices of which nobody is reminded now."""
    with db.reading() as session:
        return set(session.scalars(select(Invoice.number).join(Hold, Hold.invoice_id == Invoice.id).where(
            Hold.released_at.is_(None), Hold.reminders)))


def counts(report: ImportReport) -> tuple[int, ...]:
    return (report.new, report.changed, report.gone, report.gone_open, report.settled_since, report.unchanged)


def test_the_second_file_shows_each_invoice_for_what_it_is(db: Database, rt: Runtime, owner: Business) -> None:
    first = take_in(rt, owner, FIRST)
    assert counts(first) == (6, 0, 0, 0, 0, 0) and set(findings(db)) == {("disputed", "A3")}
    money = left(db, "A2"), left(db, "A4"), left(db, "A6")
    report = take_in(rt, owner, SECOND)
    assert report.errors == () and counts(report) == (1, 1, 2, 1, 2, 1)
    assert report.changes == (Changed("A5", "C-3", "USD", 100_00, 90_00),)
    # Nothing that the file implies was assumed, and nobody is reminded of it.
    assert (left(db, "A2"), left(db, "A4"), left(db, "A6")) == money
    assert set(findings(db)) == {("disputed", "A3"), ("paid", "A2"), ("paid", "A4"), ("gone", "A6")}
    assert held(db) == {"A2", "A3", "A4", "A6"}
    # The changed amount is a transfer of its own beside what was issued.
    assert left(db, "A5") == 9000
    with db.reading() as session:
        moved = session.scalars(select(LedgerTransfer).where(LedgerTransfer.kind == "issue_corrected")).one()
        assert session.scalars(select(Invoice.total_minor).where(Invoice.number == "A5")).one() == 10000
    assert (moved.amount, moved.memo) == (1000, "issue_corrected")
    before = everything(db)
    again = take_in(rt, owner, SECOND)
    assert counts(again) == (0, 0, 0, 0, 0, 5) and not again.booked and everything(db) == before
    assert_books_are_right(rt)


def test_what_is_confirmed_stands_in_the_books_and_what_is_declined_is_not_asked_again(
        db: Database, rt: Runtime, owner: Business) -> None:
    take_in(rt, owner, FIRST)
    take_in(rt, owner, SECOND)
    access, told = manager(db, owner), findings(db)
    assert import_answers.answer(rt, access, told["paid", "A2"].public_id, "confirm").amount == 8068
    import_answers.answer(rt, access, told["paid", "A4"].public_id, "decline")
    import_answers.answer(rt, access, told["gone", "A6"].public_id, "credited")
    import_answers.answer(rt, access, told["disputed", "A3"].public_id, "release")
    assert (left(db, "A2"), left(db, "A4"), left(db, "A6")) == (0, 6303, 0) and held(db) == set()
    with db.reading() as session:
        payment = session.scalars(select(Payment).order_by(Payment.id.desc())).first()
        acts = session.scalars(select(AuditEvent.act).where(AuditEvent.act == "import.answered")).all()
    assert payment is not None and payment.received_at is not None and payment.received_at.date() == date(2026, 11, 5)
    assert len(acts) == 4
    for code in ("confirm", "decline"):
        with pytest.raises(Refusal, match="finding_answered"):
            import_answers.answer(rt, access, told["paid", "A2"].public_id, code)
    report = take_in(rt, owner, SECOND)
    assert counts(report) == (0, 0, 0, 0, 0, 5) and findings(db) == {}
    assert_books_are_right(rt)


def test_money_that_came_here_meanwhile_leaves_nothing_to_confirm(
        db: Database, rt: Runtime, owner: Business) -> None:
    take_in(rt, owner, FIRST)
    take_in(rt, owner, SECOND)
    access, told = manager(db, owner), findings(db)
    with db.transaction() as session:
        invoice = session.scalars(select(Invoice).where(Invoice.number == "A2")).one()
        bookkeeping.receive_outside(
            session, session.get_one(Debtor, invoice.debtor_id), [Part(invoice, 8068)], channel="check", amount=8068,
            reference="", received_at=rt.now(), now=rt.now(), number="P-1")
    assert import_answers.answer(rt, access, told["paid", "A2"].public_id, "confirm").void
    assert left(db, "A2") == 0
    with db.reading() as session:
        # A1 came paid; A2's check; nothing twice.
        assert session.scalar(select(func.count()).select_from(Payment)) == 2
    assert_books_are_right(rt)


def test_a_total_lowered_below_what_was_paid_becomes_credit_and_one_raised_is_owed(
        db: Database, rt: Runtime, owner: Business) -> None:
    header = "Customer ID,Invoice no.,Invoice date,Due date,Amount,Paid to date"
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,100,100", "2,A2,2026-09-01,2026-10-01,50,0", header=header))
    report = take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,80,80", "2,A2,2026-09-01,2026-10-01,70.10,0",
                                      header=header))
    assert report.changed == 2 and (left(db, "A1"), left(db, "A2")) == (0, 7010)
    assert cast.balances(db, owner.id)["sales USD"] == -(8000 + 7010)
    with db.reading() as session:
        debtor = session.scalars(select(Debtor).where(Debtor.number == "1")).one()
        assert ledger.credit_of(session, owner.id, debtor.id, "USD") == 2000
    assert_books_are_right(rt)


def test_credit_notes_wait_for_a_word_and_are_told_once(db: Database, rt: Runtime, owner: Business) -> None:
    header = "Customer ID,Invoice no.,Invoice date,Due date,Amount,Applies to"
    data = table("1,A1,2026-09-01,2026-10-01,100,", "1,CN-1,2026-09-05,,-30,A1", "1,CN-2,2026-09-06,,(5.50),",
                 "9,CN-3,2026-09-06,,-1,", header=header)
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,100,", header=header))
    report = take_in(rt, owner, data)
    assert (report.credits, report.unchanged) == (2, 1)
    assert [note.code for note in report.notes] == ["credits_of_strangers"]
    assert left(db, "A1") == 10000
    assert take_in(rt, owner, data).credits == 0
    access = manager(db, owner)
    done, others = import_answers.answer_many(
        rt, access, [one.public_id for one in findings(db).values()] + ["nobodys"], "confirm")
    assert (done, others) == (2, 1) and left(db, "A1") == 10000 - 3000 - 550
    assert_books_are_right(rt)


def test_a_credit_note_takes_off_the_invoice_of_its_own_file_that_it_names(
        db: Database, rt: Runtime, owner: Business) -> None:
    header = "Customer ID,Invoice no.,Invoice date,Due date,Amount,Applies to"
    report = take_in(rt, owner, table(
        "1,A1,2026-09-01,2026-10-01,100,", "1,A2,2026-09-02,2026-10-02,50,", "2,B1,2026-09-02,2026-10-02,80,",
        "1,CN-1,2026-09-05,,-30,A2", "1,CN-2,2026-09-05,,-7,B1", header=header))
    assert (report.new, report.credits) == (3, 2)
    access = manager(db, owner)
    for one in findings(db).values():
        import_answers.answer(rt, access, one.public_id, "confirm")
    # The second one names another debtor's invoice: it counts for the oldest of its own.
    assert (left(db, "A1"), left(db, "A2"), left(db, "B1")) == (9300, 2000, 8000)
    assert_books_are_right(rt)


def test_a_new_due_date_counts_once_somebody_says_so(db: Database, rt: Runtime, owner: Business) -> None:
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,100"))
    report = take_in(rt, owner, table("1,A1,2026-09-01,2026-12-24,100"))
    assert report.other_dates == 1 and held(db) == {"A1"}
    import_answers.answer(rt, manager(db, owner), findings(db)["due", "A1"].public_id, "confirm")
    with db.reading() as session:
        assert session.scalars(select(Invoice.due_on)).one() == date(2026, 12, 24)
    assert held(db) == set()


def test_what_comes_back_is_gone_no_more(db: Database, rt: Runtime, owner: Business) -> None:
    one, two = "1,A1,2026-09-01,2026-10-01,100", "2,A2,2026-09-01,2026-10-01,50"
    take_in(rt, owner, table(one, two))
    assert take_in(rt, owner, table(one)).gone_open == 1
    assert ("gone", "A2") in findings(db) and held(db) == {"A2"}
    take_in(rt, owner, table(one, two))
    assert findings(db) == {} and held(db) == set() and ("gone", "A2") in findings(db, "void")


def test_an_address_fills_an_empty_place_and_never_takes_anothers(
        db: Database, rt: Runtime, owner: Business) -> None:
    header = "Customer ID,Invoice no.,Invoice date,Due date,Amount,Street,City,State,ZIP"
    take_in(rt, owner, table("1,A1,2026-09-01,2026-10-01,10"))
    row = "1,A1,2026-09-01,2026-10-01,10,{},Salem,OR,97301"
    report = take_in(rt, owner, table(row.format("12 Fern Lane"), header=header))
    assert [note.code for note in report.notes] == ["debtor_details_kept", "addresses_added"]
    take_in(rt, owner, table(row.format("1 Other Road"), header=header))
    with db.reading() as session:
        assert session.scalars(select(Debtor.postal_address)).one() == "12 Fern Lane\nSalem, OR 97301"


def test_a_worker_that_was_killed_leaves_no_half_and_the_next_one_goes_on(
        db: Database, rt: Runtime, owner: Business) -> None:
    """The import ends in the middle, as a kill would end it; whoever takes it up again ends it."""
    many = import_staging.FIRST + 60
    data = table(*(f"C{n // 5},N{n},2026-09-01,2026-10-01,{n + 1}" for n in range(many)))

    def stop(step: str, done: int, _total: int) -> None:
        if (step, done) == ("publishing", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.import_invoices(rt, owner.slug, data.encode(), imports.ImportOptions(currency=""), dry_run=False,
                                actor=imports.Actor("cli"), told=stop)
    with db.reading() as session:
        there = session.scalar(select(func.count()).select_from(Invoice)) or 0
        assert 0 < there < many
        # Of each debtor all or nothing.
        assert set(session.scalars(select(func.count()).select_from(Invoice).group_by(Invoice.debtor_id))) == {5}
    assert_books_are_right(rt)
    rt.clock.pass_time(minutes=6)  # type: ignore[attr-defined]
    assert import_files.work_due(rt) == 1 and import_files.work_due(rt) == 0
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Invoice)) == many
        assert session.scalars(select(ImportRun.state)).one() == "done"
        assert session.scalars(select(AuditEvent.act)).one() == "invoices.imported"
    assert assert_books_are_right(rt) == many


def test_two_people_with_two_files_at_once(db: Database, rt: Runtime, owner: Business) -> None:
    files = [table(*(f"{n % 7},{name}{n},2026-09-01,2026-10-01,{n + 1}" for n in range(60))) for name in "AB"]
    problems: list[Exception] = []
    start = threading.Barrier(2)

    def work(data: str) -> None:
        try:
            start.wait(30)
            take_in(rt, owner, data)
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(data,)) for data in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    with db.reading() as session:
        # Whichever came second held the other's invoices for gone: it lists them, and changes nothing about them.
        assert session.scalar(select(func.count()).select_from(Invoice)) == 120
        assert session.scalar(select(func.count()).select_from(Debtor)) == 7
    assert assert_books_are_right(rt) == 120


def test_the_real_weekly_exports_show_thirteen_new_twenty_one_settled_and_twenty_six_gone(
        db: Database, rt: Runtime, owner: Business) -> None:
    first, second = (shared_file(f"receivables-2026-11-{day}.csv") for day in (16, 23))
    take_in(rt, owner, first)
    report = take_in(rt, owner, second)
    assert (report.new, report.settled_since, report.gone, report.gone_open) == (13, 21, 26, 0)
    assert report.unchanged == 291 - 13 - 21 and report.errors == ()
    assert len([one for kind, one in findings(db) if kind == "paid"]) == 21
    assert_books_are_right(rt)


def test_a_hold_for_a_finding_is_no_dispute(db: Database, rt: Runtime, owner: Business) -> None:
    take_in(rt, owner, FIRST)
    take_in(rt, owner, SECOND)
    with db.reading() as session:
        known = import_known.by_number(session, owner.id, ["A2", "A3"])
    assert (known["A2"].ever_held, known["A3"].ever_held) == (False, True)
