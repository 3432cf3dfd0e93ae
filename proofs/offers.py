"""Offers: worked examples a bookkeeper can read, histories judged step by step, and two at once around each."""

from __future__ import annotations

from proofs import offer_histories, offer_races
from proofs.harness import Databases, Figures, say
from tests.ledger import ways


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Tell all examples, then the histories, then the races, each on databases of their own."""
    figures: Figures = {}
    with Databases(database) as made:
        if only in ("", "scenarios"):
            with made.opened() as db:
                told, wrong = ways.tell_all(db, made.folder)
            for what in wrong:
                say(f"WRONG: {what}")
            # Both databases tell the same examples; they are counted once.
            figures |= {"scenarios": told if database == "sqlite" else 0, "scenarios_wrong": len(wrong)}
        if only in ("", "histories"):
            with made.opened() as db:
                figures |= offer_histories.run(db, quick)
        if only in ("", "races"):
            with made.opened(pool_size=10) as db:
                figures |= offer_races.run(db, made, quick)
    return figures
