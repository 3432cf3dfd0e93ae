"""What a payment was made with, in the same words on pages, in emails, on receipts and in the office."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.words.refusals import N_

if TYPE_CHECKING:
    from portal.words.core import Words

BANK = N_("bank account")
ENDING = N_("%(method)s ending in %(last4)s")


def method(words: Words, brand: str) -> str:
    """Name a way of paying as its owner would: "Visa", "bank account"."""
    return words.text(BANK) if is_bank(brand) else card(brand)


def paid_with(words: Words, brand: str, last4: str) -> str:
    """Name it with its end, by itself: "Visa ending in 4242", "Bank account ending in 6789"."""
    said = ending(words, brand, last4)
    return said[:1].upper() + said[1:]


def ending(words: Words, brand: str, last4: str) -> str:
    """Name it with its end inside a sentence: "Visa ending in 4242", "bank account ending in 6789"."""
    return words.text(ENDING, method=method(words, brand), last4=last4)


def is_bank(brand: str) -> bool:
    """Say whether Stripe's word for a way of paying means a bank account; so does none."""
    return not brand or "bank" in brand or "debit" in brand


def card(brand: str) -> str:
    """Write the name of a card: "american_express" is American Express."""
    return brand.replace("_", " ").title()
