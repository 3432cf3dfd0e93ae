"""Who may take what a debtor signed."""

from __future__ import annotations

from tests.office.matrix import OfficePart, OfficeRow


def _agreement(office: OfficePart) -> str:
    return office.part.agreements[0].public_id


ROWS = {("office.agreement_pdf", "GET"): OfficeRow("work", target={"agreement_id": _agreement})}
