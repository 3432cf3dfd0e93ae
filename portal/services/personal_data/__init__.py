"""Where personal data of a debtor lies: one file for each kind of thing that holds some.

Each file has `NAME`, `take_out(session, debtor)`, which gives all of it as plain values, and `erase(session, debtor,
now)`, which removes what names or describes a person and returns how many rows it changed. A feature that stores more
about debtors adds one file here, and is part of every export and every erasure from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from sqlalchemy.orm import Session

from portal.models import Debtor


@cache
def _kinds() -> Sequence[ModuleType]:
    return tuple(import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))


def take_out(session: Session, debtor: Debtor) -> dict[str, Any]:
    """Give everything that is kept about a debtor, by kind, in values that any machine can read."""
    return {kind.NAME: plain(kind.take_out(session, debtor)) for kind in _kinds()}


def erase(session: Session, debtor: Debtor, now: datetime) -> dict[str, int]:
    """Remove a debtor's personal data everywhere; the caller holds the debtor's lock. Returns rows changed by kind."""
    return {kind.NAME: kind.erase(session, debtor, now) for kind in _kinds()}


def plain(value: Any) -> Any:
    """Turn times and days into their ISO spelling, however deep they lie."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value
