"""Who may take the file that came with "I already paid"."""

from __future__ import annotations

from tests.office.matrix import OfficePart, OfficeRow


def _claim(office: OfficePart) -> str:
    return office.part.claims[0].public_id


ROWS = {("office.claim_proof", "GET"): OfficeRow("work", target={"claim_id": _claim})}
