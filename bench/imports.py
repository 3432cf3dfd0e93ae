"""A file of 100,000 invoices goes in, in a process of its own: how long, how much memory, how long others wait."""

from __future__ import annotations

import csv
import io
import json
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, select

from portal.db import Database
from portal.domain.imports import ImportOptions
from portal.models import Invoice
from portal.services import ledger_verify
from portal.services.audit import COMMAND_LINE
from portal.services.imports import import_invoices
from proofs.harness import ROOT, Databases, Figures, say
from tests.cast import make_business, make_runtime

INVOICES, QUICKLY, EACH = 100_000, 10_000, 4
NOW = datetime(2026, 12, 1, 20, 0, tzinfo=UTC)
SUFFIXES = {"sqlite": "sqlite", "postgresql": "postgres"}
HEADER = ("Customer ID", "Customer name", "Email", "Street", "City", "State", "ZIP", "Country", "Invoice no.",
          "Invoice date", "Due date", "Amount", "Disputed", "Settled", "Description")


def takes_in(rounds: int) -> Figures:
    """Once on each database; the worst of both is the figure."""
    invoices = QUICKLY if rounds <= 3 else INVOICES
    figures: Figures = {"import_invoices": invoices}
    for kind, suffix in SUFFIXES.items():
        with Databases(kind) as prepared, prepared.opened() as db:
            found = _apart(db, invoices)
        figures |= {f"import_100k_{name}_{suffix}": value for name, value in found.items()}
    for name in ("seconds", "peak_mb", "writer_held_seconds"):
        worst = max(float(figures[f"import_100k_{name}_{suffix}"]) for suffix in SUFFIXES.values())
        figures[name.replace("writer", "import_writer") if "held" in name else f"import_100k_{name}"] = worst
    return figures


def written(invoices: int) -> bytes:
    """An export such as a billing program writes, always the same: two fifths settled, a tenth disputed."""
    chance, out = random.Random(9), io.StringIO()  # noqa: S311 - the same file each time
    rows = csv.writer(out)
    rows.writerow(HEADER)
    for number in range(invoices):
        who, issued = number // EACH, date(2026, 8, 1) + timedelta(days=chance.randrange(90))
        settled = f"{issued + timedelta(days=5):%m/%d/%Y}" if chance.random() < 0.4 else ""
        rows.writerow((
            f"C{who:06d}", f"Debtor {who}", f"d{who}@debtor.example", f"{who} Fern Lane", "Salem", "OR", "97301", "US",
            f"INV-{number:07d}", f"{issued:%m/%d/%Y}", f"{issued + timedelta(days=30):%m/%d/%Y}",
            f"{chance.randrange(100, 999_999) / 100:.2f}", "Yes" if chance.random() < 0.1 else "No", settled,
            f"Work on the garden {number}"))
    return out.getvalue().encode()


def _apart(db: Database, invoices: int) -> dict[str, float]:
    url = db.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run([sys.executable, "-m", "bench.imports", url, str(invoices)], cwd=ROOT, capture_output=True,
                           text=True, timeout=1_500, check=True)
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    say(f"{db.engine.dialect.name}: {invoices} invoices in {found['seconds']} s, {found['peak_mb']} MB at most, "
        f"nobody waited longer than {found['writer_held_seconds']} s")
    return found


class Watch:
    """How long the longest transaction that may write stood open."""

    def __init__(self, db: Database) -> None:
        self.longest, self._began = 0.0, dict[int, float]()
        event.listen(db.engine, "begin", self._begin)
        for end in ("commit", "rollback"):
            event.listen(db.engine, end, self._end)

    def _begin(self, connection: Any) -> None:
        self._began[id(connection)] = time.perf_counter()

    def _end(self, connection: Any) -> None:
        began = self._began.pop(id(connection), None)
        if began is not None:
            self.longest = max(self.longest, time.perf_counter() - began)


def main(url: str, invoices: int) -> None:
    """Take the file in, check the books, and print what it took."""
    db = Database(url)
    with db.transaction() as session:
        slug = make_business(session).slug
    rt = make_runtime(db, Path("var"), clock=lambda: NOW)
    data, watch = written(invoices), Watch(db)
    began = time.perf_counter()
    import_invoices(rt, slug, data, ImportOptions(currency=""), dry_run=False, actor=COMMAND_LINE)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with db.reading() as session:
        there = session.scalar(select(func.count()).select_from(Invoice))
    if there != invoices or ledger_verify.verify(rt)[0]:
        raise AssertionError("the books are not what the file says")
    sys.stdout.write(json.dumps({
        "seconds": round(seconds, 1), "peak_mb": round(peak), "writer_held_seconds": round(watch.longest, 2)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
