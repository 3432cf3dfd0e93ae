"""Passwords of staff: argon2id, made anew when its settings grow, and the few rules a new one must keep.

Whoever compares takes a try from staff_attempts first: a hash costs memory and time, and none is spent on floods.
"""

from __future__ import annotations

import hashlib

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.domain.passwords import refuse_weak
from portal.models import Staff

HASHER = PasswordHasher()
# Of a long random password that nobody kept, with the settings above: comparing with it costs what any other costs.
NOBODYS = ("$argon2id$v=19$m=65536,t=3,p=4$4+QA5HAjaH/OVIOtVM7oIQ"
           "$FomIR5fy+0xRbaWnDlz9XY0zvTV0gtnfrSGWSnHi6ZA")

__all__ = ["HASHER", "NOBODYS", "hashed", "is_outdated", "matches", "print_of", "refuse_weak"]


def hashed(password: str) -> str:
    """Hash a password with argon2id for the row of its owner."""
    return HASHER.hash(password)


def matches(stored: str, password: str) -> bool:
    """Compare a password with a stored hash; with none stored, it is compared with nobody's all the same."""
    try:
        return HASHER.verify(stored or NOBODYS, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Say whether a hash was made with other settings than today's."""
    return HASHER.check_needs_rehash(stored)


def print_of(staff: Staff) -> str:
    """Give the fingerprint of a person's present password; it tells nothing of the password."""
    return hashlib.sha256(f"{staff.public_id}:{staff.password_hash}".encode()).hexdigest()[:24]
