"""What a new password must be: long, not one that everybody guesses first, and not the name on the door."""

from __future__ import annotations

import re
from itertools import pairwise

from portal.domain.errors import Refusal

SHORTEST, LONGEST = 12, 200
FEWEST_SIGNS = 5
MOST_COMMON = 2
# The beginnings and patterns that lists of leaked passwords are full of; what is built of these alone is refused.
COMMON = frozenset("""
password passwort passw0rd p4ssword contraseña contrasena welcome bienvenido letmein qwerty qwertyuiop qwertz azerty
asdfgh asdfghjkl zxcvbn zxcvbnm 1q2w3e 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsx iloveyou teamo tequiero admin administrator
master monkey dragon football futbol baseball basketball superman batman princess princesa sunshine trustno1 changeme
secret default login guest root test abc abcd abcdef abcdefgh abcdefghijkl hello hola whatever shadow michael summer
winter spring autumn verano invierno office oficina payment payments portal business negocio money dinero invoice
company empresa january february march april may june july august september october november december
""".split())  # noqa: SIM905  # a list of words reads best as words
_WORDS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")


def refuse_weak(password: str, *own: str) -> None:
    """Refuse a password others would guess; `own` are the email and the names of its owner and their businesses.

    Raises Refusal invalid: password_short (least), password_long (most), password_common, password_own.
    """
    if len(password) < SHORTEST:
        raise Refusal("invalid", "password_short", characters=SHORTEST)
    if len(password) > LONGEST:
        raise Refusal("invalid", "password_long", characters=LONGEST)
    if _is_common(password):
        raise Refusal("invalid", "password_common")
    if _is_own(password, own):
        raise Refusal("invalid", "password_own")


def _is_common(password: str) -> bool:
    low = password.lower()
    if low.isdigit() or len(set(low)) < FEWEST_SIGNS or _repeats(low) or _counts(low):
        return True
    # "Password2026!!" is one common word with digits and signs around it; three such words are no longer a first guess.
    letters = [part for part in _WORDS.findall(low) if part[0].isalpha()]
    return len(letters) <= MOST_COMMON and (all(part in COMMON for part in letters) or "".join(letters) in COMMON)


def _repeats(low: str) -> bool:
    return any(low == (low[:size] * len(low))[:len(low)] for size in range(1, len(low) // 2 + 1))


def _counts(low: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(low)}
    return steps <= {1, -9} or steps <= {-1, 9}


def _is_own(password: str, own: tuple[str, ...]) -> bool:
    low = _letters(password)
    for text in own:
        for part in {text, text.split("@")[0]}:
            bare = _letters(part)
            # A short name inside a long password gives nothing away.
            if bare and bare in low and len(low) - len(bare) < SHORTEST // 2:
                return True
    return False


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
