"""Borders of the office: every route has its row, and nobody passes where the table says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.stripe.server import StripeStandIn
from tests.office.borders import Cell, OfficeTheatre, cells, offered, own_acts, walk


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


def tells_more(cell: Cell) -> bool:
    """A method no route takes is refused before anyone is asked who they are; two readers are enough to see that."""
    return cell.method in (cell.rule.methods or set()) or cell.role in ("owner", "anonymous")


def test_nobody_passes_a_border(theatre: OfficeTheatre) -> None:
    wanted = [cell for cell in cells(theatre) if tells_more(cell)]
    if theatre.kind == "postgresql":
        # Where the borders lie is the same code on both databases; a copy for each act is slow on a server, and the
        # proof walks them all.
        wanted = [cell for cell in wanted if cell.place == "other" or cell.role == "owner"]
    assert own_acts(theatre, wanted)
    assert walk(theatre, wanted) == []
