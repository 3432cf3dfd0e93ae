"""A debtor's page in the office: what they owe at a glance, invoices, holds, what comes next, and how they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.domain import credit_terms
from portal.domain.credit_terms import Terms
from portal.domain.errors import Refusal
from portal.domain.holds import last_moment
from portal.domain.learning import Tally
from portal.domain.ledger import DEBTOR_CREDIT, RECEIVABLE
from portal.domain.roles import StaffAccess
from portal.models import (
    Assignment,
    Business,
    Debtor,
    DebtorStanding,
    Hold,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    Note,
    Offer,
    Payment,
    PaymentInvoice,
    Staff,
)
from portal.runtime import Runtime
from portal.services import consents, debtor_holds, debtor_next, debtor_sums, learning, questions, timeline
from portal.services.debtor_next import Coming, Habits
from portal.services.questions import ThreadView
from portal.services.timeline import Timeline
from portal.services.timeline.entry import Scope

MOST_CLOSED = 200


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice with what is left of it, minor units; `late` counts days after its due date, negative before it.

    Billed and fees, less what was paid (net of what went back) and what was taken off, is what is left.
    """

    public_id: str
    number: str
    title: str
    due_on: date
    late: int
    currency: str
    amount_minor: int
    fees_minor: int
    paid_minor: int
    written_off_minor: int
    left_minor: int
    held_minor: int
    on_its_way: bool
    offer_minor: int
    offer_until: datetime | None

    @property
    def taken_off_minor(self) -> int:
        """What credit notes, discounts and the like took off; below zero where a correction added to it."""
        owed = self.amount_minor + self.fees_minor - self.written_off_minor
        return owed - self.paid_minor - self.left_minor


@dataclass
class Sums:
    """Where a debtor stands in one currency, minor units."""

    currency: str
    owed: int = 0
    overdue: int = 0
    held: int = 0
    not_due: int = 0
    credit: int = 0
    open_invoices: int = 0
    next_due: date | None = None
    written_off: int = 0


@dataclass(frozen=True)
class HoldRow:
    """One hold that stands: on what, why, since when, until when (included); `liftable` where staff may end it."""

    public_id: str
    cause: str
    invoice_number: str
    amount_minor: int
    currency: str
    reminders: bool
    fees: bool
    starts_at: datetime
    until: datetime | None
    reason: str
    words: str
    liftable: bool


@dataclass(frozen=True)
class Person:
    """Who it is and how to reach them, as the head of the page and its side show it."""

    public_id: str
    number: str
    kind: str
    name: str
    email: str
    email_state: str
    phone: str
    postal_code: str
    country: str
    locale: str
    timezone: str
    prefers: str
    opted_out_at: datetime | None
    screening_note: str
    terms_days: int | None
    erased_at: datetime | None
    created_at: datetime
    assigned_to: str


@dataclass(frozen=True)
class Page:
    """All of it; `call_reasons` are codes with numbers, empty when nobody need call."""

    person: Person
    today: date
    sums: Sequence[Sums]
    invoices: Sequence[InvoiceRow]
    holds: Sequence[HoldRow]
    coming: Sequence[Coming]
    habits: Habits
    terms: Terms
    call_reasons: Sequence[Any]
    call_currency: str
    closed_invoices: int
    threads: Sequence[ThreadView]
    timeline: Timeline
    # Channels they want nothing by.
    refused: frozenset[str] = frozenset()
    # How often money followed a reminder step, by its channel.
    responses: Mapping[str, Tally] = field(default_factory=dict)
    all_invoices: bool = field(default=False)


def page(rt: Runtime, access: StaffAccess, debtor_id: str, *, group: str = "", before: str = "",
         all_invoices: bool = False) -> Page:
    """Read a debtor's page; raises Refusal not_found. Writes nothing, and asks as much however long the story is."""
    now = rt.now()
    with rt.db.reading() as session:
        debtor, assigned, zone = _person(session, access, debtor_id)
        today = now.astimezone(ZoneInfo(zone)).date()
        holds = _holds(session, debtor, now)
        accounts = _accounts(session, debtor)
        invoices = [_invoice(row, holds, today) for row in accounts if row.kind == RECEIVABLE]
        closed = [_invoice(row, (), today) for row in _closed(session, debtor)] if all_invoices else []
        standing = _standing(session, debtor)
        call = max((row for row in standing if row.call_score), key=lambda row: row.call_score, default=None)
        return Page(
            person=_view(debtor, assigned), today=today,
            # Where something is open, each invoice tells what was written off; else the account as a whole does.
            sums=_sums(accounts, invoices, {} if invoices else debtor_sums.written_off(session, debtor)),
            invoices=[*invoices, *closed], holds=_hold_rows(session, debtor, holds, reads_reasons=access.may("work")),
            coming=debtor_next.coming(session, debtor, now, today, _dues(invoices), [
                (last_moment(hold.until), hold.cause) for hold, _, _ in holds if hold.until]),
            habits=debtor_next.habits(session, debtor), terms=_terms(debtor, standing),
            call_reasons=call.call_reasons if call else [], call_currency=call.currency if call else "",
            closed_invoices=sum(row.paid_invoices for row in standing),
            threads=questions.threads_of(session, access, debtor.id),
            timeline=timeline.page(session, Scope(access.business_id, debtor.id, now, access.may("work")), group=group,
                                   before=before),
            refused=consents.refused_by(session, debtor), responses=learning.responses(session, debtor, now),
            all_invoices=all_invoices)


