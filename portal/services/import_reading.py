"""Reads a file that was sent, whatever it is: a text table, a spreadsheet, an e-invoice, or several in an archive.

How its columns are read is stated by a person, or remembered from the last file of this kind, or known from the
program that wrote it, or guessed from the headers: in this order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import ModuleType
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.imports import (
    ImportOptions,
    ParsedFile,
    fingerprint,
    parse_table,
    table_of_sheet,
    table_of_text,
)
from portal.domain.imports.results import DateOrder, Delimiter
from portal.domain.imports.table import Table
from portal.domain.money import Mark
from portal.gateways import e_invoice_archives, e_invoices, spreadsheets
from portal.models import Business, ImportMapping, ImportRun
from portal.runtime import Runtime
from portal.services import import_presets
from portal.services.import_rubbish import left_lying

FIRST_ROWS = 3
LONGEST_SHOWN = 60
STATED = ("date_order", "decimal", "delimiter", "encoding")


@dataclass(frozen=True)
class Column:
    """One column of a file: its header, its first cells, and what it becomes ("" when it is left out)."""

    header: str
    first: tuple[str, ...]
    becomes: str


@dataclass(frozen=True)
class Reading:
    """A file that was read, and how."""

    parsed: ParsedFile
    options: ImportOptions
    columns: tuple[Column, ...]
    preset: str = ""
    remembered: bool = False


@left_lying()
def read(rt: Runtime, business: Business, data: bytes, options: ImportOptions, *, chosen: bool = False) -> Reading:
    """Read a file; raises Refusal where it cannot be read as a whole.

    `chosen` says that a person has looked at the columns, so that nothing is remembered in their place.
    """
    completed = _completed(options, business, rt.now())
    kind = _kind_of_e_invoice(data)
    if kind is not None:
        _refuse_large(data, options)
        return Reading(kind.read(data, completed.currency), completed, ())
    table, form = _table(data, completed)
    how, preset, remembered = completed, "", False
    if not (chosen or completed.mapping):
        how, preset, remembered = _known(rt, business.id, table, completed)
    try:
        parsed = parse_table(table, form, how)
    except Refusal:
        if not remembered:
            raise
        # What was remembered does not fit any more: then the file speaks for itself.
        how, remembered = completed, False
        parsed = parse_table(table, form, how)
    return Reading(parsed, how, columns_of(table, parsed.mapping), preset, remembered)


def columns(data: bytes, options: ImportOptions) -> tuple[Column, ...]:
    """Show the columns of a file that could not be read as invoices: choosing them by hand is often what helps."""
    if _kind_of_e_invoice(data) is not None:
        return ()
    try:
        table = _table(data, options)[0]
    except Refusal:
        table = _table(data, replace(options, mapping={}))[0]
    return columns_of(table, options.mapping)


def columns_of(table: Table, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    """Give the headers of a table with their first cells and what each becomes."""
    becomes = {header.strip(): name for name, header in reversed(list(mapping.items())) if header}
    return tuple(
        Column(header, tuple(cells[place][:LONGEST_SHOWN] for _, cells in table.rows[:FIRST_ROWS]
                             if place < len(cells)), becomes.get(header, ""))
        for place, header in enumerate(table.headers) if header)


def as_data(options: ImportOptions) -> dict[str, Any]:
    """Keep what a person stated; {} when that is nothing."""
    stated = {name: value for name in STATED if (value := getattr(options, name))}
    return {**({"mapping": dict(options.mapping)} if options.mapping else {}), **stated,
            **({"currency": options.currency} if options.currency else {})}


def options_from(data: Mapping[str, Any]) -> ImportOptions:
    """Read such a statement back."""
    return ImportOptions(
        currency=data.get("currency", ""), mapping=data.get("mapping", {}),
        date_order=cast("DateOrder | None", data.get("date_order")), decimal=cast("Mark | None", data.get("decimal")),
        delimiter=cast("Delimiter | None", data.get("delimiter")), encoding=data.get("encoding"))


def remember(rt: Runtime, run_id: int) -> None:
    """Keep how a person had a file read, for the next one of its kind; what was only guessed is guessed anew."""
    now = rt.now()

    def work(session: Session) -> None:
        run = session.get_one(ImportRun, run_id)
        if run.reading and run.source:
            _keep(session, run.business_id, run.source, run.reading, now)

    rt.db.run(work)


def _keep(session: Session, business_id: int, source: str, reading: Mapping[str, Any], now: datetime) -> None:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"reading": dict(reading), "kept_at": now}
    session.execute(dialect.insert(ImportMapping).values(business_id=business_id, source=source, **values)
                    .on_conflict_do_update(index_elements=["business_id", "source"], set_=values))


def _known(rt: Runtime, business_id: int, table: Table, options: ImportOptions) -> tuple[ImportOptions, str, bool]:
    with rt.db.reading() as session:
        kept = session.scalar(select(ImportMapping.reading).where(
            ImportMapping.business_id == business_id, ImportMapping.source == fingerprint(table.headers)))
    if kept:
        return _over(options, options_from(kept)), "", True
    preset = import_presets.fitting(table.headers)
    if preset is None:
        return options, "", False
    return replace(options, mapping=preset.mapping_of(table.headers)), preset.label, False


def _over(options: ImportOptions, kept: ImportOptions) -> ImportOptions:
    """What is stated now counts more than what is remembered."""
    return replace(options, mapping=kept.mapping, **{
        name: getattr(options, name) or getattr(kept, name) for name in STATED})


def _kind_of_e_invoice(data: bytes) -> ModuleType | None:
    return next((kind for kind in (e_invoices, e_invoice_archives) if kind.is_one(data)), None)


def _refuse_large(data: bytes, options: ImportOptions) -> None:
    if len(data) > options.limits.max_bytes:
        raise Refusal("too_large", "file_too_large", size=len(data), maximum=options.limits.max_bytes)


def _table(data: bytes, options: ImportOptions) -> tuple[Table, str]:
    _refuse_large(data, options)
    if spreadsheets.is_one(data):
        return _best_sheet(spreadsheets.read(data, options.limits), options)
    return table_of_text(data, options)


def _best_sheet(sheets: Sequence[list[tuple[int, list[str]]]], options: ImportOptions) -> tuple[Table, str]:
    """Of several sheets, the one with the most rows under headers; the others are notes and charts."""
    tables = []
    refused: Refusal | None = None
    for sheet in sheets:
        try:
            tables.append(table_of_sheet(sheet, options))
        except Refusal as refusal:
            refused = refused or refusal
    if not tables:
        raise refused or Refusal("invalid", "file_no_rows")
    return max(tables, key=lambda found: len(found[0].rows))


def _completed(options: ImportOptions, business: Business, now: datetime) -> ImportOptions:
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    return replace(
        options, currency=options.currency or business.currency, today=today,
        # Where neither a person nor the file says which comes first, the business's country does, with a note.
        default_date_order="mdy" if business.country == "US" else "dmy")
