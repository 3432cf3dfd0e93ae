"""Sentences that services put together and pages say: a marked text with sums, days and names still to be filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from portal.words.core import Words


@dataclass(frozen=True)
class Sum:
    """An amount in minor units."""

    minor: int
    currency: str

    def by(self, words: Words) -> str:
        """Write it as this reader does."""
        return words.money(self.minor, self.currency)


@dataclass(frozen=True)
class Said:
    """A text marked for translation, and what is filled in: sums, days, other sentences, or words of their own."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def by(self, words: Words) -> str:
        """Say it in this reader's language."""
        return words.text(self.text, **{name: shown(words, value) for name, value in self.values.items()})


@dataclass(frozen=True)
class Plain:
    """Words that are nobody's to translate: a name, a number, what somebody wrote."""

    text: str

    def by(self, words: Words) -> str:
        """Give them as they are."""
        return self.text


@dataclass(frozen=True)
class On:
    """A day, or the day of a moment."""

    day: date

    def by(self, words: Words) -> str:
        """Write it as this reader does."""
        return words.day(self.day)


Sayable = Said | Sum | Plain | On


def shown(words: Words, value: object) -> object:
    """Give a value as it is filled into a sentence."""
    if isinstance(value, (Said, Sum, Plain, On)):
        return value.by(words)
    return words.day(value) if isinstance(value, date) else value
