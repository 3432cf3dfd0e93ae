"""Small invoice files and the questions the import tests ask of them."""

import pytest

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions, ParsedFile, ParsedInvoice, parse_invoices

HEADER = "Customer ID,Invoice no.,Invoice date,Due date,Amount"
USD = ImportOptions(currency="USD")


def table(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows]).encode()


def rows(*lines: str) -> bytes:
    return table(HEADER, *lines)


def one(data: bytes, options: ImportOptions = USD) -> ParsedInvoice:
    parsed = parse_invoices(data, options)
    assert parsed.errors == []
    assert len(parsed.invoices) == 1
    return parsed.invoices[0]


def faults(data: bytes, options: ImportOptions = USD) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in parse_invoices(data, options).errors]


def refusal(data: bytes, options: ImportOptions = USD) -> Refusal:
    with pytest.raises(Refusal) as refused:
        parse_invoices(data, options)
    return refused.value


def note_codes(parsed: ParsedFile) -> list[str]:
    return [note.code for note in parsed.notes]
