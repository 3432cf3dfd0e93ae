"""A portal with its web pages on a real database, and the browsers that visit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.db import Database
from tests.access.visitor import House, open_house
from tests.cast import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(db: Database, tmp_path: Path, clock: Clock) -> House:
    return open_house(db, tmp_path, clock)
