"""Spreadsheets made in tests: real ones by a library, and broken or hostile ones part by part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

CONTENT = '<?xml version="1.0" encoding="UTF-8"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def sheet(rows: Sequence[Sequence[Any]], *, formats: Mapping[int, str] | None = None) -> bytes:
    """A workbook with one sheet; `formats` says how the cells of a column are shown, from 1."""
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    for column, shown in (formats or {}).items():
        for cells in page.iter_rows(min_row=2, min_col=column, max_col=column):
            cells[0].number_format = shown
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts(sheet_xml: str, **more: str) -> bytes:
    """A workbook put together by hand, so that its parts can be whatever they like."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", f'{CONTENT}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
                         '<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'{CONTENT}<Relationships xmlns="{RELATIONS}">'
                         '<Relationship Id="rId1" Type="x" Target="worksheets/sheet1.xml"/></Relationships>')
        archive.writestr("xl/worksheets/sheet1.xml", sheet_xml)
        for name, text in more.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return out.getvalue()


def rows_xml(*rows: str) -> str:
    """A sheet of rows, each already written as cells."""
    inside = "".join(f'<row r="{number}">{cells}</row>' for number, cells in enumerate(rows, 1))
    return f'{CONTENT}<worksheet xmlns="{MAIN}"><sheetData>{inside}</sheetData></worksheet>'


def cells_xml(*texts: str) -> str:
    """Cells of a row, as texts that stand in them."""
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
