"""Words to search by: folded so that "Müller" is found as "muller", and cut so that a prefix finds them.

The database compares prefixes of folded words only; everything about language is decided here.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80
# An email or an account number is found as a whole and by its parts.
_PART = re.compile(r"[^\W_]+")
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Make a text comparable: small letters, no accents, no double spaces; "  José  ÑANDÚ" is "jose nandu"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _SPACE.sub(" ", "".join(char for char in plain if not unicodedata.combining(char))).strip()


def words_of(*texts: str | None) -> set[str]:
    """Give the words by which something with these texts is found: each text as typed, and each of its parts."""
    found: set[str] = set()
    for text in texts:
        folded = fold(text or "")
        found.update(whole[:LONGEST] for whole in folded.split(" ") if whole)
        found.update(part[:LONGEST] for part in _PART.findall(folded))
    return found
