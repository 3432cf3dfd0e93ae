"""`python -m bench [PART] [--quick]`: measures the portal beside bare Flask, in turn, and prints figures last.

Each figure is the median of the rounds' ratios; `_noise` tells where half of the rounds and all of them lay.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bench import coldstart, imports, office, office_lists, pages, sweep, turns, webhooks, workers
from proofs.harness import Figures, print_figures, say

QUICK = 3
PARTS: dict[str, Callable[[int], Figures]] = {
    "page_sqlite": lambda rounds: pages.against_bare("sqlite", rounds),
    "page_postgres": lambda rounds: pages.against_bare("postgresql", rounds),
    "webhook_sqlite": lambda rounds: webhooks.against_bare("sqlite", rounds),
    "webhook_postgres": lambda rounds: webhooks.against_bare("postgresql", rounds),
    "coldstart": coldstart.against_bare,
    "long_table": pages.in_a_long_table,
    "dashboard": office.dashboard_in_long_books,
    "lists": office_lists.lists_in_long_books,
    "sweep": sweep.in_a_long_table,
    "workers": workers.two_beside_one,
    "imports": imports.takes_in,
}
# At least, or where it says so at most.
LEAST = {"page_vs_bare_flask_sqlite": 0.35, "page_vs_bare_flask_postgres": 0.35, "webhook_vs_bare_flask_sqlite": 0.5,
         "webhook_vs_bare_flask_postgres": 0.5}
MOST = {"page_1m_vs_10k": 1.3, "dashboard_1m_vs_10k": 2.0, "dashboard_scans": 0, "coldstart_vs_bare_flask": 2.0,
        "worst_list_1m_vs_10k": 2.0, "list_scans": 0, "sweep_1m_vs_100k": 1.5, "sweep_peak_mb": 300,
        "import_100k_seconds": 60, "import_100k_peak_mb": 500, "import_writer_held_seconds": 3}


def main() -> int:
    """Measure what was asked for; 0 only when every ratio is as it must be."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS])
    parser.add_argument("--quick", action="store_true", help="few rounds, for trying out")
    given = parser.parse_args()
    rounds = QUICK if given.quick else turns.ROUNDS
    figures: Figures = {}
    for name in PARTS if given.part == "all" else [given.part]:
        say(f"{name}: begins")
        figures |= PARTS[name](rounds)
    missed = [name for name, least in LEAST.items() if name in figures and float(figures[name]) < least]
    missed += [name for name, most in MOST.items() if name in figures and float(figures[name]) > most]
    for name in missed:
        say(f"{name} is {figures[name]}")
    print_figures({**figures, "bench_rounds": rounds})
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
