"""The table of the office's borders: for every route which permission opens it, and what it is asked for.

Each feature has one file here with ROWS and, where its rows need things of their own, PREPARE. A new route without a
row fails tests/office/test_matrix.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from portal.models import Staff
from tests.stage import Part


@dataclass
class OfficePart:
    """One business on the stage: its debtor with all their things, its staff by role, and what features prepared."""

    part: Part
    staff: dict[str, Staff]
    # By a name each feature chooses: "question.open", "note.call" …
    things: dict[str, Any] = field(default_factory=dict)


Values = Mapping[str, Callable[[OfficePart], str]]
# Makes a feature's own things on the stage, in the names it then uses in its rows.
Prepare = Callable[[Session, OfficePart], dict[str, Any]]


@dataclass(frozen=True)
class OfficeRow:
    """One route by one method. `own` is what a role with the permission gets: a status, and where a redirect leads."""

    # A name of domain/roles.py; "" for a page in front of the guard, which shows nothing of any business.
    permission: str
    own: str = "200"
    # The business's own words (its debtor's name or number) are on the page.
    canary: bool = False
    # What stands in the address and what is sent; taken from the business whose things they are.
    target: Values = field(default_factory=dict)
    form: Values = field(default_factory=dict)
    # What staff of another business with the same role get when they ask for these things by name; empty where the
    # address and the form name nothing of a business.
    others: tuple[str, ...] = ("404",)
    # The one role whose own thing it is, where that is a person's and not the business's; the others get `others`.
    whose: str = ""
    # How many audit events one accepted request leaves: exactly one for every act, none for a mere look.
    audits: int | None = None
    # The act asks for a fresh proof first; without it the answer is this.
    proof: bool = False


def said(text: str) -> Callable[[OfficePart], str]:
    """The same text, whoever's things are asked for."""
    return lambda _part: text
