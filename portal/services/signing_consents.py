"""What debtors allowed for signing: to agree on a page instead of on paper, and charges by themselves for one plan.

Rows that are only added; the newest word of a kind counts. The statements themselves are worded in
words/signing_statements.py.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import ELECTRONIC_RECORDS, Statement
from portal.models import Debtor, SigningConsent
from portal.runtime import Runtime
from portal.services.audit import Actor, record
from portal.services.more_time import locked


def standing(session: Session, debtor: Debtor, kind: str, version: str = "") -> SigningConsent | None:
    """Find the word that counts if it allows; with a `version` only one to exactly that statement."""
    newest = session.scalars(
        select(SigningConsent).where(SigningConsent.business_id == debtor.business_id,
                                     SigningConsent.debtor_id == debtor.id, SigningConsent.kind == kind)
        .order_by(SigningConsent.id.desc()).limit(1)).one_or_none()
    if newest is None or not newest.given or (version and newest.version != version):
        return None
    return newest


def give(session: Session, access: Access, statement: Statement, locale: str, now: datetime,
         agreement_id: int | None) -> SigningConsent:
    """Keep that a debtor allowed what a statement says. The caller holds the debtor's lock."""
    return _say(session, access, statement.kind, statement.version, statement.sha256, locale, now, agreement_id,
                given=True)


def withdraw(rt: Runtime, access: Access) -> None:
    """Take the consent to electronic records back: what is signed stays, what comes next comes on paper.

    Twice is once. Raises Refusal not_found, gone/link_ended.
    """
    now = rt.now()

    def work(session: Session) -> None:
        debtor = locked(session, access, now)
        word = standing(session, debtor, ELECTRONIC_RECORDS)
        if word is None:
            return
        _say(session, access, word.kind, word.version, word.text_sha256, word.locale, now, None, given=False)
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="signing_consent.withdrawn",
               business_id=debtor.business_id, debtor_id=debtor.id, kind=ELECTRONIC_RECORDS, version=word.version)

    rt.db.run(work)


def _say(session: Session, access: Access, kind: str, version: str, text_sha256: str, locale: str, now: datetime,
         agreement_id: int | None, *, given: bool) -> SigningConsent:
    word = SigningConsent(
        business_id=access.business_id, debtor_id=access.debtor_id, kind=kind, given=given, version=version,
        locale=locale, text_sha256=text_sha256, link_id=access.link_id, agreement_id=agreement_id, at=now)
    session.add(word)
    session.flush()
    return word
