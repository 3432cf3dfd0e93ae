"""What a debtor sees of their agreements: those they signed, what waits to be signed, and what they allowed for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.agreements import ELECTRONIC_RECORDS, Block, Statement, blocks
from portal.domain.errors import Refusal
from portal.models import Agreement, Arrangement, Business, Debtor, PaperLetter
from portal.models.base import new_public_id
from portal.runtime import Runtime
from portal.services import agreement_papers, agreements, arrangements, letters, paper_letters, signing_consents
from portal.services.audit import Actor, record
from portal.services.more_time import locked
from portal.words import signing_statements
from portal.words.core import for_reader

KIND = "agreement"


@dataclass(frozen=True)
class AgreementView:
    """One signed agreement; `pieces` only where it is shown whole, and empty once its text was erased."""

    public_id: str
    kind: str
    state: str
    arrangement_id: str
    signed_at: datetime
    fingerprint: str
    pieces: tuple[Block, ...] = ()
    paper_asked_at: datetime | None = None


@dataclass(frozen=True)
class Shelf:
    """All agreements of a reader, the newest first; the consent to electronic records and since when it stands."""

    signed: tuple[AgreementView, ...]
    statement: Statement
    consented_at: datetime | None


def shelf(rt: Runtime, access: Access) -> Shelf:
    """Give all a reader has signed, and whether they agreed to records on this page."""
    with rt.db.reading() as session:
        debtor, business = session.get_one(Debtor, access.debtor_id), session.get_one(Business, access.business_id)
        found = session.execute(
            select(Agreement, Arrangement).join(Arrangement, Arrangement.id == Agreement.arrangement_id)
            .where(Agreement.business_id == access.business_id, Agreement.debtor_id == access.debtor_id)
            .order_by(Agreement.id.desc())).all()
        words = for_reader(debtor, business)
        word = signing_consents.standing(session, debtor, ELECTRONIC_RECORDS)
        return Shelf(
            tuple(_view(one, arrangement) for one, arrangement in found
                  if arrangements.visible(session, access, arrangement)),
            signing_statements.electronic_records(words, letters.sender_of(business, words)),
            word.at if word else None)


def one(rt: Runtime, access: Access, agreement_id: str) -> AgreementView:
    """Give one agreement with its text; raises Refusal not_found."""
    with rt.db.reading() as session:
        agreement = agreement_papers.own(session, access, agreement_id)
        text = agreements.paper(session, agreement, "text")
        asked = session.scalars(select(PaperLetter.created_at).where(
            PaperLetter.business_id == access.business_id, PaperLetter.debtor_id == access.debtor_id,
            PaperLetter.kind == KIND, PaperLetter.key.startswith(f"{KIND}:{agreement.public_id}:"))
            .order_by(PaperLetter.id.desc()).limit(1)).one_or_none()
        return _view(agreement, session.get_one(Arrangement, agreement.arrangement_id),
                     blocks(text) if text else (), asked)


def ask_for_paper(rt: Runtime, access: Access, agreement_id: str) -> None:
    """Put a copy on paper into the print queue; asked twice on a day it is one.

    Raises Refusal: not_found, no_postal_address, gone/link_ended.
    """
    now = rt.now()

    def work(session: Session) -> None:
        debtor = locked(session, access, now)
        agreement = agreement_papers.own(session, access, agreement_id)
        if agreements.paper(session, agreement, "text") is None:
            raise Refusal("not_found", "unknown_page")
        if not paper_letters.has_address(debtor):
            raise Refusal("conflict", "no_postal_address")
        key = f"{KIND}:{agreement.public_id}:{arrangements.today(session, debtor, now)}"
        known = session.scalar(select(PaperLetter.id).where(
            PaperLetter.business_id == debtor.business_id, PaperLetter.key == key))
        if known is not None:
            return
        paper_letters.write_rows(session, [{
            "public_id": new_public_id(), "business_id": debtor.business_id, "debtor_id": debtor.id, "kind": KIND,
            "key": key, "contents": {"agreement": agreement.public_id, "invoices": []}, "file_id": None,
            "state": paper_letters.WAITING, "created_at": now, "printed_at": None}])
        record(session, at=now, actor=Actor("debtor", access.link_public_id), act="agreement.paper_asked",
               business_id=debtor.business_id, debtor_id=debtor.id, target=f"agreement:{agreement.public_id}")

    rt.db.run(work)


def _view(agreement: Agreement, arrangement: Arrangement, pieces: tuple[Block, ...] = (),
          paper_asked_at: datetime | None = None) -> AgreementView:
    return AgreementView(agreement.public_id, agreement.kind, arrangement.state, arrangement.public_id,
                         agreement.signed_at, agreement.fingerprint, pieces, paper_asked_at)
