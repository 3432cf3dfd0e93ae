"""Every list of the office among ten thousand open invoices and among a million, and the plans of what it asks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import select, text

from bench.office import LONG, SHORT, books, scanned
from portal import create_app
from portal.db import Database
from portal.models import Business, Staff
from proofs.harness import Databases, Figures, say
from tests.cast import make_runtime
from tests.office.people import sign_in

# Each kind of page a list has: plain, sorted, narrowed by what an index knows and by what it does not, searched, deep.
PATHS = (
    "/office/invoices", "/office/invoices?sort=-left", "/office/invoices?sort=-amount", "/office/invoices?sort=number",
    "/office/invoices?state=all", "/office/invoices?state=settled", "/office/invoices?age=late30",
    "/office/invoices?hold=on", "/office/invoices?kind=business", "/office/invoices?who=nobody&age=not_due",
    "/office/invoices?q=100.01", "/office/invoices?q=debtor", "/office/invoices?q=debtor+77",
    "/office/debtors", "/office/debtors?sort=-balance", "/office/debtors?sort=-overdue", "/office/debtors?sort=-call",
    "/office/debtors?state=settled", "/office/debtors?email=none&kind=business", "/office/debtors?q=d77",
    "/office/payments", "/office/payments?state=waiting", "/office/payments?state=returned",
    "/office/payments?sort=-amount", "/office/payments?q=77.00", "/office/payments?from=2020-01-01",
    "/office/messages", "/office/messages?state=skipped", "/office/messages?about=receipt", "/office/search?q=77",
)
FURNITURE = (
    """INSERT INTO search_word (business_id, word, debtor_id, invoice_id)
       SELECT DISTINCT business_id, word, id, 0 FROM debtor, LATERAL unnest(ARRAY['debtor', lower(number),
           lower(email), substr(number, 3), 'd' || substr(number, 3)]) AS word WHERE business_id = :business""",
    """INSERT INTO search_word (business_id, word, debtor_id, invoice_id)
       SELECT business_id, lower(number), debtor_id, id FROM invoice WHERE business_id = :business""",
    """INSERT INTO payment (public_id, business_id, debtor_id, number, channel, state, currency, amount_minor,
           captured_minor, returned_minor, created_at, received_at, ask_count)
       SELECT 'seed-p-' || id, business_id, debtor_id, 'P-' || id, 'checkout',
           CASE WHEN id % 50 = 0 THEN 'open' ELSE 'succeeded' END, 'USD', 7700 + id % 9000,
           CASE WHEN id % 50 = 0 THEN 0 ELSE 7700 + id % 9000 END, 0, CAST(:now AS timestamptz) - id % 400000 *
           interval '1 minute', :now, 0
       FROM invoice WHERE business_id = :business AND id % 2 = 0""",
    """INSERT INTO message (public_id, business_id, debtor_id, kind, message_class, key, to_address, language, subject,
           body_text, body_html, attachment, message_id, state, reason, created_at, due_at, attempts)
       SELECT 'seed-m-' || id, business_id, debtor_id, 'on_its_way', 'essential', 'seed:' || id, 'd@debtor.example',
           'en', 'Seed', 'Seed', 'Seed', '', 'seed-' || id, CASE WHEN id % 40 = 0 THEN 'skipped' ELSE 'sent' END,
           'essential', CAST(:now AS timestamptz) - id % 400000 * interval '1 minute', :now, 1
       FROM invoice WHERE business_id = :business AND id % 2 = 1""",
    """INSERT INTO debtor_standing (debtor_id, currency, business_id, balance_minor, overdue_minor, oldest_due_on,
           open_invoices, paid_late, paid_invoices, call_score, call_reasons, made_at)
       SELECT debtor_id, currency, business_id, sum(debits - credits),
           coalesce(sum(debits - credits) FILTER (WHERE due_on < CAST(:now AS timestamptz)), 0), min(due_on), count(*),
           0, 0, debtor_id % 100, '[]', :now
       FROM ledger_account WHERE business_id = :business AND kind = 'receivable' GROUP BY 1, 2, 3""",
)


@contextmanager
def furnished(prepared: Databases, invoices: int) -> Iterator[tuple[Database, Staff]]:
    """Give long books with all that lists are made of: words, payments, messages, kept sums."""
    with books(prepared, invoices) as (db, staff):
        with db.reading() as session:
            business_id = session.scalars(select(Business.id)).one()
        values = {"business": business_id, "now": datetime.now(UTC)}
        with db.engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            for statement in FURNITURE:
                wanted = {name: value for name, value in values.items() if f":{name}" in statement}
                connection.execute(text(statement), wanted)
            connection.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
        yield db, staff


def lists_in_long_books(rounds: int, *, short: int = SHORT, long: int = LONG) -> Figures:
    """What each list costs with a million open invoices, in what it costs with ten thousand; the worst one counts."""
    with Databases("postgresql") as prepared, furnished(prepared, short) as small, furnished(prepared, long) as big:
        scans = scanned(big[0], big[1], prepared.folder, PATHS)
        browsers = [_browser(db, staff, prepared.folder) for db, staff in (small, big)]
        ratios = {path: _ratio(browsers, path, rounds) for path in PATHS}
    worst = max(ratios, key=lambda path: ratios[path])
    for path, ratio in sorted(ratios.items(), key=lambda pair: -pair[1])[:6]:
        say(f"{ratio:.2f} {path}")
    return {"worst_list_1m_vs_10k": round(ratios[worst], 2), "worst_list": worst.removeprefix("/office/"),
            "list_scans": len(scans), "list_pages_measured": len(PATHS)}


def _browser(db: Database, staff: Staff, folder: Path) -> FlaskClient:
    rt = make_runtime(db, folder, clock=lambda: datetime.now(UTC), log_level="WARNING")
    return sign_in(create_app(rt.settings, rt).test_client(), staff)


def _ratio(browsers: list[FlaskClient], path: str, rounds: int) -> float:
    """The median over the rounds of what the long books took in what the short ones took; the first is for warmth."""
    taken = [[_seconds(browser, path) for browser in browsers] for _ in range(rounds + 1)][1:]
    return statistics.median(long / short for short, long in taken)


def _seconds(browser: FlaskClient, path: str) -> float:
    base = browser.application.extensions["portal"].settings.base_url
    began = time.perf_counter()
    answer = browser.get(path, base_url=base)
    answer.get_data()
    if answer.status_code != 200:
        raise AssertionError(f"{path} answered {answer.status_code}")
    return time.perf_counter() - began
