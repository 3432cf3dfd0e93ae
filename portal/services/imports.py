"""Takes a file of invoices into a business's books: all of it or nothing, and the same file twice changes nothing.

The file is read and held against the books first. Only a file without a fault is staged, and what is staged goes into
the books debtor by debtor, to the end: whoever is killed meanwhile, the next worker goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Refusal
from portal.domain.imports import ImportOptions
from portal.gateways.files import FileStore
from portal.models import Business, ImportRun
from portal.runtime import Runtime
from portal.services import audit, import_opening, import_publishing, import_reading, import_runs, import_staging
from portal.services.audit import Actor
from portal.services.import_known import chunks
from portal.services.import_matching import Matching, match
from portal.services.import_reading import Reading
from portal.services.import_reports import ImportReport, report
from portal.services.import_rubbish import left_lying
from portal.services.import_runs import PUBLISHING, READING, Hold, Told, quiet

# Another file of the same business may be going in: it is waited for as long as that may take.
PATIENCE_SECONDS = 90.0
ROOM = "imports"

T = TypeVar("T")


def import_invoices(rt: Runtime, business_slug: str, data: bytes, options: ImportOptions, *, dry_run: bool,
                    actor: Actor, told: Told = quiet) -> ImportReport:
    """Take in a file of invoices; those with a settled date arrive as paid, disputed open ones are held.

    An empty `options.currency` stands for the business's own. `told` is called with each step and how far it is.
    Raises Refusal where the file as a whole cannot be read (see `parse_invoices`), not_found/unknown_business, and
    conflict/import_under_way; what is wrong with single rows is in the report.
    """
    business = _business(rt, business_slug)
    told(READING, 0, 1)
    reading = import_reading.read(rt, business, data, options)
    told(READING, 1, 1)
    found = matched(rt, business, reading)
    if dry_run or reading.parsed.errors or found.errors or not found.tells_something:
        return report_of(reading, found, booked=False)
    run = _new_run(rt, business, data, actor, reading)
    try:
        hold = _patiently(lambda: import_runs.hold_new(rt, run))
    except Refusal:
        files(rt).delete(run.file_key)
        raise
    return _finish(rt, business, hold, reading, told)


@left_lying()
def matched(rt: Runtime, business: Business, reading: Reading) -> Matching:
    """Hold what was read against the books as they are now."""
    with rt.db.reading() as session:
        return match(session, business, reading.parsed)


def report_of(reading: Reading, found: Matching, *, booked: bool) -> ImportReport:
    """Tell what a file does to the books."""
    return report(reading.parsed, found, booked=booked, preset=reading.preset, remembered=reading.remembered)


def go_on(rt: Runtime, hold: Hold, told: Told = quiet) -> ImportReport | None:
    """Take in what a hold is for, from wherever it stands; None when it was staged already and goes on from there."""
    with rt.db.reading() as session:
        run = session.get_one(ImportRun, hold.run_id)
        business = session.get_one(Business, hold.business_id)
    if run.chunks is None:
        try:
            reading = _read_again(rt, business, run)
        except Refusal:
            _let_go(rt, hold)
            raise
        return _finish(rt, business, hold, reading, told)
    _publish(rt, hold, run.published, run.chunks, told)
    _end(rt, hold)
    return None


def _read_again(rt: Runtime, business: Business, run: ImportRun) -> Reading:
    options = import_reading.options_from(run.reading)
    return import_reading.read(rt, business, files(rt).get(run.file_key), options, chosen=bool(run.reading))


def _finish(rt: Runtime, business: Business, hold: Hold, reading: Reading, told: Told) -> ImportReport:
    """Hold against the books once more, now that no other file can come between, and put everything in."""
    found = matched(rt, business, reading)
    done = report_of(reading, found, booked=True)
    if done.errors or not found.tells_something:
        _let_go(rt, hold)
        return replace(done, booked=False)
    staged = import_staging.stage(rt, business, hold, found, told)
    rt.db.run(lambda session: hold.keep(
        session, rt.now(), chunks=staged.chunks, report={**done.as_data(), "gone_ids": found.gone}, done=0,
        total=staged.chunks, step=PUBLISHING))
    _publish(rt, hold, 0, staged.chunks, told)
    _end(rt, hold)
    return done


def _publish(rt: Runtime, hold: Hold, first: int, last: int, told: Told) -> None:
    for chunk in range(first, last):
        if chunk in (first, first + 1):
            # Again after the first chunk, which is small: empty books have nothing to count.
            import_publishing.look_over(rt)
        rt.db.run(lambda session, chunk=chunk: import_publishing.publish(  # type: ignore[misc]
            session, hold, chunk, rt.now()))
        told(PUBLISHING, chunk + 1, last)


def _end(rt: Runtime, hold: Hold) -> None:
    """Note the import in the audit, and forget what it was staged in and the file itself."""
    now = rt.now()

    def work(session: Session) -> str:
        run = session.get_one(ImportRun, hold.run_id, populate_existing=True)
        for part in chunks(run.report["gone_ids"]):
            import_opening.unfollow(session, run.business_id, part)
        data = {name: value for name, value in run.report.items() if name != "gone_ids"}
        hold.keep(session, now, state="done", finished_at=now, token=None, report=data)
        audit.record(
            session, at=now, actor=Actor(run.actor_kind, run.actor_id), act="invoices.imported",
            business_id=run.business_id, target=f"import:{run.public_id}", file=run.sha256, new=data["new"],
            unchanged=data["unchanged"], settled=data["settled"], holds=data["holds"], debtors=data["new_debtors"],
            changed=data["changed"], gone=data["gone"], findings=data["findings"])
        return run.file_key

    key = rt.db.run(work)
    import_reading.remember(rt, hold.run_id)
    _forget(rt, hold, key)


def _forget(rt: Runtime, hold: Hold, key: str) -> None:
    import_staging.empty(rt, hold.run_id)
    files(rt).delete(key)


def _let_go(rt: Runtime, hold: Hold) -> None:
    """Give a file back to whoever looks at it, to be read anew, or forget it where nobody does."""
    with rt.db.reading() as session:
        run = session.get_one(ImportRun, hold.run_id)
    import_staging.empty(rt, hold.run_id)
    if run.report:
        rt.db.run(lambda session: hold.keep(session, rt.now(), state="reading", token=None, report={}))
        rt.db.run(lambda session: import_runs.free(session, hold.run_id))
        return
    rt.db.run(lambda session: import_runs.drop(session, hold.run_id))
    files(rt).delete(run.file_key)


def files(rt: Runtime) -> FileStore:
    """The place where files lie while they are looked at and taken in."""
    return rt.files.room(ROOM)


def _new_run(rt: Runtime, business: Business, data: bytes, actor: Actor, reading: Reading) -> ImportRun:
    return ImportRun(
        business_id=business.id, state="publishing", actor_kind=actor.kind, actor_id=actor.id,
        file_key=files(rt).put(data), sha256=hashlib.sha256(data).hexdigest(), source=reading.parsed.source,
        reading=import_reading.as_data(reading.options), step=READING, created_at=rt.now())


def _patiently(work: Callable[[], T]) -> T:
    waited = 0.0
    while True:
        try:
            return work()
        except Refusal as refusal:
            if refusal.code != "import_under_way" or waited > PATIENCE_SECONDS:
                raise
            time.sleep(0.2)
            waited += 0.2


def _business(rt: Runtime, slug: str) -> Business:
    with rt.db.reading() as session:
        business = session.scalars(select(Business).where(Business.slug == slug)).one_or_none()
    if business is None:
        raise Refusal("not_found", "unknown_business", slug=slug)
    return business
