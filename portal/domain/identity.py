"""The fact that opens a page, made comparable: how a postal code or the end of a phone number is written.

An empty fact is no fact: it never equals another empty one.
"""

from __future__ import annotations

import unicodedata

LAST_DIGITS = 4
US_SHORT = 5
LONGEST_TYPED = 64
CODE_DIGITS = 6


def stored_fact(kind: str, postal_code: str | None, phone: str | None, country: str | None) -> str:
    """Give a debtor's stored fact in its comparable form; "" when there is none."""
    if kind == "postal_code":
        return plain_postal_code(postal_code or "", country)
    if kind == "phone_last4":
        return last_digits(phone or "")
    return ""


def typed_fact(kind: str, typed: str, country: str | None) -> str:
    """Give what a person typed in its comparable form; "" when nothing usable is in it."""
    typed = typed[:LONGEST_TYPED]
    return last_digits(typed) if kind == "phone_last4" else plain_postal_code(typed, country)


def plain_postal_code(text: str, country: str | None) -> str:
    """Drop blanks, dashes and case: "sw1a 1aa" is SW1A1AA; of a US code only the first five digits count."""
    folded = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(sign for sign in folded if sign.isalnum())
    if country == "US" and kept.isdecimal() and len(kept) > US_SHORT:
        return kept[:US_SHORT]
    return kept


def last_digits(text: str) -> str:
    """Give the last four digits of a phone number however it is written: "(503) 555-0142" is 0142."""
    digits = "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign in "0123456789")
    return digits[-LAST_DIGITS:] if len(digits) >= LAST_DIGITS else ""


def typed_code(typed: str) -> str:
    """Give the six digits a person typed or pasted, with or without a gap; "" when they are not six digits."""
    digits = "".join(sign for sign in unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]) if not sign.isspace())
    digits = digits.replace("-", "")
    return digits if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdecimal() else ""


def masked(address: str) -> str:
    """Write an address so that its owner knows it and nobody else learns it: "h•••••@mail.example"."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}•••••@{host}"
