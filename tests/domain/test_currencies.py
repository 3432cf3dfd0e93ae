"""Stripe's currency rules: decimals, steps and smallest charges."""

import pytest

from portal.domain.currencies import SUPPORTED, canonical, exponent, is_supported, minimum_charge, step
from portal.domain.errors import Refusal

ZERO_DECIMALS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
THREE_DECIMALS = ["BHD", "JOD", "KWD", "OMR", "TND"]


@pytest.mark.parametrize("code", ZERO_DECIMALS)
def test_trap_14_zero_decimal_currencies_are_counted_in_whole_units(code: str) -> None:
    assert (exponent(code), step(code)) == (0, 1)


@pytest.mark.parametrize("code", THREE_DECIMALS)
def test_trap_14_three_decimal_currencies_end_in_zero(code: str) -> None:
    assert (exponent(code), step(code)) == (3, 10)


@pytest.mark.parametrize("code", ["ISK", "UGX"])
def test_trap_14_isk_and_ugx_are_whole_units_sent_with_two_decimals(code: str) -> None:
    assert (exponent(code), step(code)) == (2, 100)


@pytest.mark.parametrize("code", ["USD", "EUR", "HUF", "TWD", "MXN"])
def test_other_currencies_have_two_decimals(code: str) -> None:
    assert (exponent(code), step(code)) == (2, 1)


def test_no_other_currency_is_odd() -> None:
    odd = {code for code in SUPPORTED if exponent(code) != 2 or step(code) != 1}
    assert odd == {*ZERO_DECIMALS, *THREE_DECIMALS, "ISK", "UGX"}


@pytest.mark.parametrize(
    ("code", "least"),
    [("USD", 50), ("GBP", 30), ("JPY", 50), ("HUF", 17500), ("MXN", 1000), ("THB", 1000), ("NOK", 300)],
)
def test_published_minimum_charges(code: str, least: int) -> None:
    assert minimum_charge(code) == least


@pytest.mark.parametrize(
    ("code", "least"),
    [("KRW", 2000), ("VND", 50000), ("KWD", 1000), ("ISK", 20000), ("IDR", 2000000), ("COP", 500000)],
)
def test_cautious_minimum_charges_are_about_a_dollar_in_the_currencys_own_decimals(
    code: str, least: int
) -> None:
    assert minimum_charge(code) == least


def test_every_minimum_can_itself_be_charged() -> None:
    assert [
        code for code in sorted(SUPPORTED) if minimum_charge(code) <= 0 or minimum_charge(code) % step(code)
    ] == []


def test_codes_are_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in SUPPORTED)


def test_lower_case_is_understood() -> None:
    assert is_supported("eur")
    assert canonical("eur") == "EUR"
    assert exponent("jpy") == 0


# The last two become "ISK" and "KRW" only under Unicode's case rules: a dotless i and the Kelvin sign.
@pytest.mark.parametrize("code", ["", "EU", "EURO", "XXX", "ABC", "€", " EUR", "ısk", "\u212arw"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    assert not is_supported(code)
    for ask in (canonical, exponent, step, minimum_charge):
        with pytest.raises(Refusal) as refused:
            ask(code)
        assert refused.value.code == "currency_unknown"
