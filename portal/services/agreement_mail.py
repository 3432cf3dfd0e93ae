"""The emails of an agreement: the PDF to whoever signed and to the business, in the same commit as the signature."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Agreement, Business
from portal.services import messages, staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import agreement_emails

KIND = "agreement"


def tell_both(session: Session, now: datetime, agreement: Agreement) -> None:
    """Queue the PDF of an agreement to the debtor and to the business; it is printed when the first of them leaves."""
    attachment = f"{KIND}:{agreement.public_id}"
    messages.queue_agreement(
        session, now, agreement.business_id, agreement.debtor_id, f"agreement:{agreement.public_id}", attachment,
        lambda voice: agreement_emails.signed(voice.words, voice.sender, voice.reader))
    business = session.get_one(Business, agreement.business_id)
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "agreement_signed",
        f"agreement_signed:{agreement.public_id}",
        lambda words, sender: agreement_emails.signed_for_staff(words, sender, agreement.public_id),
        attachment=attachment)
