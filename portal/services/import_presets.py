"""Ready-made mappings for the exports of common programs, kept as data: one file each in import_presets_data/.

A file is recognized when all headers of a signature are in it. What a mapping names and a file lacks is left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from portal.domain.imports.headers import SYNONYMS, normalise

FOLDER = Path(__file__).resolve().parent / "import_presets_data"


@dataclass(frozen=True)
class Preset:
    """The export of one program: how it is called, by which headers it is known, and which column becomes what."""

    label: str
    signature: frozenset[str]
    mapping: Mapping[str, tuple[str, ...]]

    def fits(self, headers: Sequence[str]) -> bool:
        """Say whether a file has all headers of the signature."""
        return self.signature <= set(map(normalise, headers))

    def mapping_of(self, headers: Sequence[str]) -> dict[str, str]:
        """Give field → header of this very file; what no header is there for is left out of the guessing too."""
        there = {normalise(header): header for header in reversed(headers)}
        chosen = {}
        for field in SYNONYMS:
            names = self.mapping.get(field, ())
            chosen[field] = next((there[normalise(name)] for name in names if normalise(name) in there), "")
        return chosen


@cache
def all_presets() -> tuple[Preset, ...]:
    """Read every data file, the longest signature first."""
    found = [_read(tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.toml"))]
    return tuple(sorted(found, key=lambda preset: -len(preset.signature)))


def fitting(headers: Sequence[str]) -> Preset | None:
    """Find the program whose export this is, or None."""
    return next((preset for preset in all_presets() if preset.fits(headers)), None)


def _read(data: Mapping[str, object]) -> Preset:
    mapping, signature = data["mapping"], data["signature"]
    assert isinstance(mapping, dict) and isinstance(signature, list)
    unknown = set(mapping) - set(SYNONYMS)
    if unknown:
        raise ValueError(f"{data['label']}: no fields {sorted(unknown)}")
    columns = {field: tuple([names] if isinstance(names, str) else names) for field, names in mapping.items()}
    return Preset(str(data["label"]), frozenset(map(normalise, signature)), columns)
