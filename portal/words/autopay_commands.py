"""What the commands about automatic payments say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.words.core import Words


def stopped(words: Words) -> str:
    """Say that nothing is charged."""
    return words.text("Automatic payments are stopped for every business.")


def resumed(words: Words, caught: int) -> str:
    """Say that charging goes on, and what was booked before."""
    return words.plural("Automatic payments go on. %(n)s event of Stripe was booked first.",
                        "Automatic payments go on. %(n)s events of Stripe were booked first.", caught)


def state(words: Words, stops: Sequence[tuple[str, datetime]]) -> list[str]:
    """Say whether they run, and if not, why and since when."""
    if not stops:
        return [words.text("Automatic payments run.")]
    why = {
        "restored": words.text("a backup was restored"), "by_hand": words.text("stopped by hand"),
        "forgotten": words.text("Stripe knows of a charge that is not in the books")}
    return [words.text("Stopped since %(moment)s: %(why)s.", moment=words.moment(at), why=why.get(reason, reason))
            for reason, at in stops]
