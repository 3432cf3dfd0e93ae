"""The PDF of an agreement: printed once, its fingerprint sealed, the same bytes ever after, for whoever may have it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import blocks, digest
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Agreement, AgreementPaper, AgreementPrint, Arrangement, Business, Debtor, lock_debtor
from portal.runtime import Runtime
from portal.services import agreement_seals, agreements, arrangements
from portal.services.documents import PDF, Document, safe_name
from portal.services.receipts import LETTER_PAPER
from portal.words import agreement_paper
from portal.words.core import for_reader, speak, speaking

if TYPE_CHECKING:
    from portal.words.agreement_paper import AgreementWords

PLAIN_TEXT = "text/plain"


def own(session: Session, access: Access, agreement_id: str) -> Agreement:
    """Find one of a debtor's own agreements; raises Refusal not_found for anybody else's, or beyond a narrow link."""
    agreement = session.scalars(select(Agreement).where(
        Agreement.public_id == agreement_id, Agreement.business_id == access.business_id,
        Agreement.debtor_id == access.debtor_id)).one_or_none()
    if agreement is None or access.pay_only or not arrangements.visible(
            session, access, session.get_one(Arrangement, agreement.arrangement_id)):
        raise Refusal("not_found", "unknown_page")
    return agreement


def for_debtor(rt: Runtime, access: Access, agreement_id: str) -> Document:
    """Give the PDF to whoever signed it; raises Refusal not_found."""
    with rt.db.reading() as session:
        business_id, public_id = access.business_id, own(session, access, agreement_id).public_id
    return for_mail(rt, business_id, public_id)


def text_for_debtor(rt: Runtime, access: Access, agreement_id: str) -> Document:
    """Give the exact text that was signed; raises Refusal not_found."""
    with rt.db.reading() as session:
        agreement = own(session, access, agreement_id)
        content = agreements.paper(session, agreement, "text")
    if content is None:
        raise Refusal("not_found", "unknown_page")
    return Document(safe_name(f"agreement-{agreement.signed_at.date()}.txt"), PLAIN_TEXT, content)


def for_staff(rt: Runtime, access: StaffAccess, agreement_id: str) -> Document:
    """Give the PDF to one of the staff; raises Refusal role_may_not, not_found."""
    access.require("work")
    return for_mail(rt, access.business_id, agreement_id)


def for_mail(rt: Runtime, business_id: int, agreement_id: str) -> Document:
    """Give the PDF of an agreement of a business, printing it if nobody has; raises Refusal not_found."""
    with rt.db.reading() as session:
        agreement = session.scalars(select(Agreement).where(
            Agreement.public_id == agreement_id, Agreement.business_id == business_id)).one_or_none()
        if agreement is None:
            raise Refusal("not_found", "unknown_page")
        said, text, proof = _worded(rt, session, agreement)
        kept = agreements.paper(session, agreement, "pdf")
        business = session.get_one(Business, business_id)
    name = safe_name(said.file_name)
    if kept is not None:
        return Document(name, PDF, kept)
    content = _print(said, agreement, business, text, proof)
    return Document(name, PDF, _keep(rt, agreement, content))


def _worded(rt: Runtime, session: Session, agreement: Agreement) -> tuple[AgreementWords, bytes, bytes]:
    text, proof = (agreements.paper(session, agreement, what) for what in ("text", "evidence"))
    if text is None or proof is None:
        raise Refusal("not_found", "unknown_page")
    debtor, business = session.get_one(Debtor, agreement.debtor_id), session.get_one(Business, agreement.business_id)
    words = speak(agreement.locale, for_reader(debtor, business).timezone)
    with speaking(words, agreement.signed_at):
        verify_at = f"{rt.settings.base_url}/verify/{agreement.fingerprint}"
        return agreement_paper.word(words, json.loads(proof), agreement.fingerprint, verify_at), text, proof


def _print(said: AgreementWords, agreement: Agreement, business: Business, text: bytes, proof: bytes) -> bytes:
    # Typesetting is large, and most of what runs here never prints.
    from portal.gateways import pdf

    size: Literal["us-letter", "a4"] = "us-letter" if business.country in LETTER_PAPER else "a4"
    return pdf.signed_text(pdf.SignedText(
        sender=pdf.Sender(
            business.name, business.legal_name, tuple(business.postal_address.splitlines()), business.brand_color,
            business.logo_svg.encode() if business.logo_svg else None),
        language=agreement.locale, title=said.title, issued_at=agreement.signed_at, page_label=said.page_label,
        size=size, pieces=tuple((one.kind, one.text) for one in blocks(text)), facts_title=said.facts_title,
        facts=said.facts, notes=said.notes, closing_title=said.closing_title, closing=said.closing,
        files=(("agreement.txt", said.text_about, text), ("evidence.json", said.evidence_about, proof))))


def _keep(rt: Runtime, agreement: Agreement, content: bytes) -> bytes:
    """Keep a printed PDF; when another was quicker, theirs is the one."""
    now = rt.now()

    def work(session: Session) -> bytes:
        lock_debtor(session, agreement.business_id, agreement.debtor_id)
        known = agreements.paper(session, agreement, "pdf")
        if known is not None:
            return known
        if session.get(AgreementPrint, agreement.id) is not None:
            # Erased in between: what is gone is not made anew.
            raise Refusal("not_found", "unknown_page")
        sha256 = digest(content)
        session.add(AgreementPaper(agreement_id=agreement.id, what="pdf", business_id=agreement.business_id,
                                   debtor_id=agreement.debtor_id, content=content))
        session.add(AgreementPrint(
            agreement_id=agreement.id, business_id=agreement.business_id, sha256=sha256, made_at=now,
            seal=agreement_seals.make(rt.settings, agreement_seals.PRINT,
                                      agreement_seals.facts_of_print(agreement, sha256))))
        session.flush()
        return content

    return rt.db.run(work)
