"""Spanish is complete: every text has its translation, with the same placeholders and the same markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from portal.words.catalogs import LANGUAGES, area_files
from tests.words.texts import Text, all_texts

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
TAG = re.compile(r"</?\w+[^>]*>")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def catalogs(language: str) -> dict[Path, Catalog]:
    read = {}
    for path in area_files(language):
        with path.open("rb") as source:
            read[path] = read_po(source, locale=language, abort_invalid=True)
    return read


def messages(language: str) -> dict[str, Message]:
    return {_key(message): message for catalog in catalogs(language).values() for message in catalog if message.id}


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def test_the_texts_are_found_at_all() -> None:
    ones = {text.one for text in all_texts()}
    assert {"One short check, so that only you see this page", "There is nothing left to pay."} <= ones
    assert any(text.many for text in all_texts())


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    known = messages(language)
    missing = [f"{text.places[0]}: {text.one}" for text in all_texts() if not _is_said(known.get(text.one), text)]
    assert not missing, f"{len(missing)} texts without {language}:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_outlives_its_text(language: str) -> None:
    used = {text.one for text in all_texts()}
    stale = [f"{path.name}: {_key(message)}" for path, catalog in catalogs(language).items()
             for message in catalog if message.id and _key(message) not in used]
    assert not stale, "\n".join(stale)


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_and_markup_are_kept(language: str) -> None:
    wrong = []
    for key, message in messages(language).items():
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string)
        allowed = {frozenset(PLACEHOLDER.findall(one)) for one in ids}
        tags = sorted(TAG.findall(ids[-1]))
        wrong += [key for one in said if frozenset(PLACEHOLDER.findall(one)) not in allowed
                  or sorted(TAG.findall(one)) != tags]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_translated_twice_in_different_words(language: str) -> None:
    said: dict[str, object] = {}
    twice = []
    for catalog in catalogs(language).values():
        for message in catalog:
            if message.id and said.setdefault(_key(message), message.string) != message.string:
                twice.append(_key(message))
    assert not twice, "\n".join(twice)


def _is_said(message: Message | None, text: Text) -> bool:
    if message is None or message.fuzzy:
        return False
    if text.many is None:
        return isinstance(message.string, str) and bool(message.string.strip())
    return not isinstance(message.string, str) and all(form.strip() for form in message.string) \
        and len(message.string) == 2
