"""An import in two steps: a file is read and shown first, kept for two hours, and taken in when a person says so.

The file lies where nothing is served from. What the page carries is a signed name of it that works for the same
person and business only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import select

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions, Limits
from portal.domain.imports.decoding import decode
from portal.domain.imports.headers import SYNONYMS
from portal.domain.imports.results import DateOrder, Delimiter
from portal.domain.imports.table import read_table
from portal.domain.listing import PAGE
from portal.domain.money import Mark
from portal.domain.roles import StaffAccess
from portal.gateways.files import FileStore, UnknownFile
from portal.models import AuditEvent, Business, Staff
from portal.runtime import Runtime
from portal.services import imports
from portal.services.audit import staff_actor
from portal.services.imports import ImportReport
from portal.services.tokens import Ended, NotGenuine, cookie_tokens

KEPT = timedelta(hours=2)
# What one request of the office may carry, less the form around it; larger files go by the command line.
LARGEST = 2 * 1024 * 1024 - 16 * 1024
FIELDS = tuple(SYNONYMS)
DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
FIRST_ROWS = 3


@dataclass(frozen=True)
class Reading:
    """How a person wants a file read; what is empty is found out from the file."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    date_order: str = ""
    decimal: str = ""
    delimiter: str = ""

    def options(self) -> ImportOptions:
        """Give the import's own options; raises Refusal invalid/reading_unknown for what no form of ours says."""
        if (self.date_order not in ("", "dmy", "mdy", "ymd") or self.decimal not in ("", ",", ".")
                or self.delimiter not in ("", *DELIMITERS)):
            raise Refusal("invalid", "reading_unknown")
        return ImportOptions(
            currency="", mapping=self.mapping, date_order=cast("DateOrder | None", self.date_order or None),
            decimal=cast("Mark | None", self.decimal or None),
            delimiter=cast("Delimiter | None", DELIMITERS.get(self.delimiter)))


@dataclass(frozen=True)
class Column:
    """One column of a file: its header, its first cells, and what it becomes ("" when it is left out)."""

    header: str
    first: tuple[str, ...]
    becomes: str


@dataclass(frozen=True)
class Checked:
    """What a file would do, or why it cannot be read as a whole; `kept` names it in the next form."""

    kept: str
    columns: tuple[Column, ...]
    report: ImportReport | None
    refusal: Refusal | None


@dataclass(frozen=True)
class Earlier:
    """An import that was done, as the list of them shows it."""

    at: datetime
    by: str
    new: int
    unchanged: int
    settled: int
    holds: int
    debtors: int


def check(rt: Runtime, access: StaffAccess, data: bytes, reading: Reading) -> Checked:
    """Read a file that was sent, keep it, and say what it would do. Nothing is taken in.

    Raises Refusal: role_may_not, file_missing, file_too_large.
    """
    access.require("import")
    if not data:
        raise Refusal("invalid", "file_missing")
    if len(data) > LARGEST:
        raise Refusal("too_large", "file_too_large")
    forget(rt)
    key = _room(rt).put(data)
    name = cookie_tokens(rt.settings).make("import-file", key, rt.now() + KEPT, _owner(access))
    return _checked(rt, access, name, data, reading)


def check_again(rt: Runtime, access: StaffAccess, kept: str, reading: Reading) -> Checked:
    """Read a kept file once more, with other columns; raises Refusal import_file_ended."""
    access.require("import")
    return _checked(rt, access, kept, _read(rt, access, kept)[1], reading)


def take_in(rt: Runtime, access: StaffAccess, kept: str, reading: Reading) -> Checked | ImportReport:
    """Take a kept file in, whole or not at all; gives the report, or what is wrong should the books have moved.

    Raises Refusal: role_may_not, import_file_ended.
    """
    access.require("import")
    key, data = _read(rt, access, kept)
    try:
        report = imports.import_invoices(
            rt, _slug(rt, access), data, reading.options(), dry_run=False, actor=staff_actor(access))
    except Refusal as refusal:
        return _refused(kept, data, reading, refusal)
    if report.errors:
        return Checked(kept, _columns(data, reading, report.mapping), report, None)
    _room(rt).delete(key)
    return report


def drop(rt: Runtime, access: StaffAccess, kept: str) -> None:
    """Forget a kept file at once; raises Refusal import_file_ended."""
    access.require("import")
    _room(rt).delete(_read(rt, access, kept)[0])


def forget(rt: Runtime) -> int:
    """Remove files that nobody took in within two hours: they are full of people's data."""
    return _room(rt).forget_older(rt.now() - KEPT)


def earlier(rt: Runtime, access: StaffAccess) -> list[Earlier]:
    """List the imports that brought something, the newest first."""
    access.require("import")
    with rt.db.reading() as session:
        events = session.scalars(select(AuditEvent).where(
            AuditEvent.business_id == access.business_id, AuditEvent.act == "invoices.imported")
            .order_by(AuditEvent.id.desc()).limit(PAGE)).all()
        people = {public_id: name for public_id, name in session.execute(
            select(Staff.public_id, Staff.name).where(Staff.public_id.in_({event.actor_id for event in events})))}
    return [Earlier(
        event.at, people.get(event.actor_id, ""),
        *(int(event.details.get(name, 0)) for name in ("new", "unchanged", "settled", "holds", "debtors")))
        for event in events]


def _checked(rt: Runtime, access: StaffAccess, kept: str, data: bytes, reading: Reading) -> Checked:
    try:
        report = imports.import_invoices(
            rt, _slug(rt, access), data, reading.options(), dry_run=True, actor=staff_actor(access))
    except Refusal as refusal:
        return _refused(kept, data, reading, refusal)
    return Checked(kept, _columns(data, reading, report.mapping), report, None)


def _refused(kept: str, data: bytes, reading: Reading, refusal: Refusal) -> Checked:
    try:
        # The columns are shown all the same: choosing them by hand is often what helps.
        columns = _columns(data, reading, reading.mapping)
    except Refusal:
        columns = ()
    return Checked(kept, columns, None, refusal)


def _columns(data: bytes, reading: Reading, mapping: Mapping[str, str]) -> tuple[Column, ...]:
    limits = Limits()
    try:
        table = read_table(decode(data, limits)[0], limits, DELIMITERS.get(reading.delimiter), mapping)
    except Refusal:
        table = read_table(decode(data, limits)[0], limits, DELIMITERS.get(reading.delimiter), {})
    becomes = {header.strip(): name for name, header in reversed(list(mapping.items())) if header}
    return tuple(
        Column(header, tuple(cells[place][:60] for _, cells in table.rows[:FIRST_ROWS] if place < len(cells)),
               becomes.get(header, ""))
        for place, header in enumerate(table.headers) if header)


def _room(rt: Runtime) -> FileStore:
    return rt.files.room("imports")


def _owner(access: StaffAccess) -> str:
    return f"{access.business_id}.{access.staff_public_id}"


def _read(rt: Runtime, access: StaffAccess, kept: str) -> tuple[str, bytes]:
    try:
        token = cookie_tokens(rt.settings).read("import-file", kept, rt.now())
        if token.word != _owner(access):
            raise NotGenuine
        return token.id, _room(rt).get(token.id)
    except (NotGenuine, Ended, UnknownFile) as error:
        raise Refusal("gone", "import_file_ended") from error


def _slug(rt: Runtime, access: StaffAccess) -> str:
    with rt.db.reading() as session:
        return session.get_one(Business, access.business_id).slug
