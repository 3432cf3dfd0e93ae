"""The emails around plans: what was proposed, answered, expires or is late, and to staff that somebody waits."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.models import Arrangement, Business, Installment, Message, Plan
from portal.services import messages, staff_mail
from portal.services.staff_mail import StaffReader
from portal.words import plan_emails
from portal.words.plan_emails import About


def tell_debtor(session: Session, now: datetime, arrangement: Arrangement, what: str, *, words: str = "",
                staff_name: str = "", until: date | datetime | None = None, amount_minor: int = 0) -> Message:
    """Email what happened to a plan, at once: `what` is a name in words/plan_emails.KINDS."""
    plan = session.get_one(Plan, arrangement.id)
    about = About(plan.total_minor, plan.currency, plan.count, until, amount_minor, staff_name, words)
    wording = plan_emails.KINDS[what]
    day = f":{until:%Y%m%d}" if until else ""
    return messages.queue_answer(
        session, now, arrangement.business_id, arrangement.debtor_id,
        f"{what}:{arrangement.public_id}:{arrangement.version}{day}", "",
        lambda voice: wording(voice.words, voice.sender, voice.reader, about))


def remind(session: Session, now: datetime, arrangement: Arrangement, row: Installment) -> bool:
    """Remind of one payment before its day, if the message gate lets it; False when that was done already."""
    key = f"plan_due:{row.public_id}:{row.due_on:%Y%m%d}"
    if messages.find(session, arrangement.business_id, key) is not None:
        return False
    plan = session.get_one(Plan, arrangement.id)
    about = About(plan.total_minor, plan.currency, plan.count, row.due_on, row.amount_minor - row.paid_minor)
    messages.queue_courtesy_about(
        session, now, arrangement.business_id, arrangement.debtor_id, "plan_due", key,
        lambda voice: plan_emails.plan_due(voice.words, voice.sender, voice.reader, about))
    return True


def thank(session: Session, now: datetime, arrangement: Arrangement) -> None:
    """Thank for a plan that is paid, if the message gate lets it."""
    plan = session.get_one(Plan, arrangement.id)
    about = About(plan.total_minor, plan.currency, plan.count)
    messages.queue_courtesy_about(
        session, now, arrangement.business_id, arrangement.debtor_id, "plan_completed",
        f"plan_completed:{arrangement.public_id}",
        lambda voice: plan_emails.plan_completed(voice.words, voice.sender, voice.reader, about))


def tell_staff(session: Session, now: datetime, business: Business, arrangement: Arrangement) -> None:
    """Tell the business that a plan waits for an answer; who and how much stands only behind the sign-in."""
    staff_mail.queue(
        session, now, business, StaffReader(business.contact_email, business.locale), "plan_asked",
        f"plan_asked:{arrangement.public_id}:{arrangement.version}",
        lambda words, sender: plan_emails.plan_asked(
            words, sender, arrangement.public_id, arrangement.answer_by or now))
