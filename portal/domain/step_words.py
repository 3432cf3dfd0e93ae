"""Whether a business's own words for a step can be kept: what is refused, and what deserves a second look. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.domain import calm
from portal.domain.errors import Refusal
from portal.domain.placeholders import TELLING, listed, parse, used

LONGEST_SUBJECT, LONGEST_BODY = 120, 2_000
# These say until when an answer is waited for; their words should name the day.
NAMES_A_DAY = ("firm", "formal", "final")

Written = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Doubt:
    """Something that may be kept and is worth a second look: heavy, shouts, no_day or missing_language."""

    code: str
    language: str
    found: str = ""


def refusals(written: Written) -> dict[tuple[str, str], Refusal]:
    """Name what cannot be kept, by language and field ("subject" or "body"); {} when all of it can."""
    found = {}
    for language, texts in written.items():
        for field, check in (("subject", check_subject), ("body", check_body)):
            try:
                check(texts.get(field, ""))
            except Refusal as refusal:
                found[language, field] = refusal
    return found


def check_subject(subject: str) -> None:
    """Let pass what may stand in a subject line.

    Raises Refusal invalid: note_too_long, subject_lines, unknown_placeholder, lone_brace, subject_placeholder,
    subject_tells, words_threaten.
    """
    if len(subject) > LONGEST_SUBJECT:
        raise Refusal("invalid", "note_too_long", longest=LONGEST_SUBJECT)
    if not subject.isprintable():
        raise Refusal("invalid", "subject_lines")
    telling = [name for name in TELLING if name in used(subject)]
    if telling:
        raise Refusal("invalid", "subject_placeholder", found=listed(telling))
    for word in calm.telling(_typed(subject)):
        raise Refusal("invalid", "subject_tells", found=word)
    _check_calm(subject)


def check_body(body: str) -> None:
    """Let pass what may stand in an email, a letter or a script.

    Raises Refusal invalid: note_too_long, unknown_placeholder, lone_brace, words_threaten, text_signs.
    """
    if len(body) > LONGEST_BODY:
        raise Refusal("invalid", "note_too_long", longest=LONGEST_BODY)
    if not all(sign.isprintable() or sign in "\r\n\t" for sign in body):
        raise Refusal("invalid", "text_signs")
    parse(body)
    _check_calm(body)


def doubts(written: Written, tone: str) -> list[Doubt]:
    """Name what deserves a second look, language by language; words that cannot be read are no matter of this."""
    found = []
    own = {language: texts for language, texts in written.items() if any(texts.values())}
    for language, texts in written.items():
        said = " ".join(_typed(text) for text in texts.values())
        found += [Doubt("heavy", language, word) for word in calm.heavy(said)]
        if calm.shouts(said):
            found.append(Doubt("shouts", language))
        if texts.get("body") and tone in NAMES_A_DAY and "until" not in used(texts["body"]):
            found.append(Doubt("no_day", language))
        if own and language not in own:
            found.append(Doubt("missing_language", language))
    return found


def tidy(written: Written) -> dict[str, dict[str, str]]:
    """Give the form that is stored: without spaces at the ends, and nothing where nothing was written."""
    tidied = {language: {field: text.strip().replace("\r\n", "\n") for field, text in texts.items() if text.strip()}
              for language, texts in written.items()}
    return {language: texts for language, texts in tidied.items() if texts}


def _typed(text: str) -> str:
    """The words alone: what a placeholder becomes is not the writer's."""
    return "".join(" " if part.is_placeholder else part.text for part in parse(text))


def _check_calm(text: str) -> None:
    for word in calm.threats(_typed(text)):
        raise Refusal("invalid", "words_threaten", found=word)
