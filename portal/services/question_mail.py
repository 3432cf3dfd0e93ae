"""The emails around a question: the answer to the debtor, who can just reply to it, and a short word to the staff."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portal.models import Business, Dispute, Message, Question, QuestionEntry
from portal.services import messages, staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import dispute_emails, question_emails


def new_reply_key() -> str:
    """Make the secret part of a thread's own address; small letters and digits, which every mail server keeps."""
    return secrets.token_hex(16)


def reply_address(settings: Settings, question: Question) -> str:
    """Give the address at which answers reach a thread; "" where the installation takes no email in."""
    return f"reply+{question.reply_key}@{settings.reply_domain}" if settings.reply_domain else ""


def send_answer(session: Session, settings: Settings, now: datetime, question: Question, entry: QuestionEntry,
                staff_name: str) -> Message:
    """Email an answer to the debtor at once, with the words of it and the way to the page."""
    return messages.queue_answer(
        session, now, question.business_id, question.debtor_id, f"answer:{entry.public_id}",
        reply_address(settings, question), lambda voice: question_emails.answered(
            voice.words, voice.sender, voice.reader, entry.body, staff_name,
            can_reply=bool(settings.reply_domain)))


def tell_staff(session: Session, now: datetime, business: Business, question: Question, cause: str) -> None:
    """Tell the business that someone waits, once for each cause; who and what stands only behind the sign-in."""
    until = question.answer_by or now
    dispute_id = session.scalar(select(Dispute.public_id).where(Dispute.question_id == question.id)) \
        if question.of_dispute else None
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "question_asked",
        f"asked:{question.public_id}:{cause}",
        lambda words, sender: dispute_emails.opened(words, sender, dispute_id, until) if dispute_id
        else question_emails.asked(
            words, sender, question.public_id, call=question.kind == "call_back", until=until))
