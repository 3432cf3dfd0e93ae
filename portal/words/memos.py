"""Sentences for what a line of the ledger was for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.words.core import Words


def N_(message: str) -> str:
    """Mark a text for translation without saying it yet."""
    return message


MEMOS: dict[str, str] = {}
OTHER = N_("Change to your balance")


def sentence(words: Words, code: str) -> str:
    """Say a memo code in the reader's language; one we have no words for is still a change to the balance."""
    return words.text(MEMOS.get(code, OTHER))
