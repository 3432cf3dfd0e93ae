"""Takes a list out as a file: exactly the rows the filters show, in their order, formulas made harmless.

The file is whole before its first byte leaves, so that nobody is handed half of one; memory stays flat.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from portal.domain.errors import Refusal
from portal.domain.listing import EXPORT_MOST, neutralized
from portal.domain.roles import StaffAccess
from portal.runtime import Runtime
from portal.services import audit
from portal.services.audit import staff_actor
from portal.services.lists import asking, shown
from portal.services.lists.frame import Context, ListOf, Plain
from portal.words.core import Words

IN_MEMORY = 4 * 1024 * 1024
MEDIA = {"csv": "text/csv; charset=utf-8",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
FORMATS = tuple(MEDIA)
Lines = Iterator[list[list[Plain]]]


@dataclass(frozen=True)
class Export:
    """A file that is ready: what it is called, what it is, how many rows, and its bytes from the first on."""

    name: str
    media_type: str
    rows: int
    content: IO[bytes]


def export(rt: Runtime, access: StaffAccess, currency: str, words: Words, wanted: ListOf, raw: Mapping[str, str],
           file_format: str) -> Export:
    """Write everything an address shows into a file, and note that it was taken out.

    Raises Refusal: role_may_not, prove_first, unknown_format, list_search_wide, export_too_many, and what is wrong
    with the address.
    """
    now = rt.now()
    access.require("export")
    access.require_proof(now)
    if file_format not in MEDIA:
        raise Refusal("invalid", "unknown_format")
    with rt.db.reading() as session:
        context = shown.context_of(session, access, currency, words, now)
    asked = asking.read(wanted, context, asking.whole(raw))
    if asked.errors:
        raise next(iter(asked.errors.values()))
    write = _csv if file_format == "csv" else _xlsx
    content, rows = write(wanted, _lines(rt, context, wanted, asked.ask))
    with rt.db.transaction() as session:
        # What was searched for may be a name, which an audit event never holds.
        filters = {name: value for name, value in asking.address(wanted, asked.ask).items() if name != "q"}
        audit.record(session, at=now, actor=staff_actor(access), act="list.exported", business_id=access.business_id,
                     target=f"list:{wanted.name}", format=file_format, rows=rows, filters=filters,
                     searched=bool(asked.ask.q))
    content.seek(0)
    return Export(f"{wanted.name}-{context.today.isoformat()}.{file_format}", MEDIA[file_format], rows, content)


def _lines(rt: Runtime, context: Context, wanted: ListOf, ask: Any) -> Lines:
    cells = [cell for column in wanted.columns for cell in column.plain.values()]
    rows = 0
    for batch in shown.batches(rt, context, wanted, ask):
        rows += len(batch)
        if rows > EXPORT_MOST:
            raise Refusal("too_large", "export_too_many", rows=EXPORT_MOST)
        yield [_line(context, cells, one) for row in batch for one in wanted.lines(row)]


def _line(context: Context, cells: Sequence[Callable[[Context, Any], Plain]], row: Any) -> list[Plain]:
    return [_safe(context, cell(context, row)) for cell in cells]


def _safe(context: Context, value: Plain) -> Plain:
    if isinstance(value, str):
        return neutralized(value)
    if isinstance(value, datetime):
        # Spreadsheets know no zones; the business's own is meant, to the second.
        return value.astimezone(context.words.zone).replace(tzinfo=None, microsecond=0)
    return value


def _heads(wanted: ListOf) -> list[str]:
    return [name for column in wanted.columns for name in column.plain]


def _csv(wanted: ListOf, batches: Lines) -> tuple[IO[bytes], int]:
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    # The mark by which spreadsheets know UTF-8.
    content.write(b"\xef\xbb\xbf" + _written([_heads(wanted)]))
    rows = 0
    for lines in batches:
        rows += len(lines)
        content.write(_written([[_text(value) for value in line] for line in lines]))
    return content, rows


def _written(lines: list[list[str]]) -> bytes:
    # Spreadsheets take longer to load than all the rest of the portal; whoever takes none out waits for none.
    import tablib

    written: str = tablib.Dataset(*lines).export("csv")
    return written.encode()


def _text(value: Plain) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _xlsx(wanted: ListOf, batches: Lines) -> tuple[IO[bytes], int]:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(wanted.name)
    sheet.append(_heads(wanted))
    rows = 0
    for lines in batches:
        rows += len(lines)
        for line in lines:
            sheet.append(line)
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    book.save(content)
    return content, rows
