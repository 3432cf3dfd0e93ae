"""Tells people by email that their decision is asked for, and whoever asked what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.models import Approval, Business, Staff
from portal.services import staff_mail
from portal.services.corrected import act_of
from portal.services.staff_mail import StaffReader
from portal.words import office_emails


def tell_approver(session: Session, now: datetime, business: Business, reader: Staff, asker: Staff,
                  approval: Approval) -> None:
    """Ask one person to decide; the email names the sum and who asks, and nobody who owes."""
    staff_mail.queue(
        session, now, business, StaffReader(reader.email, reader.locale), "approval",
        f"approval:{approval.public_id}:{reader.public_id}",
        lambda words, sender: office_emails.approval_asked(
            words, sender, reader.name, asker.name, act_of(approval.act, approval.target),
            approval.amount_minor, approval.currency, approval.public_id))


def tell_asker(session: Session, now: datetime, business: Business, asker: Staff, decider: Staff,
               approval: Approval) -> None:
    """Tell whoever asked that it was approved or refused."""
    staff_mail.queue(
        session, now, business, StaffReader(asker.email, asker.locale), "approval_decided",
        f"approval-decided:{approval.public_id}",
        lambda words, sender: office_emails.approval_decided(
            words, sender, asker.name, decider.name, approval.state, approval.amount_minor, approval.currency,
            approval.public_id))
