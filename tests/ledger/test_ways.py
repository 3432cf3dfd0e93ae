"""Every way out of a debt, told as a story that ends with the account statement; what it must read stands beside it."""

from __future__ import annotations

from pathlib import Path

from portal.db import Database
from tests.ledger import ways


def test_every_story_ends_with_its_statement(db: Database, tmp_path: Path) -> None:
    told, wrong = ways.tell_all(db, tmp_path)
    assert wrong == [] and told >= 40
