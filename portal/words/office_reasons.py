"""Why staff move money by hand: the reasons they choose from, in words, and what kind of act it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


REASONS: dict[str, str] = {
    # Money goes back
    "duplicate": N_("Paid twice"),
    "agreed": N_("Agreed with the debtor"),
    "not_delivered": N_("Not delivered, or not as ordered"),
    "goodwill": N_("Goodwill"),
    # A sum is given up
    "uncollectable": N_("Cannot be collected"),
    "insolvent": N_("Insolvent"),
    "too_small": N_("Too small to go after"),
    # The books are put right
    "wrong_amount": N_("Wrong amount"),
    "wrong_debtor": N_("Wrong debtor"),
    "entered_twice": N_("Entered twice"),
    "mistake": N_("Our mistake"),
    "other": N_("Other, in your own words"),
}
ACTS: dict[str, str] = {"refund": N_("Refund"), "write_off": N_("Write-off"), "correction": N_("Correction")}
STATES: dict[str, str] = {
    "waiting": N_("waits"), "approved": N_("approved"), "refused": N_("refused"), "withdrawn": N_("taken back"),
}


def reason(words: Words, code: str) -> str:
    """Say a reason; one nobody knows any more is shown as it was stored."""
    return words.text(REASONS[code]) if code in REASONS else code


def choices(words: Words, codes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Give the reasons of a choice, each with its words."""
    return [(code, words.text(REASONS[code])) for code in codes]
