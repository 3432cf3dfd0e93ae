"""Spreadsheets and e-invoices: read like any other file, and refused in words when they are broken or hostile."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
import zlib
from datetime import datetime

import pytest

from portal.domain.errors import Refusal
from portal.domain.imports import Limits, ParsedFile, parse_table, table_of_sheet
from portal.gateways import e_invoice_archives, e_invoices, spreadsheets
from proofs.import_fuzz import BOMB, OUTSIDE
from tests.domain.invoice_files import USD
from tests.imports.e_invoices import factur_x, ubl
from tests.imports.sheets import CONTENT, cells_xml, parts, rows_xml, sheet

HEAD = ["Invoice no.", "Customer ID", "Invoice date", "Due date", "Amount", "VAT rate"]
HEAD_XML, ROW = cells_xml(*HEAD[:5]), cells_xml("A1", "1", "2026-01-01", "2026-02-01", "10")

DECLARED = f"<?xml version='1.0'?>{OUTSIDE}{ubl().decode().partition('?>')[2]}"


def parsed(data: bytes) -> ParsedFile:
    assert spreadsheets.is_one(data)
    return parse_table(*table_of_sheet(spreadsheets.read(data, Limits())[0], USD), USD)


def refused(data: bytes, limits: Limits = Limits()) -> str:
    with pytest.raises(Refusal) as found:
        spreadsheets.read(data, limits)
    return found.value.code


def test_cells_are_read_as_their_sheet_shows_them() -> None:
    row = [611365, "0042", datetime(2026, 1, 15), datetime(2026, 2, 14), 59.44, 0.19]
    data = sheet([["Open invoices"], [], HEAD, row], formats={1: "0000000000", 6: "0%"})
    invoice = parsed(data).invoices[0]
    assert (invoice.invoice_number, invoice.customer_number, invoice.amount) == ("0000611365", "0042", 5944)
    assert (invoice.row, invoice.due_on.isoformat(), invoice.lines[0].tax_basis_points) == (4, "2026-02-14", 1900)


def test_formulas_of_a_sheet_are_errors_with_their_cell() -> None:
    data = sheet([HEAD, ["A1", "1", "2026-01-15", "2026-02-14", "=5+5", ""], ["A2", "2", "2026-01-15", "x", 3, ""]])
    assert [(error.row, error.column, error.code) for error in parsed(data).errors] == [
        (2, "Amount", "cell_formula"), (3, "Due date", "date_unreadable")]


@pytest.mark.parametrize(("data", "code"), [
    (parts(CONTENT + BOMB + rows_xml(HEAD_XML, ROW).removeprefix(CONTENT)), "file_xml_unsafe"),
    (parts(CONTENT + OUTSIDE + rows_xml(HEAD_XML, ROW).removeprefix(CONTENT)), "file_xml_unsafe"),
    (parts(rows_xml(HEAD_XML, '<c r="XFD2"><v>1</v></c>')), "file_too_many_columns"),
    (parts(rows_xml(HEAD_XML, "<c/>" * 1_000_000)), "file_too_many_columns"),
    (parts(rows_xml(HEAD_XML, '<c t="s"><v>99</v></c>')), "file_damaged"),
    (parts("<worksheet><row>"), "file_damaged"), (parts(rows_xml(HEAD_XML, ROW))[:-90], "file_damaged"),
])
def test_broken_and_hostile_sheets_are_refused_in_words(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_an_archive_that_unpacks_without_end_is_refused() -> None:
    out = io.BytesIO(parts(rows_xml(HEAD_XML, ROW)))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(
            "xl/sharedStrings.xml", "w", force_zip64=True) as part:
        part.write(b"<sst>")
        for _ in range(spreadsheets.MOST_UNPACKED // (8 * 1024 * 1024) + 1):
            part.write(b" " * (8 * 1024 * 1024))
    assert len(out.getvalue()) < 2 * 1024 * 1024
    assert refused(out.getvalue()) == "file_too_large"


def test_too_many_rows_of_a_sheet_are_refused() -> None:
    assert refused(parts(rows_xml(HEAD_XML, *[ROW] * 60)), Limits(max_rows=30)) == "file_too_many_rows"


def test_an_e_invoice_is_read_with_its_lines_its_tax_and_its_address() -> None:
    (invoice,) = e_invoices.read(ubl(), "EUR").invoices
    assert (invoice.invoice_number, invoice.amount, invoice.paid_minor) == ("R-2026-7", 11900, 1900)
    assert (invoice.postal_address, invoice.lines[0].tax, invoice.kind) == ("Lindenweg 4\n53111 Bonn", 1900, "business")
    assert e_invoices.read(ubl(**{"UTF-8": "UTF-16"}).decode().encode("utf-16"), "EUR").invoices == [invoice]
    accented = ubl(**{"UTF-8": "ISO-8859-1", "Blau": "Bläu"}).decode().encode("latin-1")
    assert e_invoices.read(accented, "EUR").invoices[0].customer_name == "Bläu OHG"
    (inside,) = e_invoices.read(factur_x(), "EUR").invoices
    assert (inside.invoice_number, inside.amount, inside.due_on.isoformat()) == ("FX-9", 12000, "2026-10-31")


def test_of_all_that_is_attached_to_a_pdf_only_its_invoice_is_unpacked() -> None:
    data = factur_x(beside=zlib.compress(bytes(60 * 1024 * 1024), 1))
    tracemalloc.start()
    try:
        assert len(e_invoices.read(data, "EUR").invoices) == 1
        assert tracemalloc.get_traced_memory()[1] < 50 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("data", "code"), [
    (ubl(**{"<Invoice ": f"{BOMB}<Invoice "}), "file_xml_unsafe"),
    (ubl(**{"<Invoice ": f"{OUTSIDE}<Invoice "}), "file_xml_unsafe"),
    (ubl(**{"<cbc:ID>R-2026-7</cbc:ID>": ""}), "e_invoice_invalid"), (factur_x("nothing"), "e_invoice_invalid"),
    (ubl(**{"<cbc:DueDate>2026-10-31</cbc:DueDate>": ""}), "e_invoice_incomplete"), (b"%PDF-1.7 x", "file_damaged"),
    (factur_x(name="notes.txt"), "file_no_e_invoice"),
    # What an encoding hides from us must not be plain to the parser.
    *((factur_x(DECLARED.replace("'?>", f"' encoding='{codec}'?>", 1).encode(codec)), "file_xml_unsafe")
      for codec in ("UTF-16", "UTF-16LE", "UTF-32", "cp037")),
    (DECLARED.replace("'?>", "' encoding='UTF-7'?>", 1).replace("<!", "+ADwAIQ-").encode(), "file_xml_unsafe"),
    (b"<?xml version='1.0'?>" + DECLARED.replace("'?>", "' encoding='UTF-7'?>", 1)
     .replace("<!", "+ADwAIQ-").encode(), "e_invoice_invalid"),
])
def test_broken_and_hostile_e_invoices_are_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(Refusal) as found:
        e_invoices.read(data, "EUR")
    assert found.value.code == code


def packed(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_an_archive_of_e_invoices_is_read_whole_and_each_fault_names_its_file() -> None:
    good = e_invoice_archives.read(packed(**{
        "a/first.xml": ubl(), "second.PDF": factur_x(), "__MACOSX/._first.xml": b"x", "a/.hidden": b"x"}), "EUR")
    assert [(one.row, one.invoice_number) for one in good.invoices] == [(1, "R-2026-7"), (2, "FX-9")]
    assert (good.errors, good.files, good.rows) == ([], ("first.xml", "second.PDF"), 2)
    data = packed(**{
        "one.xml": ubl(), "../../etc/\x07again.xml": ubl(), "list.csv": b"a,b\n1,2\n", "inner.zip": packed(b=ubl()),
        "bomb.xml": ubl(**{"<Invoice ": f"{BOMB}<Invoice "}), "x" * 1_000 + ".pdf": b"%PDF-1.7 x"})
    assert e_invoice_archives.is_one(data) and not e_invoice_archives.are_few(data)
    assert [(error.row, error.column, error.code) for error in e_invoice_archives.read(data, "EUR").errors] == [
        (2, "again.xml", "invoice_in_two_files"), (3, "list.csv", "file_no_e_invoice"),
        (4, "inner.zip", "archive_in_archive"), (5, "bomb.xml", "file_xml_unsafe"),
        (6, "x" * 76 + ".pdf", "file_damaged")]


@pytest.mark.parametrize(("data", "code"), [
    (packed(**{f"{number}.xml": b"" for number in range(e_invoice_archives.MOST_FILES + 1)}), "archive_too_many_files"),
    (packed(**{f"{number}.xml": bytes(8 * 1024 * 1024) for number in range(9)}), "file_too_large"),
    ((whole := packed(**{"a.xml": ubl()}))[:60] + bytes(8) + whole[68:], "file_damaged"),
])
def test_an_archive_that_holds_too_much_is_refused_as_a_whole(data: bytes, code: str) -> None:
    with pytest.raises(Refusal) as found:
        e_invoice_archives.read(data, "EUR")
    assert found.value.code == code


def test_archives_of_other_programs_are_no_e_invoices() -> None:
    assert not e_invoice_archives.is_one(packed(**{"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}))
    assert not e_invoice_archives.is_one(packed(**{"list.csv": b"a"})) and e_invoice_archives.are_few(b"a,b\n1,2\n")
