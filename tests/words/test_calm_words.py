"""Whatever tone, language and way: no words of ours threaten, and no subject of ours tells of a debt."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from portal.domain.cadences import TONES
from portal.domain.calm import heavy, shouts, telling, threats
from portal.words import call_scripts, courtesy_kinds, email_kinds, letter_paper
from portal.words.catalogs import LANGUAGES
from portal.words.core import Words, speak, speaking
from portal.words.email_kinds import OwedInvoice, PaidSum
from portal.words.emails import Letter, Reader, Sender, render
from portal.words.letter_paper import LetterFrom, LetterInvoice
from portal.words.reminder_tones import WAITS

NOW = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
SENDER = Sender("Tidewell", "#14606b", "Tom Whitfield", "+15415550118", "", "on your card", "1 Pier, Bend")
READER = Reader("Ada", "postal_code", "Ada Moreno")
FILLED = {name: "Ada" for name in ("name", "business", "sender", "phone", "invoice", "amount", "date", "until")}


def invoices(count: int, due_on: date) -> list[OwedInvoice]:
    return [OwedInvoice(f"A-{n}", "Garden", date(2026, 9, 1), due_on, "USD", 120_00) for n in range(count)]


def reminder(words: Words, tone: str, count: int, due_on: date, *, no_fees: bool) -> Letter:
    return email_kinds.reminder(words, SENDER, READER, invoices(count, due_on), today=NOW.date(), no_fees=no_fees,
                                tone=tone)


@pytest.mark.parametrize(("tone", "language"), list(product(TONES, LANGUAGES)))
@pytest.mark.parametrize("count", [1, 3])
def test_no_reminder_threatens_and_no_subject_tells(tone: str, language: str, count: int) -> None:
    words = speak(language, "UTC")
    with speaking(words, NOW):
        for due_on, no_fees in product((date(2026, 10, 1), date(2026, 11, 20)), (True, False)):
            letter = reminder(words, tone, count, due_on, no_fees=no_fees)
            said = render(words, SENDER, READER, letter)
            assert threats(said.text) == [] and threats(said.subject) == []
            assert heavy(" ".join((*letter.opening, *letter.closing))) == [] and not shouts(said.text)
            assert telling(said.subject) == [] and telling(letter.preview) == []


@pytest.mark.parametrize(("tone", "language"), list(product(WAITS, LANGUAGES)))
def test_a_firm_tone_names_its_day_and_keeps_the_ways_open(tone: str, language: str) -> None:
    words = speak(language, "UTC")
    with speaking(words, NOW):
        letter = reminder(words, tone, 1, date(2026, 10, 1), no_fees=True)
        until = words.day(NOW.date() + timedelta(days=WAITS[tone]))
        assert until in " ".join(letter.opening) and len(letter.ways) == 3


@pytest.mark.parametrize(("tone", "language"), list(product(TONES, LANGUAGES)))
def test_no_letter_threatens(tone: str, language: str) -> None:
    words = speak(language, "UTC")
    with speaking(words, NOW):
        said = letter_paper.letter(
            words, tone, LetterFrom("Tom Whitfield", "+15415550118", "", (), "A-1"), ("Ada Moreno",), "Ada",
            [LetterInvoice("A-1", "Garden", date(2026, 10, 1), "USD", 120_00, 5_00)], NOW.date(),
            link_until=date(2026, 12, 1))
        text = " ".join((said.title, *said.opening, *said.ending, said.pay_title, said.link_caption, *said.closing))
    assert threats(text) == [] and heavy(text) == [] and not shouts(text)


@pytest.mark.parametrize(("tone", "language"), list(product(TONES, LANGUAGES)))
def test_no_call_begins_with_a_threat(tone: str, language: str) -> None:
    said = " ".join(call_scripts.script(speak(language, "UTC"), tone, {}, FILLED))
    assert threats(said) == [] and not shouts(said) and len(said.split()) < 90


@pytest.mark.parametrize("language", LANGUAGES)
def test_thanks_neither_ask_nor_tell(language: str) -> None:
    words = speak(language, "UTC")
    paid = PaidSum("P-1", 120_00, "USD", "visa", "4242", NOW, 0, asks=True)
    with speaking(words, NOW):
        for letter in (courtesy_kinds.thank_you(words, SENDER, READER, paid, 5_00),
                       courtesy_kinds.thank_you(words, SENDER, READER, paid, 0),
                       courtesy_kinds.check_in(words, SENDER, READER)):
            assert threats(" ".join(letter.opening)) == [] and telling(letter.subject) == []
            assert telling(letter.preview) == [] and letter.amounts == () and letter.ways == ()
