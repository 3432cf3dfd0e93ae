"""Why a price is another than the one somebody was shown: what became of the offer in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Offer

# So long somebody who was shown a price is told what became of it.
LATELY = timedelta(days=1)


def why_changed(session: Session, invoice_ids: Sequence[int], now: datetime, *, currency: str, total: int) -> Refusal:
    """Say why a price is another than the one that was shown: the discount ended, was taken back, or replaced."""
    gone = session.scalars(select(Offer).where(
        Offer.invoice_id.in_(invoice_ids), Offer.deadline > now - LATELY).order_by(Offer.id.desc())).all()
    for offer in gone:
        if offer.withdrawn_at is not None and offer.withdrawn_at > now - LATELY:
            return Refusal("conflict", f"offer_{offer.ended_as or 'withdrawn'}", currency=currency, total=total)
        if offer.withdrawn_at is None and offer.deadline < now:
            return Refusal("conflict", "offer_expired", currency=currency, total=total, moment=offer.deadline)
    return Refusal("conflict", "quote_changed", currency=currency, total=total)
