"""Tells the business by email that a debtor wants no more emails; who it is stands only behind the sign-in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Business, Debtor
from portal.services import staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import refusal_emails


def tell_staff(session: Session, now: datetime, business: Business, debtor: Debtor, cause: str, *,
               complained: bool = False) -> None:
    """Tell it once for each cause."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "emails_refused",
        f"refused:{debtor.public_id}:{cause}"[:120], lambda words, sender: refusal_emails.refused(
            words, sender, debtor.public_id, complained=complained))
