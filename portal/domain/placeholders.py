"""Words with placeholders: a closed set of names in braces, each a plain lookup and nothing else. Pure.

There are no attributes, indexes or formats here: `{name.__class__}` is as unknown as `{nmae}`, and named in the error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.domain.errors import Refusal

# What each one becomes is listed, in words, beside the form in which they are typed (words/step_words.py).
KNOWN = ("name", "business", "sender", "phone", "invoice", "amount", "date", "until")
# What would tell a bystander of a debt; a subject may hold the others.
TELLING = ("invoice", "amount", "date", "until")
LONGEST_SHOWN = 40

_TOKEN = re.compile(r"\{([^{}]*)\}|([{}])")


@dataclass(frozen=True)
class Part:
    """A piece of a text: words as they were typed, or the name of a placeholder."""

    text: str
    is_placeholder: bool = False


def parse(text: str) -> tuple[Part, ...]:
    """Read a text with placeholders.

    Worked: "Hello {name}." is ("Hello ", the placeholder name, "."). Raises Refusal unknown_placeholder with the one
    that is not known and the list of those that are, and lone_brace.
    """
    parts: list[Part] = []
    end = 0
    for token in _TOKEN.finditer(text):
        if token[2]:
            raise Refusal("invalid", "lone_brace", known=listed(KNOWN))
        if token[1] not in KNOWN:
            raise Refusal("invalid", "unknown_placeholder", unknown="{" + token[1][:LONGEST_SHOWN] + "}",
                          known=listed(KNOWN))
        parts += [Part(text[end:token.start()]), Part(token[1], is_placeholder=True)]
        end = token.end()
    return tuple(part for part in (*parts, Part(text[end:])) if part.text)


def used(text: str) -> frozenset[str]:
    """Name the placeholders of a text; raises Refusal as parse() does."""
    return frozenset(part.text for part in parse(text) if part.is_placeholder)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in, each where its placeholder stands and in one pass; what a value says is never read again."""
    return "".join(values[part.text] if part.is_placeholder else part.text for part in parse(text))


def listed(names: Sequence[str]) -> str:
    """Write placeholders as they are typed: "{name}, {amount}"."""
    return ", ".join("{" + name + "}" for name in names)
