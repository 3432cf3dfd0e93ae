"""Years of plans that are charged by themselves, amid declines, delays, duplicates and workers that die; the books.

Every charge is judged when it reaches Stripe, and in the end each cent is held against Stripe's own objects.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from portal.db import Database
from portal.services import ledger_verify
from proofs import compare
from proofs.counter import Counter
from proofs.harness import Databases, Figures, add_up, say
from proofs.plan_world import PlanWorld
from sandbox.stripe.server import StripeStandIn
from tests.cast import make_business, make_runtime

FIRST_DAY = int(datetime(2027, 1, 4, 19, tzinfo=UTC).timestamp())
DAYS, PLANS = 365, 25


def run(database: str, quick: bool) -> Figures:
    """Four worlds of twenty-five plans for each database, and one small one lived twice."""
    seeds, days, plans = ((1,), 60, 6) if quick else ((1, 2, 3, 4), DAYS, PLANS)
    with Databases(database) as made:
        lived = [_live(made, seed, days, plans) for seed in seeds]
        first, again = (_live(made, 99, 60 if quick else 150, 5)[1] for _ in range(2))
    figures = add_up(*(figures for figures, _ in lived))
    # Less than a year is no year.
    figures["simulated_plan_years"] = len(seeds) * plans if days == DAYS else 0
    return {**figures, "plan_same_seed_differs": int(first != again), "plan_first_year_is": lived[0][1]}


def _live(made: Databases, seed: int, days: int, plans: int) -> tuple[Figures, str]:
    began = time.monotonic()
    with made.opened() as db, StripeStandIn(record=False, capture_delay=3600) as stripe:
        stripe.control.set_clock(FIRST_DAY, frozen=True)
        stripe.control.pause_webhooks()
        rt = make_runtime(db, made.folder, lambda: datetime.fromtimestamp(stripe.control.now(), UTC),
                          stripe_api_base=stripe.url, stripe_timeout_seconds=20, log_level="ERROR")
        with db.transaction() as session:
            business = make_business(session)
        world = PlanWorld(Counter(rt, stripe), business, seed, plans)
        world.live(days)
        drift = _drift(db, stripe) + len(ledger_verify.verify(rt)[0])
        hash_, twice = world.hash(), world.charged_twice()
    say(f"seed {seed}: {world.acts} acts, {world.charged} charged, {world.kills} kills, {world.faults} faults, "
        f"{world.dropped} lost events, drift {drift}, {hash_}, {time.monotonic() - began:.0f} s")
    for line in [line for line in world.diary if "WRONG" in line][:10]:
        say(line)
    return {"installments_charged": world.charged, "installments_charged_twice": twice,
            "installments_charged_while_held_or_paid": world.while_held_or_paid,
            "installments_charged_untold": world.untold, "plan_acts": world.acts, "plan_kills": world.kills,
            "plan_api_faults": world.faults, "plan_events_doubled": world.doubled,
            "plan_events_delayed": world.delayed, "plan_events_dropped": world.dropped,
            "ledger_vs_stripe_drift_minor_units": drift}, hash_


def _drift(db: Database, stripe: StripeStandIn) -> int:
    wrong = [*compare.against_stripe(db, stripe.control.objects),
             *compare.clearing_against_balance(db, stripe.control.objects)]
    for difference in wrong[:10]:
        say(f"WRONG: {difference.where}: {difference.found}, not {difference.wanted}")
    return sum(abs(difference.found - difference.wanted) for difference in wrong)
