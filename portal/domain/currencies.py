"""What Stripe says about each currency: its decimals, its smallest step and its smallest charge.

The table is Stripe's own, never ISO's: ISK and UGX have no decimals in ISO but are sent to Stripe with two.
Signs, names and formats are not here, they belong to `words`.
"""

from portal.domain.errors import Refusal


def _codes(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_ZERO_DECIMALS = _codes("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
_THREE_DECIMALS = _codes("BHD JOD KWD OMR TND")
_WHOLE_UNITS_SENT_WITH_TWO_DECIMALS = frozenset({"ISK", "UGX"})

# Stripe's published minimums, in Stripe's minor units.
_MINIMUM_CHARGES = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500,
    "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000,
    "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip

# For the others Stripe compares the converted amount with the minimum of the settlement currency. These are
# whole units worth roughly one US dollar, twice the usual minimum, so that a moving exchange rate does not
# fail a charge.
_CAUTIOUS_WHOLE_UNITS = {
    1: "BHD BMD BSD FKP GIP JOD KWD KYD OMR PAB SHP",
    2: "ANG AWG AZN BAM BBD BND BZD XCG",
    5: "BYN FJD GEL ILS PEN PGK QAR SAR TND TOP WST XCD",
    10: "BOB CNY GTQ MAD MOP SBD TJS TTD",
    25: "BWP LSL MDL MVR NAD SCR SLE SZL ZAR",
    50: "HNL MUR NIO SRD TRY TWD UAH UYU ZMW",
    100: "AFN ALL DOP EGP GMD KGS MKD MZN PHP RUB",
    200: "BDT CVE DJF DZD ETB HTG ISK JMD KES LRD NPR RSD VUV XPF",
    500: "AMD GYD KMF LKR PKR YER",
    1000: "AOA CLP CRC KZT SOS XAF XOF",
    2000: "ARS KRW MWK NGN RWF",
    5000: "BIF CDF COP KHR MGA MMK MNT TZS UGX",
    10000: "GNF PYG",
    20000: "IDR UZS",
    50000: "LAK STD VND",
    100000: "LBP",
}
_CAUTIOUS_UNITS_BY_CODE = {
    code: units for units, codes in _CAUTIOUS_WHOLE_UNITS.items() for code in _codes(codes)
}

SUPPORTED = frozenset(_MINIMUM_CHARGES) | frozenset(_CAUTIOUS_UNITS_BY_CODE)


def is_supported(code: str) -> bool:
    """Can this currency be charged at all? Upper and lower case are both understood."""
    return code.isascii() and code.upper() in SUPPORTED


def canonical(code: str) -> str:
    """The currency's code as we store it: three capital letters ("eur" is "EUR").

    Raises Refusal("invalid", "currency_unknown").
    """
    if not is_supported(code):
        raise Refusal("invalid", "currency_unknown", currency=code[:20])
    return code.upper()


def exponent(code: str) -> int:
    """How many decimals the currency has at Stripe: 0, 2 or 3 (10.00 USD is 1000, 10 JPY is 10)."""
    known = canonical(code)
    if known in _ZERO_DECIMALS:
        return 0
    return 3 if known in _THREE_DECIMALS else 2


def step(code: str) -> int:
    """The smallest difference between two chargeable amounts, in minor units.

    Usually 1. Three-decimal currencies must end in 0 (10), and ISK and UGX are whole units sent with two
    decimals (100), so 1.234 KWD or 99.50 ISK can never be charged.
    """
    known = canonical(code)
    if known in _THREE_DECIMALS:
        return 10
    return 100 if known in _WHOLE_UNITS_SENT_WITH_TWO_DECIMALS else 1


def minimum_charge(code: str) -> int:
    """The smallest amount that can be paid at once, about 0.50 USD, in minor units (EUR: 50).

    Stripe's own figure where it publishes one, else a cautious one worth about one US dollar.
    """
    known = canonical(code)
    published = _MINIMUM_CHARGES.get(known)
    if published is not None:
        return published
    return int(_CAUTIOUS_UNITS_BY_CODE[known] * 10 ** exponent(known))
