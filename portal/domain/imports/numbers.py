"""The decimal mark of a file's amounts, found over all amount columns, and the amount of one cell.

How a single amount is written is `money`'s business; here the whole file is the witness.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain.currencies import exponent
from portal.domain.errors import Refusal
from portal.domain.money import SPACES, Mark, guess_mark, parse_amount

_NUMBER = re.compile(rf"[.,]?[0-9][0-9.,'’{SPACES}]*")


@dataclass(frozen=True, slots=True)
class FileMark:
    """The decimal mark of a file: stated by a person, shown by the amounts, or assumed."""

    mark: Mark
    stated: bool
    assumed: bool
    long_fractions: bool


def file_mark(cells: Iterable[str], stated: Mark | None, default: Mark) -> FileMark:
    """Which mark the amounts of this file use: "1.234,56" or "12,5" anywhere shows a comma."""
    counts = {".": 0, ",": 0}
    long_fractions, undecided = False, False
    for cell in cells:
        number = _number(cell)
        guess = guess_mark(number)
        if guess == "ambiguous":
            undecided = True
        elif guess:
            counts[guess] += 1
            long_fractions = long_fractions or len(number.rpartition(guess)[2]) == 3
    if stated:
        return FileMark(stated, stated=True, assumed=False, long_fractions=long_fractions)
    if counts["."] == counts[","]:
        return FileMark(default, stated=False, assumed=undecided, long_fractions=long_fractions)
    mark: Mark = "." if counts["."] > counts[","] else ","
    return FileMark(mark, stated=False, assumed=False, long_fractions=long_fractions)


def read_amount(text: str, currency: str, how: FileMark) -> int:
    """The amount a cell holds in minor units, negative for a credit note.

    A lone "1.000" in a two-decimal currency is refused unless the mark was stated or the file plainly writes
    three decimals: read as one instead of a thousand it would cost the business 999. Raises Refusal (see
    `parse_amount`).
    """
    number = _number(text)
    doubtful = guess_mark(number) == "ambiguous" and how.mark in number
    if doubtful and not how.stated and not how.long_fractions and exponent(currency) < 3:
        raise Refusal("invalid", "amount_ambiguous")
    return parse_amount(text, currency, how.mark, signed=True)


def _number(text: str) -> str:
    found = _NUMBER.search(text)
    return found[0].strip(SPACES) if found else ""
