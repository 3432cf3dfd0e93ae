"""What worked, in words: how it is counted, what a share says and does not say, and what one might try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.domain.learning import ENOUGH, ENOUGH_OF_ONE, Tally
from portal.words import step_words
from portal.words.refusals import N_

if TYPE_CHECKING:
    from portal.services.learning import Suggestion
    from portal.words.core import Words

VOICES: Mapping[str, str] = {"ours": N_("our words"), "yours": N_("your words")}
AFTER: Mapping[str, str] = {"email": N_("After emails"), "letter": N_("After letters"), "call": N_("After calls")}
MOST: Mapping[str, str] = {
    "email": N_("With them, most money has followed emails so far."),
    "letter": N_("With them, most money has followed letters so far."),
    "call": N_("With them, most money has followed calls so far."),
}


def share(words: Words, tally: Tally) -> str:
    """Write a share, or that there are too few to say."""
    if tally.hundredths is None:
        return words.text("too few to say")
    return words.percent(tally.hundredths * 100)


def days(words: Words, tally: Tally) -> str:
    """Write after how many days money came in the middle case."""
    if tally.days is None:
        return "–"
    if not tally.days:
        return words.text("the same day")
    return words.plural("%(n)s day", "%(n)s days", tally.days)


def step(words: Words, about: tuple[Any, ...]) -> str:
    """Name a step: "9 days after the due date, friendly, email"."""
    day, tone, channel = about
    return ", ".join((step_words.when(words, day), words.text(step_words.TONES[tone]),
                      words.text(step_words.CHANNELS[channel])))


def suggestion(words: Words, one: Suggestion) -> str:
    """Say what one might try, and what it rests on."""
    tally = one.tally or Tally(0, 0)
    counts = {"paid": words.number(tally.paid), "asked": words.number(tally.asked)}
    if one.code == "yours_words_bring_more":
        return words.text("Your own words are followed by money more often than ours: %(paid)s of %(asked)s. You might "
                          "write them for the other steps, too.", **counts)
    if one.code == "ours_words_bring_more":
        return words.text("Our words are followed by money more often than yours: %(paid)s of %(asked)s. You might "
                          "give a step or two back to them.", **counts)
    if one.code == "channel_brings_more":
        return words.text("Of emails, letters and calls, money most often follows this: %(channel)s, %(paid)s of "
                          "%(asked)s. Whom it reaches and when differs, so try before you change much.",
                          channel=words.text(step_words.CHANNELS[one.about[0]]), **counts)
    if one.code == "step_brings_little":
        return words.text("Hardly any money follows this step: %(step)s, %(paid)s of %(asked)s. Another tone, "
                          "another way or another day may do more.", step=step(words, one.about), **counts)
    return words.text("Many say it was hard: %(paid)s of %(asked)s. What they wrote stands below; a call to one of "
                      "them may explain it.", **counts)


def rule(words: Words) -> str:
    """Say how it is counted, and what nobody can know."""
    return words.text("Counted as followed by money: a payment for the same invoice within 7 days after a step and "
                      "before the next one. That the step caused it, nobody knows; some would have come anyway. Under "
                      "%(few)s steps nothing is concluded.", few=words.number(ENOUGH))


def most(words: Words, tallies: Mapping[str, Tally]) -> str:
    """Say what has worked best with one debtor, "" while there are too few to say or none stands out."""
    enough = {channel: tally for channel, tally in tallies.items() if tally.asked >= ENOUGH_OF_ONE}
    if len(enough) < len(AFTER) - 1 or not enough:
        return ""
    ranked = sorted(enough, key=lambda channel: enough[channel].share, reverse=True)
    return words.text(MOST[ranked[0]]) if enough[ranked[0]].share > enough[ranked[1]].share else ""
