"""Borders of the list of debtors and of the search."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

ROWS = {
    ("office.debtors", "GET"): OfficeRow("see", canary=True, others=("200",)),
    # Without anything typed it leads to the debtors.
    ("office.search", "GET"): OfficeRow("see", own="303 /office/debtors", others=("303 /office/debtors",)),
}
