"""Who may read the audit."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

ROWS = {("office.audit", "GET"): OfficeRow("see_audit", others=("200",))}
