"""Reads a bank's CSV export into lines: which column is what, what each row says, and what makes a line that line.

Pure. Cells, dates and amounts are read as those of invoices are (domain/imports); rows without money are passed over.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import TypeVar, cast

from portal.domain.currencies import canonical
from portal.domain.errors import Refusal
from portal.domain.imports.cells import clean
from portal.domain.imports.dates import ColumnOrder, column_orders, read_date
from portal.domain.imports.decoding import decode
from portal.domain.imports.headers import currency_in, normalise
from portal.domain.imports.numbers import FileMark, file_mark, read_amount
from portal.domain.imports.results import DateOrder, Limits, RowError
from portal.domain.money import Mark
from portal.domain.search import fold

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "booked_on": (
        "booking date", "posting date", "posted date", "transaction date", "value date", "date posted", "completed on",
        "buchungstag", "buchungsdatum", "valutadatum", "valuta", "wertstellung", "fecha operacion",
        "fecha de operacion",
        "fecha valor", "fecha contable", "date operation", "date de comptabilisation", "date valeur", "date", "fecha",
        "datum", "tag"),
    "credit": ("credit", "credits", "credit amount", "money in", "paid in", "deposit", "deposits", "haben",
               "gutschrift",
               "abono", "abonos", "ingreso", "ingresos", "haber"),
    "debit": ("debit", "debits", "debit amount", "money out", "paid out", "withdrawal", "withdrawals", "soll",
              "lastschrift", "cargo", "cargos", "gasto", "debe"),
    "amount": ("amount", "transaction amount", "amount in account currency", "net amount", "betrag", "umsatz",
               "betrag eur", "importe", "monto", "montant", "montant eur", "importe eur"),
    "direction": ("credit debit indicator", "credit debit", "debit credit", "dr cr", "cr dr", "direction", "soll haben",
                  "debe haber", "sens"),
    "currency": ("currency", "currency code", "wahrung", "waehrung", "moneda", "divisa", "devise"),
    "payer": ("payer", "payer name", "payee", "name", "counterparty", "counterparty name", "counter party", "from",
              "beneficiary", "beneficiary originator", "auftraggeber", "auftraggeber empfanger",
              "beguenstigter zahlungspflichtiger", "begunstigter zahlungspflichtiger", "zahlungspflichtiger",
              "ordenante", "beneficiario", "tiers", "emetteur", "nom"),
    "reference": ("reference", "payment reference", "remittance information", "description", "details", "memo",
                  "narrative", "transaction description", "verwendungszweck", "buchungstext", "concepto", "referencia",
                  "descripcion", "libelle", "reference client", "motif", "text"),
    "line_id": ("transaction id", "transaction reference", "bank reference", "fitid", "id", "unique id",
                "id de transaccion", "id transaction", "transaktions id"),
}
FIELDS = tuple(SYNONYMS)
MONEY = ("amount", "credit", "debit")
DELIMITERS = (",", ";", "\t", "|")
ROWS_SEARCHED = 25
LONGEST_CELL, LONGEST_PAYER, LONGEST_REFERENCE = 2_000, 140, 500
OUT = frozenset({"debit", "debt", "dbit", "dr", "d", "soll", "s", "debe", "cargo", "out", "payment", "minus"})
T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """How a person wants a file read; what is empty is found out from the file."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    date_order: str = ""
    decimal: str = ""
    delimiter: str = ""

    def __post_init__(self) -> None:
        fine = (self.date_order in ("", "dmy", "mdy", "ymd") and self.decimal in ("", ",", ".")
                and self.delimiter in ("", *DELIMITERS) and not self.mapping.keys() - SYNONYMS.keys())
        if not fine:
            raise Refusal("invalid", "reading_unknown")


@dataclass(frozen=True)
class Sheet:
    """A file as headers and the rows below them, each with the number a spreadsheet shows."""

    headers: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    delimiter: str

    @property
    def fingerprint(self) -> str:
        """What makes two files of one bank alike: the same headers in the same order."""
        return hashlib.sha256("\x1f".join(self.headers).encode()).hexdigest()


