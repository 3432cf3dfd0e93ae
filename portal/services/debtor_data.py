"""Everything about a debtor taken out in one file, and a debtor's personal data erased while the books stay true."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from portal.domain.access import KNOWN, Access
from portal.domain.errors import Refusal
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.gateways.files import UnknownFile
from portal.models import (
    Chargeback,
    Debtor,
    Invoice,
    InvoiceDocument,
    LedgerAccount,
    Message,
    Note,
    Payment,
    Question,
    QuestionEntry,
    Refund,
    StoredFile,
)
from portal.runtime import Runtime
from portal.services import claim_proofs, debtor_desk, dispute_files, documents, personal_data
from portal.services.audit import record, staff_actor
from portal.services.documents import Document

# So long can a card payment be taken back, and so long may we have to show what it was for.
MONEY_IS_RECENT = timedelta(days=180)
LIVE_PAYMENTS = ("created", "unknown", "open", "announced", "processing")
LIVE_REFUNDS = ("requested", "unknown", "pending")
SETTLED_CHARGEBACKS = ("won", "lost", "warning_closed")


@dataclass(frozen=True)
class Claims:
    """What speaks against erasing now: the first four forbid it, recent money must be passed over knowingly."""

    open_sums: Sequence[tuple[str, int]]
    credits: Sequence[tuple[str, int]]
    under_way: int
    chargebacks: int
    recent_until: datetime | None

    @property
    def forbids(self) -> bool:
        """Say whether a claim stands for which the data is needed."""
        return bool(self.open_sums or self.credits or self.under_way or self.chargebacks)


@dataclass(frozen=True)
class Preview:
    """What an erasure would remove and what it would leave, counted."""

    debtor_id: str
    name: str
    number: str
    erased_at: datetime | None
    messages: int
    notes: int
    answers: int
    invoices: int
    payments: int
    files: int
    claims: Claims


def preview(rt: Runtime, access: StaffAccess, debtor_id: str) -> Preview:
    """Count what would go and what stays; raises Refusal not_found. Writes nothing."""
    access.require("erase")
    now = rt.now()
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        threads = select(Question.id).where(Question.debtor_id == debtor.id)
        counts = session.execute(select(
            _count(Message, debtor), _count(Note, debtor), _count(Invoice, debtor), _count(Payment, debtor),
            select(func.count()).select_from(QuestionEntry)
            .where(QuestionEntry.question_id.in_(threads)).scalar_subquery(),
            select(func.count()).select_from(InvoiceDocument).join(Invoice, Invoice.id == InvoiceDocument.invoice_id)
            .where(Invoice.debtor_id == debtor.id).scalar_subquery())).one()
        return Preview(
            debtor.public_id, debtor.name, debtor.number, debtor.erased_at, counts[0], counts[1], counts[4], counts[2],
            counts[3], counts[5], _claims(session, debtor, now))


def erase(rt: Runtime, access: StaffAccess, debtor_id: str, *, knowing_recent_money: bool) -> None:
    """Remove a debtor's personal data everywhere and end every link; sums, dates and the audit trail stay.

    Erasing twice changes nothing. Raises Refusal: role_may_not, prove_first, not_found, legal_claims_hold,
    recent_money.
    """
    access.require("erase")
    now = rt.now()
    access.require_proof(now)

    def work(session: Session) -> None:
        # A payment that arrives at this moment waits for this lock, or this waits for it and sees it.
        debtor = debtor_desk.lock(session, access, debtor_id, erased_too=True)
        if debtor.erased_at is not None:
            return
        claims = _claims(session, debtor, now)
        if claims.forbids:
            raise Refusal("conflict", "legal_claims_hold")
        if claims.recent_until is not None and not knowing_recent_money:
            raise Refusal("conflict", "recent_money")
        proofs = claim_proofs.erase(rt, session, debtor)
        papers = dispute_files.erase(rt, session, debtor)
        removed = {**personal_data.erase(session, debtor, now), "proofs": proofs, "dispute_files": papers}
        record(session, at=now, actor=staff_actor(access), act="debtor.erased", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}", removed=removed,
               recent_money=claims.recent_until is not None)

    rt.db.run(work)


def take_out(rt: Runtime, access: StaffAccess, debtor_id: str) -> Document:
    """Put everything about a debtor into one ZIP: data.json for machines, the statement and kept files for people.

    Raises Refusal: role_may_not, prove_first, not_found, debtor_erased.
    """
    access.require("erase")
    now = rt.now()
    access.require_proof(now)

    def work(session: Session) -> tuple[Debtor, dict[str, object], list[StoredFile]]:
        debtor = debtor_desk.lock(session, access, debtor_id)
        data = personal_data.take_out(session, debtor)
        record(session, at=now, actor=staff_actor(access), act="debtor.exported", business_id=access.business_id,
               debtor_id=debtor.id, target=f"debtor:{debtor.public_id}")
        return debtor, data, [*_files(session, debtor), *claim_proofs.of_debtor(session, debtor),
                              *dispute_files.of_debtor(session, debtor)]

    debtor, data, files = rt.db.run(work)
    statement = documents.statement(rt, Access(access.business_id, debtor.id, 0, "", KNOWN))
    content = _zip(rt, data, statement, files, now)
    return Document(documents.safe_name(f"{debtor.number}-everything.zip"), "application/zip", content)


def _zip(rt: Runtime, data: dict[str, object], statement: Document, files: Sequence[StoredFile],
         now: datetime) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = {"format": "payment-portal/debtor/1", "made_at": now.isoformat(), **data}
        archive.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
        archive.writestr("statement.pdf", statement.content)
        for place, file in enumerate(files, start=1):
            try:
                archive.writestr(f"files/{place:03d}-{documents.safe_name(file.name)}", rt.files.get(file.storage_key))
            except UnknownFile:
                archive.writestr(f"files/{place:03d}-missing.txt", f"{file.sha256}\n")
    return packed.getvalue()


def _files(session: Session, debtor: Debtor) -> list[StoredFile]:
    return list(session.scalars(
        select(StoredFile).join(InvoiceDocument, InvoiceDocument.file_id == StoredFile.id)
        .join(Invoice, Invoice.id == InvoiceDocument.invoice_id)
        .where(Invoice.business_id == debtor.business_id, Invoice.debtor_id == debtor.id).order_by(StoredFile.id)))


def _count(table: type[Message] | type[Note] | type[Invoice] | type[Payment], debtor: Debtor) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(
        table.business_id == debtor.business_id, table.debtor_id == debtor.id).scalar_subquery()


def _claims(session: Session, debtor: Debtor, now: datetime) -> Claims:
    accounts = session.execute(
        select(LedgerAccount.kind, LedgerAccount.currency, func.sum(LedgerAccount.debits - LedgerAccount.credits))
        .where(LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id,
               LedgerAccount.debits != LedgerAccount.credits)
        .group_by(LedgerAccount.kind, LedgerAccount.currency)).all()
    mine = (Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id)
    last = session.scalar(select(func.max(Payment.received_at)).where(
        *mine, Payment.received_at > now - MONEY_IS_RECENT))
    return Claims(
        open_sums=[(currency, int(left)) for kind, currency, left in accounts if kind == RECEIVABLE],
        credits=[(currency, -int(left)) for kind, currency, left in accounts if kind == DEBTOR_CREDIT],
        under_way=_under_way(session, debtor, now),
        chargebacks=session.scalar(
            select(func.count()).select_from(Chargeback).join(Payment, Payment.id == Chargeback.payment_id)
            .where(*mine, Chargeback.state.not_in(SETTLED_CHARGEBACKS))) or 0,
        recent_until=last + MONEY_IS_RECENT if last else None)


def _under_way(session: Session, debtor: Debtor, now: datetime) -> int:
    """Count payments that may still bring money, and refunds that Stripe has not finished."""
    mine = (Payment.business_id == debtor.business_id, Payment.debtor_id == debtor.id)
    paying = session.scalar(select(func.count()).select_from(Payment).where(
        *mine, Payment.state.in_(LIVE_PAYMENTS))) or 0
    returning = session.scalar(
        select(func.count()).select_from(Refund).join(Payment, Payment.id == Refund.payment_id)
        .where(*mine, Refund.state.in_(LIVE_REFUNDS))) or 0
    return paying + returning
