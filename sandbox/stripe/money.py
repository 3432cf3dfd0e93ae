"""Currencies as Stripe counts them: exponents, smallest charges, fees, and the fixed exchange rates
of the stand-in.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.errors import StripeError, refused

ZERO_DECIMAL = frozenset(
    [
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# Counted with two decimals for compatibility, though the money itself has none: only whole units can be
# charged.
WHOLE_UNITS_ONLY = frozenset({"isk", "ugx"})
LARGEST = 99_999_999

# Smallest amounts Stripe charges, in minor units; for the others about half a dollar.
MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip

# US dollars for one unit. They never move, so that a test can state the result.
_DOLLARS = {
    "usd": "1", "eur": "1.10", "gbp": "1.25", "chf": "1.12", "cad": "0.73", "aud": "0.65", "nzd": "0.60",
    "jpy": "0.0067", "mxn": "0.054", "brl": "0.18", "sek": "0.095", "nok": "0.093", "dkk": "0.147",
    "pln": "0.25", "czk": "0.043", "huf": "0.0028", "inr": "0.012", "krw": "0.00073", "clp": "0.0011",
    "kwd": "3.25", "bhd": "2.65", "jod": "1.41", "omr": "2.60", "tnd": "0.32", "isk": "0.0072",
    "ugx": "0.00027", "sgd": "0.75", "hkd": "0.128", "zar": "0.055",
}  # fmt: skip


def exponent(currency: str) -> int:
    """How many decimals Stripe counts for this currency."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def smallest_charge(currency: str) -> int:
    """The least that can be charged, in minor units."""
    if currency in MINIMUM:
        return MINIMUM[currency]
    half_dollar = Decimal("0.50") / Decimal(_DOLLARS.get(currency, "1"))
    return int((half_dollar * 10 ** exponent(currency)).to_integral_value(ROUND_HALF_UP))


def check_currency(currency: str, param: str = "currency") -> str:
    """Refuse what is no currency code; Stripe answers in lower case."""
    code = currency.lower()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise refused(f"Invalid currency: {currency}", param)
    return code


def check_charge(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse an amount that could not be charged in this currency."""
    if amount < 0:
        raise refused("Invalid non-negative integer", param, "parameter_invalid_integer")
    if currency in THREE_DECIMAL and amount % 10:
        raise refused(
            f"Invalid amount: the last digit must be 0 for {currency}.",
            param,
            "invalid_amount",
        )
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise refused(f"Invalid amount: {currency} has no fractions.", param, "invalid_amount")
    if amount > LARGEST:
        raise StripeError(
            "Amount must be no more than 999,999.99",
            code="amount_too_large",
            param=param,
            remembered=False,
        )
    if amount < smallest_charge(currency):
        message = f"Amount must be at least {show(smallest_charge(currency), currency)}"
        raise StripeError(message, code="amount_too_small", param=param, remembered=False)


def rate(source: str, target: str) -> Decimal | None:
    """Units of `target` for one unit of `source`; none where both are the same."""
    if source == target:
        return None
    ratio = Decimal(_DOLLARS.get(source, "1")) / Decimal(_DOLLARS.get(target, "1"))
    return ratio.quantize(Decimal("0.000001"))


def convert(amount: int, source: str, target: str) -> int:
    """Minor units of `source` as minor units of `target`: 1000 eur is 1100 usd at 1.10."""
    factor = rate(source, target)
    if factor is None:
        return amount
    moved = Decimal(amount) * factor * Decimal(10) ** (exponent(target) - exponent(source))
    return int(moved.to_integral_value(ROUND_HALF_UP))


def charge_fee(amount: int, currency: str) -> int:
    """What Stripe keeps: 2.9 % and 30 minor units. 10000 usd costs 320."""
    percent = (Decimal(amount) * Decimal("0.029")).to_integral_value(ROUND_HALF_UP)
    return int(percent) + (300 if currency in THREE_DECIMAL else 30)


def dispute_fee(currency: str) -> int:
    """What a chargeback costs: fifteen dollars in the settlement currency."""
    return convert(1500, "usd", currency)


def show(amount: int, currency: str) -> str:
    """An amount for the stand-in's own pages and messages."""
    places = exponent(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency.upper()}"
