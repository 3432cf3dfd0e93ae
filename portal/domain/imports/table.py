"""From text to rows: the separator, the row that holds the headers, and cells that belong to them.

Rows are counted as a spreadsheet shows them, so that an error can be found by eye.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from portal.domain.errors import Refusal
from portal.domain.imports.headers import guess_mapping
from portal.domain.imports.results import Limits

_DELIMITERS = (",", ";", "\t", "|")
_ROWS_SEARCHED = 20


@dataclass(frozen=True, slots=True)
class Table:
    """The headers and the rows below them, each with its row number."""

    headers: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str


def read_table(text: str, limits: Limits, delimiter: str | None, overrides: Mapping[str, str]) -> Table:
    """The file as a table. Lines above the headers (a title, a date of printing) are passed over, empty rows
    too.

    Raises Refusal: file_csv_broken, file_no_rows, file_too_many_rows, file_too_many_columns.
    """
    skipped_rows, text, declared = _without_separator_line(text)
    chosen = delimiter or declared or _best_delimiter(text, limits, overrides)
    return _below_headers(_rows(text, chosen, limits), chosen, overrides, skipped_rows)


def read_records(records: Sequence[tuple[int, list[str]]], limits: Limits, overrides: Mapping[str, str]) -> Table:
    """The rows of a spreadsheet as a table; every row is made as long as the headers, for sheets leave ends away.

    Raises Refusal: file_no_rows, file_too_many_rows.
    """
    if len(records) > limits.max_rows + _ROWS_SEARCHED:
        raise Refusal("too_large", "file_too_many_rows", maximum=limits.max_rows)
    table = _below_headers(records, "", overrides, 0)
    wide = len(table.headers)
    rows = [(number, [*cells, *[""] * (wide - len(cells))]) for number, cells in table.rows]
    return Table(table.headers, rows, "")


def _below_headers(rows: Sequence[tuple[int, list[str]]], delimiter: str, overrides: Mapping[str, str],
                   skipped_rows: int) -> Table:
    header_at = _header_position(rows[:_ROWS_SEARCHED], overrides)
    if not rows or header_at + 1 >= len(rows):
        raise Refusal("invalid", "file_no_rows")
    headers = [header.strip() for header in rows[header_at][1]]
    while len(headers) > 1 and not headers[-1]:
        headers.pop()
    numbered = [(number + skipped_rows, cells) for number, cells in rows[header_at + 1 :]]
    return Table(headers, numbered, delimiter)


def _without_separator_line(text: str) -> tuple[int, str, str | None]:
    """Excel writes "sep=;" as the first line of some files; it is an instruction, not data."""
    first, _, rest = text.partition("\n")
    bare = first.rstrip("\r").strip('"')
    if bare.lower().startswith("sep=") and bare[4:] in _DELIMITERS:
        return 1, rest, bare[4:]
    return 0, text, None


def _best_delimiter(text: str, limits: Limits, overrides: Mapping[str, str]) -> str:
    """The separator under which most headers are understood; between equals, the most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        understood, columns = 0, 0
        try:
            for _, cells in islice(_records(text, delimiter, limits), _ROWS_SEARCHED):
                understood = max(understood, _understood(cells, overrides))
                columns = max(columns, len(cells))
        except Refusal as refusal:
            # What was read before the fault still counts: the fault is then named under the right separator.
            columns = max(columns, 2 if refusal.kind == "too_large" else 0)
        return understood, columns

    return max(_DELIMITERS, key=score)


def _understood(cells: list[str], overrides: Mapping[str, str]) -> int:
    """How many fields this row would name if it were the header row."""
    stripped = [cell.strip() for cell in cells]
    usable = {field: name for field, name in overrides.items() if not name or name.strip() in stripped}
    try:
        return len(guess_mapping(cells, usable))
    except Refusal:
        # Twin headers are refused later, by name; here they still make a likely header row.
        return 2


def _header_position(rows: Sequence[tuple[int, list[str]]], overrides: Mapping[str, str]) -> int:
    scores = [_understood(cells, overrides) for _, cells in rows]
    return scores.index(max(scores)) if scores else 0


def _rows(text: str, delimiter: str, limits: Limits) -> list[tuple[int, list[str]]]:
    rows = list(islice(_records(text, delimiter, limits), limits.max_rows + _ROWS_SEARCHED + 1))
    if len(rows) > limits.max_rows + 1:
        raise Refusal("too_large", "file_too_many_rows", maximum=limits.max_rows)
    return rows


def _records(text: str, delimiter: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > limits.max_columns:
                raise Refusal("too_large", "file_too_many_columns", row=number, maximum=limits.max_columns)
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as problem:
        raise Refusal("invalid", "file_csv_broken", row=number + 1, line=reader.line_num) from problem
