"""What a business itself says in a step of its reminders: its words with their placeholders filled in, per language.

Where it has no words of its own in the reader's language, ours are said. What a placeholder is, domain/placeholders.py
knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain.errors import Refusal
from portal.domain.placeholders import fill
from portal.words.core import Words
from portal.words.reminder_tones import wait_of

# By language, then "subject" and "body"; as cadence_step.own_words has them.
OwnWords = Mapping[str, Mapping[str, str]]
NONE: OwnWords = {}
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Said:
    """A business's words, filled in: a subject ("" for ours) and paragraphs (none for ours)."""

    subject: str = ""
    paragraphs: tuple[str, ...] = ()


def values(words: Words, *, name: str, business: str, sender: str, phone: str, numbers: Sequence[str],
           sums: Sequence[str], due_on: date, today: date, tone: str) -> dict[str, str]:
    """Give what each placeholder becomes for one reader; several invoices are counted, several currencies listed."""
    several = words.plural("%(n)s invoice", "%(n)s invoices", len(numbers))
    return {
        "name": name, "business": business, "sender": sender, "phone": phone,
        "invoice": numbers[0] if len(numbers) == 1 else several, "amount": ", ".join(sums), "date": words.day(due_on),
        "until": words.day(today + timedelta(days=wait_of(tone)))}


def said(own: OwnWords, words: Words, filled: Mapping[str, str]) -> Said:
    """Fill a business's words in for one reader; what it did not write in their language stays empty."""
    written = own.get(words.language) or {}
    return Said(" ".join(_filled(written.get("subject", ""), filled).split()),
                tuple(paragraphs(_filled(written.get("body", ""), filled))))


def paragraphs(text: str) -> list[str]:
    """Split a text where it has empty lines."""
    return [" ".join(part.split()) for part in _PARAGRAPHS.split(text.replace("\r\n", "\n")) if part.strip()]


def _filled(text: str, filled: Mapping[str, str]) -> str:
    try:
        # A value and the sign beside it must not become one of the places where an email's links are put.
        return fill(text, filled).replace("{{", "{ {")
    except Refusal:
        # Kept by a release that knew other placeholders: better ours than half of theirs.
        return ""
