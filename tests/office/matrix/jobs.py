"""Who may see what runs by itself."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

ROWS = {("office.jobs", "GET"): OfficeRow("set_up", others=("200",))}
