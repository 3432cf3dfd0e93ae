"""Ways in that were found open: each is tried here as a stranger, or one of the staff, would try it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.domain import drawings, listing
from portal.domain.errors import Refusal
from portal.models import Staff
from portal.services import staff_attempts, staff_links, staff_passwords
from scripts.places import ROOT
from tests.access.visitor import Browser
from tests.cast import make_business
from tests.office.desk import open_desk as open_page
from tests.office.door import Door, hashes_of, open_door
from tests.office.people import PASSWORD, code_at, form_token, join


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


def leave(browser: Browser) -> None:
    """Lose the session and nothing else."""
    browser.client.delete_cookie("portal_office", domain="portal.test")


def come_and_go(door: Door, browser: Browser, staff: Staff) -> None:
    """Come in by both steps once."""
    door.enter(browser, staff)
    leave(browser)


def knock(door: Door, times: int, *, at: str = "") -> None:
    """A stranger tries passwords for the owner's address from ever other networks."""
    for number in range(times):
        staff_attempts.take(door.house.rt, "password", at or door.owner.email, f"192.0.2.{number + 1}")


def test_links_asked_for_in_another_name_keep_nobody_from_signing_in(door: Door) -> None:
    for number in range(10):
        staff_links.ask(door.house.rt, door.owner.email, f"192.0.2.{number + 1}")
    with pytest.raises(Refusal, match="sign_in_wait"):
        staff_links.ask(door.house.rt, door.owner.email, "192.0.2.99")
    assert door.password(door.browser(), door.owner.email) == 303


def test_wrong_passwords_of_strangers_do_not_lock_a_known_browser_out(door: Door) -> None:
    known = door.browser()
    come_and_go(door, known, door.owner)
    knock(door, 10)
    assert door.password(door.browser(), door.owner.email) == 429
    assert door.password(known, door.owner.email) == 303
    leave(known)
    for _ in range(10):
        assert door.password(known, door.owner.email, "wrong wrong wrong") == 422
    status, spent = hashes_of(lambda: door.password(known, door.owner.email))
    assert (status, spent) == (429, []), "a known browser has a limit, too"


def test_a_browser_is_known_by_the_second_step_alone_and_kept_out_of_scripts(door: Door) -> None:
    browser = door.browser()
    door.clock.pass_time(seconds=31)
    assert door.password(browser, door.owner.email) == 303
    name = f"portal_device_{door.owner.public_id}"
    assert browser.client.get_cookie(name, domain="portal.test") is None
    assert door.code(browser, code_at(door.clock())) == 303
    kept = browser.client.get_cookie(name, domain="portal.test")
    assert kept is not None and kept.http_only and kept.same_site == "Lax" and kept.max_age == 365 * 24 * 3600


def test_a_known_browser_is_of_one_person_and_of_one_password(door: Door) -> None:
    agent, known = door.hire("agent"), door.browser()
    come_and_go(door, known, agent)
    mine = known.client.get_cookie(f"portal_device_{agent.public_id}", domain="portal.test")
    assert mine is not None
    known.client.set_cookie(f"portal_device_{door.owner.public_id}", mine.value, domain="portal.test")
    knock(door, 10)
    assert door.password(known, door.owner.email) == 429, "another's cookie, renamed"
    knock(door, 10, at=agent.email)
    assert door.password(known, agent.email) == 303
    leave(known)
    with door.db.transaction() as session:
        session.merge(agent).password_hash = staff_passwords.hashed(PASSWORD)
    assert door.password(known, agent.email) == 429, "a new password ends what was kept under the old one"


SHAPE = '<rect width="8" height="8" fill="url(#a)"/>'
DRAWN = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><defs/><g>{SHAPE}<use href="#a"/></g></svg>'


@pytest.mark.parametrize("bad", [
    DRAWN.replace("<defs/>", '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>'),
    DRAWN.replace("<defs/>", '<x:foreignObject xmlns:x="http://www.w3.org/2000/svg"/>'),
    DRAWN.replace("<defs/>", "<style>@import '//evil.example/a.css'</style>"),
    DRAWN.replace("<defs/>", '<animate attributeName="fill"/>'), DRAWN.replace("<defs/>", '<p xmlns="urn:x"/>'),
    DRAWN.replace("<rect", '<rect\tonload="alert(1)"'), DRAWN.replace("<rect", '<rect/onload="alert(1)"'),
    DRAWN.replace("url(#a)", "url( #a) url(https://evil.example)"), DRAWN.replace("url(#a)", "u\\72l(//evil.example)"),
    DRAWN.replace('href="#a"', 'href="javascript:alert(1)"'),
    DRAWN.replace('href="#a"', 'href="&#47;&#47;evil.example"'),
    DRAWN.replace("<rect", '<rect style="fill:red"'), DRAWN.replace("0 0 8 8", "0 0 99999 8"),
    DRAWN.replace("0 0 8 8", "0 0 nan 8"), DRAWN.replace("<g>", "<g>" * 60).replace("</g>", "</g>" * 60),
    DRAWN.replace("</svg>", ""), "<?xml version='1.0'?><?xml-stylesheet href='//evil.example'?>" + DRAWN,
    "<?xml version='1.0' encoding='utf-7'?>" + DRAWN,
    "<!DocType svg>" + DRAWN, "<svg>" + SHAPE + "</svg>", "", "\ufeff",
], ids=lambda text: text[40:120])
def test_a_logo_holds_known_shapes_and_nothing_else(bad: str) -> None:
    with pytest.raises(Refusal, match="logo_not_svg"):
        drawings.read(bad.encode())


@pytest.mark.parametrize("fine", [
    DRAWN, "<?xml version='1.0' encoding='UTF-8'?>\n" + DRAWN,
    DRAWN.replace("<svg", '<svg width="40px" height="1.5em"'),
    *(path.read_text() for path in sorted((ROOT / "scripts" / "demo_data" / "logos").glob("*.svg")))],
    ids=lambda text: text[:60])
def test_a_plain_drawing_is_kept_as_it_is(fine: str) -> None:
    assert drawings.read(fine.encode()) == fine
