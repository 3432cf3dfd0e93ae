"""A business's rules as a text in chapters, one file each: a new one is found by itself.

A file here gives TITLE, PLACE (its place in the text), PUBLIC (whether debtors read it on the terms page) and
`sentences(words, policy, currency)`, one sentence for each rule. The same sentences stand on the public terms, in every
version of them, and before the owner who is about to change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from portal.domain.policy import Policy
from portal.words.core import Words


@dataclass(frozen=True)
class Chapter:
    """One chapter in the reader's words."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What another policy would say that this one does not, and what it would say no more."""

    comes: tuple[str, ...]
    goes: tuple[str, ...]


@cache
def _chapters() -> tuple[ModuleType, ...]:
    found = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return tuple(sorted(found, key=lambda module: int(module.PLACE)))


def public(words: Words, policy: Policy, currency: str) -> tuple[Chapter, ...]:
    """Say what anybody may read about a business's rules; a chapter with nothing to say is left out."""
    told = [Chapter(words.text(one.TITLE), tuple(one.sentences(words, policy, currency)))
            for one in _chapters() if one.PUBLIC]
    return tuple(chapter for chapter in told if chapter.sentences)


def changes(words: Words, old: Policy, new: Policy, currency: str) -> Changes:
    """Say in plain sentences what would change from one policy to another; nothing where both say the same."""
    before, after = (all_said(words, policy, currency) for policy in (old, new))
    return Changes(tuple(said for said in after if said not in before),
                   tuple(said for said in before if said not in after))


def all_said(words: Words, policy: Policy, currency: str) -> list[str]:
    """Say every rule of every chapter, each with its chapter's name, for whoever sets them."""
    return [f"{words.text(one.TITLE)}: {said}" for one in _chapters()
            for said in one.sentences(words, policy, currency)]
