"""Agreements: signs a text with all its evidence, once, under the debtor's lock; finds and shows what was signed.

The caller's area words the text (words/…) and does what was agreed; nothing of either is known here. How the evidence
is sealed is in agreement_seals.py, how it is checked in agreement_check.py, its PDF in agreement_papers.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Settings
from portal.domain.access import PROVEN, Access
from portal.domain.agreements import (
    AUTOPAY,
    ELECTRONIC_RECORDS,
    SIGN,
    Statement,
    browser_said,
    canonical,
    digest,
    evidence,
    typed_name,
)
from portal.domain.errors import Refusal
from portal.models import (
    Agreement,
    AgreementPaper,
    Arrangement,
    Business,
    Debtor,
    DebtorSession,
    OneTimeCode,
    PolicyVersion,
    lock_debtor,
)
from portal.models.base import new_public_id
from portal.services import agreement_mail, agreement_seals, letters, messages, signing_consents
from portal.services.audit import Actor, record
from portal.words import signing_statements
from portal.words.core import Words

MISSING = {ELECTRONIC_RECORDS: "consent_missing", AUTOPAY: "autopay_consent_missing"}


@dataclass(frozen=True)
class ToSign:
    """A text as it stands before its reader: what is asked beside it, what they are told, what they allowed before.

    `seen` goes back with the signature, so that nobody signs what they have not read.
    """

    arrangement: Arrangement
    text: bytes
    text_version: str
    locale: str
    asked: tuple[Statement, ...]
    notices: tuple[Statement, ...] = ()
    allowed: tuple[Statement, ...] = ()

    @property
    def seen(self) -> str:
        parts = (self.text, *(one.sha256.encode() for one in (*self.asked, *self.notices, *self.allowed)))
        return digest(b"\x1f".join((str(self.arrangement.version).encode(), self.text_version.encode(), *parts)))


@dataclass(frozen=True)
class Signature:
    """What came back from the page: the version and `seen` that were shown, the typed name, which boxes were ticked."""

    version: int
    seen: str
    name: str
    consents: frozenset[str] = field(default_factory=frozenset)
    address: str = ""
    browser: str = ""
    # The name of whoever is asked for once more and says that it is right.
    confirmed: str = ""


def ready(session: Session, debtor: Debtor, words: Words, arrangement: Arrangement, text: str, text_version: str, *,
          autopay: Statement | None = None, notices: Sequence[Statement] = ()) -> ToSign:
    """Put a text before its reader: consent to electronic records is asked unless it stands already in these words.

    The text names the arrangement's public id, so that nobody can guess it whole; raises ValueError otherwise.
    """
    if arrangement.public_id not in text:
        raise ValueError("a text that is signed must name its arrangement")
    business = session.get_one(Business, debtor.business_id)
    electronic = signing_statements.electronic_records(words, letters.sender_of(business, words))
    known = signing_consents.standing(session, debtor, electronic.kind, electronic.version)
    asked = (*(() if known else (electronic,)), *((autopay,) if autopay else ()))
    return ToSign(arrangement, canonical(text), text_version, words.locale, asked, tuple(notices),
                  (electronic,) if known else ())


def sign(session: Session, settings: Settings, access: Access, to_sign: ToSign, signature: Signature,
         now: datetime) -> Agreement:
    """Sign a text: keep its exact bytes and all evidence, sealed, and email the PDF to both. Joins the transaction.

    The same version signed again, also from another device, is the agreement that is there: nothing is written twice,
    and its `signed_at` tells. Writes the one audit event of the act. The caller calls this before the arrangement's
    next step, which raises its version. Raises Refusal: code_first, agreement_moved_on, consent_missing,
    autopay_consent_missing, signature_missing, signature_too_long, signature_unreadable.
    """
    arrangement = to_sign.arrangement
    debtor = lock_debtor(session, access.business_id, access.debtor_id)
    if debtor is None or (arrangement.business_id, arrangement.debtor_id) != (debtor.business_id, debtor.id):
        raise Refusal("not_found", "unknown_page")
    known = of_version(session, arrangement, signature.version)
    if known is not None:
        return known
    code = _code(session, access)
    if (arrangement.version, to_sign.seen) != (signature.version, signature.seen):
        raise Refusal("conflict", "agreement_moved_on")
    for statement in to_sign.asked:
        if statement.kind not in signature.consents:
            raise Refusal("invalid", MISSING[statement.kind])
    name = typed_name(signature.name)
    agreement = _row(session, access, debtor, to_sign, code, now)
    proof = evidence(_facts(session, access, debtor, agreement, to_sign, signature, name, code))
    agreement.fingerprint = digest(proof)
    agreement.seal = agreement_seals.make(settings, agreement_seals.AGREEMENT, agreement_seals.facts_of(agreement))
    _keep(session, access, agreement, to_sign, proof, now)
    agreement_mail.tell_both(session, now, agreement)
    record(session, at=now, actor=Actor("debtor", access.link_public_id), act="agreement.signed",
           business_id=debtor.business_id, debtor_id=debtor.id, target=f"agreement:{agreement.public_id}",
           arrangement=arrangement.public_id, kind=arrangement.kind, version=arrangement.version,
           fingerprint=agreement.fingerprint)
    return agreement


def of_version(session: Session, arrangement: Arrangement, version: int) -> Agreement | None:
    """Find what was signed for one version of an arrangement; the caller looks here first, to tell a second device."""
    return session.scalars(select(Agreement).where(
        Agreement.business_id == arrangement.business_id, Agreement.arrangement_id == arrangement.id,
        Agreement.arrangement_version == version)).one_or_none()


def newest_of(session: Session, arrangement: Arrangement) -> Agreement | None:
    """Find what was signed last for an arrangement: the agreement that counts."""
    return session.scalars(select(Agreement).where(
        Agreement.business_id == arrangement.business_id, Agreement.arrangement_id == arrangement.id)
        .order_by(Agreement.id.desc()).limit(1)).one_or_none()


def paper(session: Session, agreement: Agreement, what: str) -> bytes | None:
    """Give the kept bytes of an agreement: text, evidence or pdf; None once they were erased or not printed yet."""
    return session.scalar(select(AgreementPaper.content).where(
        AgreementPaper.business_id == agreement.business_id, AgreementPaper.agreement_id == agreement.id,
        AgreementPaper.what == what))


def _code(session: Session, access: Access) -> OneTimeCode:
    """Give the code that opened this signing; whoever has only opened the page is asked for one first."""
    opened = session.get(DebtorSession, access.session_id) if access.session_id is not None else None
    code = session.get(OneTimeCode, opened.code_id) if opened is not None and opened.code_id is not None else None
    if (access.level < PROVEN or opened is None or opened.level < PROVEN or opened.ended_at is not None or code is None
            or code.act != SIGN or code.debtor_id != access.debtor_id or code.link_id != access.link_id):
        raise Refusal("not_allowed", "code_first")
    return code


def _row(session: Session, access: Access, debtor: Debtor, to_sign: ToSign, code: OneTimeCode,
         now: datetime) -> Agreement:
    arrangement = to_sign.arrangement
    previous = session.scalar(select(Agreement.fingerprint).where(
        Agreement.business_id == debtor.business_id, Agreement.debtor_id == debtor.id)
        .order_by(Agreement.id.desc()).limit(1))
    policy = session.scalar(select(func.max(PolicyVersion.version)).where(
        PolicyVersion.business_id == debtor.business_id))
    return Agreement(
        public_id=new_public_id(), business_id=debtor.business_id, debtor_id=debtor.id, arrangement_id=arrangement.id,
        arrangement_version=arrangement.version, kind=arrangement.kind, text_version=to_sign.text_version,
        locale=to_sign.locale, policy_version=policy or 1, link_id=access.link_id, code_id=code.id, signed_at=now,
        text_sha256=digest(to_sign.text), previous=previous or "")


def _facts(session: Session, access: Access, debtor: Debtor, agreement: Agreement, to_sign: ToSign,
           signature: Signature, name: str, code: OneTimeCode) -> Mapping[str, Any]:
    """Gather all evidence: who signed what, when, from where, and how they showed that it was them."""
    business = session.get_one(Business, debtor.business_id)
    sent = messages.find(session, business.id, messages.code_key(debtor, code.act, code.expires_at))
    return {
        "agreement": agreement.public_id, "kind": agreement.kind, "signed_at": agreement.signed_at.isoformat(),
        "business": {"id": business.public_id, "name": business.legal_name},
        "debtor": {"id": debtor.public_id, "number": debtor.number, "name_on_file": debtor.name},
        "arrangement": {"id": to_sign.arrangement.public_id, "version": agreement.arrangement_version},
        "text": {"version": agreement.text_version, "locale": agreement.locale, "sha256": agreement.text_sha256},
        "policy_version": agreement.policy_version, "previous": agreement.previous, "typed_name": name,
        "address": signature.address, "browser": browser_said(signature.browser), "link": access.link_public_id,
        "code": {"id": code.id, "made_at": code.created_at.isoformat(),
                 "entered_at": code.used_at.isoformat() if code.used_at else "",
                 "way": "email" if sent else "read_out", "sent_to": sent.to_address if sent else ""},
        "consents": [_said(one) for one in to_sign.asked], "allowed_before": [_said(one) for one in to_sign.allowed],
        "notices": [_said(one) for one in to_sign.notices],
    }


def _said(statement: Statement) -> Mapping[str, str]:
    return {"kind": statement.kind, "version": statement.version, "sha256": statement.sha256, "text": statement.text}


def _keep(session: Session, access: Access, agreement: Agreement, to_sign: ToSign, proof: bytes,
          now: datetime) -> None:
    session.add(agreement)
    session.flush()
    for what, content in (("text", to_sign.text), ("evidence", proof)):
        session.add(AgreementPaper(agreement_id=agreement.id, what=what, business_id=agreement.business_id,
                                   debtor_id=agreement.debtor_id, content=content))
    for statement in to_sign.asked:
        signing_consents.give(session, access, statement, agreement.locale, now, agreement.id)
    session.flush()
