"""Amounts are written by a quick way of our own, which must say exactly what Babel would."""

from __future__ import annotations

import random

import pytest
from babel import Locale

from portal.domain.currencies import exponent
from portal.words import numbers

LOCALES = ("en", "en_US", "en_GB", "en_IN", "en_CH", "en_ZA", "es", "es_ES", "es_US", "es_MX", "es_AR", "es_CL",
           "es_CO",
           "es_PE", "es_CR", "es_PR")
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "ISK", "UGX", "CLP", "MXN", "CHF", "INR", "HUF", "TWD")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_amount_is_written_as_babel_writes_it(locale: str) -> None:
    chance, babel = random.Random(locale), Locale.parse(locale)
    for currency in CURRENCIES:
        amounts = [0, 1, 9, 10, 99, 100, 999, 1_000, 9_999, 10_000, 99_999, 100_000, 999_999, 1_000_000, 123_456_789]
        amounts += [chance.randrange(10 ** chance.randint(1, 13)) for _ in range(40)]
        whole = 10 ** exponent(currency)
        for amount in [*amounts, *(one * whole for one in amounts)]:
            for minor in (amount, -amount):
                assert numbers.money(babel, minor, currency) == numbers._by_babel(babel, minor, currency)


def test_most_readers_are_served_the_quick_way() -> None:
    quick = [name for name in LOCALES if numbers._frame(Locale.parse(name), "USD") is not None]
    assert len(quick) >= len(LOCALES) - 2, quick
