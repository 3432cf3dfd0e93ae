"""Borders of the page of what works."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

ROWS = {("office.learning", "GET"): OfficeRow("see", others=("200",))}
