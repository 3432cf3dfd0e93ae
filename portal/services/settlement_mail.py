"""The emails around settlements: what was decided, how it ended, that it ends soon, and to staff that someone waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Arrangement, Business, Message
from portal.services import messages, staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import settlement_emails


def tell_debtor(session: Session, now: datetime, arrangement: Arrangement, what: str, *, words: str = "",
                staff_name: str = "", once: str = "") -> Message:
    """Email what became of a settlement, at once: `what` is one of settlement_emails.TOLD.

    `once` tells apart what can happen to one version more than once, such as another day.
    """
    wording = settlement_emails.TOLD[what]
    return messages.queue_answer(
        session, now, arrangement.business_id, arrangement.debtor_id,
        f"{what}:{arrangement.public_id}:{arrangement.version}{once}", "",
        lambda voice: wording(voice.words, voice.sender, voice.reader, settlement_emails.Terms(
            arrangement.amount_minor, arrangement.currency, arrangement.until, words, staff_name)))


def tell_soon(session: Session, now: datetime, arrangement: Arrangement) -> Message:
    """Email once for each last day that what was agreed on ends soon, if the gate lets it; it asks for nothing new."""
    return messages.queue_courtesy_about(
        session, now, arrangement.business_id, arrangement.debtor_id, "ends_soon",
        f"ends_soon:{arrangement.public_id}:{arrangement.version}:{arrangement.until}",
        lambda voice: settlement_emails.ends_soon(voice.words, voice.sender, voice.reader, settlement_emails.Terms(
            arrangement.amount_minor, arrangement.currency, arrangement.until)))


def tell_staff(session: Session, now: datetime, business: Business, arrangement: Arrangement, what: str) -> None:
    """Tell the business: settlement_asked, _kept, _paid or _broken; who it is stands behind the sign-in."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), what,
        f"{what}:{arrangement.public_id}:{arrangement.version}:{arrangement.state}",
        lambda words, sender: settlement_emails.to_staff(words, sender, what, arrangement.public_id,
                                                         arrangement.answer_by or now))
