"""Many invoices at once, written by the database itself: whole books, with lines, accounts and transfers."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import text

from portal.db import Database
from tests.cast import make_business

EACH = 4  # invoices of one debtor
STATEMENTS = (
    """INSERT INTO debtor (public_id, business_id, number, kind, name, greeting_name, email, email_state, postal_code,
           country, locale, identity_fact, created_at)
       SELECT 'seed-d-' || n, :business, 'S-' || n, 'consumer', 'Debtor ' || n, '', 'd' || n || '@debtor.example', 'ok',
           '97301', 'US', 'en', 'postal_code', :now FROM generate_series(1, :debtors) AS n""",
    """INSERT INTO invoice (public_id, business_id, debtor_id, number, title, issued_on, due_on, currency, total_minor,
           terms, created_at)
       SELECT 'seed-i-' || d.id || '-' || n, d.business_id, d.id, 'SI-' || d.id || '-' || n, 'Work', :today, :today,
           'USD', 10000 + n, '', :now
       FROM debtor d CROSS JOIN generate_series(1, :each) AS n WHERE d.business_id = :business""",
    """INSERT INTO invoice_line (business_id, invoice_id, position, description, amount_minor, tax_minor,
           tax_basis_points)
       SELECT business_id, id, 0, 'Work', total_minor, 0, 0 FROM invoice WHERE business_id = :business""",
    """INSERT INTO ledger_account (business_id, kind, currency, owner, debits, credits)
       VALUES (:business, 'sales', 'USD', '', 0, 0)""",
    """INSERT INTO ledger_account (business_id, kind, currency, owner, debtor_id, invoice_id, due_on, debits, credits)
       SELECT business_id, 'receivable', 'USD', 'invoice:' || id, debtor_id, id, due_on, total_minor, 0
       FROM invoice WHERE business_id = :business""",
    """INSERT INTO ledger_transfer (business_id, currency, debit_account_id, credit_account_id, amount, kind, key,
           cause_type, cause_id, happened_at, recorded_at, memo)
       SELECT a.business_id, 'USD', a.id, s.id, a.debits, 'issued',
           'invoice:' || a.invoice_id || '\\:issued', 'invoice', 'seed', :now, :now, 'issued'
       FROM ledger_account a JOIN ledger_account s ON s.business_id = a.business_id AND s.kind = 'sales'
       WHERE a.business_id = :business AND a.kind = 'receivable'""",
)


def fill(db: Database, invoices: int, *, at: datetime | None = None, due_on: date | None = None) -> None:
    """Write this many invoices of one business, four to a debtor, due today or on another day; PostgreSQL only."""
    now = at or datetime.now(UTC)
    with db.transaction() as session:
        business = make_business(session, created_at=now)
    values = {"business": business.id, "now": now, "today": due_on or now.date(), "debtors": invoices // EACH,
              "each": EACH}
    with db.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for statement in STATEMENTS:
            connection.execute(text(statement), values)
        connection.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
