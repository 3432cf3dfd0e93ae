"""Borders of files that leave the house."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

LIST = {"list_name": said("invoices")}

ROWS = {
    ("office.export", "GET"): OfficeRow("export", target=LIST, others=("200",)),
    ("office.make_export", "POST"): OfficeRow(
        "export", target=LIST, form={"file_format": said("csv")}, others=(), proof=True, audits=1),
}
