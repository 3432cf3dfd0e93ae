"""The office's way to bring a file in: sent, read and shown first, and taken in when a person says so.

A small file is worked on at once; a large one by the worker, while a page shows how far it is. What was sent is kept
for the person who sent it, for two hours, where nothing is served from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions, Limits, RowError
from portal.domain.imports.decoding import STATED
from portal.domain.imports.headers import SYNONYMS
from portal.domain.imports.results import DateOrder, Delimiter
from portal.domain.money import Mark
from portal.domain.roles import StaffAccess
from portal.gateways import e_invoice_archives
from portal.gateways.files import UnknownFile
from portal.models import Business, ImportRun
from portal.runtime import Runtime
from portal.services import import_reading, import_runs, imports
from portal.services.import_reading import Column
from portal.services.import_reports import ImportReport, lively, plain
from portal.services.import_runs import Hold, Lost

KEPT = timedelta(hours=2)
LARGEST = Limits().max_bytes
# What is read, or taken in, while the person waits: about a second of work.
SMALL_BYTES = 512 * 1024
SMALL_ROWS = 2_000
LONGEST_NAME = 120
FIELDS = tuple(SYNONYMS)
DELIMITERS: Mapping[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ENCODINGS = STATED


@dataclass(frozen=True)
class Reading:
    """How a person wants a file read; what is empty is found out from the file."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    date_order: str = ""
    decimal: str = ""
    delimiter: str = ""
    encoding: str = ""

    def options(self) -> ImportOptions:
        """Give the import's own options; raises Refusal invalid/reading_unknown for what no form of ours says."""
        if (self.date_order not in ("", "dmy", "mdy", "ymd") or self.decimal not in ("", ",", ".")
                or self.delimiter not in ("", *DELIMITERS) or self.encoding not in ("", *ENCODINGS)):
            raise Refusal("invalid", "reading_unknown")
        return ImportOptions(
            currency="", mapping=self.mapping, date_order=cast("DateOrder | None", self.date_order or None),
            decimal=cast("Mark | None", self.decimal or None), encoding=self.encoding or None,
            delimiter=cast("Delimiter | None", DELIMITERS.get(self.delimiter)))


@dataclass(frozen=True)
class Seen:
    """A file as its page shows it: how far it is, what it would do or did, or why it cannot be read as a whole."""

    run_id: str
    state: str
    name: str
    step: str
    done: int
    total: int
    columns: tuple[Column, ...]
    reading: Reading
    report: ImportReport | None
    refusal: Refusal | None

    @property
    def under_way(self) -> bool:
        """Say whether somebody works on it now."""
        return self.state in ("reading", "publishing")


def send_several(rt: Runtime, access: StaffAccess, files: Sequence[tuple[str, bytes]]) -> str:
    """Keep what was sent together; several files can only be e-invoices and go in as one, all or none.

    Raises Refusal: role_may_not, file_missing, file_too_large, files_not_together.
    """
    if len(files) == 1:
        return send(rt, access, files[0][1], files[0][0])
    more = f" (+{len(files) - 1})"
    return send(rt, access, e_invoice_archives.pack(files), files[0][0][:LONGEST_NAME - len(more)] + more)


def send(rt: Runtime, access: StaffAccess, data: bytes, name: str) -> str:
    """Keep a file that was sent, and read it at once if it is small; gives the name of its page.

    Raises Refusal: role_may_not, file_missing, file_too_large.
    """
    access.require("import")
    if not data:
        raise Refusal("invalid", "file_missing")
    if len(data) > LARGEST:
        raise Refusal("too_large", "file_too_large")
    forget(rt)
    run = ImportRun(
        business_id=access.business_id, state="reading", actor_kind="staff", actor_id=access.staff_public_id,
        file_key=imports.files(rt).put(data), file_name=name[:LONGEST_NAME], sha256=hashlib.sha256(data).hexdigest(),
        step=import_runs.READING, created_at=rt.now(), reading={}, report={})
    public_id = rt.db.run(lambda session: _add(session, run))
    _work_if_small(rt, public_id, data)
    return public_id


