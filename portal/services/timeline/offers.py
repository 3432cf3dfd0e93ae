"""Offers of the business: less to pay until a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from portal.models import Invoice, Offer
from portal.services.timeline.entry import Entry, Row, Scope, reads
from portal.words.refusals import N_
from portal.words.said import Plain, Said

TITLES = {
    "early_pay": N_("Early-pay discount offered on %(number)s"), "prompt_pay": N_("Discount offered on %(number)s"),
    "settlement": N_("Settlement offered on %(number)s"),
}


def selects(scope: Scope) -> Mapping[str, list[Select[*tuple[Any, ...]]]]:
    """Ask for offers when they were made, and when they were withdrawn."""
    columns: dict[str, Any] = {
        "id": Offer.id, "code": Offer.kind, "word": Offer.ended_as, "text": Invoice.number,
        "amount": Offer.discount_minor, "currency": Offer.currency, "until": Offer.deadline}

    def asked(source: str, at: Any) -> Select[*tuple[Any, ...]]:
        return reads(source, at=at, **columns).join(Invoice, Invoice.id == Offer.invoice_id).where(
            Offer.business_id == scope.business_id, Offer.debtor_id == scope.debtor_id)

    return {"money": [asked("offers:made", Offer.created_at),
                      asked("offers:withdrawn", Offer.withdrawn_at).where(Offer.withdrawn_at.is_not(None))]}


def tell(row: Row) -> Entry:
    """Tell what was offered until when, or that it is no longer."""
    number = {"number": Plain(row.text)}
    if row.source == "offers:withdrawn":
        gone = N_("Offer on %(number)s replaced") if row.word == "superseded" else N_("Offer on %(number)s withdrawn")
        return Entry(row.at, Said(gone, number), "offer", "skip")
    until = Said(N_("Good until %(day)s."), {"day": row.until})
    return Entry(row.at, Said(TITLES[row.code], number), "offer", lines=(until,), amount=row.sum)
