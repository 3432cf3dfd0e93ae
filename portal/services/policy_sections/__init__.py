"""The sections of the set-up, one file each: a new one is found by itself.

A file here gives SECTION: what it is called, who may change it, its fields, how they are read from the business and
its policy, and what is to be written for what was typed. Checking and writing is services/setup.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, Literal

from portal.domain.errors import Refusal
from portal.domain.policy import Policy
from portal.domain.policy_rules import clashes
from portal.models import Business

FieldKind = Literal["text", "area", "whole", "yes", "choice", "color", "file"]


@dataclass(frozen=True)
class Field:
    """One thing to set. Texts are marked for translation; `private` ones are told by name only in the audit."""

    name: str
    label: str
    kind: FieldKind = "text"
    hint: str = ""
    longest: int = 160
    options: tuple[tuple[str, str], ...] = ()
    private: bool = False


@dataclass(frozen=True)
class Edit:
    """What is to be written: columns of the business, and the policy if a rule changed."""

    business: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy | None = None


class Wrong(Exception):
    """What was typed cannot be kept; says why by field."""

    def __init__(self, errors: Mapping[str, Refusal]) -> None:
        super().__init__(errors)
        self.errors = dict(errors)


Read = Callable[[Business, Policy], dict[str, str]]
Write = Callable[[Mapping[str, str], Mapping[str, bytes], Business, Policy], Edit]
Weighty = Callable[[Edit, Business, Policy], tuple[str, ...]]


@dataclass(frozen=True)
class Section:
    """One page of the set-up. Without `write` it has acts of its own, such as the danger zone."""

    name: str
    title: str
    lead: str
    place: int
    permission: str = "set_up"
    fields: tuple[Field, ...] = ()
    read: Read = lambda _business, _policy: {}
    write: Write | None = None
    # Names the fields of an edit that only a proven owner may change, and of which all owners are told.
    weighty: Weighty = lambda _edit, _business, _policy: ()
    help: tuple[str, str] = ("", "")


@cache
def sections() -> tuple[Section, ...]:
    """Give all sections in the order of the menu."""
    found = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return tuple(sorted((module.SECTION for module in found), key=lambda section: section.place))


def named(name: str) -> Section:
    """Find a section; raises Refusal unknown_page."""
    for section in sections():
        if section.name == name:
            return section
    raise Refusal("not_found", "unknown_page")


class Reading:
    """Reads typed fields one by one and gathers what is wrong, so that all of it is told at once."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.errors: dict[str, Refusal] = {}

    def take(self, name: str, read: Callable[[str], Any]) -> Any:
        """Read one field; None where it is wrong."""
        try:
            return read(self._typed.get(name, "").strip())
        except Refusal as refusal:
            self.errors[name] = refusal
            return None

    def done(self) -> None:
        """Stop when anything was wrong; raises Wrong."""
        if self.errors:
            raise Wrong(self.errors)


def whole(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number within bounds; raises Refusal number_out_of_bounds naming them."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
            raise Refusal("invalid", "number_out_of_bounds", lowest=least, highest=most)
        return int(text)

    return read


def text(longest: int, *, needed: bool = True) -> Callable[[str], str]:
    """Read a line of text; raises Refusal setting_missing, note_too_long."""

    def read(typed: str) -> str:
        if needed and not typed:
            raise Refusal("invalid", "setting_missing")
        if len(typed) > longest:
            raise Refusal("invalid", "note_too_long", longest=longest)
        if any(ord(sign) < 32 and sign not in "\r\n" for sign in typed):
            raise Refusal("invalid", "list_search_signs")
        return typed

    return read


def refuse_clashes(policy: Policy, rules: Collection[str], *, has_bank_details: bool,
                   at: Mapping[str, str] = MappingProxyType({})) -> None:
    """Refuse rules that contradict each other, at a field of theirs, each sentence naming both; raises Wrong.

    Only what touches one of `rules` counts: a page does not answer for the contradictions of another. `at` names the
    field for a code whose rules are made of several.
    """
    found = {at.get(clash.code) or next(one for one in (clash.first, clash.second) if one in rules): clash.code
             for clash in clashes(policy, has_bank_details=has_bank_details)
             if clash.first in rules or clash.second in rules}
    if found:
        raise Wrong({name: Refusal("invalid", code) for name, code in found.items()})
