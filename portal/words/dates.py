"""Days and times as people write them in a letter: full weekday and month, the zone by the name people use."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name

MONTH_FIRST = {"day": "EEEE, MMMM d", "year": ", y", "short": "MMM d", "long": "MMMM d, y"}
DAY_FIRST = {"day": "EEEE, d MMMM", "year": " y", "short": "d MMM", "long": "d MMMM y"}
SPANISH = {"day": "EEEE d 'de' MMMM", "year": " 'de' y", "short": "d MMM", "long": "d 'de' MMMM 'de' y"}
# Writing a day takes longer than remembering it, and the same few days stand on every page.
REMEMBERED = 4_096


@lru_cache(maxsize=REMEMBERED)
def day(locale: Locale, value: date, this_year: int | None) -> str:
    """Write a day in full, its year only when it is another than the reader's."""
    patterns = _patterns(locale)
    year = "" if value.year == this_year else patterns["year"]
    return format_date(value, patterns["day"] + year, locale=locale)


@lru_cache(maxsize=REMEMBERED)
def short_day(locale: Locale, value: date, this_year: int | None) -> str:
    """Write a day as a tag has room for it."""
    patterns = _patterns(locale)
    year = "" if value.year == this_year else patterns["year"].replace(" 'de'", "")
    return format_date(value, patterns["short"] + year, locale=locale)


@lru_cache(maxsize=REMEMBERED)
def long_day(locale: Locale, value: date) -> str:
    """Write a day as a document dates itself."""
    return format_date(value, _patterns(locale)["long"], locale=locale)


def clock(locale: Locale, local: datetime) -> str:
    """Write the time of day of a local moment."""
    # By the bare time: the same moment in two zones counts as equal, and so would be remembered as one.
    return _time_of_day(locale, local.time())


@lru_cache(maxsize=REMEMBERED)
def _time_of_day(locale: Locale, local: time) -> str:
    written = format_time(local, "short", locale=locale)
    # CLDR puts a narrow no-break space and capitals before and in "PM"; a letter writes "2:42 pm".
    return written.replace("\u202f", "\u00a0").replace("AM", "am").replace("PM", "pm")


def moment(locale: Locale, local: datetime, this_year: int | None) -> str:
    """Write day, time and zone of a local moment."""
    return f"{day(locale, local.date(), this_year)}, {clock(locale, local)} {zone_name(locale, local)}"


def zone_name(locale: Locale, local: datetime) -> str:
    """Name a zone the way people there do: "Pacific", "Central European Time", "UTC"."""
    return "UTC" if str(local.tzinfo) in ("UTC", "Etc/UTC") else _named_zone(locale, local.tzinfo)


@lru_cache(maxsize=REMEMBERED)
def _named_zone(locale: Locale, zone: tzinfo | None) -> str:
    name: str = get_timezone_name(zone, locale=locale)
    return name.removesuffix(" Time") if name.count(" ") == 1 else name


def _patterns(locale: Locale) -> dict[str, str]:
    if locale.language == "es":
        return SPANISH
    return MONTH_FIRST if locale.date_formats["short"].pattern.startswith("M") else DAY_FIRST
