"""Collects every text of the portal that a person may read, with the place it was found in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_file

PORTAL = Path(__file__).resolve().parents[2] / "portal"
MARKED = {"N_": None}
SPOKEN = {**MARKED, "_": None, "text": None, "plural": (1, 2), "ngettext": (1, 2)}
JINJA = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}


@dataclass(frozen=True)
class Text:
    """One text; `many` is its plural form if it counts."""

    one: str
    many: str | None
    places: tuple[str, ...]


@cache
def all_texts() -> tuple[Text, ...]:
    """Every text in the code and the templates, once each."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for path in sorted(PORTAL.rglob("*")):
        for line, message in _in_file(path):
            one, many = (message, None) if isinstance(message, str) else (message[0], message[1])
            if one:
                found.setdefault((one, many), []).append(f"{path.relative_to(PORTAL.parent)}:{line}")
    return tuple(Text(one, many, tuple(places)) for (one, many), places in found.items())


def _in_file(path: Path) -> list[tuple[int, Any]]:
    if path.suffix in (".html", ".txt") and "templates" in path.parts:
        method, keywords, options = "jinja2.ext:babel_extract", SPOKEN, JINJA
    elif path.suffix == ".py":
        # In services and below, text() is SQLAlchemy's; sentences there are only ever marked.
        keywords = SPOKEN if {"words", "routes"} & set(path.parts) else MARKED
        method, options = "python", {}
    else:
        return []
    return [(line, message) for line, message, *_ in extract_from_file(method, str(path), keywords, options=options)]
