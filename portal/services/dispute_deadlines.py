"""The deadlines of disputes: the business is told before one, and its owners when one has passed unanswered."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from portal.domain import disputes as rules
from portal.models import Business, Dispute, Question, lock_debtor
from portal.runtime import Runtime
from portal.services import dispute_mail
from portal.services.audit import Actor, record

WARNING = timedelta(days=5)
BATCH = 100
WORKER = Actor("job", "watch_disputes")


def watch(rt: Runtime) -> int:
    """Tell of every dispute that is due soon or late, once each; returns how many were told of."""
    now = rt.now()
    with rt.db.reading() as session:
        due = session.execute(_due(now).limit(BATCH)).all()
    return sum(rt.db.run(lambda session: _tell(session, business_id, debtor_id, id, now))  # noqa: B023
               for id, business_id, debtor_id in due)


def _due(now: datetime) -> Select[int, int, int]:
    return (
        select(Dispute.id, Dispute.business_id, Dispute.debtor_id)
        .where(Dispute.state == rules.OPEN, Dispute.answer_by <= now + WARNING,
               or_(Dispute.warned_at.is_(None), (Dispute.answer_by <= now) & Dispute.escalated_at.is_(None)))
        .order_by(Dispute.answer_by, Dispute.id))


def _tell(session: Session, business_id: int, debtor_id: int, dispute_id: int, now: datetime) -> bool:
    lock_debtor(session, business_id, debtor_id)
    dispute = session.get_one(Dispute, dispute_id, populate_existing=True)
    if dispute.state != rules.OPEN:
        return False
    business, told = session.get_one(Business, business_id), False
    if dispute.answer_by <= now and dispute.escalated_at is None:
        dispute.escalated_at = dispute.warned_at = now
        dispute_mail.escalate(session, now, business, dispute)
        # Whoever had the last word, the business has to speak now.
        thread = session.get_one(Question, dispute.question_id)
        if thread.state == "debtor":
            thread.state, thread.moved_at = "business", now
        record(session, at=now, actor=WORKER, act="dispute.escalated", business_id=business_id, debtor_id=debtor_id,
               target=f"dispute:{dispute.public_id}")
        told = True
    elif dispute.warned_at is None:
        dispute.warned_at = now
        dispute_mail.warn(session, now, business, dispute)
        record(session, at=now, actor=WORKER, act="dispute.warned", business_id=business_id, debtor_id=debtor_id,
               target=f"dispute:{dispute.public_id}")
        told = True
    return told
