"""Which debt a bank line may be for: pure reckoning from what the line says, with the reasons and a confidence.

Nothing is ever decided here; a person reads the reasons and says yes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal

from portal.domain.search import fold

Level = Literal["sure", "likely", "maybe"]
# What each reason is worth; together they are a confidence of at most 99.
WORTH = {
    "announced": 65, "invoice_number": 60, "customer_number": 40, "claim": 40, "name": 32, "amount": 32,
    "amount_of_all": 27, "recorded": 45, "payout": 60, "day": 10}
SURE, LIKELY = 85, 55
# Where several fit equally well, none of them is likely.
DOUBTFUL = 45
SHORTEST_NAME = 3
SHORTEST_NUMBER = 3
_WORD = re.compile(r"[^\W_]+")
# Words in a payer's name that name nobody.
NOBODY = frozenset(("mrs", "and", "und", "the", "gmbh", "llc", "inc", "ltd", "plc", "srl", "sarl", "family"))


@dataclass(frozen=True)
class Candidate:
    """Something a line may be: `pick` names it, `debtor` groups what belongs to one debtor, minor units.

    `numbers` are what a payer would quote; `sums` what would fit exactly, `total` all that is open.
    """

    pick: str
    kind: Literal["invoice", "debtor", "announced", "claim", "recorded", "payout"]
    debtor: str
    names: tuple[str, ...] = ()
    invoice_numbers: tuple[str, ...] = ()
    customer_numbers: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sums: tuple[int, ...] = ()
    total: int = 0
    day: date | None = None


@dataclass(frozen=True)
class Suggestion:
    """One candidate with why it was suggested, and how sure that makes it (1 to 99)."""

    candidate: Candidate
    reasons: tuple[str, ...]
    confidence: int

    @property
    def level(self) -> Level:
        return "sure" if self.confidence >= SURE else "likely" if self.confidence >= LIKELY else "maybe"


def words_of_line(payer: str, reference: str) -> set[str]:
    """Give the words of a line by which debts could be found: whole ones, and ones written apart put together.

    "INV MG 1001/B" gives inv, mg, 1001, b, mg1001 …: a bank breaks numbers where it likes.
    """
    words = _WORD.findall(fold(f"{reference} {payer}"))
    spaced = [part for part in re.split(r"\s+", fold(f"{reference} {payer}")) if part]
    pairs = {f"{one}{other}" for one, other in pairwise(words)}
    pairs |= {f"{one}-{other}" for one, other in pairwise(words)}
    return {word.strip(".,;:()") for word in {*words, *spaced, *pairs}} - {""}


def suggest(amount: int, payer: str, reference: str, booked_on: date, candidates: Sequence[Candidate],
            most: int = 5) -> list[Suggestion]:
    """Rank what a line may be, the most likely first.

    Worked: "MG-1001 H OKAFOR", 120.00: invoice MG-1001 of Helen Okafor with 120.00 left has its number (60) and its
    sum (32), so 92, sure. The sum alone is 32, maybe; two such invoices leave both at no more.
    """
    text = _joined(reference + " " + payer)
    payer_words = set(_WORD.findall(fold(payer + " " + reference)))
    found = []
    for one in candidates:
        reasons = _reasons(one, amount, text, payer_words, booked_on)
        if reasons:
            found.append(Suggestion(one, tuple(reasons), min(99, sum(WORTH[reason] for reason in reasons))))
    best = _one_of_each(sorted(found, key=lambda one: (-one.confidence, one.candidate.pick)))
    return _doubted(best)[:most]


def _reasons(one: Candidate, amount: int, text: str, payer_words: set[str], booked_on: date) -> list[str]:
    named = [reason for reason, numbers in (
        ("announced", one.references), ("invoice_number", one.invoice_numbers),
        ("customer_number", one.customer_numbers)) if any(_says(text, number) for number in numbers)]
    found = named[:1]
    if one.kind in ("claim", "recorded", "payout") and amount in one.sums:
        found.append(one.kind)
    if any(_is_named(name, payer_words) for name in one.names):
        found.append("name")
    if one.kind not in ("recorded", "payout"):
        if amount in one.sums and one.kind != "debtor":
            found.append("amount")
        elif one.total and amount == one.total:
            found.append("amount_of_all")
    if one.day is not None and one.kind in ("claim", "recorded", "payout") and abs((one.day - booked_on).days) <= 3:
        found.append("day")
    # A sum alone tells of an invoice; a name alone tells of somebody; a day alone tells nothing.
    return [] if found == ["day"] else found


def _says(text: str, number: str) -> bool:
    wanted = re.sub(r"[\W_]+", "", fold(number))
    if len(wanted) < SHORTEST_NUMBER:
        return False
    # Put together without signs; digits on either side would make it another number.
    place = text.find(wanted)
    while place >= 0:
        before, after = text[place - 1:place], text[place + len(wanted):place + len(wanted) + 1]
        if not (wanted[:1].isdigit() and before.isdigit()) and not (wanted[-1:].isdigit() and after.isdigit()):
            return True
        place = text.find(wanted, place + 1)
    return False


def _joined(text: str) -> str:
    """Write a text without signs and blanks, but with a blank between two digits that stood apart.

    "MG-1001, 12 May" is "mg1001 12may": the number stays whole, and no longer one comes of it.
    """
    bare = re.sub(r"\s+", " ", re.sub(r"[^\w\s]+|_", "", fold(text)))
    return re.sub(r"(?<!\d) | (?!\d)", "", bare)


def _is_named(name: str, words: set[str]) -> bool:
    parts = [part for part in _WORD.findall(fold(name)) if len(part) >= SHORTEST_NAME and part not in NOBODY]
    return bool(parts) and all(part in words for part in parts)


def _one_of_each(ranked: Sequence[Suggestion]) -> list[Suggestion]:
    """Keep the best of each debtor, and of those that are nobody's each one."""
    seen: set[str] = set()
    kept = []
    for one in ranked:
        key = one.candidate.debtor or one.candidate.pick
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def _doubted(ranked: list[Suggestion]) -> list[Suggestion]:
    if len(ranked) < 2 or ranked[0].confidence > ranked[1].confidence:
        return ranked
    top = ranked[0].confidence
    return [replace(one, confidence=min(one.confidence, DOUBTFUL)) if one.confidence == top else one for one in ranked]
