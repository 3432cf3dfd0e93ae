"""What can be signed, one file for each kind of arrangement: a new one is found by itself.

A file here gives KIND, `prepare(session, debtor, arrangement, words, now) -> Prepared`, which words the agreement as it
stands now and raises Refusal when it cannot be signed (any more), and `accept(session, rt, access, debtor, arrangement,
agreement, now)`, which does what was agreed. Both run under the debtor's lock when somebody signs; what is shown is
prepared by the same function without it. Reading, consent, name and code are services/signing_step.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from portal.domain.agreements import Statement
from portal.domain.errors import Refusal


@dataclass(frozen=True)
class Prepared:
    """An agreement worded for its reader: canonical text (see domain/agreements.py), and its points in a few lines.

    The text names the arrangement's public id. `summary` are finished pairs such as ("You pay", "$80.00").
    """

    text: str
    text_version: str
    summary: tuple[tuple[str, str], ...]
    autopay: Statement | None = None
    notices: tuple[Statement, ...] = ()


@cache
def _kinds() -> dict[str, ModuleType]:
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return {module.KIND: module for module in modules}


def of(kind: str) -> ModuleType:
    """Give the file of a kind of arrangement; raises Refusal not_found for one that nobody signs."""
    found = _kinds().get(kind)
    if found is None:
        raise Refusal("not_found", "unknown_page")
    return found
