"""The frame of the office: who may see which menu, colors and keys of one's own, and errors with a way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import select

from portal import create_app
from portal.db import Database
from portal.models import AuditEvent, Staff
from tests.cast import make_business, make_runtime
from tests.office.people import form_token, make_staff, sign_in


class Desk:
    """One of the staff at a browser."""

    def __init__(self, db: Database, folder: Path, role: str = "owner") -> None:
        self.db = db
        self.rt = make_runtime(db, folder)
        self.app = create_app(self.rt.settings, self.rt)
        with db.transaction() as session:
            self.business = make_business(session)
            self.staff = make_staff(session, self.business, role)
        self.client: FlaskClient = sign_in(self.app.test_client(), self.staff)
        self.base = self.rt.settings.base_url

    def get(self, path: str) -> str:
        self.answer = self.client.get(path, base_url=self.base)
        return self.answer.get_data(as_text=True)

    def post(self, path: str, **form: str) -> str:
        token = form_token(self.client)
        self.answer = self.client.post(path, base_url=self.base, data={"csrf_token": token, **form})
        return self.answer.get_data(as_text=True)


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return Desk(db, tmp_path)


def test_an_unknown_page_of_the_office_keeps_its_frame_and_a_way_back(desk: Desk) -> None:
    page = desk.get("/office/no-such-page")
    assert desk.answer.status_code == 404
    assert 'class="of-shell"' in page and str(escape(desk.business.name)) in page
    assert 'href="/office/"' in page and "Back to Today" in page
    # What was in the address is not said again, whosever it was.
    assert "no-such-page" not in page


def test_an_error_tells_a_stranger_nothing_of_any_business(desk: Desk) -> None:
    stranger = desk.app.test_client()
    page = stranger.get("/office/no-such-page", base_url=desk.base).get_data(as_text=True)
    assert str(escape(desk.business.name)) not in page and "of-shell" not in page


def test_colors_and_keys_are_one_s_own_and_leave_one_audit_event(desk: Desk) -> None:
    assert "js/keys.js" in desk.get("/office/no-such-page") and "data-bs-theme" not in desk.get("/office/no-such-page")
    desk.post("/office/comfort", theme="dark", back="/office/debtors?q=a")
    assert desk.answer.status_code == 303 and desk.answer.location == "/office/debtors?q=a"
    page = desk.get("/office/no-such-page")
    assert 'data-bs-theme="dark"' in page and "js/keys.js" not in page and "<kbd>" not in page
    with desk.db.reading() as session:
        staff = session.get_one(Staff, desk.staff.id)
        events = session.scalars(select(AuditEvent)).all()
    assert (staff.theme, staff.shortcuts) == ("dark", False)
    assert [(event.act, event.actor_id) for event in events] == [("staff.comfort", desk.staff.public_id)]


@pytest.mark.parametrize("theme", ["", "pink", "dark\" onload=\"", "DARK"])
def test_colors_that_do_not_exist_are_refused(desk: Desk, theme: str) -> None:
    page = desk.post("/office/comfort", theme=theme)
    assert desk.answer.status_code == 422 and "Please choose one of the colors offered." in page
    with desk.db.reading() as session:
        assert session.get_one(Staff, desk.staff.id).theme == "system"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/office/", "/office", "/office/\\evil",
                                  "/l/token", "javascript:alert(1)"])
def test_the_way_back_leads_nowhere_else(desk: Desk, back: str) -> None:
    desk.post("/office/comfort", theme="light", back=back)
    assert desk.answer.location == "/office/"


def test_the_menu_shows_what_a_role_may_open(desk: Desk) -> None:
    page = desk.get("/office/no-such-page")
    assert 'aria-label="Office"' in page and ">Today<" in page
    with desk.db.transaction() as session:
        viewer = make_staff(session, desk.business, "viewer")
    desk.client = sign_in(desk.app.test_client(), viewer)
    seen = desk.get("/office/no-such-page")
    assert "· viewer" in seen and 'href="/office/staff"' not in seen and 'href="/office/audit"' not in seen
