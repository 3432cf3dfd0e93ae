"""Words around a business's own words: what each placeholder becomes, tones and channels, and what to look at twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.domain.step_words import Doubt
from portal.words.core import Words
from portal.words.refusals import N_

PLACEHOLDERS: Mapping[str, str] = {
    "name": N_("how you greet them, else their full name"), "business": N_("your name"),
    "sender": N_("who answers debtors"), "phone": N_("the phone debtors call"),
    "invoice": N_("the invoice's number; several are counted"), "amount": N_("what is left to pay, with its currency"),
    "date": N_("when the oldest was due"), "until": N_("the day until which you wait for an answer"),
}
TONES: Mapping[str, str] = {
    "note": N_("note ahead"), "friendly": N_("friendly"), "firm": N_("firm"), "formal": N_("formal"),
    "final": N_("last notice"),
}
CHANNELS: Mapping[str, str] = {"email": N_("email"), "letter": N_("letter"), "call": N_("call")}
PRESETS: Mapping[str, str] = {"gentle": N_("Gentle"), "standard": N_("Standard"), "firm": N_("Firm")}
LANGUAGES: Mapping[str, str] = {"en": N_("English"), "es": N_("Spanish")}


def placeholders(words: Words) -> list[tuple[str, str]]:
    """List the placeholders as they are typed, each with what it becomes."""
    return [("{" + name + "}", words.text(text)) for name, text in PLACEHOLDERS.items()]


def when(words: Words, day: int) -> str:
    """Say when a step comes: "3 days before the due date"."""
    if day == 0:
        return words.text("on the due date")
    if day < 0:
        return words.plural("%(n)s day before the due date", "%(n)s days before the due date", -day)
    return words.plural("%(n)s day after the due date", "%(n)s days after the due date", day)


def series(words: Words, name: str, preset: str) -> str:
    """Name a cadence: one that stands as it was proposed in the reader's words, any other as its owner did."""
    return words.text(PRESETS[preset]) if preset in PRESETS and name == preset else name


def language(words: Words, code: str) -> str:
    """Name a language."""
    return words.text(LANGUAGES[code]) if code in LANGUAGES else code


def doubts(words: Words, found: Sequence[Doubt]) -> list[str]:
    """Say what deserves a second look, one sentence each."""
    return [_doubt(words, doubt) for doubt in found]


def _doubt(words: Words, doubt: Doubt) -> str:
    spoken = language(words, doubt.language)
    if doubt.code == "heavy":
        return words.text("%(language)s: “%(found)s” weighs much. Keep it only where it is true and needed.",
                          language=spoken, found=doubt.found)
    if doubt.code == "shouts":
        return words.text("%(language)s: capitals and exclamation marks read as shouting.", language=spoken)
    if doubt.code == "no_day":
        return words.text("%(language)s: nothing says until when you wait. {until} names the day.", language=spoken)
    return words.text("%(language)s: empty, so who reads it reads our words.", language=spoken)
