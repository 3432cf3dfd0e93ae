"""The few set-based queries behind a debtor's page; each answers for all invoices at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, String, cast, exists, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.models import (
    Hold,
    InvoiceDocument,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    StoredFile,
)


@dataclass(frozen=True)
class Line:
    """One line of an invoice as billed, minor units; tax stands beside."""

    text: str
    amount_minor: int
    tax_minor: int
    tax_basis_points: int


@dataclass(frozen=True)
class DocumentName:
    """A document of an invoice, by its public id."""

    public_id: str
    name: str


@dataclass(frozen=True)
class Movement:
    """What happened to an invoice since: negative lowers it; `memo` is a code for words."""

    memo: str
    kind: str
    amount_minor: int
    at: datetime


@dataclass(frozen=True)
class Standing:
    """A hold, a payment under way, or credit, as a row of one query."""

    what: str
    invoice_id: int | None
    word: str
    public_id: str
    amount_minor: int
    currency: str
    at: datetime | None


def lines_and_documents(session: Session, invoice_ids: Sequence[int]) -> tuple[
        dict[int, list[Line]], dict[int, list[DocumentName]]]:
    """Read the lines and the documents of invoices."""
    lines: dict[int, list[Line]] = defaultdict(list)
    documents: dict[int, list[DocumentName]] = defaultdict(list)
    if not invoice_ids:
        return lines, documents
    billed = select(
        literal("line").label("what"), InvoiceLine.invoice_id.label("invoice"), InvoiceLine.position.label("position"),
        InvoiceLine.description.label("text"), literal("").label("public_id"), InvoiceLine.amount_minor.label("amount"),
        InvoiceLine.tax_minor.label("tax"), InvoiceLine.tax_basis_points.label("rate"),
    ).where(InvoiceLine.invoice_id.in_(invoice_ids))
    papers = (
        select(literal("document"), InvoiceDocument.invoice_id, InvoiceDocument.id, StoredFile.name,
               StoredFile.public_id, literal(0), literal(0), literal(0))
        .join(StoredFile, StoredFile.id == InvoiceDocument.file_id)
        .where(InvoiceDocument.invoice_id.in_(invoice_ids)))
    rows = session.execute(union_all(billed, papers).order_by("what", "invoice", "position"))
    for what, invoice, _, text, public_id, amount, tax, rate in rows:
        if what == "line":
            lines[invoice].append(Line(text, amount, tax, rate))
        else:
            documents[invoice].append(DocumentName(public_id, text))
    return lines, documents


def movements(session: Session, access: Access, invoice_ids: Sequence[int]) -> dict[int, list[Movement]]:
    """Read what was paid, added, credited and taken back on invoices, oldest first; their issue is left out."""
    found: dict[int, list[Movement]] = defaultdict(list)
    if not invoice_ids:
        return found
    mine = (LedgerAccount.business_id == access.business_id, LedgerAccount.kind == RECEIVABLE,
            LedgerAccount.invoice_id.in_(invoice_ids))
    query = (
        select(LedgerAccount.invoice_id, LedgerTransfer.memo, LedgerTransfer.kind, LedgerTransfer.amount,
               LedgerTransfer.happened_at, LedgerTransfer.debit_account_id == LedgerAccount.id)
        .join(LedgerAccount, or_(LedgerAccount.id == LedgerTransfer.debit_account_id,
                                 LedgerAccount.id == LedgerTransfer.credit_account_id))
        .where(*mine, LedgerTransfer.kind != "issued").order_by(LedgerTransfer.id))
    for invoice_id, memo, kind, amount, at, raises in session.execute(query):
        found[invoice_id or 0].append(Movement(memo, kind, amount if raises else -amount, at))
    return found


def standings(session: Session, access: Access, now: datetime) -> list[Standing]:
    """Read holds, payments under way and credit in one query; a narrowed link learns of no credit."""
    nothing = cast(null(), BigInteger)
    never = cast(null(), DateTime(timezone=True))
    holds = select(
        literal("hold").label("what"), Hold.invoice_id.label("invoice"), Hold.cause.label("word"),
        Hold.public_id.label("public_id"), cast(literal(0), BigInteger).label("amount"), literal("").label("currency"),
        Hold.until.label("at"),
    ).where(Hold.business_id == access.business_id, Hold.debtor_id == access.debtor_id, Hold.released_at.is_(None),
            or_(Hold.until.is_(None), Hold.until > now))
    under_way = select(
        literal("payment"), nothing, Payment.state, Payment.public_id, Payment.amount_minor, Payment.currency,
        Payment.created_at,
    ).where(Payment.business_id == access.business_id, Payment.debtor_id == access.debtor_id,
            Payment.state.in_(("processing", "announced")))
    if access.invoice_ids is not None:
        # A payment that is also for something this link does not show would tell of it by its sum.
        hidden = exists().where(PaymentInvoice.payment_id == Payment.id,
                                PaymentInvoice.invoice_id.not_in(access.invoice_ids))
        under_way = under_way.where(~hidden)
    credit = select(
        literal("credit"), nothing, literal(""), literal(""), LedgerAccount.credits - LedgerAccount.debits,
        LedgerAccount.currency, never,
    ).where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
            LedgerAccount.kind == DEBTOR_CREDIT, LedgerAccount.credits > LedgerAccount.debits)
    parts = [holds, under_way] if access.invoice_ids is not None else [holds, under_way, credit]
    both = union_all(*parts).subquery()
    columns = select(both.c.what, both.c.invoice, cast(both.c.word, String), both.c.public_id, both.c.amount,
                     both.c.currency, both.c.at)
    return [Standing(*row) for row in session.execute(columns)]
