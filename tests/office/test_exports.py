"""Files hold exactly the rows that are shown, harmless to spreadsheets, and leave only after a fresh proof."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from portal.db import Database
from portal.models import AuditEvent
from tests.cast import make_invoice
from tests.office.lists_desk import Desk, open_desk, rows


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def taken(desk: Desk, path: str, file_format: str = "csv") -> bytes:
    answer = desk.post(desk.client("manager", proven=True), f"/office/exports/{path}", file_format=file_format)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    return answer.get_data()


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_file_holds_the_rows_that_are_shown_in_their_order(desk: Desk) -> None:
    for asked in ("invoices", "invoices?age=late&sort=-left", "invoices?q=angst", "invoices?state=all&sort=-number"):
        assert [line["invoice"] for line in lines(taken(desk, asked))] == rows(desk.page(f"/office/{asked}")), asked
    assert [line["payment"] for line in lines(taken(desk, "payments?q=95"))] == ["P-AAAA-1111"]
    (late,) = lines(taken(desk, "invoices?q=inv-1"))
    assert late == {
        "invoice": "INV-1", "title": "French drain along the patio", "debtor_number": "C-100",
        "debtor": "Zoë Ångström", "kind": "consumer", "issued_on": "2026-09-01", "due_on": "2026-10-01",
        "days_late": "40", "currency": "USD", "amount": "1234.50", "left": "1234.50", "state": "Late"}


def test_a_file_goes_on_beyond_the_page(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        for number in range(700):
            make_invoice(session, desk.debtors["late"], 5_00, number=f"N-{number}")
    assert len({line["invoice"] for line in lines(taken(desk, "invoices"))}) == 705


def test_what_a_spreadsheet_would_run_is_made_harmless(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        make_invoice(session, desk.debtors["paid"], 7_00, number="+1+1", title="@SUM(A1)")
    (line,) = [one for one in lines(taken(desk, "invoices")) if one["left"] == "7.00"]
    assert (line["invoice"], line["title"], line["debtor"]) == ("'+1+1", "'@SUM(A1)", "'=HYPERLINK(0)")
    book = load_workbook(io.BytesIO(taken(desk, "invoices", "xlsx")))
    sheet = book["invoices"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    heads = [cell.value for cell in sheet[1]]
    left = [row[heads.index("left")].value for row in sheet.iter_rows(min_row=2)]
    assert Decimal(str(max(left))) == Decimal("3275.5")


def test_currencies_have_lines_of_their_own(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        make_invoice(session, desk.debtors["far"], 40_00, currency="USD")
    mine = [line for line in lines(taken(desk, "debtors")) if line["debtor_number"] == "C-300"]
    assert [(line["currency"], line["balance"]) for line in mine] == [("USD", "40.00"), ("EUR", "1180.00")]


def test_the_audit_keeps_who_took_what_and_no_names(desk: Desk) -> None:
    taken(desk, "invoices?q=angst&age=late", "xlsx")
    with desk.rt.db.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "list.exported")).one()
    assert event.actor_id == desk.staff["manager"].public_id
    assert event.details == {"format": "xlsx", "rows": 1, "filters": {"age": "late"}, "searched": True}


def test_no_file_leaves_without_proof_or_in_an_unknown_form(desk: Desk) -> None:
    answer = desk.post(desk.client("manager"), "/office/exports/invoices", file_format="csv")
    assert answer.status_code == 422 and "INV-1" not in answer.get_data(as_text=True)
    assert desk.post(desk.client("agent", proven=True), "/office/exports/invoices",
                     file_format="csv").status_code == 403
    client = desk.client("manager", proven=True)
    assert desk.post(client, "/office/exports/invoices", file_format="exe").status_code == 422
    assert desk.post(client, "/office/exports/invoices?age=never", file_format="csv").status_code == 422
    assert desk.post(client, "/office/exports/staff", file_format="csv").status_code == 404
    with desk.rt.db.reading() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.act == "list.exported")).all() == []
