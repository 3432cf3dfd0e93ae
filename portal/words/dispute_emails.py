"""The wording of emails about disputes; no subject tells that anything is owed."""

from __future__ import annotations

from datetime import datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, plain
from portal.words.question_emails import paragraphs


def decided(words: Words, sender: Sender, reader: Reader, state: str, credited: int, currency: str, *,
            words_of_staff: str, name: str, rests_until: datetime, again: bool) -> Letter:
    """Word how a dispute was decided: what was credited, what is owed after all, and that nothing is asked at once."""
    said = (words.text("%(name)s writes:", name=plain(name)), *paragraphs(words_of_staff)) if words_of_staff else ()
    closing = [words.text("You see it line by line on your page, with what is left now.")]
    if again:
        closing.append(words.text("Is there something we do not know yet? You can add it on your page once, and we "
                                  "look a second time."))
    return Letter(
        subject=words.text("An answer from %(business)s", business=sender.name),
        preview=words.text("To what you told us."),
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=(_outcome(words, state, credited, currency), *said, *_rest(words, state, rests_until)),
        action=words.text("See your page"), closing=tuple(closing))


def due(words: Words, sender: Sender, dispute_id: str, by: datetime, *, passed: bool) -> Letter:
    """Word that a dispute has to be decided soon, or that the promised day has passed."""
    news = (
        words.text("A dispute was to be answered by %(day)s and still waits. What it is about rests until you decide.",
                   day=words.day(by)) if passed
        else words.text("A dispute is to be answered by %(day)s. Your page promised it.", day=words.day(by)))
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"), opening=(news,),
        action=words.text("Read and answer"), signed=False, office_page=f"/requests/disputes/{dispute_id}")


def opened(words: Words, sender: Sender, dispute_id: str, until: datetime) -> Letter:
    """Word the note that somebody says something is wrong; who and what stands only behind the sign-in."""
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"),
        opening=(words.text("A customer has told you that something is wrong. Your page promised a first word by "
                            "%(day)s.", day=words.day(until)),),
        action=words.text("Read and answer"), signed=False, office_page=f"/requests/disputes/{dispute_id}")


def _outcome(words: Words, state: str, credited: int, currency: str) -> str:
    amount = words.money(credited, currency)
    if state == "upheld":
        return words.text("You were right, and we are sorry. We have credited %(amount)s.", amount=amount)
    if credited:
        return words.text("We have looked at what you told us. A part of it was wrong: we have credited %(amount)s.",
                          amount=amount)
    return words.text("We have looked at what you told us, and the invoice stays as it is.")


def _rest(words: Words, state: str, until: datetime) -> tuple[str, ...]:
    if state == "upheld":
        return ()
    return (words.text("Until %(day)s we send no reminder about it, and no fee is added.", day=words.day(until)),)
