"""How late money is, in the five ages an office looks at, and what moves between them soon or moved just now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Days late; the last age has no end.
AGES = (("not_due", None, 0), ("1-30", 1, 30), ("31-60", 31, 60), ("61-90", 61, 90), ("91", 91, None))
LATELY_DAYS = 7
# Where one statement of the database cuts the days late, so that five ages and both alerts come out of it.
EDGES = (0, 7, 30, 37, 60, 67, 83, 90, 97)


@dataclass
class Age:
    """One age: sums by currency in minor units, how many invoices, what is on hold of it, and what came into it."""

    code: str
    sums: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    invoices: int = 0
    # Invoices that came into this age within the last week, and their sums.
    entered: int = 0
    entered_sums: dict[str, int] = field(default_factory=dict)
    # Invoices that leave it for the last age within a week: a call before that is better than one after.
    leaving: int = 0
    leaving_sums: dict[str, int] = field(default_factory=dict)


def edge_of(days_late: int) -> int:
    """Tell into which cut a number of days late falls: 0 for not due, 1 for 1 to 7 days …"""
    return next((index for index, edge in enumerate(EDGES) if days_late <= edge), len(EDGES))


def code_of(days_late: int) -> str:
    """Name the age of so many days late: 31 is "31-60"."""
    return next(code for code, _, last in AGES if last is None or days_late <= last)


def gather(rows: Iterable[tuple[str, int, int, int]]) -> list[Age]:
    """Put cuts (currency, cut, invoices, minor) together to the five ages.

    Worked: 100.00 in the cut of 84 to 90 days late is in 61 to 90, and counts as leaving it within a week.
    """
    ages = {code: Age(code) for code, _, _ in AGES}
    for currency, cut, invoices, minor in rows:
        latest = EDGES[cut] if cut < len(EDGES) else EDGES[-1] + 1
        age = ages[code_of(latest)]
        _add(age.sums, currency, minor)
        age.invoices += invoices
        if latest in (7, 37, 67, 97):
            age.entered += invoices
            _add(age.entered_sums, currency, minor)
        if latest == 90:
            age.leaving += invoices
            _add(age.leaving_sums, currency, minor)
    return list(ages.values())


def _add(sums: dict[str, int], currency: str, minor: int) -> None:
    sums[currency] = sums.get(currency, 0) + minor
