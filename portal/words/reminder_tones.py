"""How firm a reminder speaks: what each tone says of the past, until when it waits, and what happens then.

A deadline and a consequence are said plainly, once, and never as a threat; the way out stands beside them.
"""

from __future__ import annotations

from datetime import date, timedelta

from portal.words.core import Words

# How long an answer is waited for, in days.
WAITS = {"firm": 7, "formal": 10, "final": 10}
# A friendly tone names no day of its own; where a business wants one in its words, it is this far away.
FRIENDLY_WAIT = 7


def wait_of(tone: str) -> int:
    """Tell how many days an answer to a tone is waited for."""
    return WAITS.get(tone, FRIENDLY_WAIT)


def firmer(words: Words, tone: str, today: date) -> tuple[str, ...] | None:
    """Open a reminder in a firm, formal or final tone; None for the friendly ones, which open with what happened."""
    if tone not in WAITS:
        return None
    until = words.day(today + timedelta(days=WAITS[tone]))
    if tone == "firm":
        return (words.text("We have written to you about this before and have not heard from you."),
                words.text("Please choose one of the ways below by %(until)s, or tell us what is in the way. A short "
                           "answer is enough.", until=until))
    if tone == "formal":
        return (words.text("This is our formal request to pay what is named below."),
                words.text("Please pay it by %(until)s, or agree on another way with us until then. If we hear "
                           "nothing, one last notice follows before we decide how to go on.", until=until))
    return (words.text("This is our last notice about what is named below."),
            words.text("Please pay it by %(until)s, or agree on another way with us until then. After that we may ask "
                       "others to pursue it for us, which can add costs.", until=until),
            words.text("Until then every way below stays open to you."))
