"""The wording of emails about settlements and discounts made by hand; no subject tells that anything is owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from portal.words.core import Words
from portal.words.emails import Letter, Reader, Sender, plain
from portal.words.question_emails import paragraphs


@dataclass(frozen=True)
class Terms:
    """What an email about a settlement names: the sum that closes it in minor units, its last day, words of staff."""

    amount_minor: int
    currency: str
    until: date | None
    said: str = ""
    name: str = ""


@dataclass(frozen=True)
class Saving:
    """A discount as its email names it: minor units, its last moment."""

    invoice: str
    left_minor: int
    discount_minor: int
    currency: str
    deadline: datetime


Told = Callable[[Words, Sender, Reader, Terms], Letter]


def granted(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that the sum somebody asked for is agreed to, and that signing makes it hold."""
    return _letter(words, sender, reader, _news(words, terms), (
        words.text("Yes: one payment of %(sum)s closes it.", sum=_sum(words, terms)),
        *_said(words, terms), _sign_by(words, terms)))


def countered(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that another sum would do."""
    return _letter(words, sender, reader, _news(words, terms), (
        *_said(words, terms),
        words.text("We can agree to one payment of %(sum)s, and all of it is closed.", sum=_sum(words, terms)),
        _sign_by(words, terms)))


def offered(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word an offer that the business makes of its own accord."""
    return _letter(words, sender, reader, words.text("%(name)s has a proposal for you.", name=plain(terms.name)), (
        *_said(words, terms),
        words.text("If it helps you: one payment of %(sum)s, and all of it is closed.", sum=_sum(words, terms)),
        _sign_by(words, terms), words.text("You are free to leave it. Then everything stays as it is.")))


def refused(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that this sum cannot be agreed to, why, and that other ways are open."""
    return _letter(words, sender, reader, _news(words, terms), (
        *_said(words, terms),
        words.text("We cannot agree to this sum. Your page shows which ways are open, and a call helps often.")))


def taken_back(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that an offer nobody signed stands no longer."""
    return _letter(words, sender, reader, _news(words, terms), (
        *_said(words, terms),
        words.text("What we had offered stands no longer. Your page shows which ways are open.")))


def run_out(words: Words, sender: Sender, reader: Reader, _terms: Terms) -> Letter:
    """Word that an offer has ended with its last day, unsigned."""
    return _letter(words, sender, reader, words.text("What we had offered has ended."), (
        words.text("What we had offered has ended with its last day. Nothing else has changed, and you can ask again."),
    ))


def kept(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that the one payment is there and all is closed."""
    return _letter(words, sender, reader, words.text("It is closed. Thank you."), (
        words.text("Your payment of %(sum)s has arrived, and with it everything we agreed on is closed. Nothing of it "
                   "is left.", sum=_sum(words, terms)),
        words.text("Your page keeps the agreement and the receipt for you.")))


def paid(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that nothing is left of what was to be settled, without anything having been forgiven."""
    return _letter(words, sender, reader, words.text("It is closed. Thank you."), (
        words.text("Nothing is left of what our agreement covers: it was paid or credited in full. So the agreement is "
                   "closed, and there is nothing more to pay for it."),
        words.text("Your page keeps the agreement and the receipt for you.")))


def broken(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that the agreement was not met, what that means, and that there are other ways."""
    return _letter(words, sender, reader, words.text("What we had agreed on has ended."), (
        words.text("The payment of %(sum)s that we agreed on has not come, or did not hold. So the agreement has "
                   "ended, and the full sum stands again, as it was before.", sum=_sum(words, terms)),
        words.text("Things happen. Please tell us what has changed; we look for another way with you.")))


def ends_soon(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word, two days before, until when the one payment can be started."""
    assert terms.until is not None
    return _letter(words, sender, reader, words.text("You have until %(day)s.", day=words.day(terms.until)), (
        words.text("What we agreed on holds until the end of %(day)s: one payment of %(sum)s.",
                   day=words.day(terms.until), sum=_sum(words, terms)),
        words.text("It is enough to start it by then. Should it not work out, tell us before.")))


def moved(words: Words, sender: Sender, reader: Reader, terms: Terms) -> Letter:
    """Word that what was agreed on has another last day, because its time stood still while a question was open."""
    assert terms.until is not None
    return _letter(words, sender, reader, words.text("You have until %(day)s.", day=words.day(terms.until)), (
        words.text("While your question was open, the time of what we agreed on stood still. You have those days "
                   "again: it now holds until the end of %(day)s.", day=words.day(terms.until)),
        words.text("Your page shows what is left to pay. It is enough to start the payment by then.")))


def discount_made(words: Words, sender: Sender, reader: Reader, savings: tuple[Saving, ...], said: str,
                  name: str) -> Letter:
    """Word a discount that somebody made by hand, with the last moment of each, in the reader's own time."""
    lines = tuple(words.text(
        "%(number)s: %(price)s instead of %(full)s until %(moment)s.", number=plain(one.invoice),
        price=words.money(one.left_minor - one.discount_minor, one.currency),
        full=words.money(one.left_minor, one.currency), moment=words.moment(one.deadline)) for one in savings)
    return _letter(words, sender, reader, words.text("A discount for you, for a while."), (
        *_said(words, Terms(0, "", None, said, name)), *lines,
        words.text("It is enough to start the payment by then. Your page takes it off by itself.")))


def discount_ends(words: Words, sender: Sender, reader: Reader, savings: tuple[Saving, ...]) -> Letter:
    """Word until when discounts made by hand can still be taken; a part payment may have changed their sums."""
    lines = tuple(words.text("%(number)s: your discount counts until %(moment)s.", number=plain(one.invoice),
                             moment=words.moment(one.deadline)) for one in savings)
    return _letter(words, sender, reader, words.text("Your discount ends soon."), (
        *lines, words.text("It is enough to start the payment by then. Your page takes it off by itself.")))


def to_staff(words: Words, sender: Sender, what: str, settlement_id: str, until: datetime) -> Letter:
    """Word the note to the business; who it is stands only behind the sign-in."""
    news = {
        "settlement_asked": words.text("A customer asks to settle for less. Your page promised an answer by %(day)s.",
                                       day=words.day(until)),
        "settlement_kept": words.text("A settlement was kept: its payment has arrived, and the rest is forgiven."),
        "settlement_paid": words.text("All that a settlement covered is paid or credited; nothing was forgiven."),
        "settlement_broken": words.text("A settlement was not kept. The full sum stands again."),
    }[what]
    return Letter(
        subject=words.text("Somebody waits for an answer at %(business)s", business=sender.name)
        if what == "settlement_asked" else words.text("News of an agreement at %(business)s", business=sender.name),
        preview=words.text("In the office, under Requests."), greeting=words.text("Hello,"), opening=(news,),
        action=words.text("Read and answer") if what == "settlement_asked" else words.text("See it"), signed=False,
        office_page=f"/requests/settlements/{settlement_id}")


def _letter(words: Words, sender: Sender, reader: Reader, preview: str, opening: tuple[str, ...]) -> Letter:
    return Letter(
        subject=words.text("An answer from %(business)s", business=sender.name), preview=preview,
        greeting=words.text("Hello %(name)s,", name=reader.greeting_name) if reader.greeting_name
        else words.text("Hello,"),
        opening=opening, action=words.text("See your page"))


def _news(words: Words, terms: Terms) -> str:
    return words.text("%(name)s has an answer for you.", name=plain(terms.name))


def _said(words: Words, terms: Terms) -> tuple[str, ...]:
    if not terms.said.strip():
        return ()
    return (words.text("%(name)s writes:", name=plain(terms.name)), *paragraphs(terms.said))


def _sum(words: Words, terms: Terms) -> str:
    return words.money(terms.amount_minor, terms.currency)


def _sign_by(words: Words, terms: Terms) -> str:
    assert terms.until is not None
    return words.text("It holds once you have signed it on your page, and the payment is to be started by the end of "
                      "%(day)s.", day=words.day(terms.until))


# What became of a settlement, and how it is worded.
TOLD: dict[str, Told] = {
    "settlement_granted": granted, "settlement_countered": countered, "settlement_offered": offered,
    "settlement_refused": refused, "settlement_taken_back": taken_back, "settlement_run_out": run_out,
    "settlement_kept": kept, "settlement_broken": broken, "settlement_moved": moved,
    "settlement_paid": paid,
}
