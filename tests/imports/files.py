"""Importing in tests: a business, a file, what came of it, and what every table holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import Database
from portal.domain.imports import ImportOptions
from portal.models import Base, Business, load_all
from portal.runtime import Runtime
from portal.services import ledger_verify
from portal.services.audit import COMMAND_LINE
from portal.services.imports import ImportReport, import_invoices
from tests import cast

load_all()
HEADER = "Customer ID,Invoice no.,Invoice date,Due date,Amount"
SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def shared_file(name: str) -> bytes:
    """A real export; it is no part of the project, so a machine may lack it."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not on this machine (SHARED_DATA names its folder)")
    return path.read_bytes()


def business(db: Database, **changes: Any) -> Business:
    with db.transaction() as session:
        return cast.make_business(session, **changes)


def take_in(rt: Runtime, owner: Business, data: bytes | str, *, dry_run: bool = False, **options: Any) -> ImportReport:
    """Import a file in the business's own currency, dates as the file shows them."""
    wanted = ImportOptions(**{"currency": "", **options})
    content = data.encode() if isinstance(data, str) else data
    return import_invoices(rt, owner.slug, content, wanted, dry_run=dry_run, actor=COMMAND_LINE)


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows])


def faults(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in report.errors]


def everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to see that nothing at all was written."""
    with db.reading() as session:
        return {found.name: sorted(tuple(map(str, row)) for row in session.execute(select(found)))
                for found in Base.metadata.sorted_tables}


def assert_books_are_right(rt: Runtime) -> int:
    differences, transfers = ledger_verify.verify(rt)
    assert differences == []
    return transfers
