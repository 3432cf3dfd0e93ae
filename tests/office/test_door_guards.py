"""Ways in that were found open: each is tried here as a stranger, or one of the staff, would try it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.domain import listing
from portal.domain.errors import Refusal
from portal.services import staff_passwords
from tests.cast import make_business
from tests.office.desk import open_desk as open_page
from tests.office.door import Door, hashes_of, open_door
from tests.office.people import form_token, join


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Door:
    return open_door(db, tmp_path)


def reset(door: Door, staff: object) -> tuple[int, str]:
    """Take a colleague's second factor away by the page, as the owner; gives the status and the words."""
    browser, address = door.inside(door.owner, proven=True), f"/office/staff/{staff.public_id}"  # type: ignore[attr-defined]
    browser.get(address)
    return browser.send(f"{address}/reset-second-factor").status_code, browser.words


def test_an_owner_resets_no_second_factor_that_guards_a_business_of_others(door: Door) -> None:
    agent = door.hire("agent")
    with door.db.transaction() as session:
        other = make_business(session)
        join(session, agent, other, "owner")
    status, words = reset(door, agent)
    assert status == 409 and "flask --app wsgi reset-second-factor EMAIL" in words
    assert door.row(agent).totp_secret and door.acts() == []
    with door.db.transaction() as session:
        join(session, door.owner, other, "manager")
    assert reset(door, agent)[0] == 409, "only an owner of the other business could decide this there"


@pytest.mark.parametrize("how", ["owner there, too", "works there no more"])
def test_an_owner_resets_a_second_factor_where_nobody_else_is_concerned(door: Door, how: str) -> None:
    agent = door.hire("agent")
    with door.db.transaction() as session:
        other = make_business(session)
        join(session, agent, other, "agent", ended=how == "works there no more")
        if how == "owner there, too":
            join(session, door.owner, other, "owner")
    assert reset(door, agent)[0] == 200
    assert not door.row(agent).totp_secret and door.acts() == ["staff.second_factor_reset"]


def cursor(order: str, key: object, public_id: str = "x") -> str:
    packed = json.dumps([order, key, public_id], separators=(",", ":"))
    return urlsafe_b64encode(packed.encode()).decode().rstrip("=")


@pytest.mark.parametrize("key", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_cursor_beyond_all_calendars_is_a_bad_address(door: Door, key: str) -> None:
    browser = door.inside(door.owner)
    for page, order in (("payments", "-at"), ("messages", "-at"), ("audit", "audit"), ("ledger", "ledger")):
        bad = {browser.get(f"/office/{page}?{side}={cursor(order, key)}").status_code for side in ("after", "before")}
        assert bad <= {200, 422, 400}, (page, bad)
    with pytest.raises(Refusal, match="list_edge"):
        listing.read_edge(cursor("-at", key), "-at", "moment")


@pytest.mark.parametrize("parts", [("\ud800", "a", "x"), ("-at", "\ud800", "x"), ("-at", "a", "\ud800")])
def test_a_cursor_of_half_a_character_is_a_bad_address(parts: tuple[str, str, str]) -> None:
    with pytest.raises(Refusal, match="list_edge"):
        listing.read_edge(cursor(*parts), "-at", "text")


@pytest.mark.parametrize("back", [
    "/office/debtors\r\nX-A: b", "/office/\n", "/office/a\x7f", "/office/\u2028"])
def test_the_way_back_holds_no_line_break(db: Database, tmp_path: Path, back: str) -> None:
    desk = open_page(db, tmp_path, 100_00)
    base = desk.rt.settings.base_url
    desk.get()
    answer = desk.client.post(
        "/office/comfort", base_url=base, headers={"Referer": f"{base}/office/"},
        data={"theme": "light", "back": back, "csrf_token": form_token(desk.client)})
    assert (answer.status_code, answer.location) == (303, "/office/")


@pytest.mark.parametrize(("field", "value"), [
    ("locale", "qq"), ("locale", "de"), ("country", "QQ"), ("country", "ZZ"), ("timezone", "localtime"),
    ("timezone", "Factory"), ("timezone", "posix/Europe/Madrid"), ("timezone", "Etc/GMT+3")])
def test_contact_takes_only_choices_that_were_offered(db: Database, tmp_path: Path, field: str, value: str) -> None:
    desk = open_page(db, tmp_path, 100_00, role="agent")
    before = getattr(desk.debtor(), field)
    desk.get("/contact")
    typed: dict[str, Any] = {field: value}
    answer = desk.send("/contact", **typed)
    assert answer.status_code == 422 and "Please choose one of those offered." in desk.words
    assert getattr(desk.debtor(), field) == before and desk.acts() == []


def test_a_choice_that_an_import_brought_may_stay(db: Database, tmp_path: Path) -> None:
    desk = open_page(db, tmp_path, 100_00, role="agent")
    with db.transaction() as session:
        session.merge(desk.debtor()).locale = "fr"
    desk.get("/contact")
    assert desk.send("/contact", name="Another Name").status_code == 200
    assert (desk.debtor().name, desk.debtor().locale) == ("Another Name", "fr")


def test_the_hash_of_nobody_is_there_from_the_first_try_on_and_costs_what_others_cost() -> None:
    assert not staff_passwords.is_outdated(staff_passwords.NOBODYS)
    right, spent = hashes_of(lambda: staff_passwords.matches("", "a password of somebody"))
    assert (right, spent) == (False, ["verify_secret"])
