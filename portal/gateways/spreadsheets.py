"""Spreadsheets in the XLSX form: every sheet as rows of text, read as a stream and never trusted.

The parts of the archive are measured while they are unpacked, because what they say of their own size may be a lie. No
part may declare a document type: that is where entities, and all that can be done with them, come from. Formulas are
kept as text, so that whoever reads the cells refuses them.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from xml.parsers import expat  # nosec B406 - every parser made here refuses document types, see _Reader

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from portal.domain.errors import Refusal
from portal.domain.imports import Limits

Rows = list[tuple[int, list[str]]]

MOST_UNPACKED = 300 * 1024 * 1024
MOST_PARTS = 2_000
MOST_SHEETS = 20
MOST_STRINGS = 3_000_000
PIECE = 256 * 1024
WORKBOOK, STRINGS, STYLES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
_DIGITS_KEPT = 15
_LETTERS = 26


def is_one(data: bytes) -> bool:
    """Say whether these bytes are a spreadsheet of this form: an archive that holds a workbook."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def read(data: bytes, limits: Limits) -> list[Rows]:
    """Give the rows of every visible sheet, each with its number; empty rows are left out.

    Raises Refusal: file_damaged, file_too_large, file_xml_unsafe, file_too_many_rows, file_too_many_columns,
    file_protected.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Workbook(_Parts(archive), limits).sheets()
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, OSError, ValueError,
            KeyError, IndexError, OverflowError) as error:
        raise Refusal("invalid", "file_damaged") from error
    except RuntimeError as error:
        # The archive says by this that a password is needed.
        raise Refusal("invalid", "file_protected") from error


class _Parts:
    """The parts of an archive, unpacked piece by piece up to a limit for all of them together."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MOST_UNPACKED
        if len(archive.namelist()) > MOST_PARTS:
            raise Refusal("too_large", "file_too_large")

    def has(self, name: str) -> bool:
        """Say whether there is a part of this name."""
        return name in self._archive.NameToInfo

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpack a part; raises Refusal file_too_large when all that was unpacked becomes too much."""
        with self._archive.open(name) as part:
            while piece := part.read(PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise Refusal("too_large", "file_too_large")
                yield piece


class _Reader:
    """One part read as a stream of elements. Its parser knows no entities but the five of XML."""

    def __init__(self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None],
                 text: Callable[[str], None]) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = lambda name, attributes: start(_bare(name), attributes)
        self._parser.EndElementHandler = lambda name: end(_bare(name))
        self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.EntityDeclHandler = _refuse_doctype

    def read(self, pieces: Iterator[bytes]) -> None:
        """Read a part to its end."""
        for piece in pieces:
            self._parser.Parse(piece, False)
        self._parser.Parse(b"", True)


def _refuse_doctype(*_told: object) -> None:
    raise Refusal("invalid", "file_xml_unsafe")


def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


def _nothing(_told: str) -> None:
    return None


class _Workbook:
    def __init__(self, parts: _Parts, limits: Limits) -> None:
        self._parts, self._limits = parts, limits
        self._sheets: list[str] = []
        self._relations: dict[str, str] = {}
        self._epoch = CALENDAR_WINDOWS_1900
        self._strings = _strings(parts, limits)
        self._formats = _formats(parts)

    def sheets(self) -> list[Rows]:
        """Read every visible sheet, in its order."""
        _Reader(self._relation, _nothing, _nothing).read(self._parts.pieces(RELATIONS))
        _Reader(self._sheet, _nothing, _nothing).read(self._parts.pieces(WORKBOOK))
        if len(self._sheets) > MOST_SHEETS:
            raise Refusal("too_large", "file_too_large")
        found = []
        for path in self._sheets:
            if self._parts.has(path):
                sheet = _Sheet(self._strings, self._formats, self._epoch, self._limits)
                _Reader(sheet.start, sheet.end, sheet.text).read(self._parts.pieces(path))
                found.append(sheet.rows)
        return found

    def _relation(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            self._relations[attributes.get("Id", "")] = attributes.get("Target", "")

    def _sheet(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self._epoch = CALENDAR_MAC_1904
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            key = next((value for key, value in attributes.items() if _bare(key) == "id"), "")
            target = self._relations.get(key, "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            self._sheets.append(path)


def _strings(parts: _Parts, limits: Limits) -> list[str]:
    """The texts that cells point at; what is only spoken (the reading of signs) is no part of them."""
    found: list[str] = []
    if not parts.has(STRINGS):
        return found
    buffer: list[str] = []
    state = {"text": False, "spoken": False}

    def start(name: str, _attributes: dict[str, str]) -> None:
        if name == "rPh":
            state["spoken"] = True
        state["text"] = name == "t" and not state["spoken"]

    def end(name: str) -> None:
        state["text"] = False
        if name == "rPh":
            state["spoken"] = False
        if name == "si":
            found.append("".join(buffer))
            buffer.clear()
            if len(found) > MOST_STRINGS:
                raise Refusal("too_large", "file_too_large")

    def text(data: str) -> None:
        # One sign more than a cell may have is kept, so that it is refused where it stands.
        if state["text"] and sum(map(len, buffer)) <= limits.max_cell:
            buffer.append(data[: limits.max_cell + 1])

    _Reader(start, end, text).read(parts.pieces(STRINGS))
    return found


def _formats(parts: _Parts) -> list[str]:
    """How the cells of each style are shown: "mm-dd-yy", "0%", "0000000000"."""
    own: dict[str, str] = {}
    found: list[str] = []
    inside = {"cellXfs": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "cellXfs":
            inside["cellXfs"] = True
        elif name == "numFmt":
            own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and inside["cellXfs"]:
            number = attributes.get("numFmtId", "0")
            found.append(own.get(number) or BUILTIN_FORMATS.get(int(number), "General"))

    def end(name: str) -> None:
        if name == "cellXfs":
            inside["cellXfs"] = False

    if parts.has(STYLES):
        _Reader(start, end, _nothing).read(parts.pieces(STYLES))
    return found


class _Sheet:
    """One sheet while it is read: its rows as text, as a person would have typed them."""

    def __init__(self, strings: Sequence[str], formats: Sequence[str], epoch: Any, limits: Limits) -> None:
        self.rows: Rows = []
        self._strings, self._formats, self._epoch, self._limits = strings, formats, epoch, limits
        self._row: list[str] = []
        self._number = self._column = 0
        self._kind = self._style = ""
        self._taking = ""
        self._value: list[str] = []
        self._formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "row":
            told = attributes.get("r", "")
            self._number = int(told) if told.isdecimal() else self._number + 1
            self._row, self._column = [], 0
        elif name == "c":
            self._column = _column_of(attributes.get("r", "")) or self._column + 1
            if self._column > self._limits.max_columns:
                raise Refusal("too_large", "file_too_many_columns", row=self._number, maximum=self._limits.max_columns)
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._value, self._formula = [], False
        elif name in ("v", "t"):
            self._taking = name
        elif name == "f":
            self._formula = True

    def end(self, name: str) -> None:
        """An element ends."""
        if name in ("v", "t"):
            self._taking = ""
        elif name == "c":
            self._row += [""] * (self._column - 1 - len(self._row))
            self._row.append("=" if self._formula else self._shown("".join(self._value)))
        elif name == "row" and any(cell.strip() for cell in self._row):
            self.rows.append((self._number, self._row))
            if len(self.rows) > self._limits.max_rows + 20:
                raise Refusal("too_large", "file_too_many_rows", maximum=self._limits.max_rows)

    def text(self, data: str) -> None:
        """A piece of a value."""
        if self._taking and sum(map(len, self._value)) <= self._limits.max_cell:
            self._value.append(data[: self._limits.max_cell + 1])

    def _shown(self, value: str) -> str:
        if self._kind == "s":
            return self._strings[int(value)] if value else ""
        if self._kind == "b":
            return "yes" if value == "1" else "no"
        if self._kind in ("str", "inlineStr", "e", "d") or not value:
            return value
        place = int(self._style) if self._style.isdecimal() else 0
        return _number_shown(value, self._formats[place] if place < len(self._formats) else "General", self._epoch)


def _column_of(reference: str) -> int:
    """The column of a cell, from 1: "C7" is in the third. 0 when the cell does not say."""
    column = 0
    for sign in reference[:8]:
        if not "A" <= sign <= "Z":
            break
        column = column * _LETTERS + ord(sign) - ord("A") + 1
    return column


def _number_shown(value: str, shown_as: str, epoch: Any) -> str:
    """A number as its sheet shows it: a day, a percentage, a number with its leading zeros, or plainly."""
    number = float(value)
    if is_date_format(shown_as):
        return _day_shown(number, epoch)
    # A sheet keeps 59.44 as 59.439999999999998; of its digits fifteen are what was typed.
    plain = format(number, f".{_DIGITS_KEPT}g")
    if "e" in plain:
        plain = format(number, "f").rstrip("0").rstrip(".")
    if shown_as.endswith("%"):
        return format(number * 100, f".{_DIGITS_KEPT}g") + "%"
    zeros = shown_as if shown_as and set(shown_as) == {"0"} else ""
    return plain.zfill(len(zeros)) if zeros and plain.isdecimal() else plain


def _day_shown(number: float, epoch: Any) -> str:
    found = from_excel(number, epoch)
    if isinstance(found, datetime):
        return found.date().isoformat() if found.time() == datetime.min.time() else found.isoformat(sep=" ")
    return "" if isinstance(found, timedelta) else str(found)