@dataclass(frozen=True)
class Line:
    """One movement on a bank account, minor units; what left it is negative."""

    row: int
    booked_on: date
    amount: int
    currency: str
    payer: str
    reference: str
    line_id: str = ""
    # Of lines that are alike in everything: which one of them.
    nth: int = 1

    @property
    def fingerprint(self) -> str:
        """Name the line for good: by the bank's own id if it has one, else by all it says."""
        what = ["id", self.line_id] if self.line_id else [fold(self.payer), fold(self.reference), str(self.nth)]
        return hashlib.sha256("\x1f".join(
            [self.booked_on.isoformat(), str(self.amount), self.currency, *what]).encode()).hexdigest()


@dataclass(frozen=True)
class Statement:
    """What a file says: its lines, or all that is wrong with it at once."""

    lines: tuple[Line, ...]
    errors: tuple[RowError, ...]
    mapping: Mapping[str, str]
    date_order: str
    decimal: str
    assumed: tuple[str, ...]


def read_sheet(data: bytes, delimiter: str = "") -> Sheet:
    """Find headers and rows; lines above the headers are passed over.

    Raises Refusal: what decode() refuses, file_csv_broken, file_no_rows, file_too_many_rows, file_too_many_columns.
    """
    limits = Limits()
    text = decode(data, limits)[0]
    choices = (delimiter,) if delimiter else DELIMITERS
    best = max(choices, key=lambda mark: _worth(text, mark, limits))
    rows = list(islice(_records(text, best, limits), limits.max_rows + ROWS_SEARCHED + 1))
    if len(rows) > limits.max_rows + 1:
        raise Refusal("too_large", "file_too_many_rows", maximum=limits.max_rows)
    at = _header_at(rows)
    if len(rows) <= at + 1:
        raise Refusal("invalid", "file_no_rows")
    return Sheet(tuple(cell.strip() for cell in rows[at][1]), tuple(rows[at + 1:]), best)


def guess(headers: Sequence[str]) -> dict[str, str]:
    """Say which header is which field, by the words banks use in four languages."""
    free, found = {normalise(_without_currency(header)): header for header in reversed(headers) if header}, {}
    for name, words in SYNONYMS.items():
        fits = next((normalise(word) for word in words if normalise(word) in free), None)
        if fits is not None:
            found[name] = free.pop(fits)
    if "amount" in found and "credit" in found and "debit" in found:
        # Two columns tell the sides apart, and the third is often the balance or their sum.
        del found["amount"]
    return found


def read(sheet: Sheet, reading: Reading, currency: str, default_order: DateOrder, default_mark: Mark) -> Statement:
    """Read all rows; every mistake is told, and a file with one gives no line.

    Raises Refusal invalid/bank_columns_missing.
    """
    mapping = {name: header for name, header in (reading.mapping or guess(sheet.headers)).items()
               if header in sheet.headers}
    missing = [name for name in ("booked_on",) if name not in mapping]
    missing += [] if any(name in mapping for name in MONEY) else ["amount"]
    if missing:
        raise Refusal("invalid", "bank_columns_missing", fields=missing)
    places = {name: sheet.headers.index(header) for name, header in mapping.items()}
    order, mark = _order(sheet, places, reading, default_order), _mark(sheet, places, reading, default_mark)
    reader = _Rows(places, sheet.headers, order.order, mark, currency)
    lines = [line for number, cells in sheet.rows if (line := reader.line(number, cells)) is not None]
    assumed = (["date_order"] if order.assumed else []) + (["decimal"] if mark.assumed else [])
    return Statement(tuple(_numbered(lines)) if not reader.errors else (), tuple(reader.errors), mapping, order.order,
                     mark.mark, tuple(assumed))


