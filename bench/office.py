"""The office's first page among ten thousand open invoices and among a million, and the plans of what it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select, text

from bench import load, seed, turns
from portal import create_app
from portal.db import Database
from portal.models import Business, Staff
from portal.services import dashboard_summary
from proofs.harness import Databases, Figures, say
from tests.cast import make_runtime
from tests.office.people import cookie_of, make_staff, sign_in

SECONDS = 0.6
SHORT, LONG = 10_000, 1_000_000
# A table of this size is one that a page must never read from end to end.
BIG = 5_000
# Debtors can be called, a part is not due yet, and the rest is late by up to 150 days.
LIFELIKE = (
    "UPDATE debtor SET phone = '+15035550199' WHERE business_id = :business",
    "UPDATE invoice SET issued_on = issued_on - 200, due_on = due_on - (id % 180)::int + 30 "
    "WHERE business_id = :business",
    "UPDATE ledger_account a SET due_on = i.due_on FROM invoice i WHERE i.id = a.invoice_id "
    "AND a.business_id = :business",
)


@contextmanager
def books(prepared: Databases, invoices: int) -> Iterator[tuple[Database, Staff]]:
    """Give a database whose one business has so many open invoices, and one of its staff."""
    with prepared.opened() as db:
        say(f"writing {invoices} invoices")
        seed.fill(db, invoices)
        with db.transaction() as session:
            business = session.scalars(select(Business)).one()
            staff = make_staff(session, business, "owner")
        with db.engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            for statement in LIFELIKE:
                connection.execute(text(statement), {"business": business.id})
            connection.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
        yield db, staff


def dashboard_in_long_books(rounds: int, *, short: int = SHORT, long: int = LONG) -> Figures:
    """What the first page costs with a million open invoices, in what it costs with ten thousand."""
    with Databases("postgresql") as prepared, books(prepared, short) as small, books(prepared, long) as big:
        seconds = [_count(db, prepared.folder) for db, _ in (small, big)]
        cookies = [_cookie(db, staff, prepared.folder) for db, staff in (small, big)]
        scans = scanned(big[0], big[1], prepared.folder, ("/office/", "/office/calls"))
        urls = [_url(db) for db, _ in (small, big)]
        with turns.portal(urls[0]) as few, turns.portal(urls[1]) as many:
            figures = turns.ratio(
                "dashboard_1m_vs_10k", lambda _: _rate(few, cookies[0], "/office/"),
                lambda _: _rate(many, cookies[1], "/office/"), rounds)
    return {**figures, "dashboard_scans": len(scans), "dashboard_first_count_seconds_10k": seconds[0],
            "dashboard_first_count_seconds_1m": seconds[1]}


def scanned(db: Database, staff: Staff, folder: Path, paths: tuple[str, ...]) -> list[str]:
    """Name every statement of some pages whose plan reads a large table from end to end."""
    large = _large_tables(db)
    found = []
    for path in paths:
        for statement, values in asked(db, staff, folder, path):
            with db.engine.connect() as connection:
                plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))
            for table in re.findall(r"Seq Scan on (\w+)", plan):
                if table in large:
                    found.append(f"{path}: {table}: {statement}")
                    say(f"{path} scans {table}")
    return found


def asked(db: Database, staff: Staff, folder: Path, path: str) -> list[tuple[str, Any]]:
    """List what a page asks of the database."""
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC))
    client = sign_in(create_app(rt.settings, rt).test_client(), staff)
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append((statement, values))

    for engine in (db.engine, db.reader):
        event.listen(engine, "before_cursor_execute", note)
    try:
        answer = client.get(path, base_url=rt.settings.base_url)
    finally:
        for engine in (db.engine, db.reader):
            event.remove(engine, "before_cursor_execute", note)
    if answer.status_code != 200 or len(statements) < 3:
        raise AssertionError(f"{path} answered {answer.status_code} after {len(statements)} questions")
    return statements


def _large_tables(db: Database) -> set[str]:
    query = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= :big")
    with db.engine.connect() as connection:
        return set(connection.scalars(query, {"big": BIG}))


def _count(db: Database, folder: Path) -> float:
    """Count everything for the first time; gives the seconds it took."""
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC))
    began = datetime.now(UTC)
    with db.reading() as session:
        business_id = session.scalars(select(func.min(Business.id))).one()
    dashboard_summary.refresh(rt, int(business_id or 0))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE debtor_standing"))
    took = round((datetime.now(UTC) - began).total_seconds(), 1)
    say(f"counted in {took} s")
    return took


def _cookie(db: Database, staff: Staff, folder: Path) -> str:
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC))
    name, value = cookie_of(create_app(rt.settings, rt), staff)
    return f"{name}={value}"


def _rate(url: str, cookie: str, path: str) -> float:
    requests = [load.get(url, path, {"Cookie": cookie, **turns.visitor(n)}) for n in range(500)]
    found = load.for_seconds(url, requests, seconds=SECONDS, connections=turns.CONNECTIONS)
    if found.errors:
        raise AssertionError(f"{found.errors} of {found.answers} answers were errors")
    return found.rate


def _url(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)
