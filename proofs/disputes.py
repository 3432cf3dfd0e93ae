"""Disputes: each outcome by its statement, random histories that add up, races, and files and packs attacked."""

from __future__ import annotations

from proofs import dispute_attacks, dispute_histories, dispute_races, dispute_stories
from proofs.harness import Databases, Figures


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Run the scenarios, histories and races on one database; what needs none runs beside SQLite."""
    figures: Figures = {}
    with Databases(database) as made:
        if only in ("", "stories"):
            figures |= dispute_stories.run(made)
        if only in ("", "histories"):
            figures |= dispute_histories.run(made, 150 if quick else 5_200)
        if only in ("", "races"):
            figures |= dispute_races.run(made, 6 if quick else 40)
        if database == "sqlite" and only in ("", "files"):
            figures |= dispute_attacks.files(made)
        if database == "sqlite" and only in ("", "packs"):
            figures |= dispute_attacks.packs(1_500 if quick else 12_000)
        if database == "sqlite" and only in ("", "scripts"):
            figures |= dispute_attacks.scripts(quick)
    return figures
