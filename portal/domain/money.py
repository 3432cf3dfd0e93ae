"""Amounts of money: whole minor units with their currency, and the only arithmetic allowed on them.

Reading what people type and splitting without losing a cent live here; showing money belongs to `words`.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn

from portal.domain.currencies import canonical, exponent, is_supported, step
from portal.domain.errors import Refusal

Mark = Literal[".", ","]

MAX_MINOR = 10**13
_MAX_TEXT = 60
_BASIS_POINTS = 10_000
SPACES = " \u00a0\u202f\u2009"
_MINUS = "-\u2212"


def _codes(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_DOLLARS = _codes(
    "USD AUD BBD BMD BND BSD BZD CAD CLP COP DOP FJD GYD HKD JMD KYD LRD MXN ARS NAD NIO NZD SBD SGD SRD TTD "
    "TWD UYU XCD"
)
_POUNDS = _codes("GBP EGP FKP GIP LBP SHP")
_CROWNS = _codes("DKK ISK NOK SEK")
_RUPEES = _codes("INR PKR LKR NPR MUR SCR")
_SIGNS: dict[str, frozenset[str]] = {
    "$": _DOLLARS, "£": _POUNDS, "kr": _CROWNS, "kr.": _CROWNS,
    "¥": _codes("JPY CNY"), "円": _codes("JPY"), "元": _codes("CNY"),
    "€": _codes("EUR"), "₹": _codes("INR"), "rs": _RUPEES,
    "rs.": _RUPEES, "₩": _codes("KRW"), "₺": _codes("TRY"),
    "₫": _codes("VND"), "₪": _codes("ILS"), "₱": _codes("PHP"), "₴": _codes("UAH"),
    "฿": _codes("THB"), "₦": _codes("NGN"), "zł": _codes("PLN"), "kč": _codes("CZK"),
    "ft": _codes("HUF"), "fr": _codes("CHF"), "fr.": _codes("CHF"), "sfr.": _codes("CHF"),
    "r$": _codes("BRL"), "s/": _codes("PEN"), "s/.": _codes("PEN"), "r": _codes("ZAR"),
    "us$": _codes("USD"), "c$": _codes("CAD"), "ca$": _codes("CAD"), "a$": _codes("AUD"),
    "au$": _codes("AUD"), "nz$": _codes("NZD"), "hk$": _codes("HKD"), "s$": _codes("SGD"),
    "mx$": _codes("MXN"), "nt$": _codes("TWD"), "lei": _codes("RON"), "rm": _codes("MYR"),
}  # fmt: skip

_NOT_IN_A_MARK = re.escape(f"0123456789.,()+'’{_MINUS}{SPACES}")
_LEADING_MARK = re.compile(rf"([^{_NOT_IN_A_MARK}]+\.?)")
_TRAILING_MARK = re.compile(rf"([^{_NOT_IN_A_MARK}]+\.?)$")
_GROUPED = re.compile(rf"[0-9]{{1,3}}([.,'’{SPACES}])[0-9]{{3}}(?:\1[0-9]{{3}})*")
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_NUMERIC = re.compile(rf"[0-9.,'’{SPACES}]+")
_LOOKS_GROUPED_ONCE = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


class MoneyError(Refusal):
    """An amount that cannot be used: unreadable, too precise, too large, or in another currency."""


def _refuse(code: str, **params: object) -> NoReturn:
    raise MoneyError("invalid", code, **params)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency: 12.34 EUR is Money(1234, "EUR"). It never mixes with another currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError("money is counted in whole minor units")
        if canonical(self.currency) != self.currency:
            _refuse("currency_unknown", currency=self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            _refuse("currency_mismatch", currency=self.currency, other=other.currency)
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0


def parse_amount(text: str, currency: str, decimal: Mark | None = None, *, signed: bool = False) -> int:
    """Read an amount a person typed or a file holds, exactly: "1,234.50" in USD is 123450.

    `decimal` is the decimal mark; without it the amount must speak for itself ("1,234" is then refused,
    because it is either a thousand or one and a bit). Grouping, the currency's own sign or code, and zeros
    behind the last decimal are understood; no digits but 0-9 are. A negative amount (minus or parentheses)
    is refused unless `signed`. Raises MoneyError: amount_empty, amount_too_long, amount_control_character,
    amount_not_a_number, amount_other_currency, amount_ambiguous, amount_too_precise, amount_step,
    amount_too_large, amount_negative.
    """
    code = canonical(currency)
    number, negative = _bare_number(_clean(text), code)
    whole, fraction = _split(number, decimal)
    minor = _to_minor(whole, fraction, code)
    if negative and minor and not signed:
        _refuse("amount_negative")
    return -minor if negative else minor


def guess_mark(number: str) -> Mark | Literal["ambiguous"] | None:
    """Which decimal mark one written number shows: "1.234,56" shows a comma, "1,234" could be either.

    None when it shows nothing ("1234").
    """
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        return "." if number.rfind(".") > number.rfind(",") else ","
    if not dots and not commas:
        return None
    if dots + commas > 1:
        return "," if dots else "."
    if _LOOKS_GROUPED_ONCE.fullmatch(number):
        return "ambiguous"
    return "." if dots else ","


def split_evenly(total: int, parts: int, step: int = 1) -> list[int]:
    """Divide a sum into equal parts without losing a cent; the first ones carry what is left over.

    100.00 in three is 33.34, 33.33, 33.33 (10000 gives 3334, 3333, 3333). Parts differ by at most `step`, and
    each is a multiple of it, as the total must be. Raises MoneyError("split_impossible").
    """
    if total < 0 or parts < 1 or step < 1 or total % step:
        _refuse("split_impossible", total=total, parts=parts)
    share, left_over = divmod(total // step, parts)
    return [(share + 1) * step if index < left_over else share * step for index in range(parts)]


def percent_of(minor: int, basis_points: int, step: int = 1) -> int:
    """A percentage of an amount, half a cent rounded up: 2.5 % of 1,234.60 is 30.865, so 30.87.

    In code: percent_of(123460, 250) == 3087. `basis_points` are hundredths of a percent (250 is 2.5 %); the
    answer is a multiple of `step`. A negative amount mirrors the positive one, so that a correction cancels
    exactly.
    """
    if basis_points < 0 or step < 1:
        _refuse("percentage_impossible", basis_points=basis_points)
    unit = _BASIS_POINTS * step
    rounded = (2 * abs(minor) * basis_points + unit) // (2 * unit) * step
    return rounded if minor >= 0 else -rounded


def to_decimal(minor: int, currency: str) -> Decimal:
    """The amount as an exact decimal number: 1234 is 12.34 in EUR, 1234 in JPY, 1.234 in KWD."""
    return Decimal(f"{minor}E-{exponent(currency)}")


def _clean(text: str) -> str:
    if len(text) > _MAX_TEXT:
        _refuse("amount_too_long", maximum=_MAX_TEXT)
    if not text.isprintable() and any(unicodedata.category(character).startswith("C") for character in text):
        _refuse("amount_control_character")
    stripped = text.strip(SPACES)
    if not stripped:
        _refuse("amount_empty")
    return stripped


def _bare_number(text: str, currency: str) -> tuple[str, bool]:
    """Take off one sign (a minus on either side, or parentheses) and one currency mark on either side."""
    rest, negative, signs, marks = text, False, 0, 0
    while (rest := rest.strip(SPACES)) and not _NUMERIC.fullmatch(rest):
        if rest.startswith("(") and rest.endswith(")"):
            rest, negative, signs = rest[1:-1], True, signs + 1
        elif rest[0] in _MINUS + "+":
            rest, negative, signs = rest[1:], rest[0] in _MINUS, signs + 1
        elif rest[-1] in _MINUS:
            rest, negative, signs = rest[:-1], True, signs + 1
        else:
            rest, marks = _without_mark(rest, currency), marks + 1
        if signs > 1 or marks > 1:
            _refuse("amount_not_a_number")
    return rest, negative


def _without_mark(text: str, currency: str) -> str:
    leading, trailing = _LEADING_MARK.match(text), _TRAILING_MARK.search(text)
    found = leading or trailing
    if found is None:
        _refuse("amount_not_a_number")
    mark = found[1]
    if leading and mark.casefold() not in _SIGNS:
        # The dot of "$.50" belongs to the number; only known signs such as "Fr." own one.
        mark = mark.removesuffix(".")
    if mark.upper() != currency and currency not in _SIGNS.get(mark.casefold(), ()):
        foreign = mark.casefold() in _SIGNS or is_supported(mark)
        _refuse("amount_other_currency" if foreign else "amount_not_a_number", currency=currency)
    return text[len(mark) :] if leading else text[: -len(mark)]


def _split(number: str, decimal: Mark | None) -> tuple[str, str]:
    if not _NUMERIC.fullmatch(number):
        _refuse("amount_not_a_number")
    guessed = decimal or guess_mark(number) or "."
    if guessed == "ambiguous":
        _refuse("amount_ambiguous")
    whole, mark, fraction = number.partition(guessed)
    if mark and (not fraction.isdigit() or guessed in fraction):
        _refuse("amount_not_a_number")
    plain = whole.isdigit() or (not whole and bool(mark))
    indian = guessed == "." and _INDIAN.fullmatch(whole)
    if not plain and not indian and not _GROUPED.fullmatch(whole):
        _refuse("amount_not_a_number")
    return re.sub(r"[^0-9]", "", whole), fraction


def _to_minor(whole: str, fraction: str, currency: str) -> int:
    decimals = exponent(currency)
    exact = fraction.rstrip("0")
    if len(exact) > decimals:
        _refuse("amount_too_precise", decimals=decimals, currency=currency)
    minor = int((whole or "0") + exact.ljust(decimals, "0"))
    if minor > MAX_MINOR:
        _refuse("amount_too_large", maximum=MAX_MINOR, currency=currency)
    if minor % step(currency):
        _refuse("amount_step", step=step(currency), currency=currency)
    return minor
