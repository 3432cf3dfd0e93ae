"""Who may take parts of the books out, and who may see a debtor's account as it stood on a day."""

from __future__ import annotations

from tests.office.matrix import OfficeRow, said

DEBTOR = {"debtor_id": lambda office: office.part.debtor.public_id}
ROWS = {
    ("office.statements", "GET"): OfficeRow("export", others=("200",)),
    ("office.make_statement", "POST"): OfficeRow(
        "export", form={"kind": said("trial-balance"), "file_format": said("csv")}, others=(), proof=True, audits=1),
    ("office.debtor_as_of", "GET"): OfficeRow("see", canary=True, target=DEBTOR),
    ("office.debtor_as_of_pdf", "GET"): OfficeRow("see", target=DEBTOR),
}
