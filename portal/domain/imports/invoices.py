"""A whole file of invoices: how it is written, every row read, and what rows say about each other.

Reading one row is `rows`; what an import does to the books is the use case's decision.
"""

from collections.abc import Iterator
from itertools import islice

from portal.domain.currencies import canonical
from portal.domain.errors import Refusal
from portal.domain.imports.cells import is_kind, is_yes_no
from portal.domain.imports.dates import column_orders, looks_like_date
from portal.domain.imports.decoding import decode
from portal.domain.imports.headers import REQUIRED, SYNONYMS, currency_in, guess_mapping, normalise
from portal.domain.imports.numbers import file_mark
from portal.domain.imports.results import ImportOptions, Note, ParsedFile, ParsedInvoice, RowError
from portal.domain.imports.rows import Layout, Row, shown
from portal.domain.imports.table import Table, read_table

_DATE_FIELDS = ("issued_on", "due_on", "settled_on")
_AMOUNT_FIELDS = ("amount", "paid_amount", "open_amount")
_SAMPLE = 200


def parse_invoices(data: bytes, options: ImportOptions) -> ParsedFile:
    """Read an export of invoices and say everything that is wrong with it at once.

    Returns the invoices, all row errors, and notes on what was assumed; book nothing while there are errors.
    Raises Refusal where the file as a whole cannot be read: file_* (size, kind, structure), columns_missing,
    header_duplicate, mapping_unknown_field, mapping_unknown_header, currency_unknown.
    """
    text, encoding = decode(data, options.limits)
    table = read_table(text, options.limits, options.delimiter, options.mapping)
    layout = _layout(table, options)
    invoices, errors, ignored_countries = _read_rows(table, layout)
    errors += _two_addresses(invoices, layout)
    used = set(layout.mapping.values())
    return ParsedFile(
        invoices=invoices,
        errors=sorted(errors, key=lambda error: error.row),
        notes=_notes(layout, encoding, ignored_countries),
        mapping={field: table.headers[position] for field, position in layout.mapping.items()},
        unmapped=[name for position, name in enumerate(table.headers) if position not in used and name],
        encoding=encoding,
        delimiter=table.delimiter,
        date_orders={field: found.order for field, found in layout.orders.items()},
        decimal=layout.mark.mark,
        currency=layout.currency,
    )


def _layout(table: Table, options: ImportOptions) -> Layout:
    mapping = _with_paid_understood(table, guess_mapping(table.headers, options.mapping))
    mapping = _with_kind_understood(table, _with_name(table, mapping, options), options)
    missing = [field for field in REQUIRED if field not in mapping]
    if missing:
        found = [shown(name) for name in table.headers]
        raise Refusal("invalid", "columns_missing", fields=missing, found=found)
    dates = {field: _column(table, mapping[field]) for field in _DATE_FIELDS if field in mapping}
    amounts = (
        cell for field in _AMOUNT_FIELDS if field in mapping for cell in _column(table, mapping[field])
    )
    named = None if "currency" in mapping else currency_in(table.headers[mapping["amount"]])
    return Layout(
        headers=table.headers,
        mapping=mapping,
        orders=column_orders(dates, options.date_order, options.default_date_order),
        mark=file_mark(amounts, options.decimal, options.default_decimal),
        currency=named or canonical(options.currency),
        limits=options.limits,
        today=options.today,
    )


def _with_kind_understood(table: Table, mapping: dict[str, int], options: ImportOptions) -> dict[str, int]:
    """A column that is only called "Type" may tell of documents: it counts where a cell speaks of customers."""
    position = mapping.get("kind")
    if position is None or "kind" in options.mapping or normalise(table.headers[position]) not in ("type", "tipo"):
        return mapping
    if any(is_kind(cell) for cell in _column(table, position)):
        return mapping
    return {field: column for field, column in mapping.items() if field != "kind"}


def _with_paid_understood(table: Table, mapping: dict[str, int]) -> dict[str, int]:
    """A column called "Paid" or "Settled" may hold dates, amounts or yes and no: its cells say which."""
    position = mapping.get("paid")
    if position is None:
        return mapping
    sample = list(islice((cell for cell in _column(table, position) if cell.strip()), _SAMPLE))
    if all(is_yes_no(cell) for cell in sample):
        return mapping
    dated = sum(looks_like_date(cell) for cell in sample)
    meaning = "settled_on" if 2 * dated > len(sample) else "paid_amount"
    rest = {field: column for field, column in mapping.items() if field != "paid"}
    return rest if meaning in rest else rest | {meaning: position}


def _with_name(table: Table, mapping: dict[str, int], options: ImportOptions) -> dict[str, int]:
    """Where the customer is known by name alone, the name serves as number and as name."""
    position = mapping.get("customer_number")
    if position is None or "customer_name" in mapping or "customer_name" in options.mapping:
        return mapping
    names = {normalise(word) for word in SYNONYMS["customer_name"]}
    return mapping | {"customer_name": position} if normalise(table.headers[position]) in names else mapping


def _column(table: Table, position: int) -> Iterator[str]:
    return (cells[position] for _, cells in table.rows if position < len(cells))


def _read_rows(table: Table, layout: Layout) -> tuple[list[ParsedInvoice], list[RowError], int]:
    """All rows. An invoice number stands in the file once: two rows of it could be one debt or two."""
    invoices: list[ParsedInvoice] = []
    errors: list[RowError] = []
    first_rows: dict[str, int] = {}
    ignored_countries = 0
    column = layout.headers[layout.mapping["invoice_number"]]
    for number, cells in table.rows:
        row = Row(layout, number, cells)
        invoice = row.invoice()
        errors += row.errors
        ignored_countries += row.ignored_country
        first = first_rows.setdefault(row.invoice_number, number) if row.invoice_number else number
        if first != number:
            params: dict[str, object] = {"first_row": first}
            errors.append(
                RowError(number, column, shown(row.invoice_number or ""), "invoice_duplicate", params)
            )
        elif invoice is not None:
            invoices.append(invoice)
    return invoices, errors, ignored_countries


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


def _notes(layout: Layout, encoding: str, ignored_countries: int) -> list[Note]:
    notes = [
        Note("date_order_assumed", {"column": layout.headers[layout.mapping[field]], "order": found.order})
        for field, found in layout.orders.items()
        if found.assumed
    ]
    if layout.mark.assumed:
        notes.append(Note("decimal_assumed", {"mark": layout.mark.mark}))
    if encoding == "cp1252":
        notes.append(Note("encoding_assumed", {"encoding": encoding}))
    if ignored_countries:
        notes.append(Note("country_ignored", {"rows": ignored_countries}))
    return notes
