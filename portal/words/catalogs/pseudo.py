"""The pseudo-language: accents and brackets around every text, placeholders and markup left whole."""

from __future__ import annotations

import gettext
import re

ACCENTS = str.maketrans("aeiouyAEIOUYcnsCNS", "áéíóúýÁÉÍÓÚÝçñšÇÑŠ")
KEEP = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]*>|&\w+;)")


def accented(text: str) -> str:
    """Write a text so that a person can still read it and a test can see it was translated: "Pay" → "⟦Páý⟧"."""
    pieces = KEEP.split(text)
    return "⟦" + "".join(p if index % 2 else p.translate(ACCENTS) for index, p in enumerate(pieces)) + "⟧"


class PseudoTranslations(gettext.NullTranslations):
    """Translates everything, by rule."""

    def gettext(self, message: str) -> str:
        return accented(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return accented(msgid1 if n == 1 else msgid2)
