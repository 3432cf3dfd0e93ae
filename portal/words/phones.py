"""Phone numbers as people of their country write them, and as a telephone link needs them."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def shown(number: str, country: str) -> str:
    """Write a number for reading: "+15035550142" of the US is "(503) 555-0142"; what is no number stays as it is."""
    import phonenumbers  # its tables are large, and only pages with a number need them

    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    national = phonenumbers.region_code_for_number(parsed) == country
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def dialled(number: str) -> str:
    """Give what a telephone link carries: digits, with the plus in front if there is one."""
    digits = "".join(sign for sign in number if sign in "0123456789")
    return f"+{digits}" if number.strip().startswith("+") else digits
