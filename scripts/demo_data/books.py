"""Writes the demo's businesses, debtors and invoices as the portal's own services do: each on the day it happened."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.fees import FeeRule
from portal.domain.imports import ImportOptions
from portal.domain.policy import Policy
from portal.models import Business, Debtor, Invoice, InvoiceDocument, InvoiceLine, Offer, PolicyVersion, StoredFile
from portal.runtime import Runtime
from portal.services import bookkeeping, businesses, imports, search
from portal.services.audit import COMMAND_LINE
from scripts.demo_data import papers
from scripts.demo_data.cast import Bill, House, Person

LOGOS = Path(__file__).parent / "logos"
MORNING = time(10, 30)
LAST_MINUTE = time(23, 59, 59)


@dataclass(frozen=True)
class Calendar:
    """Days counted from today, in a business's timezone."""

    now: datetime
    timezone: str

    def day(self, days: int) -> date:
        return self.now.astimezone(ZoneInfo(self.timezone)).date() + timedelta(days=days)

    def moment(self, days: int, at: time = MORNING) -> datetime:
        """A moment of a day; of today and later days no later than now, unless it is a deadline."""
        found = datetime.combine(self.day(days), at, ZoneInfo(self.timezone)).astimezone(UTC)
        return found if at == LAST_MINUTE else min(found, self.now)


def write(rt: Runtime, house: House) -> None:
    """Write a business with all its debtors and invoices."""
    calendar = Calendar(rt.now(), house.business.timezone)
    began = replace(rt, clock=lambda: calendar.moment(-400))
    businesses.create_business(began, house.business, actor=COMMAND_LINE)
    with rt.db.transaction() as session:
        _complete(session, house, calendar)
    for person in house.people:
        _write_person(rt, house, person, calendar)
    if house.imported:
        _import(rt, house, calendar)


def _complete(session: Session, house: House, calendar: Calendar) -> None:
    business = session.scalars(select(Business).where(Business.slug == house.business.slug)).one()
    business.logo_svg = (LOGOS / house.logo).read_text()
    business.contact_hours, business.where_to_check = house.contact_hours, house.where_to_check
    business.bank_details, business.stripe_account = house.bank_details, house.stripe_account
    # No quiet hours, because a demo started at night has to show its emails too.
    stated = FeeRule(percent_points=200, grace_days=14)
    rules = Policy(minimum_part=house.minimum_part, quiet_from_hour=0, quiet_until_hour=0).with_fees(
        "consumer", stated).with_fees("business", stated)
    session.add(PolicyVersion(business_id=business.id, version=2, rules=rules.as_rules(),
                              created_at=calendar.moment(-399)))


def _write_person(rt: Runtime, house: House, person: Person, calendar: Calendar) -> None:
    with rt.db.transaction() as session:
        business = session.scalars(select(Business).where(Business.slug == house.business.slug)).one()
        first = min(one.due - one.terms for one in person.bills)
        debtor = Debtor(
            business_id=business.id, number=person.number, kind=person.kind, name=person.name,
            greeting_name=person.greeting, email=person.email, phone=person.phone or None,
            postal_code=person.postal_code, country=person.country, locale=person.locale, timezone=person.timezone,
            identity_fact=person.fact, created_at=calendar.moment(first))
        session.add(debtor)
        session.flush()
        search.index_debtor(session, debtor)
        for one in sorted(person.bills, key=lambda bill: bill.due - bill.terms):
            _write_bill(rt, session, business, debtor, one, calendar)


def _write_bill(rt: Runtime, session: Session, business: Business, debtor: Debtor, one: Bill,
                calendar: Calendar) -> None:
    issued = calendar.moment(one.due - one.terms)
    invoice = Invoice(
        business_id=business.id, debtor_id=debtor.id, number=one.number, title=one.title,
        issued_on=calendar.day(one.due - one.terms), due_on=calendar.day(one.due), currency=one.currency,
        total_minor=one.total, created_at=issued)
    session.add(invoice)
    session.flush()
    session.add_all(
        InvoiceLine(business_id=business.id, invoice_id=invoice.id, position=position, description=line.text,
                    amount_minor=line.minor, tax_minor=line.tax_minor, tax_basis_points=line.tax)
        for position, line in enumerate(one.lines))
    bookkeeping.issue(session, [invoice], now=issued)
    if one.discount:
        session.add(Offer(
            business_id=business.id, debtor_id=debtor.id, invoice_id=invoice.id, currency=one.currency,
            kind="early_pay", discount_minor=(one.total * one.discount + 5_000) // 10_000, basis_points=one.discount,
            deadline=calendar.moment(one.discount_days, LAST_MINUTE), created_at=issued))
    if one.paper:
        _attach(rt, session, business, invoice, papers.agreed(business, debtor, one, issued), one.paper)


def _attach(rt: Runtime, session: Session, business: Business, invoice: Invoice, made: papers.Printed,
            name: str) -> None:
    file = StoredFile(
        business_id=business.id, storage_key=rt.files.put(made.content), name=f"{name}.pdf",
        media_type="application/pdf", size=len(made.content), sha256=made.sha256, created_at=invoice.created_at)
    session.add(file)
    session.flush()
    session.add(InvoiceDocument(business_id=business.id, invoice_id=invoice.id, file_id=file.id))


def _import(rt: Runtime, house: House, calendar: Calendar) -> None:
    """Take in what came from accounting software, by the same way as `flask --app wsgi import-invoices`."""
    dated = re.sub(r"\{(-?\d+)\}", lambda found: calendar.day(int(found[1])).isoformat(), house.imported)
    report = imports.import_invoices(
        rt, house.business.slug, dated.encode(), ImportOptions(currency=""), dry_run=False, actor=COMMAND_LINE)
    if report.errors:
        raise ValueError(f"the demo's import has errors: {report.errors}")


def count(rt: Runtime) -> tuple[int, int]:
    """Tell how many debtors and invoices there are."""
    with rt.db.reading() as session:
        return (session.scalar(select(func.count()).select_from(Debtor)) or 0,
                session.scalar(select(func.count()).select_from(Invoice)) or 0)
