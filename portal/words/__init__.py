"""Everything a person reads: texts in their language, money, dates, and sentences for codes. Nothing of Flask.

`speak(locale, timezone)` gives the words of one reader; `speaking(words, now)` makes them the ones that templates
use, for a page, an email and a letter alike.
"""

from portal.words.catalogs import LANGUAGES, PSEUDO
from portal.words.core import Words, current, for_reader, locale_of, speak, speaking
from portal.words.jinja import environment, equip
from portal.words.spoken import Spoken

__all__ = [
    "LANGUAGES", "PSEUDO", "Spoken", "Words", "current", "environment", "equip", "for_reader", "locale_of", "speak",
    "speaking",
]
