"""The rules of questions: how much may be asked at once, how long words may be, and by when an answer is promised."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

from portal.domain.errors import Refusal

# Threads of one debtor that may wait for an answer at the same time.
MOST_OPEN = 5
# Words of the debtor in one thread that nobody has answered yet; more would only be pushed down by themselves.
MOST_UNANSWERED = 10
LONGEST_WORDS = 2_000
LONGEST_WHEN = 120
LONGEST_NUMBER = 32
FEWEST_DIGITS, MOST_DIGITS = 6, 15
NOT_A_NUMBER = re.compile(r"[^0-9+()\-./ ]")
SATURDAY = 5


def told(words: str, *, longest: int = LONGEST_WORDS) -> str:
    """Give someone's words as they are kept, without blanks around them. Raises words_missing, words_too_long."""
    kept = words.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not kept:
        raise Refusal("invalid", "words_missing")
    if len(kept) > longest:
        raise Refusal("invalid", "words_too_long", longest=longest, length=len(kept))
    return kept


def number_to_call(typed: str) -> str:
    """Give a phone number as it was typed, once it can be one. Raises Refusal number_malformed."""
    number = " ".join(typed.split())
    digits = sum(character.isdigit() for character in number)
    if NOT_A_NUMBER.search(number) or not FEWEST_DIGITS <= digits <= MOST_DIGITS or len(number) > LONGEST_NUMBER:
        raise Refusal("invalid", "number_malformed")
    return number


def answer_by(asked: datetime, days: int, zone: tzinfo, is_free: Callable[[date], bool]) -> datetime:
    """Tell by when an answer is promised: the end of that many working days after the day it was asked on.

    Worked: two days, asked on a Friday: Tuesday evening; before Thanksgiving, asked on Wednesday: Monday evening.
    """
    day, left = asked.astimezone(zone).date(), max(1, days)
    while left:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY and not is_free(day):
            left -= 1
    # The last second of the day, so that it is shown as that day and not as the midnight after it.
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone)
