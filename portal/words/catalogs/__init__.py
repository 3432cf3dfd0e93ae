"""Loads the catalogs: every area's .po file of a language becomes one set of translations, read at first use.

English is the language of the texts themselves and needs no file. The pseudo-language puts every text in accented
brackets, so that a test sees the ones that never came through here.
"""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from portal.words.catalogs.pseudo import PseudoTranslations

FOLDER = Path(__file__).resolve().parent
SOURCE = "en"
PSEUDO = "qps"
LANGUAGES = (SOURCE, "es")


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Give all texts of a language; an unknown language gives the English ones."""
    if language == PSEUDO:
        return PseudoTranslations()
    merged = gettext.NullTranslations()
    for path in area_files(language):
        merged.add_fallback(_compiled(path, language))
    return merged


def area_files(language: str) -> list[Path]:
    """List the files of a language, one per area of the product."""
    return sorted((FOLDER / language / "LC_MESSAGES").glob("*.po"))


def _compiled(path: Path, language: str) -> gettext.GNUTranslations:
    # English needs no catalog, and so not what reads them.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalog = read_po(source, locale=language)
    machine = BytesIO()
    write_mo(machine, catalog)
    machine.seek(0)
    return gettext.GNUTranslations(machine)
