"""Disputes: each outcome by its statement, races, and files and packs attacked; random histories are a part apart."""

from __future__ import annotations

from proofs import dispute_attacks, dispute_races, dispute_stories
from proofs.harness import Databases, Figures


def run(database: str, quick: bool, only: str = "") -> Figures:
    """Run the scenarios and races on one database; what needs none runs beside SQLite."""
    figures: Figures = {}
    with Databases(database) as made:
        if only in ("", "stories"):
            figures |= dispute_stories.run(made)
        if only in ("", "races"):
            figures |= dispute_races.run(made, 6 if quick else 40)
        if database == "sqlite" and only in ("", "files"):
            figures |= dispute_attacks.files(made)
        if database == "sqlite" and only in ("", "packs"):
            figures |= dispute_attacks.packs(1_500 if quick else 12_000)
        if database == "sqlite" and only in ("", "scripts"):
            figures |= dispute_attacks.scripts(quick)
    return figures
