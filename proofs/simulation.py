"""Years in which all goes wrong that can, after which the books must agree with Stripe's own objects to the cent."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from portal import create_app
from portal.db import Database
from portal.services import ledger_verify
from proofs import compare
from proofs.counter import Counter
from proofs.harness import Databases, Figures, add_up, say
from proofs.year import Year
from sandbox.stripe.server import StripeStandIn
from tests.cast import WEBHOOK_SECRET, make_business, make_runtime
from tests.live import serve

FIRST_DAY = int(datetime(2027, 1, 4, 9, tzinfo=UTC).timestamp())
DAYS = 365


def run(database: str, quick: bool) -> Figures:
    """Ten years for each database, the first of them twice."""
    seeds, days = ((1, 2), 90) if quick else (tuple(range(1, 11)), DAYS)
    with Databases(database) as made:
        lived = [_live(made, seed, days) for seed in seeds]
        _, again = _live(made, seeds[0], days)
    figures = add_up(*(figures for figures, _ in lived))
    # Half a year short of a year is no year.
    figures["simulated_years"] = len(seeds) if days == DAYS else 0
    return {**figures, "simulation_years_lived_twice": 1, "simulation_same_seed_differs": int(lived[0][1] != again),
            "simulation_first_year_is": lived[0][1]}


def _live(made: Databases, seed: int, days: int) -> tuple[Figures, str]:
    began = time.monotonic()
    with made.opened() as db, StripeStandIn(signs_by="sandbox", record=False, capture_delay=3600) as stripe:
        control = stripe.control
        control.set_clock(FIRST_DAY, frozen=True)
        control.pause_webhooks()
        rt = make_runtime(db, made.folder, lambda: datetime.fromtimestamp(control.now(), UTC),
                          trusted_hosts="127.0.0.1", stripe_api_base=stripe.url, stripe_timeout_seconds=20,
                          log_level="ERROR")
        with serve(create_app(rt.settings, rt)) as url:
            control.add_webhook_endpoint(f"{url}/webhooks/stripe", WEBHOOK_SECRET)
            with db.transaction() as session:
                business = make_business(session)
            year = Year(Counter(rt, stripe), business, seed)
            year.live(days)
        drift = _drift(db, stripe) + len(ledger_verify.verify(rt)[0])
        hash_, balances = year.hash(), compare.balances(db)
    said = f"{year.acts} acts, {year.delivered} deliveries, {year.dropped} lost events"
    say(f"seed {seed}: {said}, drift {drift}, {hash_}, {time.monotonic() - began:.0f} s")
    return {"simulation_acts": year.acts, "simulation_deliveries": year.delivered,
            "simulation_events_dropped": year.dropped, "simulation_events_late": year.late,
            "simulation_events_doubled": year.doubled, "simulation_posts_shuffled": year.shuffled,
            "simulation_api_faults": year.faults, "simulation_balances": balances,
            "simulation_drift_minor_units": drift}, hash_


def _drift(db: Database, stripe: StripeStandIn) -> int:
    wrong = [*compare.against_stripe(db, stripe.control.objects),
             *compare.clearing_against_balance(db, stripe.control.objects)]
    for difference in wrong[:10]:
        say(f"WRONG: {difference.where}: {difference.found}, not {difference.wanted}")
    return sum(abs(difference.found - difference.wanted) for difference in wrong)
