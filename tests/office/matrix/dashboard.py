"""Borders of the first page."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

ROWS = {
    ("office.dashboard", "GET"): OfficeRow("see", others=()),
}
