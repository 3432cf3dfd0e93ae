"""An office with a business, people of every role and a debtor, for tests of approvals, ledger, imports and set-up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, Staff
from portal.runtime import Runtime
from portal.services import ledger_verify
from tests.cast import Clock, Owed, make_runtime, someone_owes
from tests.office.people import form_token, make_staff, sign_in


@dataclass
class Desk:
    """One office; `as_` gives a browser of one of its people."""

    rt: Runtime
    app: Flask
    owed: Owed
    staff: dict[str, Staff]

    def access(self, who: str, *, proven: bool = True) -> StaffAccess:
        person = self.staff[who]
        role = "manager" if who == "second" else who
        return StaffAccess(self.owed.business.id, person.id, person.public_id, role, 0,
                           self.rt.now() if proven else None)

    def as_(self, who: str, *, proven: bool = False) -> Seat:
        client = sign_in(self.app.test_client(), self.staff[who], self.owed.business, proven=proven)
        return Seat(client, form_token(client), self.rt.settings.base_url)

    def acts(self, *but: str) -> list[str]:
        with self.rt.db.reading() as session:
            return [act for act in session.scalars(select(AuditEvent.act).order_by(AuditEvent.id)) if act not in but]

    def last_act(self) -> AuditEvent:
        with self.rt.db.reading() as session:
            return session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()

    def assert_sound(self) -> None:
        assert ledger_verify.verify(self.rt)[0] == []


@dataclass
class Seat:
    """One signed-in browser."""

    client: FlaskClient
    token: str
    base: str

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=self.base)

    def post(self, path: str, *, follow: bool = False, **data: Any) -> TestResponse:
        return self.client.post(path, base_url=self.base, data={**data, "csrf_token": self.token},
                                headers={"Referer": self.base + "/office/"}, follow_redirects=follow)


def open_desk(db: Database, folder: Path, *totals: int, clock: Any = None, **changes: Any) -> Desk:
    """Furnish an office in a database; the debtor owes the totals."""
    rt = make_runtime(db, folder, clock or Clock(), **changes)
    owed = someone_owes(db, *(totals or (100_00,)))
    with db.transaction() as session:
        staff = {role: make_staff(session, owed.business, role, name=f"{role.title()} of the house")
                 for role in ("owner", "manager", "agent", "viewer")}
        staff["second"] = make_staff(session, owed.business, "manager", name="Second of the house")
    return Desk(rt, create_app(runtime=rt), owed, staff)


def at(desk: Desk, moment: datetime) -> Desk:
    """The same office at another time."""
    rt = replace(desk.rt, clock=lambda: moment)
    return Desk(rt, create_app(runtime=rt), desk.owed, desk.staff)
