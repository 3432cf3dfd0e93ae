"""The few set-based queries behind a debtor's page; each answers for all invoices at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    DateTime,
    Select,
    SQLColumnExpression,
    String,
    Subquery,
    bindparam,
    cast,
    exists,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import QueryableAttribute

from portal.db import Asked, Question
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
    """A hold, a payment under way, or credit, as a row of one query; of a hold, `public_id` is what caused it."""

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


def papers(rows: Asked, accounts: Mapping[int, int]) -> Papers:
    """Read the lines and documents of invoices, and what was paid, added, credited and taken back on them since.

    `accounts` names each invoice the reader may see with its account on the ledger. Movements stand oldest first; an
    invoice's own issue is left out.
    """
    found = Papers(defaultdict(list), defaultdict(list), defaultdict(list))
    if not accounts:
        return found
    invoices = {account: invoice for invoice, account in accounts.items()}
    values = {"ids": list(accounts), "accounts": list(invoices)}
    for what, owner, _, text, word, amount, tax, rate, at in _papers().ask(rows, values):
        if what == "line":
            found.lines[owner].append(Line(text, amount, tax, rate))
        elif what == "move":
            found.movements[invoices[owner]].append(Movement(text, word, amount, at))
        else:
            found.documents[owner].append(DocumentName(word, text))
    return found


@cache
def _papers() -> Question:
    """Put the question together once: that takes longer than asking it. So does the other below."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    never, nothing = cast(null(), UtcDateTime), cast(null(), BigInteger)
    billed = select(
        fixed("line").label("what"), InvoiceLine.invoice_id.label("owner"),
        cast(InvoiceLine.position, BigInteger).label("place"), InvoiceLine.description.label("text"),
        fixed("").label("word"), InvoiceLine.amount_minor.label("amount"), InvoiceLine.tax_minor.label("tax"),
        InvoiceLine.tax_basis_points.label("rate"), never.label("at"),
    ).where(InvoiceLine.invoice_id.in_(ids))
    documents = (
        select(fixed("document"), InvoiceDocument.invoice_id, InvoiceDocument.id, StoredFile.name,
               StoredFile.public_id, nothing, nothing, nothing, never)
        .join(StoredFile, StoredFile.id == InvoiceDocument.file_id)
        .where(InvoiceDocument.invoice_id.in_(ids)))
    return Question(union_all(
        billed, documents, _moves(LedgerTransfer.debit_account_id, LedgerTransfer.amount),
        _moves(LedgerTransfer.credit_account_id, -LedgerTransfer.amount),
    ).order_by("what", "owner", "place"))


def _moves(side: QueryableAttribute[int], amount: SQLColumnExpression[int]) -> Select[*tuple[Any, ...]]:
    # By the accounts' own numbers: of a join, PostgreSQL only knows that most transfers are of the business's few
    # accounts, and reads all there are.
    nothing = cast(null(), BigInteger)
    return select(
        fixed("move"), side, LedgerTransfer.id, LedgerTransfer.memo, LedgerTransfer.kind, amount, nothing, nothing,
        LedgerTransfer.happened_at,
    ).where(side.in_(bindparam("accounts", expanding=True)), LedgerTransfer.kind != fixed("issued"))


def standings(rows: Asked, access: Access, now: datetime) -> list[Standing]:
    """Read holds, payments under way and credit in one query; a narrowed link learns of no credit."""
    narrowed = access.invoice_ids is not None
    return [Standing(*row) for row in _standings(narrowed=narrowed).ask(rows, standing_values(access, now))]


def standing_values(access: Access, now: datetime) -> dict[str, object]:
    """Give what that question asks for by name."""
    values: dict[str, object] = {"business": access.business_id, "debtor": access.debtor_id, "now": now}
    return values if access.invoice_ids is None else {**values, "only": sorted(access.invoice_ids)}


@cache
def _standings(*, narrowed: bool) -> Question:
    both = standing_rows(narrowed=narrowed)
    return Question(select(both.c.what, both.c.invoice, cast(both.c.word, String), both.c.public_id, both.c.amount,
                           both.c.currency, both.c.at))


def standing_rows(*, narrowed: bool) -> Subquery:
    """Ask for holds, payments under way and credit, as a part of another question."""
    business, debtor = bindparam("business", type_=BigInteger), bindparam("debtor", type_=BigInteger)
    nothing = cast(null(), BigInteger)
    never = cast(null(), DateTime(timezone=True))
    holds = select(
        fixed("hold").label("what"), Hold.invoice_id.label("invoice"), Hold.cause.label("word"),
        Hold.cause_id.label("public_id"), cast(0, BigInteger).label("amount"), fixed("").label("currency"),
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
    return union_all(*parts).subquery()
