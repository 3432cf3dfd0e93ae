"""What is wrong in our own billing: disputes of half a year by reason and by item, and how often they were right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from portal.domain.roles import StaffAccess
from portal.models import Dispute, DisputePart, Invoice, InvoiceLine
from portal.runtime import Runtime

LOOK_BACK = timedelta(days=180)
# The newest so many parts are looked at, however many there were.
MOST_PARTS = 5_000
MOST_ITEMS = 12


@dataclass
class Tally:
    """How often something was questioned, how often that was right at least in part, and the sums by currency."""

    asked: int = 0
    decided: int = 0
    right: int = 0
    credited: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Learned:
    """Disputes by reason (a code) and by item (the words of a line, or "" for whole invoices), the most first."""

    count: int
    reasons: Mapping[str, Tally]
    items: Mapping[str, Tally]


def learned(rt: Runtime, access: StaffAccess) -> Learned:
    """Count what was questioned, by the newest parts of half a year."""
    access.require("see")
    since = rt.now() - LOOK_BACK
    with rt.db.reading() as session:
        rows = session.execute(
            select(Dispute.id, Dispute.reason, Dispute.state, Dispute.currency, DisputePart.credited_minor,
                   func.coalesce(InvoiceLine.description, "").label("item"))
            .join(DisputePart, DisputePart.dispute_id == Dispute.id)
            .join(Invoice, Invoice.id == DisputePart.invoice_id)
            .outerjoin(InvoiceLine, InvoiceLine.id == DisputePart.line_id)
            .where(Dispute.business_id == access.business_id, Dispute.opened_at >= since,
                   Dispute.state != "withdrawn")
            .order_by(Dispute.opened_at.desc(), DisputePart.id).limit(MOST_PARTS)).all()
    reasons: dict[str, Tally] = {}
    items: dict[str, Tally] = {}
    for row in rows:
        for known, name in ((reasons, row.reason), (items, row.item)):
            _count(known.setdefault(name, Tally()), row.state, row.credited_minor, row.currency)
    return Learned(len({row.id for row in rows}), _most(reasons.items()), _most(items.items()))


def _count(tally: Tally, state: str, credited: int, currency: str) -> None:
    tally.asked += 1
    tally.decided += state != "open"
    tally.right += credited > 0
    if credited:
        tally.credited[currency] = tally.credited.get(currency, 0) + credited


def _most(found: Iterable[tuple[str, Tally]]) -> dict[str, Tally]:
    return dict(sorted(found, key=lambda one: (-one[1].asked, one[0]))[:MOST_ITEMS])