def _person(session: Session, access: StaffAccess, debtor_id: str) -> tuple[Debtor, str, str]:
    row = session.execute(
        select(Debtor, Staff.name, Business.timezone).join(Business, Business.id == Debtor.business_id)
        .outerjoin(Assignment, Assignment.debtor_id == Debtor.id)
        .outerjoin(Staff, Staff.id == Assignment.staff_id)
        .where(Debtor.public_id == debtor_id, Debtor.business_id == access.business_id)).one_or_none()
    if row is None:
        raise Refusal("not_found", "unknown_page")
    return row[0], row[1] or "", row[2]


def _view(debtor: Debtor, assigned: str) -> Person:
    return Person(
        public_id=debtor.public_id, number=debtor.number, kind=debtor.kind, name=debtor.name, email=debtor.email or "",
        email_state=debtor.email_state, phone=debtor.phone or "", postal_code=debtor.postal_code or "",
        country=debtor.country or "", locale=debtor.locale, timezone=debtor.timezone or "", prefers=debtor.prefers,
        opted_out_at=debtor.opted_out_at, screening_note=debtor.screening_note, terms_days=debtor.terms_days,
        erased_at=debtor.erased_at, created_at=debtor.created_at, assigned_to=assigned)


def _accounts(session: Session, debtor: Debtor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Read open invoices with what is left, their offers, and the debtor's credit, in one question."""
    account = LedgerAccount
    return session.execute(_asked(debtor).where(or_(
        and_(account.kind == RECEIVABLE, account.credits < account.debits),
        and_(account.kind == DEBTOR_CREDIT, account.credits > account.debits))
    ).order_by(Invoice.due_on, Invoice.id)).all()


def _closed(session: Session, debtor: Debtor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Read the invoices on which nothing is left, the newest first."""
    account = LedgerAccount
    return session.execute(_asked(debtor).where(
        account.kind == RECEIVABLE, account.credits >= account.debits
    ).order_by(Invoice.due_on.desc(), Invoice.id.desc()).limit(MOST_CLOSED)).all()


def _asked(debtor: Debtor) -> Select[*tuple[Any, ...]]:
    account = LedgerAccount
    on_its_way = exists().where(
        PaymentInvoice.invoice_id == Invoice.id, PaymentInvoice.open, Payment.id == PaymentInvoice.payment_id,
        Payment.state == "processing").label("on_its_way")
    return (
        select(account.kind, account.currency, account.debits, account.credits, Invoice.id, Invoice.public_id,
               Invoice.number, Invoice.title, Invoice.due_on, Invoice.total_minor, on_its_way, Offer.discount_minor,
               Offer.deadline, *debtor_sums.columns())
        .outerjoin(Invoice, Invoice.id == account.invoice_id)
        .outerjoin(Offer, and_(Offer.invoice_id == Invoice.id, Offer.withdrawn_at.is_(None)))
        .where(account.business_id == debtor.business_id, account.debtor_id == debtor.id))


def _invoice(row: Row[*tuple[Any, ...]], holds: Sequence[tuple[Hold, str, int]], today: date) -> InvoiceRow:
    left = row.debits - row.credits
    return InvoiceRow(
        row.public_id, row.number, row.title, row.due_on, (today - row.due_on).days, row.currency,
        row.total_minor, int(row.fees), int(row.paid), int(row.written_off), left,
        _held(row.id, left, holds), bool(row.on_its_way), row.discount_minor or 0, row.deadline)


def _held(invoice_id: int, left: int, holds: Sequence[tuple[Hold, str, int]]) -> int:
    """Tell how much of an invoice is on hold: all of it, or the parts that holds name; 400.00 with a part of 150.00."""
    parts = 0
    for hold, _, line in holds:
        if hold.reminders and hold.invoice_id in (None, invoice_id):
            part = hold.amount_minor if hold.amount_minor is not None else (line if hold.line_id else None)
            parts += left if part is None else part
    return min(left, parts)


def _sums(accounts: Sequence[Row[*tuple[Any, ...]]], invoices: Sequence[InvoiceRow],
          written_off: Mapping[str, int]) -> list[Sums]:
    found: dict[str, Sums] = {}
    for row in accounts:
        if row.kind == DEBTOR_CREDIT:
            found.setdefault(row.currency, Sums(row.currency)).credit = row.credits - row.debits
    for invoice in invoices:
        sums = found.setdefault(invoice.currency, Sums(invoice.currency))
        if not invoice.left_minor:
            continue
        sums.owed += invoice.left_minor
        sums.held += invoice.held_minor
        sums.open_invoices += 1
        if invoice.late > 0:
            sums.overdue += invoice.left_minor
        else:
            sums.not_due += invoice.left_minor
            sums.next_due = min(filter(None, (sums.next_due, invoice.due_on)))
    for currency, amount in written_off.items():
        # Whoever was billed and owes nothing now is told so; other currencies need a row only for what was lost.
        if amount or not found:
            found.setdefault(currency, Sums(currency)).written_off = amount
    return sorted(found.values(), key=lambda sums: (-sums.owed, sums.currency))


def _dues(invoices: Sequence[InvoiceRow]) -> list[Coming]:
    coming = []
    for one in invoices:
        if one.left_minor and one.late <= 0:
            coming.append(Coming("due", one.due_on, one.number, one.left_minor, one.currency))
        if one.left_minor and one.offer_until is not None:
            coming.append(Coming("offer", one.offer_until, one.number, one.offer_minor, one.currency))
    return coming


def _holds(session: Session, debtor: Debtor, now: datetime) -> list[tuple[Hold, str, int]]:
    query = (
        select(Hold, Invoice.number, Invoice.currency, InvoiceLine.amount_minor + InvoiceLine.tax_minor)
        .outerjoin(Invoice, Invoice.id == Hold.invoice_id).outerjoin(InvoiceLine, InvoiceLine.id == Hold.line_id)
        .where(Hold.business_id == debtor.business_id, Hold.debtor_id == debtor.id, Hold.released_at.is_(None),
               Hold.starts_at <= now, or_(Hold.until.is_(None), Hold.until > now))
        .order_by(Hold.starts_at.desc(), Hold.id.desc()))
    return [(hold, f"{number or ''}:{currency or ''}", line or 0)
            for hold, number, currency, line in session.execute(query)]


def _hold_rows(session: Session, debtor: Debtor, holds: Sequence[tuple[Hold, str, int]], *,
               reads_reasons: bool) -> list[HoldRow]:
    reasons = _reasons(session, debtor, [hold.public_id for hold, _, _ in holds if hold.cause == "staff"])
    rows = []
    for hold, named, line in holds:
        number, _, currency = named.rpartition(":")
        code, words = reasons.get(hold.public_id, ("", ""))
        if code == "hardship" and not reads_reasons:
            # Who looks only is not told of somebody's hard times.
            code, words = "other", ""
        rows.append(HoldRow(
            hold.public_id, hold.cause, number, hold.amount_minor or line, currency, hold.reminders, hold.fees,
            hold.starts_at, last_moment(hold.until) if hold.until else None, code, words,
            hold.cause in debtor_holds.LIFTABLE))
    return rows


def _reasons(session: Session, debtor: Debtor, holds: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not holds:
        return {}
    about = [f"hold:{public_id}:{code}" for public_id in holds for code in debtor_holds.REASONS]
    rows = session.execute(select(Note.about, Note.body).where(
        Note.business_id == debtor.business_id, Note.debtor_id == debtor.id, Note.about.in_(about)))
    return {found.split(":")[1]: (found.split(":")[2], body) for found, body in rows}


def _standing(session: Session, debtor: Debtor) -> Sequence[DebtorStanding]:
    return session.scalars(select(DebtorStanding).where(
        DebtorStanding.debtor_id == debtor.id, DebtorStanding.business_id == debtor.business_id)).all()


def _terms(debtor: Debtor, standing: Sequence[DebtorStanding]) -> Terms:
    return credit_terms.suggest(
        paid=sum(row.paid_invoices for row in standing), late=sum(row.paid_late for row in standing),
        days=debtor.terms_days)
