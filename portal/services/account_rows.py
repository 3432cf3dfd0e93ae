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
    case,
    cast,
    exists,
    null,
    or_,
    select,
    union_all,
)

from portal.db import Asked
from portal.domain.access import Access
from portal.domain.ledger import DEBTOR_CREDIT
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
from portal.models.base import UtcDateTime, fixed


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


@dataclass(frozen=True)
class Papers:
    """What stands under invoices, each by the invoice's internal number."""

    lines: dict[int, list[Line]]
    documents: dict[int, list[DocumentName]]
    movements: dict[int, list[Movement]]


def papers(rows: Asked, access: Access, invoice_ids: Sequence[int]) -> Papers:
    """Read the lines and documents of invoices, and what was paid, added, credited and taken back on them since.

    Movements stand oldest first; an invoice's own issue is left out.
    """
    found = Papers(defaultdict(list), defaultdict(list), defaultdict(list))
    if not invoice_ids:
        return found
    values = {"business": access.business_id, "debtor": access.debtor_id, "ids": invoice_ids}
    for what, invoice, _, text, word, amount, tax, rate, at in rows.execute(_papers(), values):
        if what == "line":
            found.lines[invoice].append(Line(text, amount, tax, rate))
        elif what == "move":
            found.movements[invoice].append(Movement(text, word, amount, at))
        else:
            found.documents[invoice].append(DocumentName(word, text))
    return found


@cache
def _papers() -> CompoundSelect[*tuple[Any, ...]]:
    """Put the question together once: that takes longer than asking it. So does the other below."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    never, nothing = cast(null(), UtcDateTime), cast(null(), BigInteger)
    billed = select(
        fixed("line").label("what"), InvoiceLine.invoice_id.label("invoice"),
        cast(InvoiceLine.position, BigInteger).label("place"), InvoiceLine.description.label("text"),
        fixed("").label("word"), InvoiceLine.amount_minor.label("amount"), InvoiceLine.tax_minor.label("tax"),
        InvoiceLine.tax_basis_points.label("rate"), never.label("at"),
    ).where(InvoiceLine.invoice_id.in_(ids))
    documents = (
        select(fixed("document"), InvoiceDocument.invoice_id, InvoiceDocument.id, StoredFile.name,
               StoredFile.public_id, nothing, nothing, nothing, never)
        .join(StoredFile, StoredFile.id == InvoiceDocument.file_id)
        .where(InvoiceDocument.invoice_id.in_(ids)))
    raises = LedgerTransfer.debit_account_id == LedgerAccount.id
    moves = (
        select(fixed("move"), LedgerAccount.invoice_id, LedgerTransfer.id, LedgerTransfer.memo, LedgerTransfer.kind,
               case((raises, LedgerTransfer.amount), else_=-LedgerTransfer.amount), nothing, nothing,
               LedgerTransfer.happened_at)
        .join(LedgerAccount, or_(raises, LedgerTransfer.credit_account_id == LedgerAccount.id))
        # Only receivables have an invoice. To name their kind as well would lead SQLite through all of a business's.
        .where(LedgerAccount.business_id == bindparam("business"), LedgerAccount.debtor_id == bindparam("debtor"),
               LedgerAccount.invoice_id.in_(ids), LedgerTransfer.kind != fixed("issued")))
    return union_all(billed, documents, moves).order_by("what", "invoice", "place")


def standings(rows: Asked, access: Access, now: datetime) -> list[Standing]:
    """Read holds, payments under way and credit in one query; a narrowed link learns of no credit."""
    values: dict[str, object] = {"business": access.business_id, "debtor": access.debtor_id, "now": now}
    if access.invoice_ids is None:
        return [Standing(*row) for row in rows.execute(_standings(narrowed=False), values)]
    only = {"only": sorted(access.invoice_ids)}
    return [Standing(*row) for row in rows.execute(_standings(narrowed=True), {**values, **only})]


@cache
def _standings(*, narrowed: bool) -> Select[*tuple[Any, ...]]:
    business, debtor = bindparam("business", type_=BigInteger), bindparam("debtor", type_=BigInteger)
    nothing = cast(null(), BigInteger)
    never = cast(null(), DateTime(timezone=True))
    holds = select(
        fixed("hold").label("what"), Hold.invoice_id.label("invoice"), Hold.cause.label("word"),
        Hold.public_id.label("public_id"), cast(0, BigInteger).label("amount"), fixed("").label("currency"),
        Hold.until.label("at"),
    ).where(Hold.business_id == business, Hold.debtor_id == debtor, Hold.released_at.is_(None),
            or_(Hold.until.is_(None), Hold.until > bindparam("now")))
    under_way = select(
        fixed("payment"), nothing, Payment.state, Payment.public_id, Payment.amount_minor, Payment.currency,
        Payment.created_at,
    ).where(Payment.business_id == business, Payment.debtor_id == debtor,
            or_(Payment.state == fixed("processing"), Payment.state == fixed("announced")))
    if narrowed:
        # A payment that is also for something this link does not show would tell of it by its sum.
        hidden = exists().where(PaymentInvoice.payment_id == Payment.id,
                                PaymentInvoice.invoice_id.not_in(bindparam("only", expanding=True)))
        under_way = under_way.where(~hidden)
    credit = select(
        fixed("credit"), nothing, fixed(""), fixed(""), LedgerAccount.credits - LedgerAccount.debits,
        LedgerAccount.currency, never,
    ).where(LedgerAccount.business_id == business, LedgerAccount.debtor_id == debtor,
            LedgerAccount.kind == fixed(DEBTOR_CREDIT), LedgerAccount.credits > LedgerAccount.debits)
    parts = [holds, under_way] if narrowed else [holds, under_way, credit]
    both = union_all(*parts).subquery()
    return select(both.c.what, both.c.invoice, cast(both.c.word, String), both.c.public_id, both.c.amount,
                     both.c.currency, both.c.at)
