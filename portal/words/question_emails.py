"""The wording of emails around a question: the answer to whoever asked, and the short word to the business."""

from __future__ import annotations

from datetime import datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, plain


def answered(words: Words, sender: Sender, reader: Reader, answer: str, staff_name: str, *, can_reply: bool) -> Letter:
    """Word the answer to a question; what staff wrote stands in it paragraph by paragraph."""
    name = plain(staff_name)
    closing = (
        words.text("You can just reply to this email; your words go straight to %(name)s.", name=name) if can_reply
        else words.text("Do you want to say more? Your page has a place for it, under “I need help”."))
    return Letter(
        subject=words.text("An answer from %(business)s", business=sender.name),
        preview=words.text("To what you asked us."),
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=(words.text("%(name)s writes:", name=name), *paragraphs(answer)),
        action=words.text("See your page"), closing=(closing,))


def asked(words: Words, sender: Sender, question_id: str, *, call: bool, until: datetime) -> Letter:
    """Word the note that someone waits; who it is and what they ask stands only behind the sign-in."""
    news = (
        words.text("A customer asks to be called back. Your page promised it by %(day)s.", day=words.day(until))
        if call else
        words.text("A customer has asked you something. Your page promised an answer by %(day)s.",
                   day=words.day(until)))
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"), opening=(news,),
        action=words.text("Read and answer"), signed=False, office_page=f"/requests/questions/{question_id}")


def paragraphs(text: str) -> tuple[str, ...]:
    """Divide what somebody typed into lines an email can hold; none of them can become one of our placeholders."""
    lines = (plain(line) for line in text.replace("\r\n", "\n").split("\n"))
    return tuple(line for line in lines if line)
