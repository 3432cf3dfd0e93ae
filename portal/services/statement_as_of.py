"""A debtor's account as it stood at the end of a day, added up from the transfers until then: a page, or on paper."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import Business, Debtor, Invoice, InvoiceLine, LedgerAccount, LedgerTransfer
from portal.runtime import Runtime
from portal.services import debtor_desk, letters, paper_sheets
from portal.services.documents import PDF, Document, safe_name
from portal.services.trial_balance import day_start
from portal.words import statement_paper
from portal.words.core import for_reader, speaking
from portal.words.statement_paper import Account, BilledInvoice, BilledLine, Move

# What was settled longer ago is left out; it no longer says how the account came to stand as it does.
RECENTLY = timedelta(days=365)


@dataclass(frozen=True)
class AsOf:
    """An account at the end of a day: its invoices with all that happened until then, what was left, and credit."""

    debtor_id: str
    name: str
    number: str
    day: date
    today: date
    invoices: tuple[BilledInvoice, ...]
    left: tuple[tuple[str, int], ...]
    credit: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Found:
    business: Business
    debtor: Debtor
    until: datetime
    shown: AsOf


def as_of(rt: Runtime, access: StaffAccess, debtor_id: str, day: date | None = None) -> AsOf:
    """Give a debtor's account at the end of a day (today, or the day named); raises Refusal not_found."""
    access.require("see")
    return _find(rt, access, debtor_id, day).shown


def paper(rt: Runtime, access: StaffAccess, debtor_id: str, day: date | None = None) -> Document:
    """Print a debtor's account at the end of a day, in the debtor's language; raises Refusal not_found."""
    access.require("see")
    found = _find(rt, access, debtor_id, day)
    business, shown = found.business, found.shown
    words = for_reader(found.debtor, business)
    sender = letters.sender_of(business, words)
    at = min(rt.now(), found.until - timedelta(seconds=1))
    with speaking(words, rt.now()):
        account = Account(
            name=found.debtor.name, number=found.debtor.number, contact=(sender.contact_name, sender.contact_phone),
            left=shown.left or ((business.currency, 0),), credit=shown.credit)
        said = statement_paper.statement(words, account, shown.invoices, at)
    return Document(safe_name(f"{said.file_name}.pdf"), PDF, paper_sheets.print_paper(business, words, said, at))


def _find(rt: Runtime, access: StaffAccess, debtor_id: str, day: date | None) -> _Found:
    with rt.db.reading() as session:
        debtor = debtor_desk.find(session, access, debtor_id)
        business = session.get_one(Business, access.business_id)
        today = rt.now().astimezone(ZoneInfo(business.timezone)).date()
        on = min(day or today, today)
        until = day_start(business, on, 1)
        invoices, credit = _accounts(session, debtor, until)
    left: dict[str, int] = {}
    for one in invoices:
        left[one.currency] = left.get(one.currency, 0) + one.left_minor
    ordered = sorted(left.items(), key=lambda item: (item[0] != business.currency, item[0]))
    return _Found(business, debtor, until, AsOf(
        debtor.public_id, debtor.name, debtor.number, on, today, tuple(invoices), tuple(ordered), tuple(credit)))


def _accounts(session: Session, debtor: Debtor, until: datetime) -> tuple[list[BilledInvoice], list[tuple[str, int]]]:
    mine = session.scalars(select(LedgerAccount).where(
        LedgerAccount.business_id == debtor.business_id, LedgerAccount.debtor_id == debtor.id,
        LedgerAccount.kind.in_((RECEIVABLE, DEBTOR_CREDIT)))).all()
    moves = _moves(session, [account.id for account in mine], until)
    credit = [(account.currency, -sum(move.amount_minor for _, move in moves[account.id])) for account in mine
              if account.kind == DEBTOR_CREDIT]
    owners = {account.invoice_id: account.id for account in mine if account.invoice_id is not None}
    rows = session.scalars(select(Invoice).where(Invoice.id.in_(owners)).order_by(
        Invoice.currency, Invoice.due_on, Invoice.id)).all()
    lines = _lines(session, list(owners))
    billed = []
    for row in rows:
        happened = moves[owners[row.id]]
        if not any(kind == "issued" for kind, _ in happened):
            continue
        left = sum(move.amount_minor for _, move in happened)
        if left or max(move.at for _, move in happened) > until - RECENTLY:
            billed.append(BilledInvoice(
                number=row.number, title=row.title, issued_on=row.issued_on, due_on=row.due_on, terms=row.terms,
                currency=row.currency, total_minor=row.total_minor, left_minor=left, lines=tuple(lines[row.id]),
                moves=tuple(move for kind, move in happened if kind != "issued")))
    return billed, sorted((currency, minor) for currency, minor in credit if minor)


def _moves(session: Session, ids: list[int], until: datetime) -> dict[int, list[tuple[str, Move]]]:
    """Give every transfer on some accounts until a moment, the oldest first; positive raises what is owed."""
    sides = union_all(*(
        select(side.label("account"), LedgerTransfer.id.label("id"), LedgerTransfer.kind, LedgerTransfer.memo,
               LedgerTransfer.happened_at, (LedgerTransfer.amount * literal(sign)).label("amount"))
        .where(side.in_(ids), LedgerTransfer.happened_at < until)
        for side, sign in ((LedgerTransfer.debit_account_id, 1), (LedgerTransfer.credit_account_id, -1)))).subquery()
    found: dict[int, list[tuple[str, Move]]] = defaultdict(list)
    for row in session.execute(select(sides).order_by(sides.c.happened_at, sides.c.id)):
        found[row.account].append((row.kind, Move(row.memo, row.happened_at, int(row.amount))))
    return found


def _lines(session: Session, invoice_ids: list[int]) -> dict[int, list[BilledLine]]:
    found: dict[int, list[BilledLine]] = defaultdict(list)
    for line in session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id.in_(invoice_ids)).order_by(
            InvoiceLine.invoice_id, InvoiceLine.position)):
        found[line.invoice_id].append(BilledLine(
            line.description, line.amount_minor, line.tax_minor, line.tax_basis_points))
    return found