def seen(rt: Runtime, access: StaffAccess, run_id: str) -> Seen:
    """Show a file that this person sent; raises Refusal import_file_ended."""
    access.require("import")
    with rt.db.reading() as session:
        run = _mine(session, access, run_id)
    return _seen(run, ())


def errors(rt: Runtime, access: StaffAccess, run_id: str) -> tuple[RowError, ...]:
    """Give every error of a file that this person sent; raises Refusal import_file_ended."""
    access.require("import")
    with rt.db.reading() as session:
        run = _mine(session, access, run_id)
    key = run.report.get("errors_key", "")
    return _errors(rt, key) if key else ()


def read_again(rt: Runtime, access: StaffAccess, run_id: str, reading: Reading) -> None:
    """Read a file once more, with other columns; raises Refusal import_file_ended, reading_unknown."""
    access.require("import")
    stated = import_reading.as_data(reading.options())

    def work(session: Session) -> int:
        run = _mine(session, access, run_id)
        if run.state != "checked":
            raise Refusal("conflict", "import_under_way")
        _forget_errors(rt, run)
        run.state, run.reading, run.report, run.lease_until = "reading", stated, {}, None
        return run.id

    with rt.db.reading() as session:
        data = _content(rt, _mine(session, access, run_id))
    rt.db.run(work)
    _work_if_small(rt, run_id, data)


def take_in(rt: Runtime, access: StaffAccess, run_id: str) -> None:
    """Take a file in that was looked at: a small one at once, a large one by the worker.

    Raises Refusal: role_may_not, import_file_ended, import_under_way, import_has_errors.
    """
    access.require("import")
    with rt.db.reading() as session:
        run = _mine(session, access, run_id)
    if run.report.get("refusal") or run.report.get("errors_key") or not run.report.get("tells_something"):
        raise Refusal("conflict", "import_has_errors")
    _content(rt, run)
    hold = import_runs.hold_checked(rt, run.id, access.business_id)
    if int(run.report["rows"]) <= SMALL_ROWS:
        imports.go_on(rt, hold)
    else:
        import_runs.give_back(rt, hold)


def drop(rt: Runtime, access: StaffAccess, run_id: str) -> None:
    """Forget a file at once; raises Refusal import_file_ended, import_under_way."""
    access.require("import")

    def work(session: Session) -> str:
        run = _mine(session, access, run_id)
        if run.state != "checked":
            raise Refusal("conflict", "import_under_way")
        _forget_errors(rt, run)
        import_runs.drop(session, run.id)
        return run.file_key

    imports.files(rt).delete(rt.db.run(work))


def work_due(rt: Runtime) -> int:
    """Read, or take in, the next file that waits for the worker; also one whose worker was killed. Says how many."""
    found = import_runs.hold_waiting(rt)
    if found is None:
        return 0
    hold, state = found
    try:
        if state == "reading":
            _read(rt, hold)
        else:
            imports.go_on(rt, hold)
    except Lost:
        return 1
    except UnknownFile:
        # Nothing of it is in the books yet, else it would need its file no more.
        rt.db.run(lambda session: import_runs.drop(session, hold.run_id))
    return 1


def forget(rt: Runtime) -> int:
    """Remove files that nobody took in within two hours: they are full of people's data."""
    old = rt.now() - KEPT
    with rt.db.reading() as session:
        runs = list(session.scalars(select(ImportRun).where(
            ImportRun.state.in_(("checked", "reading")), ImportRun.created_at < old)))
    for run in runs:
        rt.db.run(lambda session, run=run: import_runs.drop(session, run.id))  # type: ignore[misc]
        _forget_errors(rt, run)
        imports.files(rt).delete(run.file_key)
    return len(runs)


def under_way(rt: Runtime, access: StaffAccess) -> list[Seen]:
    """List what this person sent and has not taken in yet, and what waits for a word of theirs."""
    with rt.db.reading() as session:
        runs = session.scalars(select(ImportRun).where(
            ImportRun.business_id == access.business_id, ImportRun.actor_id == access.staff_public_id,
            ImportRun.state != "done", ImportRun.created_at >= rt.now() - KEPT).order_by(ImportRun.id.desc())).all()
    return [_seen(run, ()) for run in runs]


