"""Passwords of staff: argon2id, made anew when its settings grow, and the few rules a new one must keep.

Whoever compares takes a try from staff_attempts first: a hash costs memory and time, and none is spent on floods.
"""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.domain.passwords import refuse_weak

HASHER = PasswordHasher()

__all__ = ["HASHER", "hashed", "is_outdated", "matches", "refuse_weak"]


def hashed(password: str) -> str:
    """Hash a password with argon2id for the row of its owner."""
    return HASHER.hash(password)


def matches(stored: str, password: str) -> bool:
    """Compare a password with a stored hash; with none stored, one hash is spent on nothing all the same."""
    try:
        return HASHER.verify(stored or _nobodys(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Say whether a hash was made with other settings than today's."""
    return HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")
