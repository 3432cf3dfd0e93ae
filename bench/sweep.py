"""The reminder sweep among 100,000 invoices and among a million, when the same 28,000 of them come to a step."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text

from bench import seed, turns
from portal.db import Database
from portal.models import Business
from portal.services import cadences, reminder_sweep
from proofs.harness import ROOT, Databases, Figures, say
from tests.cast import make_runtime

SHORT, LONG = 100_000, 1_000_000
DUE, DUE_OF_ONE = 28_000, 2
MOST_ROUNDS = 5
# A Tuesday noon in Oregon, so that a sweep finds the same on whichever day it is measured.
NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=20)
# The first invoices of debtors that lie all over the table.
TRACKS = """
    WITH chosen AS (SELECT id FROM debtor WHERE business_id = :business ORDER BY md5(id::text) LIMIT :debtors)
    INSERT INTO reminder_track (invoice_id, business_id, debtor_id, cadence_id, look_at, reason)
    SELECT i.id, i.business_id, i.debtor_id, :cadence,
        CASE WHEN c.id IS NOT NULL AND right(i.public_id, 1)::int <= :each THEN :noon ELSE :later END, ''
    FROM invoice i LEFT JOIN chosen c ON c.id = i.debtor_id WHERE i.business_id = :business"""
AGAIN = (
    "DELETE FROM step_outcome", "DELETE FROM call_task", "DELETE FROM paper_letter", "DELETE FROM message",
    "UPDATE reminder_track SET look_at = :noon, step_id = NULL, step_on = NULL, reason = '' WHERE look_at <> :later")


def in_a_long_table(rounds: int, *, short: int = SHORT, long: int = LONG, due: int = DUE) -> Figures:
    """How long a whole sweep takes in both, each time in a fresh process that also tells its memory."""
    peaks: list[float] = []

    def seconds(db: Database) -> float:
        found = _sweep_apart(db)
        if found["invoices"] != due:
            raise AssertionError(f"the sweep looked at {found['invoices']} invoices instead of {due}")
        peaks.append(found["peak_mb"])
        again(db)
        return found["seconds"]

    with Databases("postgresql") as prepared, books(prepared, short, due) as few, books(prepared, long, due) as many:
        seconds(few), seconds(many)
        times: dict[str, list[float]] = {"100k": [], "1m": []}

        def timed(db: Database, name: str) -> float:
            times[name].append(seconds(db))
            return times[name][-1]

        figures = turns.ratio("sweep_1m_vs_100k", lambda _: timed(many, "1m"), lambda _: timed(few, "100k"),
                              min(rounds, MOST_ROUNDS))
    return {**figures, **{f"sweep_seconds_{name}": round(sorted(all_)[len(all_) // 2], 2)
                          for name, all_ in times.items()},
            "sweep_due": due, "sweep_peak_mb": round(max(peaks))}


@contextmanager
def books(prepared: Databases, invoices: int, due: int) -> Iterator[Database]:
    """Give a database with so many invoices in a cadence, of which so many come to a step."""
    with prepared.opened() as db:
        say(f"writing {invoices} invoices")
        furnish(db, invoices, due)
        yield db


def furnish(db: Database, invoices: int, due: int, later: datetime = LATER) -> None:
    """Write so many invoices of one business, all in a cadence; so many come to a step at noon, the others later."""
    seed.fill(db, invoices, at=NOON, due_on=NOON.date() - timedelta(days=12))
    with db.transaction() as session:
        business = session.scalars(select(Business)).one()
        cadence = cadences.propose(session, business.id, "standard", now=NOON)
        cadence.switched_on_at = NOON
    values = {"business": business.id, "cadence": cadence.id, "noon": NOON, "later": later, "each": DUE_OF_ONE,
              "debtors": due // DUE_OF_ONE}
    with db.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(TRACKS), values)
        connection.commit()
    _tidy(db)


def again(db: Database, later: datetime = LATER) -> None:
    """Put everything back to where it was before the sweep."""
    with db.engine.connect() as connection:
        for statement in AGAIN:
            connection.execute(text(statement), {"noon": NOON, "later": later})
        connection.commit()
    _tidy(db)


def _tidy(db: Database) -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE reminder_track, step_outcome, message, invoice, debtor"))
        connection.execute(text("CHECKPOINT"))


def _sweep_apart(db: Database) -> dict[str, float]:
    url = db.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run([sys.executable, "-m", "bench.sweep", url], cwd=ROOT, capture_output=True, text=True,
                           timeout=900, check=True)
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    say(f"{found['invoices']:.0f} invoices in {found['seconds']:.1f} s, {found['peak_mb']:.0f} MB at most")
    return found


def main(url: str) -> None:
    """Sweep until nothing is due, and print what it took."""
    db = Database(url)
    rt = make_runtime(db, Path("var"), clock=lambda: NOON)
    began, invoices = time.perf_counter(), 0
    while looked := reminder_sweep.sweep(rt):
        invoices += looked
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "invoices": invoices, "peak_mb": peak}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
