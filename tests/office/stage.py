"""The office's stage: two businesses with debtors who have everything, and staff of every role in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from sqlalchemy.orm import Session

from portal.db import Database
from portal.domain.roles import ROLES
from portal.gateways.files import FileStore
from portal.models import Staff
from tests.cast import make_business
from tests.office import matrix
from tests.office.matrix import OfficePart, OfficeRow
from tests.office.people import make_staff
from tests.stage import OWN, STRANGER, Part, Stage, furnish, set_stage


class OfficeStage:
    """What stands on the stage: one's own business, another one, and the debtors' stage beneath."""

    def __init__(self, debtors: Stage, own: OfficePart, other: OfficePart) -> None:
        self.debtors, self.own, self.other = debtors, own, other

    def secrets(self) -> tuple[str, ...]:
        """What staff of the other business must never read."""
        people = [mark for staff in self.own.staff.values() for mark in (staff.email, staff.public_id)]
        return (*self.debtors.own.secrets, *self.debtors.neighbour.secrets, *people)


def features() -> Iterator[ModuleType]:
    """Give the table of each feature."""
    for module in iter_modules(matrix.__path__):
        yield import_module(f"{matrix.__name__}.{module.name}")


def rows() -> Mapping[tuple[str, str], OfficeRow]:
    """Put the features' tables together; a route in two of them is a mistake."""
    found: dict[tuple[str, str], OfficeRow] = {}
    for feature in features():
        twice = found.keys() & feature.ROWS.keys()
        assert not twice, f"{feature.__name__} repeats {sorted(twice)}"
        found |= feature.ROWS
    return found


def set_office_stage(db: Database, folder: Path, now: datetime, word: str = "") -> OfficeStage:
    """Build the stage on an empty database; with a word, everything that has a name is called by it."""
    debtors = set_stage(db, folder, now) if not word else _called(db, folder, now, word)
    with db.transaction() as session:
        own, other = (_furnish(session, part, word) for part in (debtors.own, debtors.stranger))
    return OfficeStage(debtors, own, other)


def _called(db: Database, folder: Path, now: datetime, word: str) -> Stage:
    files = FileStore(folder / "files")
    with db.transaction() as session:
        hostile = make_business(
            session, name=word, legal_name=word, contact_name=word, postal_address=word, created_at=now,
            contact_hours={"en": word, "es": word}, where_to_check={"en": word, "es": word},
            bank_details=[[word, word]])
        other = make_business(session, created_at=now)
    own = furnish(db, files, hostile, replace(OWN, word=word), now, email="hostile@canary.example",
                  number=f"{word}80911")
    return Stage(own, own, furnish(db, files, other, STRANGER, now))


def _furnish(session: Session, part: Part, word: str) -> OfficePart:
    called: dict[str, Any] = {"name": word} if word else {}
    staff: dict[str, Staff] = {role: make_staff(session, part.business, role, **called) for role in ROLES}
    staff["dismissed"] = make_staff(session, part.business, "manager", ended=True)
    # A second manager, so that what one asks for another can approve.
    staff["second"] = make_staff(session, part.business, "manager")
    office = OfficePart(part, staff)
    for feature in features():
        if hasattr(feature, "PREPARE"):
            office.things |= feature.PREPARE(session, office)
    return office
