"""Real exports of a real business go in as they are."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.db import Database
from portal.models import Debtor, Hold, Invoice, Payment
from tests import cast
from tests.imports.files import assert_books_are_right, business, everything, shared_file, take_in

DAY_AFTER = {"receivables-2026-11-16.csv": 17, "receivables-2026-11-23.csv": 24, "receivables.csv": 24}
SECONDS_FOR_A_FILE = 20


@pytest.mark.parametrize("name", list(DAY_AFTER))
def test_the_file_goes_in_as_it_is_and_the_second_time_changes_nothing(
        db: Database, tmp_path: Path, name: str) -> None:
    data = shared_file(name)
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    number, customer, amount, settled = (
        ("invoiceNumber", "customerID", "InvoiceAmount", "SettledDate") if name == "receivables.csv" else
        ("Invoice no.", "Customer ID", "Amount", "Settled"))
    rt = cast.make_runtime(db, tmp_path, cast.Clock(datetime(2026, 11, DAY_AFTER[name], 20, tzinfo=UTC)))
    owner = business(db)
    started = time.monotonic()
    report = take_in(rt, owner, data)
    assert time.monotonic() - started < SECONDS_FOR_A_FILE
    paid = sum(bool(row[settled]) for row in rows)
    assert report.errors == () and report.booked
    assert (report.new, report.settled, report.new_debtors) == (
        len(rows), paid, len({row[customer] for row in rows}))
    assert report.holds == sum(row["Disputed"] == "Yes" and not row[settled] for row in rows)
    with db.reading() as session:
        assert Counter(session.scalars(select(Invoice.number))) == Counter(row[number] for row in rows)
        assert set(session.scalars(select(Debtor.email))) == {None}
        assert session.scalar(select(func.count()).select_from(Payment)) == paid
        assert session.scalar(select(func.count()).select_from(Hold)) == report.holds
    cents = sum(round(float(row[amount]) * 100) for row in rows)
    open_cents = sum(round(float(row[amount]) * 100) for row in rows if not row[settled])
    balances = cast.balances(db, owner.id)
    assert balances["sales USD"] == -cents
    assert sum(value for account, value in balances.items() if account.startswith("receivable")) == open_cents
    assert assert_books_are_right(rt) == len(rows) + paid
    before = everything(db)
    again = take_in(rt, owner, data)
    assert (again.new, again.unchanged, again.errors) == (0, len(rows), ())
    assert everything(db) == before
