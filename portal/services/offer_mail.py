"""The emails about discounts made by hand; they pass the gate like every email nobody needs at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Debtor, Invoice, Message, Offer
from portal.services import messages
from portal.words import settlement_emails
from portal.words.settlement_emails import Saving


def tell(session: Session, now: datetime, debtor: Debtor, made: Sequence[Offer], *, words: str, name: str) -> Message:
    """Email what was offered until when, with what staff wrote, if the gate lets it."""
    savings = _savings(session, made)
    return messages.queue_courtesy_about(
        session, now, debtor.business_id, debtor.id, "offer_made", f"offer_made:{made[0].public_id}",
        lambda voice: settlement_emails.discount_made(voice.words, voice.sender, voice.reader, savings, words, name))


def tell_soon(session: Session, now: datetime, debtor: Debtor, ending: Sequence[Offer]) -> Message:
    """Email until when discounts that end soon can still be taken, if the gate lets it."""
    savings = _savings(session, ending)
    return messages.queue_courtesy_about(
        session, now, debtor.business_id, debtor.id, "ends_soon", f"ends_soon:{ending[0].public_id}",
        lambda voice: settlement_emails.discount_ends(voice.words, voice.sender, voice.reader, savings))


def _savings(session: Session, offers: Sequence[Offer]) -> tuple[Saving, ...]:
    numbers = dict(session.execute(select(Invoice.id, Invoice.number).where(
        Invoice.id.in_([one.invoice_id for one in offers]))).tuples().all())
    return tuple(Saving(numbers[one.invoice_id], one.base_minor or 0, one.discount_minor, one.currency, one.deadline)
                 for one in offers)
