"""Borders of the office: every route by every method as every role of two businesses and as those who have no seat."""

from __future__ import annotations

from datetime import UTC, datetime

from proofs.harness import Databases, Figures, Steps, add_up, say
from sandbox.stripe.server import StripeStandIn
from tests import databases
from tests.office.borders import OfficeTheatre, cells, offered, own_acts, tells_most, walk

SHOWN = 20


def run(quick: bool) -> Figures:
    """Walk the office's borders on both databases; the short version walks what lies beside a border, on one."""
    return add_up(*(_on(kind, quick=quick) for kind in (databases.KINDS[:1] if quick else databases.KINDS)))


def _on(kind: str, *, quick: bool) -> Figures:
    with Databases(kind) as prepared, StripeStandIn() as stand_in:
        theatre = OfficeTheatre(kind, prepared.folder, datetime.now(UTC), stripe_api_base=stand_in.url)
        with theatre.opened(prepared.template):
            wanted = [cell for cell in cells(theatre) if not quick or tells_most(theatre, cell)]
            steps = Steps(f"{kind}: cells of the office", len(wanted))
            wrong = [f"{endpoint} {method} has no row" for endpoint, method in
                     sorted(offered(theatre.app) - set(theatre.rows))]
            wrong += walk(theatre, wanted, steps.step)
            proven = len(own_acts(theatre, wanted)) - sum("own " in one for one in wrong)
    for one in wrong[:SHOWN]:
        say(f"{kind}: {one}")
    return {"admin_authorization_cells": len(wanted), "admin_authorization_own_proven": proven,
            "admin_authorization_leaks": len(wrong)}
