"""Money, rates and counts as a reader's country writes them; amounts stay whole minor units until the last moment."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache, partial

from babel import Locale
from babel.numbers import format_decimal, format_percent, get_decimal_symbol, get_group_symbol

from portal.domain.currencies import exponent, step
from portal.domain.money import Mark, to_decimal

# Spanish of Spain groups from five digits on (1056,61 € but 12.345,00 €); Babel does not know this rule of CLDR.
GROUPS_FROM_FIVE_DIGITS = {"es", "es_ES"}
MINUS = "\u2212"
REMEMBERED = 4_096


def digits_shown(currency: str) -> int:
    """Tell how many decimals people see: none where a currency only moves in whole units."""
    decimals: int = exponent(currency)
    return 0 if step(currency) % 10**decimals == 0 else decimals


@dataclass(frozen=True)
class _Frame:
    """What stands around the digits of an amount: `$`, `,`, `.` and nothing after."""

    before: str
    group: str
    mark: str
    after: str
    grouped_from: int
    exponent: int
    digits: int


def money(locale: Locale, minor: int, currency: str) -> str:
    """Write an amount with its currency's sign; a negative one carries a true minus in front."""
    frame = _frame(locale, currency)
    whole, rest = divmod(abs(minor), 10**frame.exponent) if frame else (0, 0)
    if frame is None or (rest and not frame.digits):
        return _by_babel(locale, minor, currency)
    written = f"{whole:,}".replace(",", frame.group) if whole >= frame.grouped_from else str(whole)
    cents = f"{frame.mark}{rest:0{frame.digits}d}" if frame.digits else ""
    return f"{MINUS if minor < 0 else ''}{frame.before}{written}{cents}{frame.after}"


@cache
def remembering(locale: Locale) -> Callable[[int, str], str]:
    """Give money() of one locale, with what it wrote last: a page says the same amount several times."""
    return lru_cache(maxsize=REMEMBERED)(partial(money, locale))


@cache
def _frame(locale: Locale, currency: str) -> _Frame | None:
    """Learn from Babel once how a locale writes a currency; None where digits are not grouped by threes."""
    pattern = locale.currency_formats["standard"]
    digits, decimals = digits_shown(currency), exponent(currency)
    sample = _by_babel(locale, 1_234_567 * 10**decimals, currency)
    group = get_group_symbol(locale)
    found = sample.partition(f"1{group}234{group}567")
    if not found[1] or tuple(pattern.grouping) != (3, 3) or digits not in (0, decimals):
        return None
    mark = get_decimal_symbol(locale) if digits else ""
    after = found[2].removeprefix(f"{mark}{'0' * digits}") if digits else found[2]
    return _Frame(found[0], group, mark, after, 10_000 if str(locale) in GROUPS_FROM_FIVE_DIGITS else 1_000, decimals,
                  digits)


def _by_babel(locale: Locale, minor: int, currency: str) -> str:
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


def bare(locale: Locale, minor: int, currency: str) -> str:
    """Write an amount without its sign, for columns whose head names the currency: "2,290.23"."""
    digits, value = digits_shown(currency), abs(to_decimal(minor, currency))
    written: str = format_decimal(value, format=f"#,##0.{'0' * digits}" if digits else "#,##0", locale=locale,
                                  group_separator=_groups(locale, value))
    return MINUS + written if minor < 0 else written


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