def _add(session: Session, run: ImportRun) -> str:
    session.add(run)
    session.flush()
    return run.public_id


def _content(rt: Runtime, run: ImportRun) -> bytes:
    """Give what was sent; a backup that came without its files has the run and not the file."""
    try:
        return imports.files(rt).get(run.file_key)
    except UnknownFile as lost:
        raise Refusal("gone", "import_file_ended") from lost


def _work_if_small(rt: Runtime, public_id: str, data: bytes) -> None:
    if len(data) > SMALL_BYTES or not e_invoice_archives.are_few(data):
        return
    with rt.db.reading() as session:
        run_id = session.scalars(select(ImportRun.id).where(ImportRun.public_id == public_id)).one()
    hold = import_runs.hold_reading(rt, run_id)
    if hold is not None:
        _read(rt, hold)


def _read(rt: Runtime, hold: Hold) -> None:
    """Read a file and keep what it would do, for a person to look at."""
    with rt.db.reading() as session:
        run = session.get_one(ImportRun, hold.run_id)
        business = session.get_one(Business, hold.business_id)
    data, options = imports.files(rt).get(run.file_key), import_reading.options_from(run.reading)
    hold.tell(rt, import_runs.READING, 0, 2)
    try:
        reading = import_reading.read(rt, business, data, options, chosen=bool(run.reading))
        hold.tell(rt, import_runs.READING, 1, 2)
        done = imports.report_of(reading, imports.matched(rt, business, reading), booked=False)
        kept, source, columns = done.as_data(), reading.parsed.source, reading.columns
        key = _keep_errors(rt, done.errors)
    except Refusal as refusal:
        kept, source, key = {"refusal": [refusal.kind, refusal.code, plain(refusal.params)]}, "", ""
        columns = _columns(data, options)
    kept |= {"columns": [[one.header, list(one.first), one.becomes] for one in columns], "errors_key": key}
    rt.db.run(lambda session: hold.keep(
        session, rt.now(), state="checked", report=kept, source=source, token=None, done=2, total=2))


def _columns(data: bytes, options: ImportOptions) -> tuple[Column, ...]:
    try:
        # The columns are shown all the same: choosing them by hand is often what helps.
        return import_reading.columns(data, options)
    except Refusal:
        return ()


def _seen(run: ImportRun, found: tuple[RowError, ...]) -> Seen:
    told = run.report
    refusal = told.get("refusal")
    stated = import_reading.options_from(run.reading)
    signs = {sign: name for name, sign in DELIMITERS.items()}
    return Seen(
        run.public_id, run.state, run.file_name, run.step, run.done, run.total,
        tuple(Column(header, tuple(first), becomes) for header, first, becomes in told.get("columns", ())),
        Reading(stated.mapping, stated.date_order or "", stated.decimal or "", signs.get(stated.delimiter or "", ""),
                stated.encoding or ""),
        ImportReport.from_data(told, found) if "rows" in told else None,
        Refusal(refusal[0], refusal[1], **lively(refusal[2])) if refusal else None)


def _mine(session: Session, access: StaffAccess, run_id: str) -> ImportRun:
    run = session.scalars(select(ImportRun).where(
        ImportRun.public_id == run_id, ImportRun.business_id == access.business_id,
        ImportRun.actor_kind == "staff", ImportRun.actor_id == access.staff_public_id)).one_or_none()
    if run is None:
        raise Refusal("gone", "import_file_ended")
    return run


def _keep_errors(rt: Runtime, found: tuple[RowError, ...]) -> str:
    if not found:
        return ""
    rows: list[Any] = [[one.row, one.column, one.read, one.code, plain(one.params)] for one in found]
    return imports.files(rt).put(json.dumps(rows).encode())


def _errors(rt: Runtime, key: str) -> tuple[RowError, ...]:
    return tuple(RowError(row, column, read, code, lively(params))
                 for row, column, read, code, params in json.loads(imports.files(rt).get(key)))


def _forget_errors(rt: Runtime, run: ImportRun) -> None:
    key = run.report.get("errors_key", "")
    if key:
        imports.files(rt).delete(key)
