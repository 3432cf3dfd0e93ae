"""Says what the check of an evidence pack came to, in a sentence."""

from __future__ import annotations

from portal.domain.evidence import Verdict
from portal.words.core import Words
from portal.words.refusals import N_

FAULTS: dict[str, str] = {
    "bad_key": N_("This is no public key: 32 bytes in base64 or hex are expected."),
    "bad_zip": N_("This is not a pack as it was made: its file and its paper are expected, and nothing else."),
    "too_large": N_("This is too large to be a pack."),
    "unreadable": N_("This file cannot be read as a pack."),
    "not_a_pack": N_("This file is not a pack, or a part of it is missing."),
    "rewritten": N_("This file was written anew: not every byte of it is as it was made."),
    "another_key": N_("This pack names another key than yours."),
    "signature": N_("The signature is not that of this key: the pack was changed, or made by somebody else."),
    "chain": N_("Entry %(entry)s was changed, moved or taken out."),
    "count": N_("Entries are missing at the end, or were added."),
    "paper": N_("The file is as it was made; the printed pack beside it is not."),
}


def line(words: Words, verdict: Verdict) -> str:
    """Say whether a pack is as it was made."""
    if verdict.holds:
        return words.text(N_("As it was made: %(count)s entries about %(about)s, made %(at)s by %(business)s."),
                          count=words.number(verdict.entries), about=verdict.about, at=verdict.made_at,
                          business=verdict.business)
    text = FAULTS[verdict.fault]
    return words.text(text, entry=words.number(verdict.entry)) if "%(entry)s" in text else words.text(text)
