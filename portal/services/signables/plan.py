"""A plan as it is signed: worded with every day and sum as they stand now, and begun when its text is signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import Statement
from portal.domain.plan_rules import Living
from portal.domain.schedules import Part
from portal.models import Agreement, Arrangement, Business, Debtor, Plan
from portal.runtime import Runtime
from portal.services import arrangements, letters, mandates, plan_signing, plans, policies
from portal.services.signables import Prepared
from portal.words import autopay_statements, plan_text
from portal.words.core import Words, speak
from portal.words.emails import plain
from portal.words.plan_text import PlanWords

KIND = plans.KIND


def prepare(session: Session, debtor: Debtor, arrangement: Arrangement, words: Words, now: datetime) -> Prepared:
    """Word a plan as it would be signed now; raises Refusal as plan_signing.effective()."""
    plan, business = session.get_one(Plan, arrangement.id), session.get_one(Business, debtor.business_id)
    parts = plan_signing.effective(session, debtor, arrangement, plan, now)
    invoices = [(plain(one.number), plain(one.title), one.payable_minor)
                for one in plan_signing.invoices_of(session, debtor, arrangement)]
    said = PlanWords(
        public_id=arrangement.public_id, legal_name=plain(business.legal_name), debtor_name=plain(debtor.name),
        debtor_number=plain(debtor.number), currency=plan.currency, total_minor=plan.total_minor, parts=parts,
        invoices=invoices, living=Living.from_data(plan.rules), autopay=plan.autopay, down_minor=plan.down_minor,
        replaces=session.get_one(Arrangement, plan.replaces_id).public_id if plan.replaces_id else "")
    return Prepared(
        plan_text.text(words, letters.sender_of(business, words), said), plan_text.VERSION,
        plan_text.summary(words, said),
        autopay=_allowed(session, debtor, plan, parts, words, now) if plan.autopay else None)


def accept(session: Session, _rt: Runtime, access: Access, debtor: Debtor, arrangement: Arrangement,
           agreement: Agreement, now: datetime) -> None:
    """Let the plan begin; with what was allowed apart from it, its payments are charged once a method is saved."""
    plan = session.get_one(Plan, arrangement.id)
    parts = plan_signing.effective(session, debtor, arrangement, plan, now)
    by_itself = plan.autopay
    method = mandates.method_of(session, debtor.business_id, plan.replaces_id) if plan.replaces_id else None
    plan_signing.begin(session, debtor, arrangement, now)
    if by_itself:
        business = session.get_one(Business, debtor.business_id)
        statement = _allowed(session, debtor, plan, parts, speak(agreement.locale, business.timezone), now)
        mandate = mandates.give(session, access, plan, statement, agreement.locale, now)
        if method is not None:
            # What they allow now is charged to what the plan before it was: nobody saves the same card twice.
            mandates.use(session, mandate, method, now)


def _allowed(session: Session, debtor: Debtor, plan: Plan, parts: Sequence[Part], words: Words,
             now: datetime) -> Statement:
    business = session.get_one(Business, debtor.business_id)
    return autopay_statements.charges(
        words, letters.sender_of(business, words), parts, plan.currency,
        today=arrangements.today(session, debtor, now),
        notice_days=policies.in_force(session, business.id).autopay_notice_days,
        retry_days=Living.from_data(plan.rules).retry_days)
