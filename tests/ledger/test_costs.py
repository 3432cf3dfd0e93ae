"""What a page and a webhook may ask of the database. Counts are watched here, times by `make bench`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DBAPIError

from portal.db import Database
from portal.models import Debtor
from portal.services import account, cadences, inbox
from portal.services.audit import COMMAND_LINE
from portal.words.core import speak
from tests.cast import NOON, make_runtime, someone_owes
from tests.ledger.stories import start_payment
from tests.stripe.signing import body_of, intent, sign


@contextmanager
def asked(*engines: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Collect every statement with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        # SQLite is told here to begin, PostgreSQL by its driver.
        if not statement.startswith("BEGIN"):
            found.append((statement, parameters))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def walked_through(db: Database, statements: list[tuple[str, Any]]) -> list[str]:
    """The tables that SQLite would read from their first row to their last for these statements."""
    with db.reader.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                 for statement, parameters in statements]
    steps = [str(row[3]) for plan in plans for row in plan]
    return [step for step in steps if step.startswith("SCAN ") and "anon_" not in step]


def test_a_payments_webhook_takes_ten_statements_at_most(db: Database, tmp_path: Path) -> None:
    rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC))

    owed = someone_owes(db, 100_00, 100_00)

    def receive(number: int) -> list[tuple[str, Any]]:
        payment = start_payment(db, owed, (owed.invoices[number], 100_00), at=rt.now())
        body = body_of("payment_intent.succeeded", intent(payment))
        with asked(db.engine, db.reader) as statements:
            assert inbox.receive_webhook(rt, body, sign(body), connect=False) == "applied"
        return statements

    # The first of a business also opens its accounts.
    receive(0)
    # What PostgreSQL is told to write, it is told in one journey.
    statements = receive(1)
    assert len(statements) <= (10 if db.is_sqlite else 5)
    if db.is_sqlite:
        # The plan of an INSERT also names what SQLite would read if a foreign key stood violated.
        assert not walked_through(db, [found for found in statements if not found[0].startswith("INSERT")])


def test_a_page_asks_three_questions_and_none_walks_through_other_peoples_rows(db: Database, tmp_path: Path) -> None:
    rt, owed = make_runtime(db, tmp_path), someone_owes(db, 100_00, 50_00)
    with asked(db.engine, db.reader) as statements:
        account.account_page(rt, owed.access, "USD", NOON.date())
    assert len(statements) == 3
    if not db.is_sqlite:
        return
    assert not walked_through(db, statements)
    with db.reader.connect() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            # By business and kind alone would be through everything the business has ever billed.
            assert not [row for row in plan if "(business_id=? AND kind=?)" in str(row[3])], statement


@pytest.mark.parametrize("way", ["reading", "rows"])
def test_what_only_reads_cannot_write_even_by_mistake(db: Database, way: str) -> None:
    someone_owes(db, 100_00)
    with pytest.raises(DBAPIError, match=r"(?i)read.?only"), getattr(db, way)() as session:
        session.execute(text("UPDATE debtor SET name = 'Nobody'"))
    with db.reading() as session:
        assert "Nobody" not in session.scalars(select(Debtor.name)).all()


def test_a_page_with_what_happens_next_asks_no_more_questions(db: Database, tmp_path: Path) -> None:
    rt, owed = make_runtime(db, tmp_path), someone_owes(db, 100_00, 50_00)
    cadences.track_new(rt)
    cadences.switch_on(rt, owed.business.slug, "standard", actor=COMMAND_LINE)
    words = speak("en_US", "America/Los_Angeles")
    with asked(db.engine, db.reader) as statements:
        page = account.balance_page(rt, owed.access, "USD", words, owed.debtor.email)
    assert len(statements) == 3
    assert [(one.code, one.tone) for one in page.ahead][:2] == [("email", "friendly"), ("email", "friendly")]
    if db.is_sqlite:
        with db.reader.connect() as connection:
            for statement, parameters in statements:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                scans = [str(row[3]) for row in plan if str(row[3]).startswith("SCAN ") and "anon_" not in str(row[3])]
                assert not scans, statement
