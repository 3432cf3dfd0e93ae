"""What happens next with a debtor on a plan, on their page in the office."""

from __future__ import annotations

from pathlib import Path

from portal.db import Database
from tests.autopay.house import days_from, sign_plan
from tests.cast import NOON
from tests.office.desk import open_desk


def test_the_next_installments_stand_there_and_the_invoice_is_on_a_plan(db: Database, tmp_path: Path) -> None:
    desk = open_desk(db, tmp_path, 100_00)
    sign_plan(db, desk.owed, NOON, *days_from(NOON.date(), 50_00, 50_00))
    desk.get()
    assert "On a plan" in desk.words and "no card or account is saved" in desk.words
