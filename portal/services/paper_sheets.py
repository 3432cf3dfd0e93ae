"""Prints worded papers: the business's head, its paper size, and tables in the form the printer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from portal.models import Business
from portal.services.receipts import LETTER_PAPER
from portal.words.core import Words
from portal.words.statement_paper import PaperWords, TableWords

if TYPE_CHECKING:
    from datetime import datetime

    from portal.gateways import pdf


def print_paper(business: Business, words: Words, said: PaperWords, at: datetime) -> bytes:
    """Print a statement or a copy of an invoice as a PDF file; `at` is the file's date."""
    # Typesetting is large, and most of what runs here never prints.
    from portal.gateways import pdf

    size: Literal["us-letter", "a4"] = "us-letter" if business.country in LETTER_PAPER else "a4"
    return pdf.statement(pdf.Statement(
        sender=pdf.Sender(
            business.name, business.legal_name, tuple(business.postal_address.splitlines()), business.brand_color,
            business.logo_svg.encode() if business.logo_svg else None),
        language=words.locale, title=said.title, issued_at=at, page_label=said.page_label, size=size, to=said.to,
        eyebrow=said.eyebrow, amount=said.amount, amount_tail=said.amount_tail, lead=said.lead, facts=said.facts,
        tables=tuple(_table(table) for table in said.tables), notes=said.notes, closing_title=said.closing_title,
        closing=said.closing))


def _table(said: TableWords) -> pdf.Table:
    from portal.gateways import pdf

    day, what, amount = said.columns
    return pdf.Table(
        title=said.title,
        columns=(pdf.Column(day), pdf.Column(what, "wide"), pdf.Column(amount, "money")),
        rows=tuple(pdf.Row((when, text, sum_), note, note_under=1) for when, text, sum_, note in said.rows),
        totals=tuple(pdf.Row(total) for total in said.totals))
