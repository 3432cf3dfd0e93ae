"""Fixtures every test may use; the cast of people and invoices lives in cast.py."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Database
from tests import databases


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays for good: thousands of collected tests cost it a seventh of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", params=databases.KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def database_template(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with databases.template(database_kind, tmp_path_factory.mktemp("template")) as source:
        yield source


@pytest.fixture
def database_url(database_kind: str, database_template: str, tmp_path: Path) -> Iterator[str]:
    with databases.fresh(database_kind, database_template, tmp_path) as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()
