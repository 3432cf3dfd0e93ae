"""Countries, currencies and timezones by the names a reader knows them by, as choices of a form."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel import Locale

from portal.domain import currencies as ours
from portal.domain.imports.cells import COUNTRIES
from portal.words.catalogs import LANGUAGES, SOURCE

Choices = tuple[tuple[str, str], ...]
# Areas that hold places where people live; the rest of the table are old names and technical ones.
AREAS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@cache
def countries(language: str) -> Choices:
    """Name every country: ("US", "United States")."""
    named = _locale(language).territories
    return _by_name({code: named[code] for code in COUNTRIES})


@cache
def currencies(language: str) -> Choices:
    """Name every currency that can be charged: ("USD", "US Dollar (USD)")."""
    named = _locale(language).currencies
    return _by_name({code: f"{named.get(code, code)} ({code})" for code in ours.SUPPORTED})


@cache
def timezones() -> Choices:
    """Name every timezone by its place: ("America/New_York", "America/New York")."""
    found = sorted(name for name in available_timezones() if name.startswith(AREAS))
    return tuple((name, name.replace("_", " ")) for name in (*found, "UTC"))


def _locale(language: str) -> Locale:
    return Locale.parse(language if language in LANGUAGES else SOURCE)


def _by_name(named: dict[str, str]) -> Choices:
    return tuple(sorted(named.items(), key=lambda pair: pair[1].lower()))
