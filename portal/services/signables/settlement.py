"""A settlement as it is signed: worded with its sum and last moment as they stand now, and begun when it is signed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.models import Agreement, Arrangement, Business, Debtor
from portal.runtime import Runtime
from portal.services import letters, settlement_terms
from portal.services.signables import Prepared
from portal.words import settlement_text
from portal.words.core import Words
from portal.words.emails import plain
from portal.words.settlement_text import SettlementWords

KIND = settlement_terms.KIND


def prepare(session: Session, debtor: Debtor, arrangement: Arrangement, words: Words, now: datetime) -> Prepared:
    """Word a settlement as it would be signed now; raises Refusal as settlement_terms.acceptable()."""
    invoices = settlement_terms.acceptable(session, debtor, arrangement, now)
    business = session.get_one(Business, debtor.business_id)
    assert arrangement.until is not None
    said = SettlementWords(
        public_id=arrangement.public_id, legal_name=plain(business.legal_name), debtor_name=plain(debtor.name),
        debtor_number=plain(debtor.number), currency=arrangement.currency, amount_minor=arrangement.amount_minor,
        owed_minor=sum(one.left_minor for one in invoices),
        deadline=settlement_terms.deadline_of(session, debtor, arrangement.until),
        invoices=[(plain(one.number), plain(one.title), one.left_minor) for one in invoices])
    sender = letters.sender_of(business, words)
    return Prepared(settlement_text.text(words, sender, said), settlement_text.VERSION,
                    settlement_text.summary(words, said))


def accept(session: Session, _rt: Runtime, _access: Access, debtor: Debtor, arrangement: Arrangement,
           _agreement: Agreement, now: datetime) -> None:
    """Let the settlement stand."""
    settlement_terms.begin(session, debtor, arrangement, now)
