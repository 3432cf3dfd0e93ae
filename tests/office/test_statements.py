"""Statements: every file and every page is the ledger, added up here in another way."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import func, select

from portal.db import Database
from portal.domain.roles import StaffAccess
from portal.models import LedgerTransfer
from portal.services import bookkeeping, statement_as_of, statement_files
from portal.services.bookkeeping import Part
from portal.services.statement_files import Wanted
from portal.words import speak
from tests.cast import NOON, balances, make_debtor, make_invoice
from tests.ledger.stories import line, received, refunded, start_payment, tell
from tests.office.books import Desk, open_desk

WORDS = speak("en", "America/Los_Angeles")
DAY = NOON.date()


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    """Books with a bit of everything in two currencies, over several days."""
    desk = open_desk(db, tmp_path, 300_00, 80_00)
    payment = start_payment(db, desk.owed, (desk.owed.invoices[0], 300_00))
    tell(db, received(payment), line(payment, 300_00, 9_00), refunded(payment, 40_00))
    later = NOON + timedelta(days=3)
    with db.transaction() as session:
        named = make_debtor(session, desk.owed.business, name="=HYPERLINK(1)", number="=1+1")
        make_invoice(session, named, 11_00, now=later)
        bookkeeping.receive_outside(session, desk.owed.debtor, [Part(desk.owed.invoices[1], 80_00)], channel="cash",
                                    amount=90_00, reference="", received_at=later, now=later, number="P-2")
        make_invoice(session, desk.owed.debtor, 70_00, currency="EUR", now=later)
    desk.rt.clock.pass_time(days=5)  # type: ignore[attr-defined]
    return desk


def rows_of(desk: Desk, wanted: Wanted) -> list[dict[str, str]]:
    made = statement_files.take_out(desk.rt, access(desk), WORDS, wanted)
    return list(csv.DictReader(io.StringIO(made.content.read().decode("utf-8-sig"))))


def access(desk: Desk) -> StaffAccess:
    return desk.access("manager")


def minor(text: str) -> int:
    return int(Decimal(text or "0") * 100)


def ledger_sums(desk: Desk) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, amount in balances(desk.rt.db, desk.owed.business.id).items():
        parts = name.split()
        sums[f"{parts[0]}-{parts[-1]}"] = sums.get(f"{parts[0]}-{parts[-1]}", 0) + amount
    return sums


def test_every_file_of_the_books_is_the_ledger(desk: Desk) -> None:
    sums = ledger_sums(desk)
    trial = rows_of(desk, Wanted("trial-balance", "csv"))
    for currency in ("USD", "EUR"):
        of = [row for row in trial if row["Currency"] == currency]
        debit, credit = (sum(minor(row[side]) for row in of if row["Account"] != "Together")
                         for side in ("Debit", "Credit"))
        assert debit == credit == sum(x for name, x in sums.items() if name.endswith(currency) and x > 0)
    for name, amount in sums.items():
        account = rows_of(desk, Wanted("account", "csv", account=name))
        moved = sum(minor(row["Debit"]) - minor(row["Credit"]) for row in account)
        assert moved == amount == minor(account[-1]["Balance"]), name
        # A part of it is brought forward from the day before and ends in the same.
        part = rows_of(desk, Wanted("account", "csv", DAY + timedelta(days=1), account=name))
        assert minor(part[-1]["Balance"]) == amount, name
    transfers = rows_of(desk, Wanted("transfers", "csv", DAY - timedelta(days=400), DAY + timedelta(days=400)))
    with desk.rt.db.reading() as session:
        count, total = session.execute(select(func.count(), func.sum(LedgerTransfer.amount)).where(
            LedgerTransfer.business_id == desk.owed.business.id)).one()
    assert (len(transfers), sum(minor(row["Amount"]) for row in transfers)) == (count, total)
    assert "'=1+1" in {row["Debtor"] for row in transfers}, "no spreadsheet runs a number"
    assert desk.acts()[-1] == "statement.exported"


def test_an_excel_file_holds_numbers_days_and_the_trial_balance(desk: Desk) -> None:
    made = statement_files.take_out(desk.rt, access(desk), WORDS, Wanted("transfers", "xlsx", DAY, DAY))
    book = load_workbook(io.BytesIO(made.content.read()))
    assert book.sheetnames == ["Transfers", "Trial balance"]
    rows = list(book["Transfers"].iter_rows(min_row=2, values_only=True))
    with desk.rt.db.reading() as session:
        wanted = session.scalars(select(LedgerTransfer.amount).where(
            LedgerTransfer.happened_at <= NOON + timedelta(hours=1),
            LedgerTransfer.business_id == desk.owed.business.id)).all()
    assert sorted(minor(str(row[9])) for row in rows) == sorted(wanted)
    seat = desk.as_("manager", proven=True)
    page = seat.get("/office/ledger/statements")
    assert "All transfers of a time" in page.text and "Bank, USD" in page.text
    answer = seat.post("/office/ledger/statements", kind="account", account="bank-USD", file_format="csv")
    assert answer.mimetype == "text/csv" and "80.00" in answer.text and "attachment" in answer.headers[
        "Content-Disposition"]
    assert seat.post("/office/ledger/statements", kind="transfers", file_format="csv").status_code == 422
    assert seat.post("/office/ledger/statements", kind="account", account="nothing-USD").status_code in (404, 422)
    assert seat.post("/office/ledger/statements", kind="nothing").status_code == 422
    assert desk.as_("agent").get("/office/ledger/statements").status_code == 403


def test_a_debtors_statement_of_a_day_is_their_accounts_of_that_day(desk: Desk) -> None:
    debtor, now = desk.owed.debtor.public_id, access(desk)
    then = statement_as_of.as_of(desk.rt, now, debtor, DAY)
    assert dict(then.left) == {"USD": 40_00 + 80_00} and then.credit == ()
    today = statement_as_of.as_of(desk.rt, now, debtor)
    mine = {name: amount for name, amount in balances(desk.rt.db, desk.owed.business.id).items()
            if f"invoice:{desk.owed.invoices[0].id} " in name or f"debtor:{desk.owed.debtor.id} " in name
            or f"invoice:{desk.owed.invoices[1].id} " in name or (name.endswith("EUR") and "receivable" in name)}
    assert sum(dict(today.left).values()) - sum(dict(today.credit).values()) == sum(mine.values())
    for shown in (then, today):
        for one in shown.invoices:
            assert one.total_minor + sum(move.amount_minor for move in one.moves) == one.left_minor
    seat = desk.as_("viewer")
    page = seat.get(f"/office/debtors/{debtor}/as-of?on={DAY}")
    assert "$120.00" in page.text and "On paper (PDF)" in page.text and "€70.00" not in page.text
    assert seat.get(f"/office/debtors/{debtor}/as-of?on=yesterday").status_code == 422
    paper = seat.get(f"/office/debtors/{debtor}/as-of.pdf?on={DAY}")
    text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(paper.data)).pages)
    assert paper.mimetype == "application/pdf" and "120.00" in text.replace(" ", "") and "November 10" in text
