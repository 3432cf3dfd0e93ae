"""A plan as it stands on the stage of borders: proposed, marked by words of its own, and waiting for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.domain.plan_rules import Living
from portal.domain.plan_terms import Wish
from portal.domain.schedules import Part
from portal.models import Arrangement, ArrangementInvoice, ArrangementRound, Debtor, Invoice, Plan
from portal.services import plans


def proposed(session: Session, debtor: Debtor, invoice: Invoice, word: str, now: datetime) -> Arrangement:
    """Propose two payments of five each, yesterday."""
    at, first = now - timedelta(days=1), (now + timedelta(days=20)).date()
    parts = (Part(first, 5_00), Part(first + timedelta(days=30), 5_00))
    terms = plans.as_terms(Wish(parts=parts), parts)
    asked = Arrangement(
        business_id=debtor.business_id, debtor_id=debtor.id, kind="plan", state="asked", currency=invoice.currency,
        amount_minor=10_00, asked_until=parts[-1].due_on, words=f"{word} begins in spring.", asked_at=at,
        answer_by=now + timedelta(days=1), version=1)
    session.add(asked)
    session.flush()
    session.add(Plan(
        arrangement_id=asked.id, business_id=debtor.business_id, debtor_id=debtor.id, currency=invoice.currency,
        kind="custom", count=2, total_minor=10_00, first_on=first, last_on=parts[-1].due_on, terms=terms,
        rules=Living().as_data(), grace_days=5, cure_days=10, proposed_by="debtor", expires_at=now + timedelta(days=9)))
    session.add(ArrangementInvoice(arrangement_id=asked.id, invoice_id=invoice.id, business_id=debtor.business_id,
                                   debtor_id=debtor.id))
    session.add(ArrangementRound(
        business_id=debtor.business_id, arrangement_id=asked.id, position=1, said_by="debtor", what="asked",
        until=parts[-1].due_on, amount_minor=10_00, words=asked.words, terms=terms, at=at))
    session.flush()
    return asked
