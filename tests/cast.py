"""The cast: people, invoices and helpers that tests share. Builders post to the ledger as the portal does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from portal.db import Database
from portal.domain.access import KNOWN, Access
from portal.domain.policy import Policy
from portal.gateways.files import FileStore
from portal.gateways.mail import SmtpMail
from portal.gateways.stripe import StripeGateway
from portal.models import (
    Business,
    Debtor,
    Invoice,
    InvoiceLine,
    LedgerAccount,
    LedgerTransfer,
    Offer,
    PolicyVersion,
    PortalLink,
)
from portal.runtime import Runtime
from portal.services import bookkeeping, search

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
KEY = "only-for-tests-" + "k" * 32
WEBHOOK_SECRET = "whsec_only_for_tests"
CONNECT_SECRET = "whsec_connect_only_for_tests"
_numbers = itertools.count(1)


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def make_settings(**changes: Any) -> Settings:
    """Settings as a test needs them; every secret is made up here."""
    values: dict[str, Any] = {
        "environment": "test", "base_url": "http://portal.test", "database_url": "sqlite://", "session_key": KEY,
        "link_keys": KEY, "code_key": KEY, "agreement_keys": KEY,
        "encryption_keys": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "evidence_key": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI=",
        "stripe_secret_key": "sk_test_made_up_for_tests", "stripe_webhook_secrets": WEBHOOK_SECRET,
        "stripe_connect_webhook_secrets": CONNECT_SECRET, "stripe_api_base": "http://127.0.0.1:1",
        "smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_starttls": False, "mail_from": "portal@portal.test",
    }
    return Settings(**{**values, **changes})


def make_runtime(db: Database, folder: Path, clock: Callable[[], datetime] | None = None, **changes: Any) -> Runtime:
    """A portal without its web pages, on a real database, with real gateways."""
    settings = make_settings(**changes)
    clock = clock or Clock()
    return Runtime(
        settings=settings, db=db, stripe=StripeGateway(settings, clock),
        mail=SmtpMail(settings.smtp_host, settings.smtp_port, "", "", False, 5.0),
        files=FileStore(folder / "files"), clock=clock)


@dataclass
class Owed:
    """A business, a debtor and a link, with the access an opened page has."""

    business: Business
    debtor: Debtor
    link: PortalLink
    invoices: list[Invoice] = field(default_factory=list)

    @property
    def access(self) -> Access:
        return Access(self.business.id, self.debtor.id, self.link.id, self.link.public_id, KNOWN)


def make_business(session: Session, *, currency: str = "USD", policy: Policy | None = None, **changes: Any) -> Business:
    number = next(_numbers)
    values: dict[str, Any] = {
        "slug": f"marsh-{number}", "name": "Marsh & Daughter", "legal_name": "Marsh & Daughter LLC",
        "timezone": "America/Los_Angeles", "locale": "en", "country": "US", "currency": currency,
        "brand_color": "#2f5d3a", "contact_name": "Priya Marsh", "contact_email": "billing@marshdaughter.example",
        "contact_phone": "+15035550142", "postal_address": "12 Fern Lane, Salem, OR 97301", "created_at": NOON,
        "contact_hours": {"en": "Monday to Friday, 8 am to 5 pm", "es": "Lunes a viernes, de 8 a 17 h"},
        "where_to_check": {"en": "on your signed quote or on our van", "es": "en su presupuesto o en la furgoneta"},
        "bank_details": [["Bank", "Example Bank"], ["Routing number", "123 000 848"],
                         ["Account number", "0044 1187 2093"]],
    }
    business = Business(**{**values, **changes})
    session.add(business)
    session.flush()
    rules = (policy or Policy()).as_rules()
    session.add(PolicyVersion(business_id=business.id, version=1, rules=rules, created_at=NOON))
    return business


def make_debtor(session: Session, business: Business, **changes: Any) -> Debtor:
    number = next(_numbers)
    values: dict[str, Any] = {
        "business_id": business.id, "number": f"{4400 + number}", "kind": "consumer", "name": "Helen Okafor",
        "greeting_name": "Helen", "email": f"helen{number}@debtor.example", "phone": "+15035550199",
        "postal_code": "97301", "country": "US", "locale": business.locale, "timezone": business.timezone,
        "identity_fact": "postal_code", "created_at": NOON,
    }
    debtor = Debtor(**{**values, **changes})
    session.add(debtor)
    session.flush()
    search.index_debtor(session, debtor)
    return debtor


def make_invoice(session: Session, debtor: Debtor, total: int = 100_00, *, currency: str = "USD",
                 due_on: date = date(2026, 10, 18), now: datetime = NOON, **changes: Any) -> Invoice:
    number = next(_numbers)
    values: dict[str, Any] = {
        "business_id": debtor.business_id, "debtor_id": debtor.id, "number": f"MG-{1000 + number}",
        "title": "French drain along the patio", "issued_on": due_on - timedelta(days=30), "due_on": due_on,
        "currency": currency, "total_minor": total, "created_at": now,
    }
    invoice = Invoice(**{**values, **changes})
    session.add(invoice)
    session.flush()
    session.add(InvoiceLine(business_id=debtor.business_id, invoice_id=invoice.id, position=0,
                            description=invoice.title or "Work", amount_minor=total))
    bookkeeping.issue(session, [invoice], now=now)
    return invoice


def make_link(session: Session, debtor: Debtor, **changes: Any) -> PortalLink:
    values: dict[str, Any] = {
        "business_id": debtor.business_id, "debtor_id": debtor.id, "purpose": "account", "created_at": NOON,
        "expires_at": NOON + timedelta(days=30),
    }
    link = PortalLink(**{**values, **changes})
    session.add(link)
    session.flush()
    return link


def make_offer(session: Session, invoice: Invoice, discount: int, deadline: datetime, **changes: Any) -> Offer:
    values: dict[str, Any] = {
        "business_id": invoice.business_id, "debtor_id": invoice.debtor_id, "invoice_id": invoice.id,
        "currency": invoice.currency, "kind": "early_pay", "discount_minor": discount, "deadline": deadline,
        "created_at": NOON,
    }
    offer = Offer(**{**values, **changes})
    session.add(offer)
    session.flush()
    return offer


def someone_owes(db: Database, *totals: int, currency: str = "USD", **changes: Any) -> Owed:
    """A consumer with an account link who owes the given sums, the first due the longest ago."""
    with db.transaction() as session:
        business = make_business(session, currency=currency, **changes)
        debtor = make_debtor(session, business)
        link = make_link(session, debtor)
        invoices = [
            make_invoice(session, debtor, total, currency=currency, due_on=date(2026, 10, 18) + timedelta(days=7 * i))
            for i, total in enumerate(totals)]
    return Owed(business, debtor, link, invoices)


def balances(db: Database, business_id: int) -> dict[str, int]:
    """Every account's balance (debits less credits), by "kind owner currency", recomputed from the transfers."""
    with db.reading() as session:
        accounts = {account.id: account for account in session.scalars(
            select(LedgerAccount).where(LedgerAccount.business_id == business_id))}
        found = dict.fromkeys((_name(account) for account in accounts.values()), 0)
        for transfer in session.scalars(select(LedgerTransfer).where(LedgerTransfer.business_id == business_id)):
            found[_name(accounts[transfer.debit_account_id])] += transfer.amount
            found[_name(accounts[transfer.credit_account_id])] -= transfer.amount
    return {name: amount for name, amount in found.items() if amount}


def _name(account: LedgerAccount) -> str:
    return " ".join(part for part in (account.kind, account.owner, account.currency) if part)
