"""How long a process takes until the portal can serve, beside one that only imports Flask and makes an application."""

from __future__ import annotations

import subprocess
import sys
import time

from bench import turns
from proofs.harness import ROOT, Databases, Figures, environment, say

PORTAL = "from portal import create_app; create_app()"
BARE = "from flask import Flask; Flask('bare')"
STARTS = 3


def against_bare(rounds: int) -> Figures:
    """Start fresh processes in turn; the interpreter's own start is in both."""
    with Databases("sqlite") as prepared, prepared.fresh() as url:
        env = environment(url)

        def seconds(program: str) -> float:
            began = time.perf_counter()
            for _ in range(STARTS):
                subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, check=True, timeout=120)
            return (time.perf_counter() - began) / STARTS

        # What is not compiled yet is compiled by the first start.
        seconds(PORTAL)
        found, spread = turns.ratio(
            "coldstart_vs_bare_flask", lambda _: seconds(PORTAL), lambda _: seconds(BARE), rounds)
    say(f"coldstart_vs_bare_flask: {found}, noise {spread}")
    return {"coldstart_vs_bare_flask": found, "coldstart_vs_bare_flask_noise": spread}
