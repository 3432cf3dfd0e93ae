"""Dates as exports write them: which order day and month stand in, and the date of one cell.

The order is a property of a column, never of a single cell, because 3/4/2026 alone could be either.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from portal.domain.errors import Refusal
from portal.domain.imports.results import DateOrder

_EARLIEST, _LATEST = date(1990, 1, 1), date(2100, 1, 1)

_MONTH_WORDS = (
    "jan january ene enero januar janner janv janvier",
    "feb february febrero februar fev fevr fevrier",
    "mar march marzo marz maerz mrz mars",
    "apr april abr abril avr avril",
    "may mayo mai",
    "jun june junio juni juin",
    "jul july julio juli juil juillet",
    "aug august ago agosto aout",
    "sep sept september septiembre setiembre septembre",
    "oct october octubre okt oktober octobre",
    "nov november noviembre novembre",
    "dec december dic diciembre dez dezember decembre",
)
_MONTHS = {word: number for number, words in enumerate(_MONTH_WORDS, 1) for word in words.split()}

_TIME = re.compile(
    r"[T ]\s*[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|[+-][0-9:]{4,6})?$"
)
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/. ]?)([0-9]{1,2})\2([0-9]{1,2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_DAY_MONTH_WORD = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|er)?[-./ ]+(?:de )?([a-z]+)[-./ ]+(?:de )?([0-9]{4}|[0-9]{2})"
)
_MONTH_WORD_DAY = re.compile(r"([a-z]+)[-./ ]+([0-9]{1,2})(?:st|nd|rd|th)?[-./ ]+([0-9]{4}|[0-9]{2})")


@dataclass(frozen=True, slots=True)
class ColumnOrder:
    """The order of one date column, and whether the file showed it or it was assumed."""

    order: DateOrder
    assumed: bool


def looks_like_date(text: str) -> bool:
    """Is this cell written like a date, whichever order it is in?"""
    plain = _plain(text)
    if _YEAR_FIRST.fullmatch(plain):
        return not plain.isdigit() or 1990 <= int(plain[:4]) < 2100
    return bool(_NUMERIC.fullmatch(plain)) or _with_month_word(plain) is not None


def column_orders(
    columns: Mapping[str, Iterable[str]], stated: DateOrder | None, default: DateOrder
) -> dict[str, ColumnOrder]:
    """The order of each date column: what was stated, else what its own dates show, else its neighbours'.

    A number above 12 decides. A column that shows nothing follows the other date columns of the file, then
    the day-first habit of dotted dates (3.4.2026), then the default; only the last two count as assumed.
    """
    if stated:
        return {name: ColumnOrder(stated, assumed=False) for name in columns}
    shown = {name: _evidence(cells) for name, cells in columns.items()}
    all_day_first = sum(day_first for day_first, _, _ in shown.values())
    all_month_first = sum(month_first for _, month_first, _ in shown.values())
    answer: dict[str, ColumnOrder] = {}
    for name, (day_first, month_first, open_cells) in shown.items():
        if day_first == month_first:
            day_first, month_first = all_day_first, all_month_first
        if day_first != month_first:
            answer[name] = ColumnOrder("dmy" if day_first > month_first else "mdy", assumed=False)
        else:
            order: DateOrder = "dmy" if "." in open_cells else default
            answer[name] = ColumnOrder(order, assumed=bool(open_cells))
    return answer


def read_date(text: str, order: DateOrder) -> date:
    """The date a cell holds, read in its column's order; month names and a time behind it are understood.

    Raises Refusal("invalid", "date_unreadable" | "date_out_of_range").
    """
    parts = _parts(_plain(text), order)
    try:
        found = date(*parts) if parts else None
    except ValueError:
        found = None
    if found is None:
        raise Refusal("invalid", "date_unreadable", order=order)
    if not _EARLIEST <= found < _LATEST:
        raise Refusal("invalid", "date_out_of_range", earliest=_EARLIEST, latest=_LATEST)
    return found


def _plain(text: str) -> str:
    without_time = _TIME.sub("", text.strip())
    return re.sub(r"(?<=[0-9])\. +(?=[0-9])", ".", without_time).rstrip(".")


def _evidence(cells: Iterable[str]) -> tuple[int, int, str]:
    """How many cells show day first, how many month first, and the separators of those that show neither."""
    day_first = month_first = 0
    undecided = set()
    for cell, times in Counter(cells).items():
        found = _NUMERIC.fullmatch(_plain(cell))
        if not found:
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            day_first += times
        elif second > 12 >= first:
            month_first += times
        elif first != second:
            undecided.add(found[2])
    return day_first, month_first, "".join(sorted(undecided))


def _parts(plain: str, order: DateOrder) -> tuple[int, int, int] | None:
    if found := _YEAR_FIRST.fullmatch(plain):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _NUMERIC.fullmatch(plain):
        first, second, third = int(found[1]), int(found[3]), int(found[4])
        if order == "ymd":
            return (2000 + first, second, third) if len(found[4]) == 2 else None
        day, month = (first, second) if order == "dmy" else (second, first)
        return _full_year(found[4]), month, day
    return _with_month_word(plain)


def _with_month_word(plain: str) -> tuple[int, int, int] | None:
    bare = unicodedata.normalize("NFKD", plain.casefold())
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).replace(",", " ")
    if (found := _DAY_MONTH_WORD.fullmatch(bare)) and found[2] in _MONTHS:
        return _full_year(found[3]), _MONTHS[found[2]], int(found[1])
    if (found := _MONTH_WORD_DAY.fullmatch(bare)) and found[1] in _MONTHS:
        return _full_year(found[3]), _MONTHS[found[1]], int(found[2])
    return None


def _full_year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)
