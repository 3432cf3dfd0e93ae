"""The wording of letters on paper: what is asked or confirmed, by invoice, until when and how. Layout is not here.

What a letter says is kept with it, so that the same letter printed again is the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.words.core import Words
from portal.words.reminder_tones import firmer, wait_of

PAID_IN_FULL = "paid_in_full"
AGREEMENT = "agreement"


@dataclass(frozen=True)
class LetterInvoice:
    """One invoice as a letter names it: what is asked for, and what of it is fees and interest; minor units."""

    number: str
    title: str
    due_on: date
    currency: str
    minor: int
    fees_minor: int = 0


@dataclass(frozen=True)
class LetterFrom:
    """Who writes: the person, how to reach them, and where transfers go as label and value."""

    contact_name: str
    contact_phone: str
    hours: str
    bank: Sequence[tuple[str, str]]
    reference: str


@dataclass(frozen=True)
class LetterWords:
    """All texts of one letter, ready to print and to be kept."""

    title: str
    day: str
    page_label: str
    to: tuple[str, ...]
    opening: tuple[str, ...]
    columns: tuple[str, str, str]
    # Invoice, the note under it, its due day, and the sum.
    rows: tuple[tuple[str, str, str, str], ...]
    totals: tuple[tuple[str, str], ...]
    pay_title: str
    pay: tuple[tuple[str, str], ...]
    link_caption: str
    transfer_caption: str
    ending: tuple[str, ...]
    closing: tuple[str, ...]


def letter(words: Words, tone: str, sender: LetterFrom, to: Sequence[str], greeting_name: str,
           invoices: Sequence[LetterInvoice], today: date, *, link_until: date | None,
           own: Sequence[str] = ()) -> LetterWords:
    """Word a letter that asks for money, in the tone of its step; `own` are the business's own paragraphs for it."""
    pay_by = today + timedelta(days=wait_of(tone))
    pay = [(words.text("Please pay by"), words.long_day(pay_by))]
    if sender.bank:
        pay += [*sender.bank, (words.text("Reference"), sender.reference)]
    caption = words.text("Scan this to see all of it, to pay, or to tell us what is in the way. It works until "
                         "%(day)s.", day=words.long_day(link_until)) if link_until else ""
    said = tuple(own) or firmer(words, tone, today) or (
        words.text("Perhaps this has slipped by, or it has crossed with your payment. Then please take this letter as "
                   "not written."),)
    return LetterWords(
        title=_title(words, tone), day=words.long_day(today), page_label=_page_label(words), to=tuple(to),
        opening=(_greeting(words, greeting_name), *said), columns=_columns(words),
        rows=tuple(_row(words, one) for one in invoices), totals=_totals(words, invoices),
        pay_title=words.text("How to pay"), pay=tuple(pay), link_caption=caption,
        transfer_caption=words.text("Scan this with your banking app for the transfer."),
        ending=(words.text("If you cannot pay it at once, or something is wrong with it, please tell us. We find a "
                           "way."),),
        closing=_closing(words, sender))


def paid_in_full(words: Words, sender: LetterFrom, to: Sequence[str], greeting_name: str,
                 invoices: Sequence[LetterInvoice], today: date) -> LetterWords:
    """Word the letter that confirms that invoices are settled; their sums are as billed with what was added."""
    return LetterWords(
        title=words.text("Paid in full, thank you"), day=words.long_day(today), page_label=_page_label(words),
        to=tuple(to), opening=(_greeting(words, greeting_name), words.text(
            "What is named below is settled. Nothing of it is left to pay. Thank you.")), columns=_columns(words),
        rows=tuple(_row(words, one) for one in invoices), totals=(), pay_title="", pay=(), link_caption="",
        transfer_caption="", ending=(words.text("Please keep this letter with your papers."),),
        closing=_closing(words, sender))


def signed_agreement(words: Words, sender: LetterFrom, to: Sequence[str], greeting_name: str,
                     today: date) -> LetterWords:
    """Word the letter that brings a signed agreement on paper; the agreement itself follows it."""
    return LetterWords(
        title=words.text("Your agreement on paper"), day=words.long_day(today), page_label=_page_label(words),
        to=tuple(to), opening=(_greeting(words, greeting_name), words.text(
            "As you asked, here is what you have signed, word for word. It costs you nothing.")), columns=("", "", ""),
        rows=(), totals=(), pay_title="", pay=(), link_caption="", transfer_caption="",
        ending=(words.text("Please keep it with your papers."),), closing=_closing(words, sender))


def plain_text(said: LetterWords) -> str:
    """Write a letter as plain text, to be read on a screen before there is one."""
    rows = [f"{', '.join(filter(None, (what, note, day)))}: {amount}" for what, note, day, amount in said.rows]
    pairs = [f"{label}: {value}" for label, value in (*said.totals, *said.pay)]
    blocks = ("\n".join(said.to), said.day, said.title, *said.opening, "\n".join(rows), "\n".join(pairs),
              said.link_caption, *said.ending, "\n".join(said.closing))
    return "\n\n".join(filter(None, blocks))


def _title(words: Words, tone: str) -> str:
    if tone == "formal":
        return words.text("Formal request to pay")
    if tone == "final":
        return words.text("Last notice")
    return words.text("A reminder")


def _greeting(words: Words, name: str) -> str:
    return words.text("Hello %(name)s,", name=name) if name else words.text("Hello,")


def _columns(words: Words) -> tuple[str, str, str]:
    return words.text("For"), words.text("Due"), words.text("Amount")


def _row(words: Words, one: LetterInvoice) -> tuple[str, str, str, str]:
    named = words.text("Invoice %(number)s", number=one.number)
    note = named if one.title else ""
    if one.fees_minor:
        fees = words.text("with late fees and interest of %(sum)s", sum=words.money(one.fees_minor, one.currency))
        note = f"{note}, {fees}" if note else fees
    return one.title or named, note, words.long_day(one.due_on), words.money(one.minor, one.currency)


def _totals(words: Words, invoices: Sequence[LetterInvoice]) -> tuple[tuple[str, str], ...]:
    sums: dict[str, int] = {}
    for one in invoices:
        sums[one.currency] = sums.get(one.currency, 0) + one.minor
    return tuple((words.text("Left to pay"), words.money(minor, currency)) for currency, minor in sums.items())


def _page_label(words: Words) -> str:
    return words.text("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")


def _closing(words: Words, sender: LetterFrom) -> tuple[str, ...]:
    return tuple(filter(None, (sender.contact_name, sender.contact_phone, sender.hours)))
