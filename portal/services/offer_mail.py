"""The email about a discount that somebody made by hand; it passes the gate like every email nobody needs at once."""

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
    numbers = dict(session.execute(select(Invoice.id, Invoice.number).where(
        Invoice.id.in_([one.invoice_id for one in made]))).tuples().all())
    savings = tuple(Saving(numbers[one.invoice_id], one.base_minor or 0, one.discount_minor, one.currency, one.deadline)
                    for one in made)
    return messages.queue_courtesy_about(
        session, now, debtor.business_id, debtor.id, "offer_made", f"offer_made:{made[0].public_id}",
        lambda voice: settlement_emails.discount_made(voice.words, voice.sender, voice.reader, savings, words, name))
