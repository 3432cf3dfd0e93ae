"""The triggers that keep append-only tables append-only, also against REPLACE and TRUNCATE.

The statements are the same in the migrations; a test compares an upgraded database with a fresh one.
"""

from __future__ import annotations

from sqlalchemy import DDL, Table, event

from portal.models.agreements import Agreement, AgreementPaper, AgreementPrint, ShownNotice, SigningConsent
from portal.models.audit import AuditEvent
from portal.models.ledger import LedgerTransfer

APPEND_ONLY = ("ledger_transfer", "audit_event", "agreement", "agreement_print", "signing_consent",
               "shown_notice")
# Never changed, but removed when a person is erased.
ERASABLE = ("agreement_paper",)


def sqlite_statements(table: str, unique_match: str) -> list[str]:
    """Give the SQLite triggers of one table; unique_match finds the row that OR REPLACE would delete."""
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    stays = [] if table in ERASABLE else [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refuse}; END"]
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refuse}; END",
        *stays,
        # The names come from our own models: no input ever reaches these statements.
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608  # nosec B608
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {unique_match}) BEGIN {refuse}; END",
    ]


def postgres_statements(table: str) -> list[str]:
    """Give the PostgreSQL triggers of one table; TRUNCATE fires no row trigger and needs its own."""
    acts = "UPDATE" if table in ERASABLE else "UPDATE OR DELETE"
    return [
        f"CREATE TRIGGER {table}_no_change BEFORE {acts} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ]


POSTGRES_FUNCTION = (
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
)
UNIQUE_MATCH = {
    "ledger_transfer": "id = NEW.id OR (business_id = NEW.business_id AND key = NEW.key)",
    "audit_event": "id = NEW.id",
    "agreement": "id = NEW.id OR public_id = NEW.public_id OR fingerprint = NEW.fingerprint "
                 "OR (arrangement_id = NEW.arrangement_id AND arrangement_version = NEW.arrangement_version)",
    "agreement_print": "agreement_id = NEW.agreement_id OR sha256 = NEW.sha256",
    "signing_consent": "id = NEW.id",
    "shown_notice": "id = NEW.id",
    "agreement_paper": "agreement_id = NEW.agreement_id AND what = NEW.what",
}


def _attach(table: Table) -> None:
    for statement in sqlite_statements(table.name, UNIQUE_MATCH[table.name]):
        _after_create(table, statement, "sqlite")
    for statement in (POSTGRES_FUNCTION, *postgres_statements(table.name)):
        _after_create(table, statement, "postgresql")


def _after_create(table: Table, statement: str, dialect: str) -> None:
    ddl = DDL(statement)  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


for _model in (LedgerTransfer, AuditEvent, Agreement, AgreementPrint, SigningConsent, ShownNotice, AgreementPaper):
    _attach(_model.__table__)  # type: ignore[arg-type]
