"""Borders of the office: every route has its row, and nobody passes where the table says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.stripe.server import StripeStandIn
from tests.office.borders import OfficeTheatre, cells, offered, own_acts, tells_most, walk


@pytest.fixture
def theatre(database_kind: str, database_template: str, tmp_path: Path) -> Iterator[OfficeTheatre]:
    with StripeStandIn() as stand_in:
        house = OfficeTheatre(database_kind, tmp_path, datetime.now(UTC), stripe_api_base=stand_in.url)
        with house.opened(database_template):
            yield house


def test_every_route_has_its_row(theatre: OfficeTheatre) -> None:
    routes, rows = offered(theatre.app), set(theatre.rows)
    assert routes - rows == set(), "say in tests/office/matrix who may pass"
    assert rows - routes == set(), "these rows speak of routes that are gone"


def test_nobody_passes_a_border(theatre: OfficeTheatre) -> None:
    wanted = [cell for cell in cells(theatre) if tells_most(theatre, cell)]
    if theatre.kind == "postgresql":
        # Where the borders lie is the same code on both databases, and a copy for each act is slow on a server.
        wanted = [cell for cell in wanted if cell.role == "owner" and cell.method in (cell.rule.methods or set())]
    assert own_acts(theatre, wanted)
    assert walk(theatre, wanted) == []
