"""The dashboard's pictures as numbers for SVG attributes: bars and columns of exactly the sums in the table beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.currencies import exponent

AGE_WIDTH, GAP = 300.0, 1.0
WEEK_WIDTH, HEIGHT, TOP, LEFT = 760, 136, 12, 96
# A grid line every so much: 1, 2 or 5 times a power of ten.
NICE = (1, 2, 5)


@dataclass(frozen=True)
class Bar:
    """One age: what may be chased, and beside it what is on hold."""

    free: float
    held_at: float
    held: float


@dataclass(frozen=True)
class Column:
    """One week: the column of what came in, and the mark of what fell due."""

    x: float
    y: float
    height: float
    mark: float
    reached: bool


@dataclass(frozen=True)
class Columns:
    """Eight weeks on one scale, with the lines of its grid as (y, minor)."""

    width: float
    columns: tuple[Column, ...]
    grid: tuple[tuple[float, int], ...]


def bars(ages: Sequence[Mapping[str, Any]], currency: str) -> list[Bar]:
    """Draw what is outstanding by age in one currency; the longest fills the width."""
    most = max((age["sums"].get(currency, 0) for age in ages), default=0)
    scale = AGE_WIDTH / most if most else 0.0
    drawn = []
    for age in ages:
        held = min(age["held"].get(currency, 0), age["sums"].get(currency, 0))
        free = (age["sums"].get(currency, 0) - held) * scale
        drawn.append(Bar(round(free, 1), round(free + GAP, 1), round(held * scale, 1)))
    return drawn


def columns(weeks: Sequence[Mapping[str, Any]], currency: str) -> Columns:
    """Draw what came in by week in one currency, with a mark for what fell due."""
    came = [max(0, week["collected"].get(currency, 0)) for week in weeks]
    due = [week["fell_due"].get(currency, 0) for week in weeks]
    step = _step(max(*came, *due, 1), currency)
    top = max(-(-max(*came, *due, 1) // step), 1) * step
    scale = (HEIGHT - TOP) / top
    each = (WEEK_WIDTH - LEFT) / len(weeks)
    drawn = tuple(
        Column(round(LEFT + each * index + each * 0.27, 1), round(HEIGHT - one * scale, 1), round(one * scale, 1),
               round(HEIGHT - wanted * scale, 1), one >= wanted)
        for index, (one, wanted) in enumerate(zip(came, due, strict=True)))
    lines = tuple((round(HEIGHT - minor * scale, 1), minor) for minor in range(0, top + 1, step))
    return Columns(round(each * 0.47, 1), drawn, lines)


def _step(most: int, currency: str) -> int:
    """Give the distance of grid lines: the smallest nice one that makes at most three."""
    unit = 10**exponent(currency)
    while True:
        for nice in NICE:
            if most <= 3 * nice * unit:
                return int(nice * unit)
        unit *= 10
