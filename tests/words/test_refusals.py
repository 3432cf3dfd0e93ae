"""Every refusal has its sentence: the code base is read for the codes it raises."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from portal import words
from portal.domain.errors import Refusal
from portal.words import imports
from portal.words.refusals import BY_KIND, SENTENCES

PORTAL = Path(__file__).resolve().parents[2] / "portal"


def raised() -> dict[str, str]:
    """Every code that is raised somewhere, with one place where it is."""
    found = {}
    for path in PORTAL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            position = {"Refusal": 1, "MoneyError": 1, "_refuse": 0}.get(name)
            if position is not None and len(node.args) > position:
                code = node.args[position]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found[code.value] = f"{path.relative_to(PORTAL.parent)}:{node.lineno}"
    return found


def test_every_code_has_a_sentence() -> None:
    codes = raised()
    assert len(codes) > 30 and "nothing_open" in codes
    known = {*SENTENCES, *imports.EXPECTED}
    missing = [f"{place}: {code}" for code, place in sorted(codes.items()) if code not in known]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("language", ["en_US", "es_ES", "qps"])
def test_amounts_in_a_sentence_are_money(language: str) -> None:
    said = words.speak(language, "UTC").refusal(Refusal("invalid", "amount_too_small", least=5_00), "USD")
    assert "500" not in said and "5" in said and "%(" not in said


def test_a_code_without_words_gets_the_sentence_of_its_kind() -> None:
    said = words.speak("en", "UTC")
    for kind, sentence in BY_KIND.items():
        assert said.refusal(Refusal(kind, "never_heard_of")) == sentence
    assert said.refusal(Refusal("invalid", "below_minimum_charge")) == BY_KIND["invalid"], "its sum is not known"
    assert said.refusal(Refusal("invalid", "amount_too_large", maximum=10**13)) == "That amount is too large."
