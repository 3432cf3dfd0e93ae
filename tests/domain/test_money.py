"""Amounts: read exactly or refused with a code, split without losing a cent, rounded as documented."""

import copy
import pickle
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.currencies import SUPPORTED, exponent, step
from portal.domain.money import (
    MAX_MINOR,
    Mark,
    Money,
    MoneyError,
    parse_amount,
    percent_of,
    split_evenly,
    to_decimal,
)

currencies = st.sampled_from(sorted(SUPPORTED))


def refusal(text: str, currency: str = "USD", decimal: Mark | None = None) -> str:
    with pytest.raises(MoneyError) as refused:
        parse_amount(text, currency, decimal)
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", "USD", 1200),
        ("12.3", "USD", 1230),
        ("12.34", "USD", 1234),
        ("012.34", "USD", 1234),
        (".50", "USD", 50),
        ("0,5", "EUR", 50),
        ("12.3400", "USD", 1234),
        ("1,234.56", "USD", 123456),
        ("1.234,56", "EUR", 123456),
        ("1 234,56", "EUR", 123456),
        ("1\u202f234,56 €", "EUR", 123456),
        ("1'234.50", "CHF", 123450),
        ("1’234.50", "CHF", 123450),
        ("1,234,567", "USD", 123456700),
        ("12,34,567.00", "INR", 123456700),
        ("$12.34", "USD", 1234),
        ("$.50", "USD", 50),
        ("USD 12.34", "USD", 1234),
        ("12.34 usd", "USD", 1234),
        ("Fr. 12", "CHF", 1200),
        ("R$ 1.234,50", "BRL", 123450),
        ("12 kr.", "SEK", 1200),
        ("¥ 500", "JPY", 500),
        ("1.230", "KWD", 1230),
        ("100", "ISK", 10000),
        ("  7 ", "USD", 700),
        ("+7", "USD", 700),
        ("-0", "USD", 0),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int) -> None:
    mark: Mark | None = "." if currency == "KWD" else None
    assert parse_amount(text, currency, mark) == minor


@pytest.mark.parametrize(
    ("text", "mark", "minor"),
    [("1,234", ".", 123400), ("1.234", ",", 123400), ("1,20", ",", 120), ("1.20", ".", 120)],
)
def test_a_stated_decimal_mark_decides(text: str, mark: Mark, minor: int) -> None:
    assert parse_amount(text, "EUR", mark) == minor


@pytest.mark.parametrize(
    "text", ["-12.34", "\u221212.34", "12.34-", "(12.34)", "($12.34)", "$(12.34)", "-$12.34"]
)
def test_negative_amounts_are_read_only_where_asked_for(text: str) -> None:
    assert parse_amount(text, "USD", signed=True) == -1234
    assert refusal(text) == "amount_negative"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount_empty"),
        ("   ", "amount_empty"),
        ("\u00a0", "amount_empty"),
        ("9" * 61, "amount_too_long"),
        ("12\x00", "amount_control_character"),
        ("1\n2", "amount_control_character"),
        ("\u202e12", "amount_control_character"),
        ("1\u200b2", "amount_control_character"),
        ("abc", "amount_not_a_number"),
        ("NaN", "amount_not_a_number"),
        ("nan", "amount_not_a_number"),
        ("Infinity", "amount_not_a_number"),
        ("-inf", "amount_not_a_number"),
        ("1e5", "amount_not_a_number"),
        ("1E-2", "amount_not_a_number"),
        ("0x10", "amount_not_a_number"),
        ("1_000", "amount_not_a_number"),
        ("１２", "amount_not_a_number"),
        ("١٢", "amount_not_a_number"),
        ("1²", "amount_not_a_number"),
        ("½", "amount_not_a_number"),
        ("--5", "amount_not_a_number"),
        ("-(5)", "amount_not_a_number"),
        ("$", "amount_not_a_number"),
        ("$5$", "amount_not_a_number"),
        ("5.", "amount_not_a_number"),
        (".", "amount_not_a_number"),
        ("1.2.3", "amount_not_a_number"),
        ("1,23,4.00", "amount_not_a_number"),
        ("12,345,67", "amount_not_a_number"),
        ("1,234 567.00", "amount_not_a_number"),
        ("12 3", "amount_not_a_number"),
        ("5%", "amount_not_a_number"),
        ("=1+1", "amount_not_a_number"),
        ("€12", "amount_other_currency"),
        ("12 GBP", "amount_other_currency"),
        ("1,234", "amount_ambiguous"),
        ("1.234", "amount_ambiguous"),
        ("12.345", "amount_ambiguous"),
        ("1234.567", "amount_too_precise"),
        ("0.001", "amount_too_precise"),
        ("99999999999999", "amount_too_large"),
        ("9" * 60, "amount_too_large"),
    ],
)
def test_bad_amounts_are_refused_with_their_reason(text: str, code: str) -> None:
    assert refusal(text) == code


def test_the_largest_amount_is_ten_trillion_minor_units() -> None:
    assert parse_amount("100000000000.00", "USD") == MAX_MINOR
    assert refusal("100000000000.01") == "amount_too_large"


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("10.5", "JPY", "amount_too_precise"),
        ("1.2345", "KWD", "amount_too_precise"),
        ("10.234", "KWD", "amount_step"),
        ("99.50", "ISK", "amount_step"),
        ("0.01", "UGX", "amount_step"),
    ],
)
def test_an_amount_stripe_could_never_charge_is_refused(text: str, currency: str, code: str) -> None:
    assert refusal(text, currency, ".") == code


