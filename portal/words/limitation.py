"""What is said before somebody pays a part of an old debt or puts their name to it: facts of law, no advice."""

from __future__ import annotations

from portal.domain.agreements import Statement
from portal.domain.limitation import KIND
from portal.words.core import Words

VERSION = "1"
# Where we know the rule well enough to name it; elsewhere only that there is one.
NAMED = ("US", "GB", "ES", "DE")


def notice(words: Words, country: str) -> Statement:
    """Say that a part payment or a signed word may begin the time limit anew, and where to ask before."""
    said = (_fact(words, country),
            words.text("You can take your time and ask somebody independent first. Nothing changes while you do."))
    return Statement(KIND, f"{VERSION}-{country if country in NAMED else 'any'}", "\n\n".join(said))


def _fact(words: Words, country: str) -> str:
    if country == "US":
        return words.text("This debt is old. In many states the law sets a time, often three to six years, after which "
                          "nobody can go to court about a debt. A part payment, or a signed promise to pay, can begin "
                          "that time anew.")
    if country == "GB":
        return words.text("This debt is old. In the United Kingdom the law sets a time, mostly six years and in "
                          "Scotland five, after which nobody can go to court about a debt. A part payment, or "
                          "admitting the debt in writing before that time is over, can begin it anew.")
    if country == "ES":
        return words.text("This debt is old. In Spain the law mostly sets five years, after which a debt can no longer "
                          "be demanded. A part payment, or acknowledging the debt, can begin that time anew.")
    if country == "DE":
        return words.text("This debt is old. In Germany the law mostly sets three years, counted from the end of the "
                          "year, after which payment may be refused. A part payment, or acknowledging the debt, can "
                          "begin that time anew.")
    return words.text("This debt is old. In many countries the law sets a time after which nobody can go to court "
                      "about a debt. A part payment, or a signed promise to pay, can begin that time anew.")
