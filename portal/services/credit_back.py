"""Whether a debtor may take their credit back alone: the one question behind the button and behind what it does."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.acts import may_take_back as may
from portal.domain.policy import Policy
from portal.models import LedgerAccount, LedgerTransfer, Payment, PolicyVersion

BY_HAND = ("transfer", "cash", "check")
GIVEN = ("goodwill", "thank_you_credit", "credit", "tax_credit")


def may_take_back(session: Session | Connection, access: Access, currency: str, credit: int) -> bool:
    """Say whether so much credit, in minor units, may go back at the debtor's own press; one query."""
    outside = exists().where(
        Payment.debtor_id == access.debtor_id, Payment.business_id == access.business_id,
        Payment.currency == currency, Payment.channel.in_(BY_HAND), Payment.captured_minor > Payment.returned_minor)
    theirs = select(LedgerAccount.id).where(
        LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
        LedgerAccount.currency == currency)
    given = exists().where(LedgerTransfer.credit_account_id.in_(theirs), LedgerTransfer.kind.in_(GIVEN))
    rules = select(PolicyVersion.rules).where(PolicyVersion.business_id == access.business_id).order_by(
        PolicyVersion.version.desc()).limit(1).scalar_subquery()
    by_hand, was_given, stored = session.execute(select(outside, given, rules)).one()
    limit = Policy.from_rules(stored or {}).second_person_above(currency)
    return may(credit, beside_stripe=bool(by_hand or was_given), limit=limit)
