"""Days as debtors type them; browsers send 2026-12-01, whatever they show."""

from __future__ import annotations

import re
from datetime import date

from portal.domain.errors import Refusal

_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_day(typed: str) -> date:
    """Read a day; raises Refusal day_missing, day_unreadable."""
    text = typed.strip()
    if not text:
        raise Refusal("invalid", "day_missing")
    if not _SHAPE.fullmatch(text):
        raise Refusal("invalid", "day_unreadable")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("invalid", "day_unreadable") from error
