"""Borders of the office: every route has its row, and nobody passes where the table says no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.domain.roles import PERMISSIONS, ROLES
from sandbox.stripe.server import StripeStandIn
from tests.office.borders import OUTSIDERS, Cell, OfficeTheatre, cells, offered, own_acts, walk


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


def tells_most(theatre: OfficeTheatre, cell: Cell) -> bool:
    """Say whether a cell is one of the few beside a border; the proof of the office walks them all.

    Between the least role that may and the first that may not lies the border: roles above and below say the same
    again. A method no route takes is refused before anyone is asked who they are. Outsiders take turns.
    """
    if cell.method not in (cell.rule.methods or set()):
        return cell.role == "owner" and cell.place == "own"
    if cell.role in OUTSIDERS:
        return cell.role in ("anonymous", OUTSIDERS[1 + len(cell.rule.endpoint) % (len(OUTSIDERS) - 1)])
    row = theatre.rows.get((cell.rule.endpoint, "GET" if cell.method == "HEAD" else cell.method))
    may = [role for role in ROLES if row is not None and role in PERMISSIONS.get(row.permission, ())]
    beside = {"owner", *may[-1:], *[role for role in ROLES if role not in may][:1]}
    return cell.role in (beside if cell.place == "own" else {"owner"})


def test_nobody_passes_a_border(theatre: OfficeTheatre) -> None:
    wanted = [cell for cell in cells(theatre) if tells_most(theatre, cell)]
    if theatre.kind == "postgresql":
        # Where the borders lie is the same code on both databases, and a copy for each act is slow on a server.
        wanted = [cell for cell in wanted if cell.role == "owner" and cell.method in (cell.rule.methods or set())]
    assert own_acts(theatre, wanted)
    assert walk(theatre, wanted) == []
