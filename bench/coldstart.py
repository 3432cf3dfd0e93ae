"""How long a process takes until the portal can serve, beside one that makes a bare application on the same parts."""

from __future__ import annotations

import subprocess
import sys
import time

from bench import turns
from proofs.harness import ROOT, Databases, Figures, environment
from tests.cast import WEBHOOK_SECRET

# What a web server of each imports; and Flask by itself, which could not do the work of either.
PORTAL = "import wsgi"
BARE = "from bench import yardsticks; yardsticks.webhook()"
FLASK = "from flask import Flask; Flask('bare')"
STARTS = 3


def against_bare(rounds: int) -> Figures:
    """Start fresh processes in turn; the interpreter's own start is in all."""
    with Databases("sqlite") as prepared, prepared.fresh() as url, prepared.fresh() as other:
        # Whatever is installed is compiled once; so it is here, into a folder that both share.
        env = {**environment(url), "BENCH_DATABASE": other, "BENCH_SECRET": WEBHOOK_SECRET,
               "PYTHONPYCACHEPREFIX": str(prepared.folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}

        def seconds(program: str) -> float:
            began = time.perf_counter()
            for _ in range(STARTS):
                subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, check=True, timeout=120)
            return (time.perf_counter() - began) / STARTS

        seconds(PORTAL), seconds(BARE)

        def beside(name: str, program: str, times: int) -> Figures:
            return turns.ratio(name, lambda _: seconds(PORTAL), lambda _: seconds(program), times)

        return {**beside("coldstart_vs_bare_flask", BARE, rounds),
                **beside("coldstart_vs_flask_alone", FLASK, min(rounds, turns.FEWER))}
