"""Borders of the first page: everyone reads it, who works puts people off, and nobody another business's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.models import Debtor, DebtorStanding
from tests.office.matrix import OfficePart, OfficeRow


def _debtor(part: OfficePart) -> str:
    return part.part.debtor.public_id


ROWS = {
    ("office.dashboard", "GET"): OfficeRow("see", canary=True, others=()),
    ("office.calls", "GET"): OfficeRow("see", canary=True, others=()),
    ("office.count_again", "POST"): OfficeRow("see", own="303 /office/", others=(), audits=1),
    ("office.not_today", "POST"): OfficeRow(
        "work", own="303 /office/", target={"debtor_id": _debtor}, audits=1),
}


def PREPARE(session: Session, office: OfficePart) -> dict[str, Any]:
    """Make the debtor worth a call, so that the page names them."""
    debtor: Debtor = office.part.debtor
    session.add(DebtorStanding(
        debtor_id=debtor.id, currency="USD", business_id=debtor.business_id, balance_minor=500_00, overdue_minor=500_00,
        open_invoices=1, paid_late=0, paid_invoices=0, call_score=1, call_reasons=[["late", {"days": 20}]],
        made_at=datetime.now(UTC)))
    return {}
