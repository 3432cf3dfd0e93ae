"""`python -m proofs PART [--quick]`: runs one proof, or all, and prints its figures last, each zero beside its count.

A part names its module, which has `run(database, quick) -> figures`, or `run(quick) -> figures` for a part that
chooses its databases itself. SABOTAGE=1 removes the guards one at a time instead and demands that figures notice.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from proofs.harness import Figures, add_up, end, print_figures, say

LONGEST_SECONDS = 24 * 60
SUFFIXES = {"sqlite": "sqlite", "postgresql": "postgres"}


@dataclass(frozen=True)
class Part:
    """One proof: its module, what it must reach, which figures must be nothing, small, or equal on both databases."""

    module: str
    least: dict[str, int] = field(default_factory=dict)
    zero: tuple[str, ...] = ()
    most: dict[str, float] = field(default_factory=dict)
    same: tuple[str, ...] = ()
    each_database: bool = True


PARTS: dict[str, Part] = {
    "webhooks": Part("proofs.webhooks", {"webhook_deliveries": 10_000},
                     ("webhook_facts_lost", "webhook_facts_doubled", "webhook_balances_wrong",
                      "webhook_ledger_differences")),
    "races": Part("proofs.races", {"races_run": 5_000}, ("races_wrong",)),
    "plan_years": Part("proofs.plan_years", {"simulated_plan_years": 200, "installments_charged": 1_000},
                       ("installments_charged_twice", "installments_charged_while_held_or_paid",
                        "installments_charged_untold", "ledger_vs_stripe_drift_minor_units",
                        "plan_same_seed_differs"), same=("plan_first_year_is",)),
    "plan_races": Part("proofs.plan_races", {"plan_races_run": 5_000}, ("plan_races_wrong",)),
    "kills": Part("proofs.kills", {"kills": 200, "kills_of_web_workers": 20, "kills_of_job_workers": 10,
                                   "kills_of_the_database": 5, "kills_jobs_done_under_load": 20},
                  ("kills_lost_or_doubled", "kills_ledger_differences", "kills_reconciliation_differences")),
    "simulation": Part("proofs.simulation", {"simulated_years": 20, "simulation_api_faults": 1_000},
                       ("simulation_drift_minor_units", "simulation_same_seed_differs"),
                       same=("simulation_first_year_is",)),
    "model": Part("proofs.machine", {"model_steps": 50_000}, ("model_failures",)),
    "reconcile": Part("proofs.reconcile", {"drift_objects": 4_000, "drift_planted": 40, "drift_runs_resumed": 2,
                                           "drift_untold_names": 40},
                      ("drift_missed", "drift_false_alarms", "drift_second_run_changes", "drift_untold_not_booked")),
    "disputes": Part("proofs.disputes", {"dispute_scenarios": 15, "dispute_races": 200, "upload_attacks": 30,
                                         "script_payloads": 50, "evidence_edits_tried": 10_000},
                     ("dispute_scenarios_wrong", "dispute_races_wrong", "upload_attacks_through",
                      "script_payloads_run", "evidence_edits_undetected")),
    "dispute_histories": Part("proofs.dispute_histories", {"dispute_histories": 10_000}, ("dispute_violations",)),
    "agreements": Part("proofs.agreements", {"agreement_edits_tried": 10_000, "agreements_genuine_checked": 50},
                       ("agreement_edits_undetected", "agreements_genuine_doubted")),
    "tokens": Part("proofs.tokens", {"tokens_tried": 1_000_000}, ("tokens_accepted", "tokens_genuine_refused"),
                   each_database=False),
    "offers": Part("proofs.offers", {"scenarios": 40, "offer_histories": 10_000, "offer_races_run": 4_000},
                   ("scenarios_wrong", "offer_violations", "offer_races_wrong")),
    "schedules": Part("proofs.schedules", {"schedule_cases": 1_000_000}, ("schedule_wrong",), each_database=False),
    "forged": Part("proofs.forged", {"forged_webhooks": 5_000},
                   ("forged_accepted", "genuine_wrong_closed", "genuine_strange_5xx", "genuine_right_refused"),
                   each_database=False),
    "borders": Part("proofs.borders", {"authorization_cells": 4_000, "authorization_own_proven": 28, "get_routes": 100},
                    ("authorization_leaks", "get_routes_changing_state", "forms_without_proof_taken"),
                    each_database=False),
    "fuzz": Part("proofs.fuzz", {"fuzz_requests": 20_000, "fuzz_least_of_a_form": 100}, ("fuzz_5xx",),
                 each_database=False),
    "import_fuzz": Part("proofs.import_fuzz", {"import_fuzz_files": 2_000, "import_fuzz_read": 100},
                        ("import_fuzz_crashes", "import_fuzz_too_slow", "import_fuzz_too_large",
                         "import_fuzz_formulas_kept"), each_database=False),
    "logs": Part("proofs.logs", {"log_lines": 400}, ("log_leaks",), each_database=False),
    "pages": Part("proofs.pages", {"debtor_pages": 300}, ("axe_violations", "debtor_page_complaints"),
                  most={"debtor_page_kb_gzip": 50, "debtor_page_queries": 5}, each_database=False),
    "office": Part("proofs.office", {"admin_authorization_cells": 4_000, "admin_authorization_own_proven": 300},
                   ("admin_authorization_leaks",), each_database=False),
    "office_pages": Part("proofs.office_pages", {"admin_pages": 100, "admin_script_payloads": 50,
                                                 "admin_script_pages_showing_it": 100},
                         ("admin_axe_violations", "admin_page_complaints", "admin_script_payloads_run"),
                         each_database=False),
    "reminder_years": Part("proofs.reminder_years", {"simulated_debtor_years": 2_000, "messages_sent": 5_000},
                           ("messages_wrongly_sent", "messages_without_reason")),
    "reminder_kills": Part("proofs.reminder_kills", {"worker_kills": 40, "messages_queued": 10_000},
                           ("messages_lost", "messages_doubled")),
}


def main() -> int:
    """Run what was asked for; 0 only when every figure is as it must be."""
    parser = argparse.ArgumentParser(prog="proofs", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS])
    parser.add_argument("--quick", action="store_true", help="a short version, for trying out")
    parser.add_argument("--database", choices=list(SUFFIXES), help="only this database")
    parser.add_argument("--only", default="", help="only this race or act, of a part that has several")
    given = parser.parse_args()
    if os.environ.get("SABOTAGE"):
        from proofs import sabotage
        return sabotage.main(only="" if given.part == "all" else given.part)
    if given.database:
        chosen = (given.only,) if given.only else ()
        print_figures(_module(given.part).run(given.database, given.quick, *chosen))
        return 0
    names = list(PARTS) if given.part == "all" else [given.part]
    outcomes = [_prove(name, quick=given.quick) for name in names]
    figures: Figures = {}
    for found, _ in outcomes:
        figures |= found
    print_figures(figures)
    return 0 if all(fine for _, fine in outcomes) else 1


def _module(name: str) -> Any:
    return importlib.import_module(PARTS[name].module)


def _prove(name: str, *, quick: bool) -> tuple[Figures, bool]:
    part = PARTS[name]
    say(f"{name}: begins{' (short version)' if quick else ''}")
    if part.each_database:
        figures, whole = _on_each_database(name, quick=quick)
    else:
        figures, whole = _module(name).run(quick), True
    missing = _missing(part, figures, quick=quick)
    for figure in missing:
        say(f"{name}: {figure} is {figures.get(figure)}")
    return figures, whole and not missing


def _missing(part: Part, figures: Figures, *, quick: bool) -> list[str]:
    """The figures that are not as they must be."""
    wrong = [figure for figure in part.zero if figures.get(figure) != 0]
    wrong += [figure for figure, most in part.most.items() if float(figures.get(figure, most + 1)) > most]
    for figure in part.same:
        wrong += [figure] if len({figures.get(f"{figure}_{suffix}") for suffix in SUFFIXES.values()}) > 1 else []
    if not quick:
        wrong += [figure for figure, least in part.least.items() if float(figures.get(figure, 0)) < least]
    return wrong


def _on_each_database(name: str, *, quick: bool) -> tuple[Figures, bool]:
    runs = [_Run(name, database, quick) for database in SUFFIXES]
    for run in runs:
        run.thread.start()
    for run in runs:
        run.thread.join()
    total = add_up(*(run.figures for run in runs))
    each: Figures = {
        f"{figure}_{SUFFIXES[run.database]}": value for run in runs for figure, value in run.figures.items()}
    return {**each, **total}, all(run.ended_well for run in runs)


class _Run:
    """One part on one database, in a process of its own that is ended when it takes too long."""

    def __init__(self, name: str, database: str, quick: bool) -> None:
        self.database, self.figures, self.ended_well = database, Figures(), False
        self._command = [sys.executable, "-m", "proofs", name, "--database", database, *(["--quick"] if quick else [])]
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        child = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 stdin=subprocess.DEVNULL, start_new_session=True)
        too_long = threading.Timer(LONGEST_SECONDS, end, (child,))
        too_long.start()
        began = time.monotonic()
        assert child.stdout is not None
        for line in child.stdout:
            self._take(line.rstrip())
        self.ended_well = child.wait() == 0
        too_long.cancel()
        said = "ended" if self.ended_well else f"FAILED ({child.returncode})"
        say(f"{SUFFIXES[self.database]}: {said} after {time.monotonic() - began:.0f} s")

    def _take(self, line: str) -> None:
        words = line.split(" ", 2)
        if words[0] == "figure" and len(words) == 3:
            self.figures[words[1]] = int(words[2]) if words[2].lstrip("-").isdigit() else words[2]
        else:
            print(f"{SUFFIXES[self.database]}: {line}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
