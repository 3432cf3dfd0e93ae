"""The base rates that statutory interest on late payments between businesses stands on: dated facts, and no forecast.

A rate holds for the half-year that begins on its day. Half-years that are not here are entered by the owner; until
then no interest is worked out for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# Both laws add eight percentage points to their base rate.
MARGIN_POINTS = 800
# Half-years, in hundredths of a percent.
# eu: Directive 2011/7/EU; the European Central Bank's main refinancing rate on the first day of the half-year, after
# the table of policy rates that the Banque de France publishes; from 2025 on after the Bundesbank's notices of the
# German base rate, which name it.
# uk: Late Payment of Commercial Debts (Interest) Act 1998; the Bank of England's base rate on the day before the
# half-year, after the table of reference rates at payontime.co.uk; from July 2024 on after the Bank's decisions
# (August 1, 2024: from 5.25; February 6, 2025: from 4.75; May 8, 2025: to 4.25; December 18, 2025: to 3.75).
BASE_RATES: Mapping[str, Mapping[date, int]] = {
    "eu": {
        **{date(year, month, 1): 0 for year in range(2017, 2023) for month in (1, 7)},
        date(2023, 1, 1): 250, date(2023, 7, 1): 400, date(2024, 1, 1): 450, date(2024, 7, 1): 425,
        date(2025, 1, 1): 315, date(2025, 7, 1): 215, date(2026, 1, 1): 215,
    },
    "uk": {
        date(2019, 1, 1): 75, date(2019, 7, 1): 75, date(2020, 1, 1): 75, date(2020, 7, 1): 10, date(2021, 1, 1): 10,
        date(2021, 7, 1): 10, date(2022, 1, 1): 25, date(2022, 7, 1): 125, date(2023, 1, 1): 350,
        date(2023, 7, 1): 500, date(2024, 1, 1): 525, date(2024, 7, 1): 525, date(2025, 1, 1): 475,
        date(2025, 7, 1): 425, date(2026, 1, 1): 375,
    },
}
SOURCES: Mapping[str, str] = {
    "eu": "https://www.banque-france.fr/en/policy-rates",
    "uk": "https://payontime.co.uk/how-to-calculate-late-payment-interest-and-compensation",
}
CURRENCIES: Mapping[str, str] = {"eu": "EUR", "uk": "GBP"}
# The sum a creditor may add once for the costs of collecting: from how much unpaid on, and how much; minor units.
FIXED_SUMS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "eu": ((1, 40_00),),
    "uk": ((10_000_00, 100_00), (1_000_00, 70_00), (1, 40_00)),
}


def half_year(day: date) -> date:
    """Give the first day of the half-year a day lies in: November 10 is in the one of July 1."""
    return date(day.year, 7 if day.month > 6 else 1, 1)


def base_rate(law: str, day: date, entered: Mapping[str, int]) -> int | None:
    """Tell the base rate on a day in hundredths of a percent: the owner's word first, then ours; None: not known."""
    first = half_year(day)
    own = entered.get(first.isoformat())
    return own if own is not None else BASE_RATES[law].get(first)


def fixed_sum(law: str, unpaid_minor: int) -> int:
    """Tell what may be added once for the costs of collecting; 70.00 pounds on a debt of 1,000.00."""
    return next((sum for least, sum in FIXED_SUMS[law] if unpaid_minor >= least), 0)
