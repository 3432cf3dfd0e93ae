"""Says what the check of agreements came to: of one that somebody brought, and of all that are kept."""

from __future__ import annotations

from portal.words.core import Words
from portal.words.refusals import N_

GENUINE = N_("Genuine and unchanged: we signed this, to the last byte.")
UNKNOWN = N_("This is not one of ours, or not as it was signed.")


def one(words: Words, genuine: bool) -> str:
    """Say whether a file or a fingerprint is one of ours and unchanged."""
    return words.text(GENUINE if genuine else UNKNOWN)


def all_of_them(words: Words, checked: int, wrong: int) -> str:
    """Say how many agreements were checked, and how many findings there are."""
    return words.plural("%(n)s agreement checked, findings: %(wrong)s.",
                        "%(n)s agreements checked, findings: %(wrong)s.", checked, wrong=words.number(wrong))
