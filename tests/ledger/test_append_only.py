"""The books cannot be edited, not even by someone who holds the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.db import Database
from tests.cast import someone_owes

INSERT = ("INTO ledger_transfer (id, business_id, currency, debit_account_id, credit_account_id, amount, kind, key, "
          "cause_type, cause_id, happened_at, recorded_at, memo) SELECT {id}, business_id, {currency}, "
          "debit_account_id, credit_account_id, {amount}, kind, {key}, cause_type, cause_id, happened_at, "
          "recorded_at, memo FROM ledger_transfer LIMIT 1")
SAME = {"id": "id", "amount": "1", "key": "key", "currency": "currency"}


def refused(db: Database, statement: str) -> None:
    with pytest.raises(DBAPIError), db.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("statement", [
    "UPDATE ledger_transfer SET amount = 1",
    "DELETE FROM ledger_transfer",
    "UPDATE audit_event SET act = 'other'",
    "DELETE FROM audit_event",
])
def test_rows_are_never_edited_or_deleted(db: Database, statement: str) -> None:
    someone_owes(db, 100_00)
    with db.transaction() as session:
        session.execute(text("INSERT INTO audit_event (actor_kind, actor_id, act, target, details, at) "
                             "VALUES ('cli', '', 'x', '', '{}', '2026-01-01')"))
    refused(db, statement)


def test_replace_and_truncate_do_not_slip_past(db: Database, database_kind: str) -> None:
    someone_owes(db, 100_00)
    if database_kind == "sqlite":
        refused(db, "INSERT OR REPLACE " + INSERT.format(**SAME))
        refused(db, "INSERT OR REPLACE " + INSERT.format(**{**SAME, "id": "id + 100"}))
    else:
        refused(db, "TRUNCATE ledger_transfer CASCADE")


@pytest.mark.parametrize("change", [
    {"amount": "0"}, {"amount": "-5"}, {"currency": "'EUR'"},
])
def test_what_is_not_a_transfer_is_refused(db: Database, change: dict[str, str]) -> None:
    someone_owes(db, 100_00)
    refused(db, "INSERT " + INSERT.format(**{**SAME, "id": "id + 100", "key": "'other'", **change}))


def test_one_cause_has_one_posting(db: Database) -> None:
    someone_owes(db, 100_00)
    refused(db, "INSERT " + INSERT.format(**{**SAME, "id": "id + 100"}))


def test_a_receivable_is_never_overpaid(db: Database) -> None:
    someone_owes(db, 100_00)
    refused(db, "UPDATE ledger_account SET credits = debits + 1 WHERE kind = 'receivable'")


def test_a_transfer_never_crosses_a_business(db: Database) -> None:
    someone_owes(db, 100_00)
    other = someone_owes(db, 100_00)
    refused(db, "INSERT " + INSERT.format(**{**SAME, "id": "id + 100", "key": "'other'"}).replace(
        "SELECT id + 100, business_id", f"SELECT id + 100, {other.business.id}"))
