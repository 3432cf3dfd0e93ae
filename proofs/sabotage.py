"""Takes the guards away one at a time, in a copy of the code, and demands that a figure notices each.

First every probe runs on the untouched copy, where its figure must be 0: else it would prove nothing.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from proofs.guards import GUARDS, Guard
from proofs.harness import ROOT, ProofError, end, print_figures, say, temporary_folder
from proofs.sabotage_agreements import AGREEMENTS
from proofs.sabotage_books import BOOKS
from proofs.sabotage_disputes import DISPUTES
from proofs.sabotage_doors import DOORS
from proofs.sabotage_imports import IMPORTS
from proofs.sabotage_offers import OFFERS
from proofs.sabotage_office import OFFICE
from proofs.sabotage_plans import PLANS
from proofs.sabotage_reminders import REMINDERS

# Autopay's stand among those of plans.
EVERY = (*GUARDS, *AGREEMENTS, *BOOKS, *DISPUTES, *DOORS, *IMPORTS, *OFFERS, *OFFICE, *PLANS, *REMINDERS)
LONGEST_SECONDS = 10 * 60
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "var", "build", "node_modules", "*.sqlite3*", "docs")
AT_ONCE = 2


def main(only: str = "") -> int:
    """Run all guards, or those that one part watches; 0 when the figures noticed each."""
    guards = [guard for guard in EVERY if only in ("", guard.probe[0])]
    with temporary_folder() as folder:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(AT_ONCE):
            copies.put(Path(shutil.copytree(ROOT, folder / str(number), ignore=LEFT_OUT)))
        for guard in guards:
            _edited(guard, (ROOT / guard.file).read_text())
        sound = _sound(guards, copies)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            caught = list(pool.map(lambda guard: _without(guard, copies), guards))
    missed = [guard.name for guard, noticed in zip(guards, caught, strict=True) if not noticed]
    for name in missed:
        say(f"MISSED: {name}")
    print_figures({"sabotage_guards": len(guards), "sabotage_caught": sum(caught), "sabotage_missed": len(missed),
                   "sabotage_probes": len({guard.probe for guard in guards}), "sabotage_probes_not_sound": sound})
    return 1 if missed or sound else 0


def _sound(guards: list[Guard], copies: queue.SimpleQueue[Path]) -> int:
    """Run every probe on the untouched copy; gives how many were not 0 there."""
    probes: dict[tuple[str, str, str], set[str]] = {}
    for guard in guards:
        probes.setdefault(guard.probe, set()).update(guard.figure.split())

    def check(probe: tuple[str, str, str]) -> int:
        found = _figures(copies, probe)
        shown = {figure: found.get(figure) for figure in sorted(probes[probe])}
        say(f"untouched: {_called(probe)}: {shown}")
        return sum(value != 0 for value in shown.values())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(check, sorted(probes)))


def _called(probe: tuple[str, str, str]) -> str:
    return " ".join(word for word in probe if word)


def _edited(guard: Guard, text: str) -> str:
    """The text without the guard; it must have stood there exactly once."""
    if text.count(guard.old) != 1:
        raise ProofError(f"{guard.name}: its text stands {text.count(guard.old)} times in {guard.file}")
    return text.replace(guard.old, guard.new)


def _without(guard: Guard, copies: queue.SimpleQueue[Path]) -> bool:
    found = _figures(copies, guard.probe, guard)
    shown = {figure: found.get(figure) for figure in guard.figure.split()}
    say(f"without {guard.name}: {_called(guard.probe)}: {shown}")
    return all(shown.values())


def _figures(copies: queue.SimpleQueue[Path], probe: tuple[str, str, str],
             guard: Guard | None = None) -> dict[str, int]:
    """Run a probe in a copy, with or without a guard; gives the figures it printed."""
    copy = copies.get()
    try:
        if guard is None:
            return _run(copy, probe)
        place = copy / guard.file
        whole = place.read_text()
        try:
            place.write_text(_edited(guard, whole))
            return _run(copy, probe)
        finally:
            place.write_text(whole)
    finally:
        copies.put(copy)


def _run(copy: Path, probe: tuple[str, str, str]) -> dict[str, int]:
    part, database, only = probe
    command = [sys.executable, "-m", "proofs", part, "--quick"]
    command += ["--database", database] if database else []
    command += ["--only", only] if only else []
    env = {name: value for name, value in os.environ.items() if name != "SABOTAGE"}
    child = subprocess.Popen(command, cwd=copy, env={**env, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
                             start_new_session=True)
    too_long = threading.Timer(LONGEST_SECONDS, end, (child,))
    too_long.start()
    assert child.stdout is not None
    lines = child.stdout.read().splitlines()
    child.wait()
    too_long.cancel()
    found = [line.split() for line in lines if line.startswith("figure ")]
    if not found:
        say("\n".join(lines[-8:]))
    return {name: int(value) for _, name, value in found if value.isdigit()}
