"""No list ever reads a long table from end to end: the plans of everything their pages ask, on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.office import scanned
from bench.office_lists import PATHS, furnished
from portal import create_app
from proofs.harness import Databases
from tests import databases
from tests.cast import make_runtime
from tests.office.lists_desk import link, rows
from tests.office.people import sign_in

INVOICES = 60_000


def test_lists_walk_along_indexes_and_say_how_far_they_looked(tmp_path: Path) -> None:
    databases.require("postgresql")
    with Databases("postgresql") as prepared, furnished(prepared, INVOICES) as (db, staff):
        assert scanned(db, staff, tmp_path, PATHS) == []
        rt = make_runtime(db, tmp_path, clock=lambda: datetime.now(UTC))
        client = sign_in(create_app(rt.settings, rt).test_client(), staff)

        def page(path: str) -> str:
            answer = client.get(path, base_url=rt.settings.base_url)
            assert answer.status_code == 200
            return answer.get_data(as_text=True)

        # Nothing here is a company's: the search for one stops after a bounded look, says so, and leads on.
        first = page("/office/invoices?kind=business")
        assert rows(first) == [] and "So far 4,000 rows were looked at" in first
        second = page(link(first, "next"))
        assert "So far 4,000 rows were looked at" in second
        assert link(second, "next") not in ("", link(first, "next"))
        assert "More than that, counted so far: 1,000 invoices match." in page("/office/invoices")
