"""Borders of the list of invoices and of one invoice."""

from __future__ import annotations

from tests.office.matrix import OfficeRow

INVOICE = {"invoice_id": lambda office: office.part.owed.invoices[0].public_id}

ROWS = {
    ("office.invoices", "GET"): OfficeRow("see", canary=True, others=("200",)),
    ("office.invoice", "GET"): OfficeRow("see", canary=True, target=INVOICE),
    ("office.invoice_document", "GET"): OfficeRow(
        "see", target={**INVOICE, "file_id": lambda office: office.part.files[0].public_id}),
}
