"""Why to call somebody, in sentences, and what to say: one of each for every reason of domain/calls.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from portal.words.core import Words
from portal.words.refusals import N_

Values = Mapping[str, Any]


def lead(words: Words, code: str, values: Values, currency: str) -> str:
    """Say the first reason: it stands in bold."""
    return _LEADS[code](words, values, currency)


def more(words: Words, reasons: Sequence[tuple[str, Values]]) -> str:
    """Say what else is known, in a sentence or two."""
    return " ".join(_MORE[code](words, values) for code, values in reasons if code in _MORE)


def advice(words: Words, code: str) -> str:
    """Say how such a call may begin: with a question, and never with a threat."""
    return words.text(ADVICE[code])


def _day(words: Words, values: Values) -> str:
    return words.short_day(date.fromisoformat(values["on"]))


def _late(words: Words, values: Values) -> str:
    return words.plural("%(n)s day late, and the reminders changed nothing.",
                        "%(n)s days late, and the reminders changed nothing.", values["days"])


_LEADS: dict[str, Callable[[Words, Values, str], str]] = {
    "asked_call": lambda words, values, _: words.text("Asked you to call on %(day)s.", day=_day(words, values)),
    "promise_broken": lambda words, values, _: words.text(
        "Promise broken: the money was promised for %(day)s and did not come.", day=_day(words, values)),
    "payment_failed": lambda words, values, currency: words.text(
        "A payment did not go through: %(sum)s on %(day)s.", sum=words.money(values["minor"], currency),
        day=_day(words, values)),
    "question": lambda words, values, _: words.text("Waits for an answer since %(day)s.", day=_day(words, values)),
    "turns": lambda words, values, _: words.text(
        "Turns %(days)s days late on %(day)s.", days=values["days"], day=_day(words, values)),
    "opened_and_left": lambda words, values, _: words.text(
        "Looked at their page on %(day)s and left without paying.", day=_day(words, values)),
    "no_email": lambda words, _values, _currency: words.text("No email reaches them, so a call is the only way."),
    "wants_no_email": lambda words, _values, _currency: words.text(
        "Wants no emails that ask for money, so a call is the way."),
    "silent": lambda words, values, _: words.plural(
        "Silent: %(n)s reminder was not followed up.", "Silent: %(n)s reminders, and the page was never opened.",
        values["n"]),
    "late": lambda words, values, _: _late(words, values),
}

_MORE: dict[str, Callable[[Words, Values], str]] = {
    "promise_broken": lambda words, values: words.text(
        "What was promised for %(day)s did not come.", day=_day(words, values)),
    "payment_failed": lambda words, values: words.text(
        "A payment failed on %(day)s.", day=_day(words, values)),
    "question": lambda words, values: words.text("A question waits since %(day)s.", day=_day(words, values)),
    "turns": lambda words, values: words.text(
        "Turns %(days)s days late on %(day)s.", days=values["days"], day=_day(words, values)),
    "opened_and_left": lambda words, values: words.text("Looked at their page on %(day)s.", day=_day(words, values)),
    "no_email": lambda words, _: words.text("No email reaches them."),
    "wants_no_email": lambda words, _: words.text("Wants no emails that ask for money."),
    "silent": lambda words, values: words.plural(
        "%(n)s reminder without an answer.", "%(n)s reminders without an answer.", values["n"]),
    "late": lambda words, values: words.plural("%(n)s day late.", "%(n)s days late.", values["days"]),
    "never_called": lambda words, _: words.text("Nobody has called yet."),
    "paid_before": lambda words, values: words.text(
        "Paid %(paid)s of %(n)s earlier invoices on time.", paid=values["n"] - values["late"], n=values["n"]),
}

ADVICE = {
    "asked_call": N_("Thank them for writing. Ask what they can pay now and what would work for the rest. Agree on one "
                     "date before you hang up."),
    "promise_broken": N_("Mention the promise without blame: “We had that day in our notes; did something come up?” "
                         "Agree on a new date this week, or on a part now."),
    "payment_failed": N_("Say that the bank did not let it through, which happens to everyone. Ask whether another "
                         "card or a bank transfer would be easier."),
    "question": N_("Answer the question first. Speak of paying only when they say that it is settled."),
    "turns": N_("Ask what is different this time. If it is cash, offer to split it; if something is wrong with the "
                "invoice, write it down and pause it."),
    "opened_and_left": N_("Ask whether everything on the page was right and clear. Often one line is in question, or "
                          "the card was not at hand."),
    "no_email": N_("Ask for an address that works before you speak of the sum. The invoice may never have arrived."),
    "wants_no_email": N_("Say that you keep to their wish and call instead. Ask how they would like to hear from you, "
                         "and agree on one date."),
    "silent": N_("Ask whether the emails arrive at all. Offer to send the link again while you speak."),
    "late": N_("Begin with a question: “Did you get our invoice?” Listen, then ask for a date they can keep."),
}
