"""The emails around a dispute: what was decided, and to the business that a deadline comes near or has passed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portal.models import Business, Dispute, Membership, Message, Question, Staff
from portal.services import dispute_holds, messages, question_mail, staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import dispute_emails


def tell_decided(session: Session, settings: Settings, now: datetime, dispute: Dispute, thread: Question,
                 credited: int, words: str, staff_name: str) -> Message:
    """Email how a dispute was decided, at once, with what staff wrote; reminders rest until it can have been read."""
    again = dispute.looks == 1 and dispute.state != "upheld"
    return messages.queue_answer(
        session, now, dispute.business_id, dispute.debtor_id, f"dispute_decided:{dispute.public_id}:{dispute.looks}",
        question_mail.reply_address(settings, thread),
        lambda voice: dispute_emails.decided(
            voice.words, voice.sender, voice.reader, dispute.state, credited, dispute.currency,
            words_of_staff=words, name=staff_name, rests_until=now + dispute_holds.NOTICE, again=again))


def warn(session: Session, now: datetime, business: Business, dispute: Dispute) -> None:
    """Tell the business that a dispute has to be decided soon."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "dispute_due",
        f"dispute_due:{dispute.public_id}:{dispute.looks}",
        lambda words, sender: dispute_emails.due(words, sender, dispute.public_id, dispute.answer_by, passed=False))


def escalate(session: Session, now: datetime, business: Business, dispute: Dispute) -> int:
    """Tell every owner that a promised answer is late; returns how many were told."""
    owners = session.execute(
        select(Staff.email, Staff.locale, Staff.public_id).join(Membership, Membership.staff_id == Staff.id)
        .where(Membership.business_id == business.id, Membership.role == "owner", Membership.ended_at.is_(None))).all()
    for email, locale, public_id in owners:
        staff_mail.queue(
            session, now, business, StaffReader(email, locale or business.locale), "dispute_late",
            f"dispute_late:{dispute.public_id}:{dispute.looks}:{public_id}",
            lambda words, sender: dispute_emails.due(words, sender, dispute.public_id, dispute.answer_by, passed=True))
    return len(owners)
