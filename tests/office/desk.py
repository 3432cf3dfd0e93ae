"""An office for tests of a debtor's page: a business, its people, one debtor who owes, and a signed-in browser."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html as lxml_html
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal import create_app
from portal.db import Database
from portal.domain.roles import StaffAccess
from portal.models import AuditEvent, Debtor, Staff
from portal.runtime import Runtime
from portal.services import ledger_verify
from tests.cast import NOON, Clock, Owed, make_runtime, someone_owes
from tests.office.people import form_token, make_staff, sign_in


@dataclass
class Desk:
    """One of the staff at work: `get` and `send` are what their browser does."""

    app: Flask
    rt: Runtime
    db: Database
    clock: Clock
    owed: Owed
    staff: Staff
    client: FlaskClient
    page: TestResponse | None = None

    @property
    def home(self) -> str:
        return f"/office/debtors/{self.owed.debtor.public_id}"

    @property
    def access(self) -> StaffAccess:
        return access_of(self.owed, self.staff)

    @property
    def text(self) -> str:
        assert self.page is not None
        return self.page.get_data(as_text=True)

    @property
    def words(self) -> str:
        """What a person reads on the page at hand."""
        body = self.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def get(self, path: str = "", **options: Any) -> TestResponse:
        self.page = self.client.get(f"{self.home}{path}", base_url=self.rt.settings.base_url, **options)
        return self.page

    def send(self, path: str, *, back: bool = True, **typed: Any) -> TestResponse:
        """Send the form of the page in hand that leads to a path, with its hidden fields and what was typed."""
        action = f"{self.home}{path}"
        forms = lxml_html.fromstring(self.text).forms if self.page is not None else []
        form = next((one for one in forms if (one.action or "").endswith(action)), None)
        values: dict[str, Any] = dict(form.form_values()) if form is not None else {
            "csrf_token": form_token(self.client)}
        return self.post(path, back=back, **{**values, **typed})

    def post(self, path: str, *, back: bool = True, **typed: Any) -> TestResponse:
        """Send exactly this."""
        base = self.rt.settings.base_url
        if "csrf_token" not in typed:
            typed["csrf_token"] = form_token(self.client)
        data = {name: value for name, value in typed.items() if value is not None}
        self.page = self.client.post(f"{self.home}{path}", base_url=base, data=data, follow_redirects=back,
                                     headers={"Referer": base + "/office/"})
        return self.page

    def debtor(self) -> Debtor:
        with self.db.reading() as session:
            return session.get_one(Debtor, self.owed.debtor.id)

    def acts(self) -> list[str]:
        with self.db.reading() as session:
            return list(session.scalars(
                select(AuditEvent.act).where(AuditEvent.actor_kind == "staff").order_by(AuditEvent.id)))

    def left(self) -> list[int]:
        """What is left on each invoice of the debtor, in the order they were made."""
        from portal.services import ledger
        with self.db.reading() as session:
            left = ledger.left_by_invoice(session, self.owed.business.id, self.owed.debtor.id)
        return [left[invoice.id] for invoice in self.owed.invoices]

    def books_are_sound(self) -> bool:
        return ledger_verify.verify(self.rt)[0] == []

    def colleague(self, role: str = "owner", **options: Any) -> Desk:
        """Another browser with another person of the same business."""
        with self.db.transaction() as session:
            staff = make_staff(session, self.owed.business, role)
        return Desk(self.app, self.rt, self.db, self.clock, self.owed, staff,
                    sign_in(self.app.test_client(), staff, self.owed.business, **options))


def access_of(owed: Owed, staff: Staff, role: str = "owner") -> StaffAccess:
    """What services are handed for one of the staff who has just proven themselves."""
    return StaffAccess(owed.business.id, staff.id, staff.public_id, role, 0, NOON)


def open_desk(db: Database, folder: Path, *totals: int, role: str = "owner", proven: bool = False,
              **changes: Any) -> Desk:
    """Somebody owes these sums, and one of the staff sits down."""
    clock = Clock()
    owed = someone_owes(db, *totals, **changes)
    with db.transaction() as session:
        staff = make_staff(session, owed.business, role)
    rt = make_runtime(db, folder, clock, log_level="CRITICAL")
    app = create_app(runtime=rt)
    return Desk(app, rt, db, clock, owed, staff, sign_in(app.test_client(), staff, owed.business, proven=proven))
