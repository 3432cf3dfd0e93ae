"""Words around cadences: whom one is for, what is wrong with its steps, and why a step waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from portal.domain.cadences import EARLIEST_DAY, LATEST_DAY, LEAST_GAP_DAYS, MOST_STEPS
from portal.words import happenings, step_words
from portal.words.core import Words
from portal.words.refusals import N_


class ForWhom(Protocol):
    """What of a cadence its name and its reach are made from."""

    @property
    def name(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def history(self) -> str: ...
    @property
    def least_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


AUDIENCES: Mapping[str, str] = {
    "any": N_("Everybody"), "consumer": N_("Consumers"), "business": N_("Businesses")}
HISTORIES: Mapping[str, str] = {
    "any": N_("However they paid before"), "first_time": N_("Those who have never paid late"),
    "repeat": N_("Those who have paid late before")}
PRESET_HINTS: Mapping[str, str] = {
    "gentle": N_("Seven steps in 90 days; two friendly reminders before a firm one."),
    "standard": N_("Seven steps in 50 days."),
    "firm": N_("Seven steps in 35 days; firm after a week."),
}
MISTAKES: Mapping[str, str] = {
    "no_steps": N_("There is no step yet."),
    "many_steps": N_("More than %(most)s steps are more than anybody answers to."),
    "day_out_of_bounds": N_("A step lies outside of %(lowest)s days before and %(highest)s days after the due date."),
    "two_on_one_day": N_("Two steps stand on one day. Give one of them another day."),
    "too_close": N_("Two steps are fewer than %(gap)s days apart, so nobody has time to answer the first."),
    "harsher_before_milder": N_("A milder step follows a firmer one. Tones go from note to last notice."),
    "no_friendly_before_firm": N_("The first step after the due date is firm. Nobody should meet a firm word before a "
                                  "friendly one."),
    "note_after_due": N_("A note ahead stands after the due date, where it has no use."),
}
# Why a step waits; what the message gate says of emails is said in the same words.
WHY: Mapping[str, str] = {
    "due": N_("Its day has come."),
    "call_has_no_number": N_("There is no number to call, or they want no calls."),
    "letter_has_no_address": N_("There is no postal address, or they want no letters."),
    "safe_mode": N_("Safe mode is on, so nothing leaves."),
    "not_ready": N_("It could not be made ready; it is tried again the next day."),
}


def title(words: Words, name: str) -> str:
    """Name a cadence: one that stands as it was proposed in the reader's words, any other as its owner did."""
    return words.text(step_words.PRESETS[name]) if name in step_words.PRESETS else name


def for_whom(words: Words, cadence: ForWhom) -> str:
    """Say whom a cadence is for, in a few words."""
    parts = [words.text(AUDIENCES[cadence.audience])]
    if cadence.history != "any":
        parts.append(words.text(HISTORIES[cadence.history]).lower())
    if cadence.least_minor:
        parts.append(words.text("invoices from %(sum)s on", sum=words.money(cadence.least_minor, cadence.currency)))
    return ", ".join(parts)


def mistakes(words: Words, codes: Sequence[str]) -> list[str]:
    """Say what is wrong with a series of steps, one sentence each."""
    known = {"most": MOST_STEPS, "lowest": -EARLIEST_DAY, "highest": LATEST_DAY, "gap": LEAST_GAP_DAYS}
    return [words.text(MISTAKES[code], **known) for code in codes]


def why(words: Words, code: str) -> str:
    """Say why a step is taken or waits."""
    text = WHY.get(code) or happenings.MESSAGE_REASONS.get(code)
    return words.text(text) if text else code


def signed(day: int) -> str:
    """Write a step's day beside the due date: +9, or −3 before it."""
    return f"+{day}" if day > 0 else str(day).replace("-", "\u2212")


def email_kind(words: Words, code: str) -> str:
    """Name a kind of email."""
    return words.text(happenings.MESSAGE_KINDS[code]) if code in happenings.MESSAGE_KINDS else code


def tone(words: Words, code: str) -> str:
    """Name a tone."""
    return words.text(step_words.TONES[code]) if code in step_words.TONES else code
