"""Placeholders are a closed list of names: everything else is named in the error, and nothing is ever evaluated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Refusal
from portal.domain.placeholders import KNOWN, Part, fill, parse, used

VALUES = {name: f"<{name}>" for name in KNOWN}


def test_a_text_is_its_words_and_its_placeholders_in_order() -> None:
    assert parse("Hello {name}, {amount} is open.") == (
        Part("Hello "), Part("name", is_placeholder=True), Part(", "), Part("amount", is_placeholder=True),
        Part(" is open."))
    assert used("{name} {name} {date}") == {"name", "date"}
    assert parse("") == ()


def test_each_placeholder_becomes_its_value_once_and_a_value_is_not_read_again() -> None:
    assert fill("{name} {name}", VALUES | {"name": "{amount}"}) == "{amount} {amount}"


@pytest.mark.parametrize("typed", [
    "nmae", "Name", " name", "", "name.__class__", "name!r", "name:>99999", "0", "name[0]", "__import__('os')",
    "n" * 900])
def test_whatever_is_not_on_the_list_is_named_together_with_the_list(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse("Hello {" + typed + "}")
    assert refused.value.code == "unknown_placeholder"
    assert str(refused.value.params["unknown"]).strip("{}") == typed[:40].strip("{}")
    assert all("{" + name + "}" in str(refused.value.params["known"]) for name in KNOWN)


@pytest.mark.parametrize("text", ["{", "}", "{{name}}", "a } b", "{name", "{a{name}}"])
def test_a_brace_alone_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(text)
    assert refused.value.code in ("lone_brace", "unknown_placeholder")


@given(st.text(max_size=80))
def test_any_text_is_either_refused_or_comes_back_as_it_was(text: str) -> None:
    try:
        parts = parse(text)
    except Refusal:
        assert "{" in text or "}" in text
        return
    assert "".join("{" + part.text + "}" if part.is_placeholder else part.text for part in parts) == text
