"""One invoice as the office sees it: what was billed, what moved since, what rests on it, and who paid what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.payment_stories import story
from portal.domain.roles import StaffAccess
from portal.models import (
    Hold,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    StoredFile,
)
from portal.runtime import Runtime
from portal.services.documents import KNOWN_MEDIA, Document, safe_name
from portal.services.lists import common
from portal.services.lists.cells import Cell
from portal.services.lists.frame import Context
from portal.services.lists.invoices import INVOICES, InvoiceRow, state_of
from portal.services.lists.payments import STORIES, chargebacks_of, method_of
from portal.services.lists.resting import Rest
from portal.words import happenings
from portal.words.core import Words
from portal.words.said import Said, Sayable

MOST_MOVES = 200


@dataclass(frozen=True)
class Move:
    """One transfer on the invoice: what raised it is positive, minor units."""

    transfer_id: int
    kind: str
    amount: int
    at: datetime
    by_payment: str


@dataclass(frozen=True)
class PaidBy:
    """A payment that meant this invoice: its part of it, minor units."""

    public_id: str
    number: str
    amount: int
    discount: int
    at: datetime
    story: Sayable
    kind: str
    method: str


@dataclass(frozen=True)
class Resting:
    """A hold on it, or on the whole account."""

    cause: str
    rest: Rest
    since: datetime
    whole_account: bool


@dataclass(frozen=True)
class Paper:
    """A document that came with it."""

    public_id: str
    name: str
    size: int


@dataclass(frozen=True)
class InvoicePage:
    """All that the page of an invoice shows."""

    row: InvoiceRow
    state: Cell
    days_late: int
    terms: str
    lines: Sequence[InvoiceLine]
    moves: Sequence[Move]
    more_moves: bool
    payments: Sequence[PaidBy]
    holds: Sequence[Resting]
    papers: Sequence[Paper]

    @property
    def tax(self) -> int:
        """The tax within the total, minor units."""
        return sum(line.tax_minor for line in self.lines)


def page(rt: Runtime, access: StaffAccess, currency: str, words: Words, invoice_id: str) -> InvoicePage:
    """Give one invoice of this business; raises Refusal not_found for anybody else's."""
    access.require("see")
    context = Context(access.business_id, access.staff_id, currency, (currency,), (), words, rt.now())
    with rt.db.reading() as session:
        found = INVOICES.id_of(session, context, invoice_id)
        if found is None:
            raise Refusal("not_found", "unknown_page")
        row: InvoiceRow = INVOICES.load(session, context, [found])[0]
        moves = _moves(session, access.business_id, found)
        return InvoicePage(
            row=row, state=state_of(row, context.today), days_late=row.late(context.today),
            terms=session.get_one(Invoice, found).terms,
            lines=session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == found)
                                  .order_by(InvoiceLine.position)).all(),
            moves=moves[:MOST_MOVES], more_moves=len(moves) > MOST_MOVES,
            payments=_payments(session, row), holds=_holds(session, context, row), papers=_papers(session, found))


def paper(rt: Runtime, access: StaffAccess, invoice_id: str, file_id: str) -> Document:
    """Give a file that belongs to an invoice, as it was handed in; raises Refusal not_found."""
    access.require("see")
    with rt.db.reading() as session:
        file = session.scalars(
            select(StoredFile).join(InvoiceDocument, InvoiceDocument.file_id == StoredFile.id)
            .join(Invoice, Invoice.id == InvoiceDocument.invoice_id)
            .where(StoredFile.public_id == file_id, StoredFile.business_id == access.business_id,
                   Invoice.public_id == invoice_id, Invoice.business_id == access.business_id)).one_or_none()
    if file is None:
        raise Refusal("not_found", "unknown_page")
    media_type = file.media_type if file.media_type in KNOWN_MEDIA else "application/octet-stream"
    return Document(safe_name(file.name), media_type, rt.files.get(file.storage_key))


def _moves(session: Session, business_id: int, invoice_id: int) -> list[Move]:
    account = session.scalars(select(LedgerAccount).where(
        LedgerAccount.business_id == business_id, LedgerAccount.invoice_id == invoice_id,
        LedgerAccount.kind == common.RECEIVABLE)).one_or_none()
    if account is None:
        return []
    found: list[LedgerTransfer] = []
    for side in (LedgerTransfer.debit_account_id, LedgerTransfer.credit_account_id):
        found += session.scalars(select(LedgerTransfer).where(side == account.id)
                                 .order_by(LedgerTransfer.id.desc()).limit(MOST_MOVES + 1)).all()
    found.sort(key=lambda transfer: (transfer.happened_at, transfer.id))
    return [
        Move(transfer.id, transfer.kind,
             transfer.amount if transfer.debit_account_id == account.id else -transfer.amount, transfer.happened_at,
             transfer.cause_id if transfer.cause_type == "payment" else "") for transfer in found]


def _payments(session: Session, row: InvoiceRow) -> list[PaidBy]:
    query = (
        select(PaymentInvoice, Payment).join(Payment, Payment.id == PaymentInvoice.payment_id)
        .where(PaymentInvoice.debtor_id == row.debtor_internal, PaymentInvoice.invoice_id == row.id)
        .order_by(Payment.created_at.desc(), Payment.id.desc()).limit(MOST_MOVES))
    rows = session.execute(query).all()
    taken = chargebacks_of(session, [payment.id for _, payment in rows])
    return [_paid_by(part, payment, taken.get(payment.id, "")) for part, payment in rows]


def _paid_by(part: PaymentInvoice, payment: Payment, chargeback: str) -> PaidBy:
    told = story(state=payment.state, captured=payment.captured_minor, returned=payment.returned_minor,
                 chargeback=chargeback, failed_before=bool(payment.failure_code))
    text, kind = STORIES[told]
    return PaidBy(payment.public_id, payment.number, part.amount_minor, part.discount_minor,
                  payment.received_at or payment.created_at, Said(text), kind,
                  method_of(payment.method_brand, payment.method_last4)
                  or happenings.CHANNELS.get(payment.channel, ""))


def _holds(session: Session, context: Context, row: InvoiceRow) -> list[Resting]:
    holds = session.scalars(
        select(Hold).where(Hold.debtor_id == row.debtor_internal, *common.holding(context.now),
                           or_(Hold.invoice_id.is_(None), Hold.invoice_id == row.id)).order_by(Hold.id))
    return [Resting(hold.cause, Rest(hold.cause, hold.until, hold.line_id is None and hold.amount_minor is None),
                    hold.starts_at, hold.invoice_id is None) for hold in holds]


def _papers(session: Session, invoice_id: int) -> list[Paper]:
    return [Paper(file.public_id, file.name, file.size) for file in session.scalars(
        select(StoredFile).join(InvoiceDocument, InvoiceDocument.file_id == StoredFile.id)
        .where(InvoiceDocument.invoice_id == invoice_id).order_by(InvoiceDocument.id))]
