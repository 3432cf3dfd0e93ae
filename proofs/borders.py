"""Borders: every route by every method as every kind of reader, and scanners that walk all pages and leave no trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from portal import create_app
from proofs.harness import Databases, Figures, Steps, add_up, say
from proofs.outsiders import stand_outside
from proofs.scanners import scan
from sandbox.stripe.server import StripeStandIn
from tests import databases
from tests.agreements.staged import print_papers
from tests.borders import Theatre, cells, is_own, rules_without_a_row, unproven, walk
from tests.cast import make_runtime
from tests.stage import set_stage
from tests.stage_autopay import known_at_stripe

SHOWN = 12


def run(quick: bool) -> Figures:
    """Walk the borders on both databases."""
    kinds = databases.KINDS[:1] if quick else databases.KINDS
    return add_up(*(_on(kind) for kind in kinds))


def _on(kind: str) -> Figures:
    with open_theatre(kind) as theatre:
        # First the scanners, who must leave everything as it is; then those who press buttons.
        read = scan(theatre)
        forms, taken = unproven(theatre)
        wanted = cells(theatre.app)
        steps = Steps(f"{kind}: cells", len(wanted))
        wrong = [f"{name} has no row" for name in rules_without_a_row(theatre.app)]
        outside, passed = stand_outside(theatre)
        wrong += passed + walk(theatre, wanted, steps.step)
    for one in [*read.changed, *taken, *wrong][:SHOWN]:
        say(f"{kind}: {one}")
    proven = sum(is_own(cell) for cell in wanted)
    proven -= sum("own things" in one for one in wrong)
    return {"authorization_cells": len(wanted) + outside, "authorization_cells_of_the_office": outside,
            "authorization_own_proven": proven, "authorization_leaks": len(wrong), "get_routes": read.routes,
            "get_requests": read.requests, "get_routes_changing_state": len(read.changed),
            "forms_without_proof": forms, "forms_without_proof_taken": len(taken)}


@contextmanager
def open_theatre(kind: str, **changes: Any) -> Iterator[Theatre]:
    """Give a portal with the furnished stage on a database of its own, and a stand-in for Stripe beside it."""
    now = datetime.now(UTC)
    with Databases(kind) as prepared, prepared.opened() as db, StripeStandIn() as stand_in:
        stage = set_stage(db, prepared.folder, now)
        rt = make_runtime(db, prepared.folder, clock=lambda: now, **{
            "stripe_api_base": stand_in.url, "stripe_checkout_origins": stand_in.url, "log_level": "CRITICAL",
            **changes})
        known_at_stripe(rt, stand_in)
        print_papers(rt)
        yield Theatre(create_app(runtime=rt), rt, db, stage)
