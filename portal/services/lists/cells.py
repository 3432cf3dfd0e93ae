"""What stands in a cell of a list: words to be said, where they lead, and what stands under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from portal.words.core import Words
from portal.words.said import Plain, Said, Sum


@dataclass(frozen=True)
class Short:
    """A day in its short form: "Nov 20"."""

    day: date | datetime

    def by(self, words: Words) -> str:
        """Write it as this reader does."""
        return words.short_day(self.day)


@dataclass(frozen=True)
class At:
    """A day in its short form with the time of day."""

    moment: datetime

    def by(self, words: Words) -> str:
        """Write it as this reader does."""
        return f"{words.short_day(self.moment)}, {words.clock(self.moment)}"


@dataclass(frozen=True)
class Number:
    """A count."""

    value: int

    def by(self, words: Words) -> str:
        """Write it as this reader does."""
        return words.number(self.value)


@dataclass(frozen=True)
class Count:
    """A text that counts: one form for one, another for many."""

    one: str
    many: str
    n: int

    def by(self, words: Words) -> str:
        """Say it in this reader's language."""
        return words.plural(self.one, self.many, self.n)


@dataclass(frozen=True)
class Lines:
    """Several things, each on a line of its own: the sums of several currencies."""

    texts: tuple[Said | Sum | Plain, ...]

    def by(self, words: Words) -> str:
        """Say them one after the other."""
        return "\n".join(text.by(words) for text in self.texts)


class Text(Protocol):
    """Anything that can be said to a reader."""

    def by(self, words: Words) -> str: ...


@dataclass(frozen=True)
class Cell:
    """One cell. `kind` makes it a state (in, wait, bad, held, or "plain" for one without a color)."""

    text: Text
    endpoint: str = ""
    target: Mapping[str, str] = field(default_factory=dict)
    beside: Text | None = None
    below: Text | None = None
    kind: str = ""
    icon: str = ""
    soft: bool = False
    # What a figure counts; said where no head of a column stands above it.
    unit: Text | None = None
