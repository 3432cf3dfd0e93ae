"""The few set-based queries behind a debtor's page; each answers for all invoices at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CompoundSelect,
    DateTime,
    Select,
    String,
    bindparam,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)
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
    for what, invoice, _, text, public_id, amount, tax, rate in session.execute(_papers(), {"ids": invoice_ids}):
        if what == "line":
            lines[invoice].append(Line(text, amount, tax, rate))
        else:
            documents[invoice].append(DocumentName(public_id, text))
    return lines, documents


@cache
def _papers() -> CompoundSelect[*tuple[Any, ...]]:
    """Put the question together once: that takes longer than asking it. So do the others below."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    billed = select(
        literal("line").label("what"), InvoiceLine.invoice_id.label("invoice"), InvoiceLine.position.label("position"),
        InvoiceLine.description.label("text"), literal("").label("public_id"), InvoiceLine.amount_minor.label("amount"),
        InvoiceLine.tax_minor.label("tax"), InvoiceLine.tax_basis_points.label("rate"),
    ).where(InvoiceLine.invoice_id.in_(ids))
    papers = (
        select(literal("document"), InvoiceDocument.invoice_id, InvoiceDocument.id, StoredFile.name,
               StoredFile.public_id, literal(0), literal(0), literal(0))
        .join(StoredFile, StoredFile.id == InvoiceDocument.file_id)
        .where(InvoiceDocument.invoice_id.in_(ids)))
    return union_all(billed, papers).order_by("what", "invoice", "position")


def movements(session: Session, access: Access, invoice_ids: Sequence[int]) -> dict[int, list[Movement]]:
    """Read what was paid, added, credited and taken back on invoices, oldest first; their issue is left out."""
    found: dict[int, list[Movement]] = defaultdict(list)
    if not invoice_ids:
        return found
    values = {"business": access.business_id, "ids": invoice_ids}
    for invoice_id, memo, kind, amount, at, raises in session.execute(_movements(), values):
        found[invoice_id or 0].append(Movement(memo, kind, amount if raises else -amount, at))
    return found


@cache
def _movements() -> Select[*tuple[Any, ...]]:
    mine = (LedgerAccount.business_id == bindparam("business"), LedgerAccount.kind == RECEIVABLE,
            LedgerAccount.invoice_id.in_(bindparam("ids", expanding=True)))
    return (
        select(LedgerAccount.invoice_id, LedgerTransfer.memo, LedgerTransfer.kind, LedgerTransfer.amount,
               LedgerTransfer.happened_at, LedgerTransfer.debit_account_id == LedgerAccount.id)
        .join(LedgerAccount, or_(LedgerAccount.id == LedgerTransfer.debit_account_id,
                                 LedgerAccount.id == LedgerTransfer.credit_account_id))
        .where(*mine, LedgerTransfer.kind != "issued").order_by(LedgerTransfer.id))


def standings(session: Session, access: Access, now: datetime) -> list[Standing]:
    """Read holds, payments under way and credit in one query; a narrowed link learns of no credit."""
    values: dict[str, object] = {"business": access.business_id, "debtor": access.debtor_id, "now": now}
    if access.invoice_ids is None:
        return [Standing(*row) for row in session.execute(_standings(narrowed=False), values)]
    only = {"only": sorted(access.invoice_ids)}
    return [Standing(*row) for row in session.execute(_standings(narrowed=True), {**values, **only})]


@cache
def _standings(*, narrowed: bool) -> Select[*tuple[Any, ...]]:
    business, debtor = bindparam("business", type_=BigInteger), bindparam("debtor", type_=BigInteger)
    nothing = cast(null(), BigInteger)
    never = cast(null(), DateTime(timezone=True))
    holds = select(
        literal("hold").label("what"), Hold.invoice_id.label("invoice"), Hold.cause.label("word"),
        Hold.public_id.label("public_id"), cast(literal(0), BigInteger).label("amount"), literal("").label("currency"),
        Hold.until.label("at"),
    ).where(Hold.business_id == business, Hold.debtor_id == debtor, Hold.released_at.is_(None),
            or_(Hold.until.is_(None), Hold.until > bindparam("now")))
    under_way = select(
        literal("payment"), nothing, Payment.state, Payment.public_id, Payment.amount_minor, Payment.currency,
        Payment.created_at,
    ).where(Payment.business_id == business, Payment.debtor_id == debtor,
            Payment.state.in_(("processing", "announced")))
    if narrowed:
        # A payment that is also for something this link does not show would tell of it by its sum.
        hidden = exists().where(PaymentInvoice.payment_id == Payment.id,
                                PaymentInvoice.invoice_id.not_in(bindparam("only", expanding=True)))
        under_way = under_way.where(~hidden)
    credit = select(
        literal("credit"), nothing, literal(""), literal(""), LedgerAccount.credits - LedgerAccount.debits,
        LedgerAccount.currency, never,
    ).where(LedgerAccount.business_id == business, LedgerAccount.debtor_id == debtor,
            LedgerAccount.kind == DEBTOR_CREDIT, LedgerAccount.credits > LedgerAccount.debits)
    parts = [holds, under_way] if narrowed else [holds, under_way, credit]
    both = union_all(*parts).subquery()
    return select(both.c.what, both.c.invoice, cast(both.c.word, String), both.c.public_id, both.c.amount,
                     both.c.currency, both.c.at)