class _Rows:
    """Reads row by row and keeps all mistakes."""

    def __init__(self, places: Mapping[str, int], headers: Sequence[str], order: DateOrder, mark: FileMark,
                 currency: str) -> None:
        self._places, self._headers, self._order, self._mark, self._currency = places, headers, order, mark, currency
        self.errors: list[RowError] = []

    def line(self, number: int, cells: list[str]) -> Line | None:
        """Give a row's line; None for one without money, or with a mistake."""
        if not any(self._cell(cells, name) for name in ("booked_on", *MONEY)):
            return None
        before = len(self.errors)
        day = self._read(number, cells, "booked_on", lambda text: read_date(text, self._order))
        currency = self._read(number, cells, "currency", canonical) or self._of_header() or self._currency
        amount = self._amount(number, cells, currency)
        payer = self._read(number, cells, "payer", lambda text: clean(text, LONGEST_CELL)) or ""
        reference = self._read(number, cells, "reference", lambda text: clean(text, LONGEST_CELL)) or ""
        line_id = self._read(number, cells, "line_id", lambda text: clean(text, LONGEST_CELL)) or ""
        if day is None and len(self.errors) == before:
            self._wrong(number, "booked_on", "", Refusal("invalid", "cell_missing"))
        if len(self.errors) > before or day is None or not amount:
            return None
        return Line(number, day, amount, currency, payer[:LONGEST_PAYER], reference[:LONGEST_REFERENCE], line_id[:80])

    def _amount(self, number: int, cells: list[str], currency: str) -> int:
        def read_it(text: str) -> int:
            return read_amount(text, currency, self._mark)

        amount = self._read(number, cells, "amount", read_it) or 0
        credit = self._read(number, cells, "credit", read_it) or 0
        debit = self._read(number, cells, "debit", read_it) or 0
        if normalise(self._cell(cells, "direction")) in OUT:
            amount = -abs(amount)
        return amount + abs(credit) - abs(debit)

    def _of_header(self) -> str:
        heads = (self._headers[self._places[name]] for name in MONEY if name in self._places)
        return next((code for head in heads if (code := currency_in(head))), "")

    def _cell(self, cells: list[str], name: str) -> str:
        place = self._places.get(name)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    def _read(self, number: int, cells: list[str], name: str, how: Callable[[str], T]) -> T | None:
        text = self._cell(cells, name)
        if not text:
            return None
        try:
            return how(text)
        except Refusal as refusal:
            self._wrong(number, name, text, refusal)
            return None

    def _wrong(self, number: int, name: str, text: str, refusal: Refusal) -> None:
        header = self._headers[self._places[name]] if name in self._places else ""
        self.errors.append(RowError(number, header, text[:80], refusal.code, dict(refusal.params)))


def _numbered(lines: Sequence[Line]) -> list[Line]:
    """Tell lines apart that are alike in everything: two cash deposits of one day are two."""
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        seen[line.fingerprint] += 1
        found.append(replace(line, nth=seen[line.fingerprint]) if not line.line_id else line)
    return found


def _order(sheet: Sheet, places: Mapping[str, int], reading: Reading, default: DateOrder) -> ColumnOrder:
    days = [cells[places["booked_on"]] for _, cells in sheet.rows if places["booked_on"] < len(cells)]
    stated = cast("DateOrder | None", reading.date_order or None)
    return column_orders({"booked_on": days}, stated, default)["booked_on"]


def _mark(sheet: Sheet, places: Mapping[str, int], reading: Reading, default: Mark) -> FileMark:
    columns = [places[name] for name in MONEY if name in places]
    cells = [cells[place] for _, cells in sheet.rows for place in columns if place < len(cells)]
    return file_mark(cells, cast("Mark | None", reading.decimal or None), default)


def _without_currency(header: str) -> str:
    code = currency_in(header)
    return header.replace(code, "").strip(" ()[]") if code else header


def _worth(text: str, delimiter: str, limits: Limits) -> tuple[int, int]:
    try:
        rows = list(islice(_records(text, delimiter, limits), ROWS_SEARCHED))
    except Refusal:
        return 0, 0
    return max((len(guess(cells)) for _, cells in rows), default=0), max((len(cells) for _, cells in rows), default=0)


def _header_at(rows: Sequence[tuple[int, list[str]]]) -> int:
    scores = [len(guess([cell.strip() for cell in cells])) for _, cells in rows[:ROWS_SEARCHED]]
    return scores.index(max(scores)) if scores else 0


def _records(text: str, delimiter: str, limits: Limits) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found = []
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > limits.max_columns:
                raise Refusal("too_large", "file_too_many_columns", row=number, maximum=limits.max_columns)
            if any(cell.strip() for cell in cells):
                found.append((number, cells))
    except csv.Error as problem:
        raise Refusal("invalid", "file_csv_broken", row=len(found) + 1, line=reader.line_num) from problem
    return found
