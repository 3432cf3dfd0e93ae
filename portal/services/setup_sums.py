"""Sums and percentages as the set-up shows and reads them: in the business's own currency, minor units behind."""

from __future__ import annotations

from collections.abc import Mapping

from portal.domain.currencies import exponent
from portal.domain.errors import Refusal
from portal.domain.money import MAX_MINOR


def with_sum(known: Mapping[str, int] | None, currency: str, minor: int | None) -> dict[str, int] | None:
    """Put one currency's sum into a rule that has one for each; None takes it out."""
    rest = {code: sum for code, sum in (known or {}).items() if code != currency}
    return (rest | ({} if minor is None else {currency: minor})) or None


def written(minor: int | None, currency: str) -> str:
    """Write minor units as a form shows them: 125000 US dollars' worth is "1250.00", nothing is ""."""
    if minor is None:
        return ""
    digits = exponent(currency)
    return f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else str(minor)


def sum_of(text: str, currency: str, least: int) -> int | None:
    """Read "1,250.00" or "1250" as minor units; empty is None.

    Raises Refusal amount_not_a_number, amount_too_small.
    """
    if not text:
        return None
    whole_part, _, cents = text.replace(",", "").replace(" ", "").partition(".")
    digits = exponent(currency)
    if not (whole_part.isascii() and whole_part.isdigit()) or len(cents) > digits or (cents and not cents.isdigit()):
        raise Refusal("invalid", "amount_not_a_number")
    minor = int(whole_part[:16]) * int(10**digits) + int((cents or "0").ljust(digits, "0") or 0)
    if not least <= minor <= MAX_MINOR:
        raise Refusal("invalid", "amount_too_small", least=least, currency=currency)
    return minor


def written_percent(basis_points: int) -> str:
    """Write hundredths of a percent as a form shows them: 150 is "1.50"."""
    return f"{basis_points // 100}.{basis_points % 100:02d}"


def percent(text: str, *, most: int) -> int:
    """Read "1.5" or "1,5" as hundredths of a percent; empty is 0. Raises Refusal percent_malformed above `most`."""
    whole_part, _, rest = (text or "0").replace(",", ".").partition(".")
    if not (whole_part + rest).isascii() or not whole_part.isdigit() or len(rest) > 2 or (rest and not rest.isdigit()):
        raise Refusal("invalid", "percent_malformed", highest=most // 100)
    points = int(whole_part[:4]) * 100 + int((rest or "0").ljust(2, "0"))
    if points > most:
        raise Refusal("invalid", "percent_malformed", highest=most // 100)
    return points
