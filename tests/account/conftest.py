"""A portal with its pages, and a debtor whose page is open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from portal.db import Database
from portal.domain.access import Access
from portal.models import PortalLink
from tests.access.visitor import Browser, House, open_house
from tests.cast import Clock, Owed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(db: Database, tmp_path: Path, clock: Clock) -> House:
    return open_house(db, tmp_path, clock)


def inside(house: House, link: PortalLink, fact: str = "97301") -> Browser:
    """A browser that has passed the check."""
    browser = house.browser()
    browser.enter(house.address(link), fact)
    return browser


def narrowed(owed: Owed, *invoice_ids: int) -> Access:
    """The access of a link that shows these invoices only."""
    return replace(owed.access, invoice_ids=frozenset(invoice_ids))


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """Collect every question asked of the database inside the block."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            asked.append(statement)

    event.listen(db.reader, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.reader, "before_cursor_execute", note)
