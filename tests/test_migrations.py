"""Migrations: they go up and down with data in them, end in what the models say, and keep every trigger."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from portal.db import Database, build_engine
from portal.domain.search import words_of
from portal.models import (
    BankLine,
    BankStatement,
    Base,
    Business,
    Consent,
    Drift,
    Hold,
    LedgerAccount,
    Offer,
    SearchWord,
    load_all,
)
from tests import databases
from tests.cast import NOON, balances, make_offer, someone_owes
from tests.ledger.stories import received, start_payment, tell
from tests.office.people import make_staff

load_all()


def triggers(engine: Engine) -> list[tuple[str, str]]:
    """List name and body of every trigger, with white space folded."""
    if engine.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    else:
        query = ("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname")
    with engine.connect() as connection:
        return [(name, " ".join(body.split())) for name, body in connection.execute(text(query))]


def alembic_on(connection: Connection) -> Config:
    """Alembic's configuration for an open connection."""
    config = Config(str(databases.ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(databases.ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_migrated_database_equals_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrated_triggers_equal_a_fresh_database(db: Database, database_kind: str, tmp_path: Path) -> None:
    upgraded = triggers(db.engine)
    if database_kind == "sqlite":
        engine = build_engine(f"sqlite:///{tmp_path}/models.sqlite3")
    else:
        engine = db.engine
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    Base.metadata.create_all(engine)
    assert upgraded and triggers(engine) == upgraded
    engine.dispose()


def test_down_to_nothing_and_up_again_with_data_in_it(db: Database) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    payment = start_payment(db, owed, (owed.invoices[0], 60_00))
    tell(db, received(payment))
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        command.upgrade(config, "head")
        connection.commit()
    assert "ledger_transfer" in inspect(db.engine).get_table_names()
    assert someone_owes(db, 5_00).invoices


def test_coming_up_again_to_the_head_changes_no_row(db: Database) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    before = balances(db, owed.business.id)
    databases.migrate(db.engine.url.render_as_string(hide_password=False))
    assert balances(db, owed.business.id) == before


def test_what_was_there_before_the_office_is_found_and_sorted(db: Database) -> None:
    owed = someone_owes(db, 60_00)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0001")
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        due = session.scalars(select(LedgerAccount.due_on).where(LedgerAccount.invoice_id == owed.invoices[0].id)).one()
        found = set(session.execute(select(SearchWord.word, SearchWord.debtor_id, SearchWord.invoice_id)))
    assert due == owed.invoices[0].due_on
    expected = {(word, owed.debtor.id, 0) for word in words_of(owed.debtor.name, owed.debtor.number, owed.debtor.email)}
    expected |= {(word, owed.debtor.id, owed.invoices[0].id) for word in words_of(owed.invoices[0].number)}
    assert found == expected


def test_holds_survive_the_step_that_lets_a_hand_over_be_their_cause(db: Database) -> None:
    owed = someone_owes(db, 60_00)
    for cause in ("dispute", "hand_over"):
        with db.transaction() as session:
            session.add(Hold(business_id=owed.business.id, debtor_id=owed.debtor.id, invoice_id=owed.invoices[0].id,
                             reminders=True, cause=cause, cause_id="1", starts_at=NOON, amount_minor=5_00))
    before = triggers(db.engine)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0005")
        with pytest.raises(IntegrityError):
            connection.execute(text("UPDATE hold SET cause = 'hand_over'"))
        connection.rollback()
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        kept = session.scalars(select(Hold)).one()
    assert (kept.cause, kept.amount_minor, kept.starts_at) == ("dispute", 5_00, NOON)
    assert triggers(db.engine) == before


def test_offers_that_were_withdrawn_say_so_and_holds_of_settlements_go_with_their_step(db: Database) -> None:
    owed = someone_owes(db, 60_00, 40_00)
    with db.transaction() as session:
        gone, stands = (make_offer(session, invoice, 5_00, NOON) for invoice in owed.invoices)
        gone.withdrawn_at, gone.ended_as = NOON, "superseded"
        for cause in ("settlement", "dispute"):
            session.add(Hold(business_id=owed.business.id, debtor_id=owed.debtor.id, reminders=True, cause=cause,
                             invoice_id=owed.invoices[0].id, cause_id="1", starts_at=NOON))
    before = triggers(db.engine)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0018")
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        assert {one.id: (one.ended_as, one.part_effect) for one in session.scalars(select(Offer))} == {
            gone.id: ("withdrawn", "ends"), stands.id: ("", "ends")}
        assert list(session.scalars(select(Hold.cause))) == ["dispute"]
    assert triggers(db.engine) == before


def test_who_opted_out_before_words_were_kept_has_said_so(db: Database) -> None:
    said, silent = someone_owes(db, 60_00), someone_owes(db, 60_00)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0007")
        connection.execute(text("UPDATE debtor SET opted_out_at = created_at WHERE id = :id"), {"id": said.debtor.id})
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        kept = session.scalars(select(Consent)).one()
    assert (kept.debtor_id, kept.channel, kept.given, kept.at) == (said.debtor.id, "email", False, NOON)
    assert kept.debtor_id != silent.debtor.id


def test_bank_lines_and_differences_leave_and_come_back_empty(db: Database) -> None:
    owed = someone_owes(db, 60_00)
    staff = make_staff_of(db, owed.business.id)
    with db.transaction() as session:
        statement = BankStatement(business_id=owed.business.id, staff_id=staff, first_on=NOON.date(),
                                  last_on=NOON.date(), lines_new=1, lines_known=0, taken_in_at=NOON)
        session.add(statement)
        session.flush()
        session.add_all([
            BankLine(business_id=owed.business.id, statement_id=statement.id, fingerprint="f", booked_on=NOON.date(),
                     amount_minor=5_00, currency="USD", state="waiting", added_at=NOON),
            Drift(business_id=owed.business.id, kind="fee_amount", object_id="txn_1", currency="USD", at_stripe=-2,
                  in_books=-1, state="open", found_at=NOON)])
    before = balances(db, owed.business.id)
    with db.engine.connect() as connection:
        config = alembic_on(connection)
        command.downgrade(config, "0014")
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        assert not session.scalars(select(BankLine)).all() and not session.scalars(select(Drift)).all()
    assert balances(db, owed.business.id) == before


def make_staff_of(db: Database, business_id: int) -> int:
    """One of the staff of a business."""
    with db.transaction() as session:
        return make_staff(session, session.get_one(Business, business_id), "owner").id
