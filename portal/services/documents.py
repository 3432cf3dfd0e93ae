"""The papers a debtor can take along: receipts, the statement, copies of invoices, and files that came with them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain.access import Access
from portal.domain.errors import Refusal
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.gateways.files import UnknownFile
from portal.models import (
    Business,
    Debtor,
    Invoice,
    InvoiceDocument,
    LedgerAccount,
    LedgerTransfer,
    Payment,
    PaymentInvoice,
    StoredFile,
)
from portal.runtime import Runtime
from portal.services import account_rows, debts, letters, paper_sheets, receipts
from portal.words import statement_paper
from portal.words.core import Words, for_reader, speaking
from portal.words.statement_paper import Account, BilledInvoice, BilledLine, Move

PDF = "application/pdf"
# What a browser may be told a kept file is; everything else is plain bytes to it.
KNOWN_MEDIA = {PDF, "image/png", "image/jpeg"}
RECENTLY = timedelta(days=365)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Document:
    """A file for a debtor: the name it is saved under, what it is, and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class _Reader:
    """Whose papers are printed, by whom, and in which words."""

    business: Business
    debtor: Debtor
    words: Words


def receipt(rt: Runtime, access: Access, payment_public_id: str) -> Document:
    """Print the receipt of a payment that has arrived; raises Refusal not_found for any other.

    A link that shows some invoices only gives no receipt that speaks of others.
    """
    with rt.db.reading() as session:
        paid_for = set(session.scalars(
            select(PaymentInvoice.invoice_id).join(Payment, Payment.id == PaymentInvoice.payment_id)
            .where(Payment.public_id == payment_public_id, Payment.business_id == access.business_id,
                   Payment.debtor_id == access.debtor_id)))
    if access.invoice_ids is not None and not (paid_for and paid_for <= access.invoice_ids):
        raise Refusal("not_found", "unknown_page")
    printed = receipts.print_receipt(rt, access.business_id, access.debtor_id, payment_public_id)
    return Document(safe_name(printed.name), PDF, printed.content)


def statement(rt: Runtime, access: Access) -> Document:
    """Print all open invoices and those settled in the last twelve months, with what is left now per currency."""
    now = rt.now()
    with rt.db.reading() as session:
        reader = _reader(session, access)
        billed = _billed(session, access, _shown(session, access, now))
        account = _account(session, access, reader, billed)
    with speaking(reader.words, now):
        said = statement_paper.statement(reader.words, account, billed, now)
    content = paper_sheets.print_paper(reader.business, reader.words, said, now)
    return Document(safe_name(f"{said.file_name}.pdf"), PDF, content)


def invoice(rt: Runtime, access: Access, invoice_public_id: str) -> Document:
    """Print a copy of one invoice from our own data; raises Refusal not_found."""
    now = rt.now()
    with rt.db.reading() as session:
        reader = _reader(session, access)
        billed = _billed(session, access, [_own_invoice(session, access, invoice_public_id)])
        account = _account(session, access, reader, billed)
    with speaking(reader.words, now):
        said = statement_paper.invoice(reader.words, account, billed[0], now)
    content = paper_sheets.print_paper(reader.business, reader.words, said, now)
    return Document(safe_name(f"{said.file_name}.pdf"), PDF, content)


def stored(rt: Runtime, access: Access, invoice_public_id: str, file_public_id: str) -> Document:
    """Give a file that belongs to an invoice, as it was handed in; raises Refusal not_found."""
    with rt.db.reading() as session:
        owner = _own_invoice(session, access, invoice_public_id)
        file = session.scalars(
            select(StoredFile).join(InvoiceDocument, InvoiceDocument.file_id == StoredFile.id)
            .where(StoredFile.business_id == access.business_id, StoredFile.public_id == file_public_id,
                   InvoiceDocument.business_id == access.business_id, InvoiceDocument.invoice_id == owner.id)
        ).one_or_none()
    if file is None:
        raise Refusal("not_found", "unknown_page")
    try:
        content = rt.files.get(file.storage_key)
    except UnknownFile as lost:
        raise Refusal("not_found", "unknown_page") from lost
    media_type = file.media_type if file.media_type in KNOWN_MEDIA else "application/octet-stream"
    return Document(safe_name(file.name), media_type, content)


