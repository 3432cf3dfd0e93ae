"""Which answers mean "stop", by the whole of what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.inbound_text import newly_written
from portal.domain.stop_words import means_stop

HISTORY = "\n\nOn Tue, Nov 10, 2026 at 12:01 PM Marsh <portal@portal.test> wrote:\n> Stop these emails: https"


@pytest.mark.parametrize("said", [
    "stop", "STOP", "Stop.", " stop!! ", "Unsubscribe", "Please unsubscribe me, thanks", "cancel", "CANCEL",
    "opt-out", "Remove me from your list please.", "Please take me off this list", "Don’t email me again.",
    "Stop emailing me!", "No more emails", "I would like to unsubscribe", "Please stop.\n\nHelen Okafor",
    "Hi,\nplease stop these emails\nThank you", "BAJA", "¡Baja!", "Por favor, darme de baja. Gracias", "Cancelar",
    "No más correos", "no quiero mas correos, gracias", "No quiero recibir más correos.", "Quiero darme de baja",
    "Dejen de escribirme", "Paren.\n\nAna López", "No me envíen más correos por favor", "basta ya",
])
def test_a_stop_is_understood(said: str) -> None:
    assert means_stop(said)
    assert means_stop(newly_written(said + HISTORY))


@pytest.mark.parametrize("said", [
    "", "   ", "Stop the work on the patio, please", "Can I cancel the second visit?", "Please cancel my order",
    "Don't stop", "I will stop by on Friday", "I never subscribed to the extra warranty", "Cancel invoice 1030, it is "
    "paid", "unsubscribe is not what I want, I want to pay", "Thanks!", "ok", "Please", "¿Puedo parar el pago?",
    "No más retrasos, pago mañana", "Quiero cancelar la segunda visita", "Para mañana lo pago",
    "The bus stop is closed",
    "stop " * 60, "> stop", "> unsubscribe\n> cancel", "stop\nThe invoice is wrong, you billed me twice for the drain",
    "1234", "end of the month", "I quit smoking", "It will not stop raining",
])
def test_what_only_holds_such_a_word_is_a_question_for_people(said: str) -> None:
    assert not means_stop(said)


def test_quoted_words_of_ours_are_not_theirs() -> None:
    assert not means_stop(newly_written("I paid on Monday." + HISTORY))
    assert not means_stop(newly_written(HISTORY.strip()))


@pytest.mark.parametrize(("subject", "meant"), [
    ("unsubscribe", True), ("Baja", True), ("Re: stop", False), ("Re: A note from Marsh", False), ("", False)])
def test_without_words_the_subject_counts(subject: str, meant: bool) -> None:
    assert means_stop("", subject) is meant
    assert not means_stop("I have a question", subject)


@given(st.text(max_size=400), st.text(max_size=200))
def test_any_text_is_judged(text: str, subject: str) -> None:
    assert means_stop(text, subject) in (True, False)
