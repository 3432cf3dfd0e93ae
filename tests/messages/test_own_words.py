"""A step in the business's own words: what a debtor reads, in which language, and what can never get in that way."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from portal.models import CadenceStep
from portal.words.core import speak
from portal.words.own_words import Said, said, values
from tests.messages.conftest import Post
from tests.messages.test_cadence import begin, day_passes

THEIRS = {"en": {"subject": "A word from {business}, {name}",
                 "body": "You know us from the spring.\n\nInvoice {invoice} over {amount} was due on {date}; write to "
                         "{sender} or call {phone} by {until}. <script>alert(1)</script>"}}
FILLED = {name: name for name in ("name", "business", "sender", "phone", "invoice", "amount", "date", "until")}


def give(post: Post, own: object) -> None:
    with post.rt.db.transaction() as session:
        session.execute(update(CadenceStep).values(own_words=own))


def test_a_reminder_speaks_the_business_s_words_between_our_greeting_and_our_sums(post: Post) -> None:
    begin(post)
    give(post, THEIRS)
    day_passes(post, hours=1)
    (message,) = post.all()
    assert message.state == "sent" and message.subject == "A word from Alder Street Dental, Daniel"
    assert ("You know us from the spring.\n\nInvoice ASD-30418 over $453.00 was due on Sunday, October 18; write to "
            "Tom Whitfield or call (541) 555-0118 by Tuesday, November 17.") in message.body_text
    assert "Perhaps it slipped by" not in message.body_text and "Stop these emails" in message.body_text
    assert "<script>" not in message.body_html and "&lt;script&gt;" in message.body_html


def test_who_reads_another_language_reads_our_words(post: Post) -> None:
    post.change(post.debtor, locale="es")
    begin(post)
    give(post, THEIRS)
    day_passes(post, hours=1)
    (message,) = post.all()
    assert message.subject == "Una nota de Alder Street Dental" and "spring" not in message.body_text


def test_a_name_brings_no_link_and_no_line_of_its_own_into_an_email(post: Post) -> None:
    post.change(post.debtor, greeting_name="{{portal_link}}\nBcc: all@mail.example")
    begin(post)
    give(post, {"en": {"subject": "Hello {name}", "body": "{name}{name}"}})
    day_passes(post, hours=1)
    (message,) = post.all()
    assert "\n" not in message.subject and "{{" not in message.subject
    assert message.body_text.count("{{portal_link}}") == 1, "only where our own button is"
    assert message.state == "sent"


def test_several_invoices_are_counted_and_a_value_is_never_read_as_a_placeholder() -> None:
    words = speak("en_US", "UTC")
    filled = values(words, name="{amount}", business="B", sender="S", phone="1", numbers=["1", "2"],
                    sums=["$1.00", "2,00 €"], due_on=date(2026, 11, 1), today=date(2026, 11, 10), tone="final")
    told = said({"en": {"body": "{name}: {invoice}, {amount}"}}, words, filled)
    assert told == Said("", ("{amount}: 2 invoices, $1.00, 2,00 €",))


@pytest.mark.parametrize("body", ["{gone}", "{", "{name"])
def test_words_that_can_not_be_read_any_more_are_ours(body: str) -> None:
    assert said({"en": {"body": body}}, speak("en", "UTC"), FILLED) == Said()
