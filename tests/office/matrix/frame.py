"""Borders of the frame: what everyone chooses for themselves."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

ROWS = {
    ("office.comfort", "POST"): OfficeRow(
        "see", own="303 /office/", form={"theme": said("dark"), "shortcuts": said("y")}, others=(), audits=1),
}