def safe_name(name: str) -> str:
    """Make a name that is safe to save under: no folders, no quotes, no marks that turn the reading direction."""
    plain = "".join(
        char for char in unicodedata.normalize("NFC", name) if unicodedata.category(char)[0] not in ("C", "Z")
        or char == " ")
    plain = re.sub(r'[\\/:*?"<>|;%]+', "-", plain).strip(" .-")
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) <= 5:
        return f"{stem[:LONGEST_NAME].strip(' .-') or 'document'}.{ending}"
    return plain[:LONGEST_NAME] or "document"


def _reader(session: Session, access: Access) -> _Reader:
    business = session.get_one(Business, access.business_id)
    debtor = session.scalars(select(Debtor).where(
        Debtor.business_id == access.business_id, Debtor.id == access.debtor_id)).one()
    return _Reader(business, debtor, for_reader(debtor, business))


def _own_invoice(session: Session, access: Access, public_id: str) -> Invoice:
    found = session.scalars(select(Invoice).where(
        Invoice.public_id == public_id, Invoice.business_id == access.business_id,
        Invoice.debtor_id == access.debtor_id)).one_or_none()
    if found is None or (access.invoice_ids is not None and found.id not in access.invoice_ids):
        raise Refusal("not_found", "unknown_page")
    return found


def _shown(session: Session, access: Access, now: datetime) -> list[Invoice]:
    touched = (
        select(func.max(LedgerTransfer.happened_at))
        .where(or_(LedgerTransfer.debit_account_id == LedgerAccount.id,
                   LedgerTransfer.credit_account_id == LedgerAccount.id))
        .correlate(LedgerAccount).scalar_subquery())
    query = (
        select(Invoice).join(LedgerAccount, LedgerAccount.invoice_id == Invoice.id)
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
               LedgerAccount.kind == RECEIVABLE,
               or_(LedgerAccount.credits < LedgerAccount.debits, touched > now - RECENTLY))
        .order_by(Invoice.currency, Invoice.due_on, Invoice.id))
    if access.invoice_ids is not None:
        query = query.where(Invoice.id.in_(access.invoice_ids))
    return list(session.scalars(query))


def _billed(session: Session, access: Access, invoices: list[Invoice]) -> list[BilledInvoice]:
    ids = [invoice.id for invoice in invoices]
    accounts = session.execute(
        select(LedgerAccount.invoice_id, LedgerAccount.id, LedgerAccount.debits - LedgerAccount.credits)
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.kind == RECEIVABLE,
               LedgerAccount.invoice_id.in_(ids))).all()
    papers = account_rows.papers(session, {owner: account for owner, account, _ in accounts if owner is not None})
    left = {owner: minor for owner, _, minor in accounts}
    held = {one.id: one.held_minor for one in debts.open_invoices(session, access)}
    return [BilledInvoice(
        number=one.number, title=one.title, issued_on=one.issued_on, due_on=one.due_on, terms=one.terms,
        currency=one.currency, total_minor=one.total_minor, left_minor=left.get(one.id, 0),
        lines=tuple(BilledLine(line.text, line.amount_minor, line.tax_minor, line.tax_basis_points)
                    for line in papers.lines[one.id]),
        moves=tuple(Move(move.memo, move.at, move.amount_minor) for move in papers.movements[one.id]),
        held_minor=held.get(one.id, 0))
        for one in invoices]


def _account(session: Session, access: Access, reader: _Reader, billed: list[BilledInvoice]) -> Account:
    main = reader.business.currency
    left = {one.currency: 0 for one in billed} or {main: 0}
    for one in billed:
        left[one.currency] += one.left_minor
    sender = letters.sender_of(reader.business, reader.words)
    return Account(
        name=reader.debtor.name, number=reader.debtor.number, contact=(sender.contact_name, sender.contact_phone),
        left=tuple(sorted(left.items(), key=lambda item: (item[0] != main, item[0]))),
        credit=_credit(session, access) if access.invoice_ids is None else ())


def _credit(session: Session, access: Access) -> tuple[tuple[str, int], ...]:
    query = (
        select(LedgerAccount.currency, LedgerAccount.credits - LedgerAccount.debits)
        .where(LedgerAccount.business_id == access.business_id, LedgerAccount.debtor_id == access.debtor_id,
               LedgerAccount.kind == DEBTOR_CREDIT, LedgerAccount.credits > LedgerAccount.debits)
        .order_by(LedgerAccount.currency))
    return tuple((currency, minor) for currency, minor in session.execute(query))
