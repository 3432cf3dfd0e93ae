"""Borders between debtors: every route has a row in the table, and no reader passes where the table says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal import create_app
from portal.db import Database
from sandbox.stripe.server import StripeStandIn
from tests.borders import Theatre, cells, rows_without_a_rule, rules_without_a_row, unproven, walk
from tests.cast import make_runtime
from tests.stage import set_stage
from tests.stage_autopay import known_at_stripe


@pytest.fixture
def theatre(db: Database, tmp_path: Path) -> Iterator[Theatre]:
    now = datetime.now(UTC)
    stage = set_stage(db, tmp_path, now)
    with StripeStandIn() as stand_in:
        rt = make_runtime(db, tmp_path, clock=lambda: now, stripe_api_base=stand_in.url,
                          log_level="WARNING")
        known_at_stripe(rt, stand_in)
        yield Theatre(create_app(runtime=rt), rt, db, stage)


def test_every_route_has_its_row(theatre: Theatre) -> None:
    assert rules_without_a_row(theatre.app) == [], "say in tests/matrix.py who may pass"
    assert rows_without_a_rule(theatre.app) == [], "these rows of tests/matrix.py speak of routes that are gone"


def test_no_form_is_taken_without_its_own_proof(theatre: Theatre) -> None:
    tried, taken = unproven(theatre)
    assert tried >= 40 and taken == []


def test_no_reader_passes_a_border(theatre: Theatre) -> None:
    # A method no route takes is refused before anyone is asked who they are; the proof of the borders asks all of them.
    wanted = [cell for cell in cells(theatre.app) if cell.method in (cell.rule.methods or set()) or cell.role == "own"]
    assert len(wanted) > 1000
    assert walk(theatre, wanted) == []
