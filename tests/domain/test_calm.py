"""Threats and subjects that tell: found whatever their case, accents and signs, and in every language we speak."""

from __future__ import annotations

import pytest

from portal.domain.calm import HEAVY, TELLING, THREATS, heavy, shouts, telling, threats
from portal.words.catalogs import LANGUAGES


def test_every_language_we_speak_has_its_lists() -> None:
    for lists in (THREATS, HEAVY, TELLING):
        assert set(lists) == set(LANGUAGES)
        assert all(len(words) >= 15 for words in lists.values())


@pytest.mark.parametrize(("text", "found"), [
    ("Pay now, or else.", "or else"), ("We will take LEGAL   ACTION!", "legal action"), ("We will sue.", "will sue"),
    ("You will be prosecuted", "prosecut"),
    ("Iniciaremos acciones-legales", "acciones legales"), ("Irá a la CÁRCEL", "carcel"), ("Eres un moroso.", "moroso"),
    ("le embargaremos la casa", "embarg"), ("this is your last chance", "last chance"), ("shameful", "shame")])
def test_a_threat_is_found(text: str, found: str) -> None:
    assert found in threats(text)


@pytest.mark.parametrize("text", [
    "Please pay it by Friday, or agree on another way with us until then.", "We issued it; pursue it or ask us.",
    "Sue Miller reads every answer.", "Orelse Inc.", "Por favor, elija una forma de pagar."])
def test_a_calm_text_is_calm(text: str) -> None:
    assert threats(text) == []


@pytest.mark.parametrize("subject", [
    "Your invoice 1041", "OVERDUE", "Payment reminder", "You owe us", "About $1,200", "About 1.200,50", "120 EUR",
    "Su factura", "Saldo pendiente", "Tiene una deuda", "Recordatorio", "Last notice"])
def test_a_subject_that_tells_is_found(subject: str) -> None:
    assert telling(subject) != []


@pytest.mark.parametrize("subject", [
    "A note from Alder Street Dental", "A word about the spring work", "Una nota de Alder", "Buenas tardes de Alder",
    "News about your 2026 garden"])
def test_a_subject_that_tells_nothing_passes(subject: str) -> None:
    assert telling(subject) == []


def test_what_weighs_and_what_shouts_is_noticed() -> None:
    assert heavy("Our lawyer may write to you") == ["lawyer"]
    assert heavy("Please choose a day that suits you") == []
    assert shouts("PLEASE ANSWER") and shouts("Hello!!") and not shouts("Our NASA work, please!")
