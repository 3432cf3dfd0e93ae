"""The commands a business begins with: what they print and how they end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from portal import cli
from portal.db import Database
from portal.models import AuditEvent, Business, LedgerAccount, PolicyVersion
from portal.words import speak
from portal.words.imports import EXPECTED, NOTES
from tests import cast
from tests.imports.files import HEADER, everything, table

Run = Callable[..., Result]
BUSINESS = {
    "--slug": "marsh", "--name": "Marsh & Daughter", "--currency": "USD", "--timezone": "America/Los_Angeles",
    "--country": "US", "--contact-email": "billing@marshdaughter.example", "--contact-phone": "+15035550142",
    "--address": "12 Fern Lane, Salem, OR 97301",
}


@pytest.fixture
def run(db: Database, tmp_path: Path) -> Run:
    app = Flask("portal")
    app.extensions["portal"] = cast.make_runtime(db, tmp_path)
    cli.install(app)
    runner = app.test_cli_runner()

    def invoke(*arguments: str) -> Result:
        return runner.invoke(args=[*arguments, "--language", "en_US.UTF-8"])

    return invoke


def create(run: Run, **changes: str) -> Result:
    wanted = BUSINESS | {f"--{name}": value for name, value in changes.items()}
    return run("create-business", *(part for pair in wanted.items() for part in pair))


def file_of(folder: Path, content: str) -> str:
    path = folder / "invoices.csv"
    path.write_text(content)
    return str(path)


def test_a_stranger_begins_with_a_business_and_a_file(run: Run, db: Database, tmp_path: Path) -> None:
    made = create(run)
    assert (made.exit_code, made.output) == (0, "Business “marsh” is ready.\n")
    path = file_of(tmp_path, table("007,00042,10/1/2026,10/31/2026,1234.56,Yes,,x",
                                   "007,00043,10/1/2026,10/31/2026,10,No,11/2/2026,x",
                                   header=HEADER + ",Disputed,Settled,Bill by"))
    taken = run("import-invoices", path, "--business", "marsh")
    assert taken.exit_code == 0, taken.output
    assert taken.output.splitlines() == [
        "Rows read: 2", "New invoices: 2", "Changed: 0", "Unchanged: 0", "Gone from the file: 0", "Settled: 1",
        "Partly paid: 0", "Held as disputed: 1", "New debtors: 1", "Of these, consumers: 1", "Of these, businesses: 0",
        "Taken as consumers, as the file does not say: 1", "Columns not used: Bill by", "All rows are in the books."]
    checked = run("ledger", "verify")
    assert (checked.exit_code, checked.output) == (0, "3 transfers read. The books are right.\n")
    again = run("import-invoices", path, "--business", "marsh")
    assert again.exit_code == 0
    assert "Unchanged: 2" in again.output and again.output.endswith("Nothing new: nothing was written.\n")


def test_errors_are_told_in_words_and_end_with_1(run: Run, db: Database, tmp_path: Path) -> None:
    create(run)
    before = everything(db)
    path = file_of(tmp_path, table("1,A1,10/1/2026,10/31/2026,ten", "1,A2,10/1/2026,9/30/2026,10", "1,A3"))
    result = run("import-invoices", path, "--business", "marsh")
    assert result.exit_code == 1
    assert result.output.splitlines()[-4:] == [
        "There are errors: nothing was written.",
        "Row 2, column “Amount”, read “ten”: An amount is expected.",
        "Row 3, column “Due date”, read “9/30/2026”: A due date on or after the invoice's own, October 1, 2026, "
        "is expected.",
        "Row 4: 5 cells are expected, 2 are there."]
    assert everything(db) == before


def test_the_language_of_the_terminal_is_spoken(db: Database, tmp_path: Path) -> None:
    app = Flask("portal")
    app.extensions["portal"] = cast.make_runtime(db, tmp_path)
    cli.install(app)
    result = app.test_cli_runner().invoke(args=["ledger", "verify"], env={"LC_ALL": "es_ES.UTF-8"})
    assert (result.exit_code, result.output) == (0, "Se han leído 0 asientos. Los libros cuadran.\n")


def test_options_decide_what_the_file_leaves_open(run: Run, db: Database, tmp_path: Path) -> None:
    create(run)
    path = file_of(tmp_path, "Wer;Nr;Am;Bis;Wieviel\n1;A1;3/4/2026;5/4/2026;1.234,50\n")
    result = run(
        "import-invoices", path, "--business", "marsh", "--currency", "eur", "--date-order", "dmy", "--decimal", ",",
        "--delimiter", ";", "--map", "customer_number=Wer", "--map", "invoice_number=Nr", "--map", "issued_on=Am",
        "--map", "due_on=Bis", "--map", "amount=Wieviel")
    assert result.exit_code == 0, result.output
    with db.reading() as session:
        total, currency, due = session.execute(text("SELECT total_minor, currency, due_on FROM invoice")).one()
    assert (total, currency, str(due)) == (123450, "EUR", "2026-04-05")


@pytest.mark.parametrize("wrong", [
    ["--map", "amount"], ["--map", "colour=Amount"], ["--map", "amount=Nowhere"], ["--currency", "XXX"],
    ["--date-order", "ydm"], ["--business", "nobody"]])
def test_misuse_ends_with_2(run: Run, db: Database, tmp_path: Path, wrong: list[str]) -> None:
    create(run)
    before = everything(db)
    path = file_of(tmp_path, table("1,A1,2026-10-01,2026-10-31,10"))
    result = run("import-invoices", path, "--business", "marsh", *wrong)
    assert (result.exit_code, "Error" in result.output) == (2, True)
    assert "Traceback" not in result.output
    assert everything(db) == before


def test_a_file_that_is_none_ends_with_2_and_one_that_is_no_table_with_1(run: Run, tmp_path: Path) -> None:
    create(run)
    assert run("import-invoices", str(tmp_path / "missing.csv"), "--business", "marsh").exit_code == 2
    result = run("import-invoices", file_of(tmp_path, "PK\x03\x04 no table"), "--business", "marsh")
    assert (result.exit_code, result.output) == (
        1, "Error: This is neither a CSV nor an XLSX file; save it as one of them.\n")


@pytest.mark.parametrize(("change", "found"), [("debits = debits + 5", "total of debits"),
                                               ("credits = credits + 5", "total of credits")])
def test_a_tampered_total_turns_the_check_red(
        run: Run, db: Database, tmp_path: Path, change: str, found: str) -> None:
    create(run)
    run("import-invoices", file_of(tmp_path, table("1,A1,2026-10-01,2026-10-31,10")), "--business", "marsh")
    with db.transaction() as session:
        account = session.scalars(select(LedgerAccount).where(LedgerAccount.kind == "receivable")).one()
        session.execute(text(f"UPDATE ledger_account SET {change} WHERE id = {account.id}"))
    result = run("ledger", "verify")
    assert result.exit_code == 1
    kept, true = (1005, 1000) if "debits" in change else (5, 0)
    assert result.output.splitlines() == [
        f"{found}, account {account.id} (receivable {account.owner} USD): kept {kept}, recomputed {true}",
        "1 transfer read. 1 difference found."]


def test_an_invoice_changed_behind_the_books_is_found(run: Run, db: Database, tmp_path: Path) -> None:
    create(run)
    run("import-invoices", file_of(tmp_path, table("1,A1,2026-10-01,2026-10-31,10")), "--business", "marsh")
    with db.transaction() as session:
        session.execute(text("UPDATE invoice SET total_minor = 900"))
    result = run("ledger", "verify")
    assert (result.exit_code, result.output.splitlines()[0]) == (
        1, "invoice and its posting, invoice A1: kept 900, recomputed 1000")


def test_a_business_is_made_with_its_first_rules(run: Run, db: Database) -> None:
    assert create(run, locale="es", color="#1F4E79").exit_code == 0
    with db.reading() as session:
        made = session.scalars(select(Business)).one()
        assert session.scalars(select(PolicyVersion.version)).one() == 1
        assert session.scalars(select(AuditEvent.act)).one() == "business.created"
    assert (made.name, made.legal_name, made.contact_name, made.locale, made.brand_color) == (
        "Marsh & Daughter", "Marsh & Daughter", "Marsh & Daughter", "es", "#1f4e79")


@pytest.mark.parametrize(("changes", "said"), [
    ({"slug": "Marsh & Co"}, "small letters"), ({"timezone": "Mars/Base"}, "America/New_York"),
    ({"country": "USA"}, "two letters"), ({"color": "green"}, "#2f5d3a"), ({"locale": "xx"}, "en, es"),
    ({"contact-email": "nobody"}, "One email address"), ({"currency": "XXX"}, "currency"),
    ({"name": " "}, "needed for name"), ({"address": "x" * 301}, "At most 300"),
])
def test_a_business_with_wrong_facts_is_refused(run: Run, db: Database, changes: dict[str, str], said: str) -> None:
    before = everything(db)
    result = create(run, **changes)
    assert result.exit_code in (1, 2) and said in result.output, result.output
    assert everything(db) == before


def test_a_short_name_is_taken_once(run: Run, db: Database) -> None:
    create(run)
    result = create(run, name="Another")
    assert (result.exit_code, result.output) == (1, "Error: There is a business “marsh” already.\n")
    with db.reading() as session:
        assert session.scalars(select(Business.name)).all() == ["Marsh & Daughter"]


def test_every_sentence_is_there_in_spanish() -> None:
    spanish = speak("es", "UTC")
    for message in (*EXPECTED.values(), *NOTES.values()):
        assert spanish._texts.gettext(message) != message
