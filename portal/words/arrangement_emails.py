"""The wording of emails about time, promises and money already paid; no subject tells that anything is owed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, plain
from portal.words.question_emails import paragraphs

Decided = Callable[..., Letter]


def time_given(words: Words, sender: Sender, reader: Reader, until: date, *, words_of_staff: str = "",
               name: str = "") -> Letter:
    """Word that nothing is asked for until a day."""
    return _letter(
        words, sender, reader, words.text("You have time until %(day)s.", day=words.day(until)),
        (*_said(words, name, words_of_staff),
         words.text("You have time until %(day)s. Until that day is over we send no reminders, and no fee is added.",
                    day=words.day(until)),
         words.text("You can pay any time before, all of it or a part. After that day reminders begin again, friendly "
                    "ones first.")))


def time_countered(words: Words, sender: Sender, reader: Reader, until: date, *, words_of_staff: str = "",
                   name: str = "") -> Letter:
    """Word that another day is offered, and that nothing holds before it is taken."""
    return _letter(
        words, sender, reader, words.text("%(name)s has an answer for you.", name=plain(name)),
        (*_said(words, name, words_of_staff),
         words.text("We can give you time until %(day)s. One press on your page takes it.", day=words.day(until)),
         words.text("Reminders wait until you have chosen.")))


def time_refused(words: Words, sender: Sender, reader: Reader, _until: date | None, *, words_of_staff: str = "",
                 name: str = "") -> Letter:
    """Word that time cannot be given, why, and which ways are open."""
    return _letter(
        words, sender, reader, words.text("%(name)s has an answer for you.", name=plain(name)),
        (*_said(words, name, words_of_staff),
         words.text("More time is not possible this time. Your page shows which ways are open, and a call helps "
                    "often.")))


def time_ended(words: Words, sender: Sender, reader: Reader, _until: date | None, *, words_of_staff: str = "",
               name: str = "") -> Letter:
    """Word that time which was given ends before its day, and why."""
    return _letter(
        words, sender, reader, words.text("%(name)s has an answer for you.", name=plain(name)),
        (*_said(words, name, words_of_staff),
         words.text("The time we gave you ends today. Your page shows which ways are open, and a call helps often.")))


def promise_taken(words: Words, sender: Sender, reader: Reader, until: date, *, words_of_staff: str = "",
                  name: str = "") -> Letter:
    """Word that a promised day is written down, and what happens after it."""
    return _letter(
        words, sender, reader, words.text("We have written down %(day)s.", day=words.day(until)),
        (words.text("Thank you for telling us. You pay by %(day)s, and until that day is over we send no reminders.",
                    day=words.day(until)),
         words.text("Should it not work out, tell us before; we find another way.")))


def claim_answered(words: Words, sender: Sender, reader: Reader, amount_minor: int, currency: str, paid_on: date, *,
                   found: bool, words_of_staff: str, name: str) -> Letter:
    """Word whether the money somebody told of was found."""
    amount = words.money(amount_minor, currency)
    news = (
        words.text("We have found your payment of %(amount)s from %(day)s. Thank you; it counts for your account.",
                   amount=amount, day=words.day(paid_on))
        if found else
        words.text("We have looked for your payment of %(amount)s from %(day)s and have not found it yet.",
                   amount=amount, day=words.day(paid_on)))
    rest = () if found else (
        words.text("Please look whether it left your account, and tell us what your bank says. Nothing is lost: money "
                   "that comes in later counts from the day it came."),)
    return _letter(words, sender, reader, words.text("%(name)s has an answer for you.", name=plain(name)),
                   (news, *_said(words, name, words_of_staff), *rest))


def time_asked(words: Words, sender: Sender, arrangement_id: str, until: datetime) -> Letter:
    """Word the note that someone asks for time; who it is stands only behind the sign-in."""
    return _to_staff(
        words, sender, words.text("A customer asks for more time. Your page promised an answer by %(day)s.",
                                  day=words.day(until)), f"/requests/time/{arrangement_id}")


def claim_made(words: Words, sender: Sender, claim_id: str, until: datetime) -> Letter:
    """Word the note that someone says they have paid."""
    return _to_staff(
        words, sender, words.text("A customer says that they have paid already. Your page promised an answer by "
                                  "%(day)s.", day=words.day(until)), f"/requests/claims/{claim_id}")


def _letter(words: Words, sender: Sender, reader: Reader, preview: str, opening: tuple[str, ...]) -> Letter:
    return Letter(
        subject=words.text("An answer from %(business)s", business=sender.name), preview=preview,
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=opening, action=words.text("See your page"))


def _said(words: Words, name: str, told: str) -> tuple[str, ...]:
    if not told.strip():
        return ()
    return (words.text("%(name)s writes:", name=plain(name)), *paragraphs(told))


def _to_staff(words: Words, sender: Sender, news: str, page: str) -> Letter:
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"), opening=(news,),
        action=words.text("Read and answer"), signed=False, office_page=page)


# What was decided about time or a promise, and how it is worded.
DECIDED: dict[str, Decided] = {
    "time_given": time_given, "time_countered": time_countered, "time_refused": time_refused,
    "time_ended": time_ended, "promise_taken": promise_taken,
}
