"""Money, rates and counts as a reader's country writes them; amounts stay whole minor units until the last moment."""

from __future__ import annotations

import copy
from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal, format_percent, get_decimal_symbol

from portal.domain.currencies import exponent, step
from portal.domain.money import Mark, to_decimal

# Spanish of Spain groups from five digits on (1056,61 € but 12.345,00 €); Babel does not know this rule of CLDR.
GROUPS_FROM_FIVE_DIGITS = {"es", "es_ES"}
MINUS = "\u2212"


def digits_shown(currency: str) -> int:
    """Tell how many decimals people see: none where a currency only moves in whole units."""
    decimals: int = exponent(currency)
    return 0 if step(currency) % 10**decimals == 0 else decimals


def money(locale: Locale, minor: int, currency: str) -> str:
    """Write an amount with its currency's sign; a negative one carries a true minus in front."""
    pattern = copy.copy(locale.currency_formats["standard"])
    digits = digits_shown(currency)
    pattern.frac_prec = (digits, digits)
    value = abs(to_decimal(minor, currency))
    written: str = pattern.apply(
        value, locale, currency=currency, currency_digits=False, group_separator=_groups(locale, value))
    return MINUS + written if minor < 0 else written


def money_parts(locale: Locale, minor: int, currency: str) -> tuple[str, str]:
    """Split an amount before its decimal mark: ("$2,290", ".23"), ("1056", ",61 €"), ("¥500", "")."""
    written = money(locale, minor, currency)
    if not digits_shown(currency):
        return written, ""
    whole, mark, rest = written.rpartition(get_decimal_symbol(locale))
    return whole, mark + rest


def decimal_mark(locale: Locale) -> Mark:
    """Tell the sign before cents; a country whose sign is neither a point nor a comma writes a point."""
    return "," if get_decimal_symbol(locale) == "," else "."


def percent(locale: Locale, basis_points: int) -> str:
    """Write a rate: 250 hundredths of a percent is 2.5%."""
    pattern = copy.copy(locale.percent_formats[None])
    pattern.frac_prec = (0, 2)
    return format_percent(Decimal(basis_points) / 10_000, format=pattern, locale=locale)


def whole(locale: Locale, value: int) -> str:
    """Write a count."""
    return format_decimal(value, locale=locale, group_separator=_groups(locale, Decimal(value)))



def _groups(locale: Locale, value: Decimal) -> bool:
    return str(locale) not in GROUPS_FROM_FIVE_DIGITS or abs(value) >= 10_000
