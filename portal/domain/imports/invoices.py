"""A whole file of invoices: how it is written, every row read, and what rows say about each other.

Reading one row is `rows`; what an import does to the books is the use case's decision.
"""

import hashlib
from collections.abc import Iterator, Sequence

from portal.domain.currencies import canonical
from portal.domain.errors import Refusal
from portal.domain.imports import columns
from portal.domain.imports.dates import column_orders
from portal.domain.imports.decoding import decode
from portal.domain.imports.headers import REQUIRED, TOTALS, currency_in, guess_mapping, normalise
from portal.domain.imports.numbers import file_mark
from portal.domain.imports.results import (
    ImportOptions,
    Note,
    ParsedCredit,
    ParsedFile,
    ParsedInvoice,
    ParsedVoid,
    RowError,
)
from portal.domain.imports.rows import Facts, Layout, Row, shown
from portal.domain.imports.table import Table, read_records, read_table
from portal.domain.imports.totals import Read, of_lines, of_one_row

_DATE_FIELDS = ("issued_on", "due_on", "settled_on")
_AMOUNT_FIELDS = ("amount", "paid_amount", "open_amount", "net_amount", "tax_amount", "line_amount")
# What belongs to a line alone; all else may stand in the first row of an invoice only.
_OF_A_LINE = ("line_amount", "tax_amount", "tax_percent", "line_description")
_TOTALS_ROWS = ("total", "totals", "grandtotal", "summe", "gesamt", "gesamtsumme", "totales", "totaux", "somme")
SHEET = "xlsx"


def parse_invoices(data: bytes, options: ImportOptions) -> ParsedFile:
    """Read an export of invoices and say everything that is wrong with it at once.

    Returns the invoices, all row errors, and notes on what was assumed; book nothing while there are errors.
    Raises Refusal where the file as a whole cannot be read: file_* (size, kind, structure), columns_missing,
    header_duplicate, mapping_unknown_field, mapping_unknown_header, currency_unknown.
    """
    return parse_table(*table_of_text(data, options), options)


def table_of_text(data: bytes, options: ImportOptions) -> tuple[Table, str]:
    """The rows of a text file, and its encoding; raises Refusal as `parse_invoices` does."""
    text, encoding = decode(data, options.limits, options.encoding)
    return read_table(text, options.limits, options.delimiter, options.mapping), encoding


def table_of_sheet(records: Sequence[tuple[int, list[str]]], options: ImportOptions) -> tuple[Table, str]:
    """The rows of a spreadsheet, each with its number, as a table; raises Refusal file_no_rows, file_too_many_rows."""
    return read_records(records, options.limits, options.mapping), SHEET


def fingerprint(headers: Sequence[str]) -> str:
    """Name files of one kind by their headers, so that next week's is known again."""
    return hashlib.sha256("\x1f".join(map(normalise, headers)).encode()).hexdigest()


def parse_table(table: Table, encoding: str, options: ImportOptions) -> ParsedFile:
    """Read the invoices of a table; raises Refusal where no table of invoices is in it (see `parse_invoices`)."""
    layout = _layout(table, options)
    found = _Found(layout)
    found.read(table)
    errors = found.errors + _two_addresses(found.invoices, layout)
    used = set(layout.mapping.values())
    return ParsedFile(
        invoices=found.invoices,
        errors=sorted(errors, key=lambda error: error.row),
        notes=_notes(layout, encoding, found),
        mapping={field: table.headers[position] for field, position in layout.mapping.items()},
        unmapped=[name for position, name in enumerate(table.headers) if position not in used and name],
        encoding=encoding,
        delimiter=table.delimiter,
        date_orders={field: order.order for field, order in layout.orders.items()},
        decimal=layout.mark.mark,
        currency=layout.currency,
        credits=found.credits,
        voids=found.voids,
        source=fingerprint(table.headers),
        rows=len(table.rows),
    )


def _layout(table: Table, options: ImportOptions) -> Layout:
    mapping = columns.understood(table, guess_mapping(table.headers, options.mapping), options)
    missing = [field for field in REQUIRED if field not in mapping]
    if not any(all(field in mapping for field in way) for way in TOTALS):
        missing.append("amount")
    if missing:
        found = [shown(name) for name in table.headers]
        raise Refusal("invalid", "columns_missing", fields=missing, found=found)
    dates = {field: _column(table, mapping[field]) for field in _DATE_FIELDS if field in mapping}
    amounts = (
        cell for field in _AMOUNT_FIELDS if field in mapping for cell in _column(table, mapping[field])
    )
    named = None if "currency" in mapping else _named_currency(table, mapping)
    used = set(mapping.values())
    return Layout(
        headers=table.headers,
        mapping=mapping,
        orders=column_orders(dates, options.date_order, options.default_date_order),
        mark=file_mark(amounts, options.decimal, options.default_decimal),
        currency=named or canonical(options.currency),
        limits=options.limits,
        today=options.today,
        by_lines="line_amount" in mapping,
        unread=tuple(position for position in range(len(table.headers)) if position not in used),
    )


def _named_currency(table: Table, mapping: dict[str, int]) -> str | None:
    headers = (table.headers[mapping[field]] for field in ("amount", "line_amount", "net_amount") if field in mapping)
    return next(filter(None, map(currency_in, headers)), None)