@given(currencies, st.integers(min_value=0, max_value=10**11))
def test_what_is_written_is_what_is_read(currency: str, units: int) -> None:
    minor = units * step(currency)
    written = f"{to_decimal(minor, currency):f}"
    assert parse_amount(written, currency, ".") == minor
    assert parse_amount(written.replace(".", ","), currency, ",") == minor
    assert parse_amount(f"{to_decimal(minor, currency):,f}", currency, ".") == minor
    assert parse_amount(f"({written} {currency})", currency, ".", signed=True) == -minor


@given(st.text(max_size=70), currencies, st.sampled_from([".", ",", None]))
def test_any_text_is_read_or_refused_and_never_breaks(text: str, currency: str, mark: Mark | None) -> None:
    try:
        minor = parse_amount(text, currency, mark, signed=True)
    except MoneyError as refused:
        assert refused.code.startswith("amount_")
    else:
        assert abs(minor) <= MAX_MINOR
        assert minor % step(currency) == 0
        assert any(character in "0123456789" for character in text)


@given(st.text(alphabet="0123456789.,' -()$", max_size=25))
def test_a_number_never_reads_as_more_digits_than_it_has(text: str) -> None:
    try:
        minor = parse_amount(text, "USD", signed=True)
    except MoneyError:
        return
    digits = "".join(character for character in text if character.isdigit())
    assert abs(minor) in {int(digits), int(digits + "0"), int(digits + "00")} or digits.endswith("0")


def test_a_hundred_in_three_loses_no_cent() -> None:
    assert split_evenly(10000, 3) == [3334, 3333, 3333]
    assert split_evenly(2, 4) == [1, 1, 0, 0]
    assert split_evenly(10000, 3, step=100) == [3400, 3300, 3300]


@given(st.integers(0, 10**11), st.integers(1, 120), st.sampled_from([1, 10, 100]))
def test_equal_parts_sum_exactly_and_differ_by_one_step_at_most(
    units: int, parts: int, step_size: int
) -> None:
    total = units * step_size
    shares = split_evenly(total, parts, step_size)
    assert len(shares) == parts
    assert sum(shares) == total
    assert max(shares) - min(shares) <= step_size
    assert all(share % step_size == 0 for share in shares)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("total", "parts", "step_size"), [(-1, 2, 1), (10, 0, 1), (10, -1, 1), (105, 2, 10), (1, 1, 0)]
)
def test_impossible_splits_are_refused(total: int, parts: int, step_size: int) -> None:
    with pytest.raises(MoneyError) as refused:
        split_evenly(total, parts, step_size)
    assert refused.value.code == "split_impossible"


def test_two_and_a_half_percent_of_1234_60_is_30_87() -> None:
    assert percent_of(123460, 250) == 3087
    assert percent_of(-123460, 250) == -3087
    assert percent_of(123459, 250) == 3086
    assert percent_of(123460, 0) == 0
    assert percent_of(123460, 10_000) == 123460
    assert percent_of(12340, 250, step=10) == 310


@given(st.integers(0, 10**13), st.integers(0, 20_000), st.sampled_from([1, 10, 100]))
def test_percentages_agree_with_decimal_arithmetic(minor: int, basis_points: int, step_size: int) -> None:
    exact = Decimal(minor) * basis_points / 10_000 / step_size
    expected = int(exact.quantize(Decimal(1), ROUND_HALF_UP)) * step_size
    assert percent_of(minor, basis_points, step_size) == expected


def test_a_negative_percentage_is_refused() -> None:
    with pytest.raises(MoneyError):
        percent_of(100, -1)


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (1234, "EUR", "12.34"),
        (1234, "JPY", "1234"),
        (1230, "KWD", "1.230"),
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
    ],
)
def test_minor_units_as_decimal(minor: int, currency: str, shown: str) -> None:
    assert str(to_decimal(minor, currency)) == shown


@given(st.integers(), currencies)
def test_to_decimal_is_exact_at_any_size(minor: int, currency: str) -> None:
    sign, digits, places = to_decimal(minor, currency).as_tuple()
    assert (-1) ** sign * int("".join(map(str, digits))) == minor
    assert places == -exponent(currency)


@given(st.integers(), st.integers())
def test_money_adds_compares_and_cancels_within_its_currency(first: int, second: int) -> None:
    one, other = Money(first, "EUR"), Money(second, "EUR")
    assert (one + other).minor == first + second
    assert one - other == -(other - one)
    assert (one < other, one <= other, one > other, one >= other) == (
        first < second,
        first <= second,
        first > second,
        first >= second,
    )
    assert bool(one) == bool(first)


def test_money_never_mixes_currencies() -> None:
    euros, dollars = Money(100, "EUR"), Money(100, "USD")
    assert euros != dollars
    for mix in (
        lambda: euros + dollars,
        lambda: euros - dollars,
        lambda: euros < dollars,
        lambda: euros <= dollars,
        lambda: euros > dollars,
        lambda: euros >= dollars,
    ):
        with pytest.raises(MoneyError) as refused:
            mix()
        assert refused.value.code == "currency_mismatch"


@pytest.mark.parametrize("minor", [1.0, "1", True, None, Decimal(1)])
def test_money_is_counted_in_whole_minor_units_only(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "XXX", ""])
def test_money_needs_a_known_currency_in_capitals(currency: str) -> None:
    with pytest.raises(Exception, match="currency_unknown"):
        Money(1, currency)


def test_a_refusal_survives_a_process_border() -> None:
    with pytest.raises(MoneyError) as refused:
        parse_amount("1.2345", "USD", ".")
    rebuilt = pickle.loads(pickle.dumps(refused.value))
    assert (rebuilt.kind, rebuilt.code, rebuilt.params) == (
        "invalid",
        "amount_too_precise",
        {"decimals": 2, "currency": "USD"},
    )
    assert str(copy.copy(refused.value)) == str(refused.value)
