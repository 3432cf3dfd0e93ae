"""The receipt of one payment as a PDF file, for the email that brings it and for the page that offers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.models import Business, Debtor, Payment
from portal.runtime import Runtime
from portal.services import letters
from portal.words.core import Words, for_reader, speaking
from portal.words.receipt_paper import ReceiptWords, word

# Countries whose printers hold letter paper.
LETTER_PAPER = {"US", "CA", "MX", "PH", "CL", "CO", "CR", "DO", "GT", "NI", "PA", "PR", "SV", "VE"}


@dataclass(frozen=True)
class ReceiptFile:
    """A printed receipt with the name it is kept under."""

    name: str
    content: bytes


def print_receipt(rt: Runtime, business_id: int, debtor_id: int, payment_public_id: str) -> ReceiptFile:
    """Print the receipt of a payment that has arrived; the same payment prints the same words each time.

    Raises Refusal not_found for a payment that is not this debtor's or has not arrived.
    """
    with rt.db.reading() as session:
        payment = session.scalars(select(Payment).where(
            Payment.business_id == business_id, Payment.debtor_id == debtor_id,
            Payment.public_id == payment_public_id)).one_or_none()
        if payment is None or not payment.captured_minor or payment.received_at is None:
            raise Refusal("not_found", "unknown_page")
        business, debtor = session.get_one(Business, business_id), session.get_one(Debtor, debtor_id)
        words = for_reader(debtor, business)
        with speaking(words, rt.now()):
            said = _words(session, payment, business, debtor, words)
    return ReceiptFile(said.file_name, _printed(said, business, payment, words.locale))


def _words(session: Session, payment: Payment, business: Business, debtor: Debtor, words: Words) -> ReceiptWords:
    sender = letters.sender_of(business, words)
    return word(words, letters.paid_sum(session, payment), payer=debtor.name, greeting_name=debtor.greeting_name,
                returned_minor=payment.returned_minor,
                contact=(sender.contact_name, sender.contact_phone))


def _printed(said: ReceiptWords, business: Business, payment: Payment, locale: str) -> bytes:
    # Typesetting is large, and most of what runs here never prints.
    from portal.gateways import pdf

    assert payment.received_at is not None
    size: Literal["us-letter", "a4"] = "us-letter" if business.country in LETTER_PAPER else "a4"
    table = pdf.Table(
        columns=(pdf.Column(said.columns[0], "wide"), pdf.Column(said.columns[1], "money")),
        rows=tuple(pdf.Row((label, value), note) for label, note, value in said.rows),
        totals=(pdf.Row(said.total),))
    return pdf.receipt(pdf.Receipt(
        sender=pdf.Sender(
            business.name, business.legal_name, tuple(business.postal_address.splitlines()), business.brand_color,
            business.logo_svg.encode() if business.logo_svg else None),
        language=locale, title=said.title, issued_at=payment.received_at, page_label=said.page_label, size=size,
        eyebrow=said.eyebrow, amount=said.amount, amount_tail=said.amount_tail, tables=(table,), facts=said.facts,
        notes=said.notes, closing_title=said.closing_title, closing=said.closing))