def _column(table: Table, position: int) -> Iterator[str]:
    return (cells[position] for _, cells in table.rows if position < len(cells))


class _Found:
    """What the rows of a file hold, gathered while they are read."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.invoices: list[ParsedInvoice] = []
        self.credits: list[ParsedCredit] = []
        self.voids: list[ParsedVoid] = []
        self.errors: list[RowError] = []
        self.ignored_countries = self.left_out = self.totals_rows = 0
        self._first_rows: dict[str, int] = {}

    def read(self, table: Table) -> None:
        """Read every row; several rows of one invoice are read together."""
        groups: dict[str, list[Read]] = {}
        before: Sequence[str] = ()
        cells: Sequence[str]
        for number, cells in table.rows:
            if self._is_sum_of_others(cells):
                self.totals_rows += 1
                continue
            if self._layout.by_lines:
                cells = before = _filled(self._layout, cells, before)
            read = self._row(number, cells)
            if read is None:
                continue
            if self._layout.by_lines:
                groups.setdefault(read[1].invoice_number, []).append(read)
            else:
                self._one(*read)
        for rows in groups.values():
            self._keep(of_lines(rows))
            for row, _ in rows:
                self.errors += row.errors

    def _row(self, number: int, cells: Sequence[str]) -> Read | None:
        row = Row(self._layout, number, cells)
        facts = None
        if row.has_right_length():
            if row.is_void():
                self.left_out += 1
                if row.invoice_number:
                    self.voids.append(ParsedVoid(number, row.invoice_number))
                return None
            facts = row.facts()
        self.ignored_countries += row.ignored_country
        if facts is not None:
            return row, facts
        if row.invoice_number and not self._layout.by_lines:
            self._is_twin(row)
        self.errors += row.errors
        return None

    def _one(self, row: Row, facts: Facts) -> None:
        made = of_one_row(row, facts)
        twin = self._is_twin(row)
        self.errors += row.errors
        if not twin:
            self._keep(made)

    def _is_twin(self, row: Row) -> bool:
        """An invoice number stands in the file once: two rows of it could be one debt or two."""
        assert row.invoice_number is not None
        first = self._first_rows.setdefault(row.invoice_number, row.number)
        if first != row.number:
            row.fault("invoice_number", "invoice_duplicate", first_row=first)
        return first != row.number

    def _keep(self, made: ParsedInvoice | ParsedCredit | None) -> None:
        if isinstance(made, ParsedInvoice):
            self.invoices.append(made)
        elif made is not None:
            self.credits.append(made)

    def _is_sum_of_others(self, cells: Sequence[str]) -> bool:
        """Say whether a row adds up the others, as reports end with: it has no invoice number and begins with Total."""
        place = self._layout.mapping["invoice_number"]
        number = cells[place].strip() if place < len(cells) else ""
        if number and (number[-1].isdigit() or normalise(number) not in _TOTALS_ROWS):
            return False
        first = next((cell for cell in cells if cell.strip()), "")
        return normalise(first) in _TOTALS_ROWS


def _filled(layout: Layout, cells: Sequence[str], before: Sequence[str]) -> Sequence[str]:
    """Give a further line of an invoice what stands in the row above only, as programs leave it out."""
    place = layout.mapping["invoice_number"]
    if len(cells) != len(layout.headers) or len(before) != len(cells):
        return cells
    number = cells[place].strip()
    if number and number != before[place].strip():
        return cells
    own = {layout.mapping[field] for field in _OF_A_LINE if field in layout.mapping}
    return [cell if cell.strip() or at in own else before[at] for at, cell in enumerate(cells)]


def _two_addresses(invoices: list[ParsedInvoice], layout: Layout) -> list[RowError]:
    """One customer with two email addresses: a reminder might reach somebody it does not concern."""
    first: dict[str, ParsedInvoice] = {}
    errors = []
    for invoice in invoices:
        if invoice.email is None:
            continue
        known = first.setdefault(invoice.customer_number, invoice)
        if known.email is not None and known.email.casefold() != invoice.email.casefold():
            column = layout.headers[layout.mapping["email"]]
            params: dict[str, object] = {"first_row": known.row}
            errors.append(RowError(invoice.row, column, invoice.email, "email_differs", params))
    return errors


def _notes(layout: Layout, encoding: str, found: _Found) -> list[Note]:
    notes = [
        Note("date_order_assumed", {"column": layout.headers[layout.mapping[field]], "order": order.order})
        for field, order in layout.orders.items()
        if order.assumed
    ]
    if layout.mark.assumed:
        notes.append(Note("decimal_assumed", {"mark": layout.mark.mark}))
    if encoding == "cp1252":
        notes.append(Note("encoding_assumed", {"encoding": encoding}))
    if found.ignored_countries:
        notes.append(Note("country_ignored", {"rows": found.ignored_countries}))
    if found.left_out:
        notes.append(Note("rows_not_collectable", {"rows": found.left_out}))
    if found.totals_rows:
        notes.append(Note("rows_of_totals", {"rows": found.totals_rows}))
    return notes
