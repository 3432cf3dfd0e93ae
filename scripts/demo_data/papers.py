"""Papers that belong to invoices, such as a signed quote: made up here, kept like any document of a business."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from portal.gateways import pdf
from portal.models import Business, Debtor
from portal.words import speak
from scripts.demo_data.cast import Bill


@dataclass(frozen=True)
class Printed:
    """A finished paper."""

    content: bytes
    sha256: str


def agreed(business: Business, debtor: Debtor, one: Bill, at: datetime) -> Printed:
    """Print what was agreed before the work: the lines, without tax, and the sum."""
    words = speak(debtor.locale, business.timezone)

    def money(minor: int) -> str:
        return words.money(minor, one.currency)

    table = pdf.Table(
        columns=(pdf.Column("Work", "wide"), pdf.Column("Sum", "money")),
        rows=tuple(pdf.Row((line.text, money(line.minor))) for line in one.lines),
        totals=(pdf.Row(("Total", money(one.total))),))
    sender = pdf.Sender(
        business.name, business.legal_name, tuple(business.postal_address.split(", ", 1)), business.brand_color,
        business.logo_svg.encode() if business.logo_svg else None)
    content = pdf.statement(pdf.Statement(
        sender=sender, language=debtor.locale, title=one.paper, issued_at=at, page_label="Page {page} of {pages}",
        size="us-letter", to=(debtor.name,), lead=one.title, tables=(table,),
        notes=("Agreed and signed before the work began. A made-up paper of a made-up business.",)))
    return Printed(content, hashlib.sha256(content).hexdigest())
