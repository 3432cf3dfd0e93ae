"""The first owner comes from the command line, chooses a password by a link, and is led through the first steps."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest

from portal.db import Database
from portal.models import Business, Membership, Staff
from sandbox.mailbox import Mailbox
from tests.access.visitor import House, open_house
from tests.cast import Clock
from tests.office.door import FIREFOX, codes_on, open_door
from tests.office.people import PASSWORD

CHOSEN = "seven grey herons wait"


@pytest.fixture
def house(db: Database, tmp_path: Path) -> House:
    return open_house(db, tmp_path, Clock())


def run(house: House, *arguments: str, typed: str = "") -> tuple[int, str]:
    result = house.app.test_cli_runner().invoke(args=arguments, input=typed)
    return result.exit_code, result.output


def link_in(output: str) -> str:
    return next(line for line in output.splitlines() if line.startswith("http"))


def test_from_an_empty_database_to_the_first_steps(house: House) -> None:
    code, output = run(house, "create-owner", typed="Ines@Office.Example\nInes Marlow\n")
    assert code == 0, output
    link, browser = link_in(output), house.browser(HTTP_USER_AGENT=FIREFOX)
    browser.get(link)
    browser.send(browser.path, new=CHOSEN, again=CHOSEN)
    assert browser.path == "/office/sign-in" and browser.get(link).status_code == 410
    browser.get("/office/sign-in")
    browser.send("/office/sign-in", email="ines@office.example", password=CHOSEN)
    assert browser.path == "/office/second-factor"
    secret = browser.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    browser.send("/office/second-factor", code=pyotp.TOTP(secret).at(house.clock()))
    assert len(codes_on(browser.text)) == 10 and "/office/first-run" in browser.text
    browser.get("/office/first-run")
    assert browser.words.count("open") >= 5
    typed = {"name": "Tidewell Sail & Rigging", "slug": "Tide Well", "contact_phone": "+14015550144",
             "postal_address": "3 Wharf Road, Newport, RI"}
    browser.send("/office/first-run/business", **typed)
    assert browser.page is not None and browser.page.status_code == 422
    assert "short name takes small letters" in browser.words and "3 Wharf Road" in browser.text
    browser.send("/office/first-run/business", **{**typed, "slug": "tidewell"})
    assert browser.path == "/office/first-run" and "Tidewell Sail" in browser.words
    assert "4 steps are left" in browser.words or "3 steps are left" in browser.words
    assert house.acts() == ["staff.owner_made", "staff.password_chosen", "staff.second_factor_set", "business.created"]
    with house.db.reading() as session:
        assert session.query(Membership).one().role == "owner"
    # There is one first business, not one for every press.
    token = browser.forms()[-1].fields["csrf_token"]
    answer = browser.post("/office/first-run/business", {**typed, "slug": "another", "csrf_token": token,
                          "currency": "USD", "country": "US", "timezone": "UTC", "locale": "en",
                          "contact_email": "a@b.example"})
    assert answer.status_code == 403


def test_a_business_is_made_at_once_or_was_there_before(house: House) -> None:
    typed = "Tidewell\nUSD\nUS\nAmerica/New_York\n\n+14015550144\n3 Wharf Road\n"
    code, output = run(house, "create-owner", "--email", "ines@office.example", "--name", "Ines", "--business",
                       "tidewell", typed=typed)
    assert code == 0 and "made now" in output and "/office/choose-password/" in output
    code, output = run(house, "create-owner", "--email", "otis@office.example", "--name", "Otis", "--business",
                       "tidewell")
    assert code == 0 and "made now" not in output
    with house.db.reading() as session:
        assert session.query(Business).one().contact_email == "ines@office.example"
        assert [one.role for one in session.query(Membership)] == ["owner", "owner"]
        assert {one.password_hash for one in session.query(Staff)} == {""}, "no password was ever typed into a shell"
    assert house.acts() == ["business.created", "staff.owner_made", "staff.owner_made"]


def test_without_a_password_nobody_signs_in(house: House) -> None:
    run(house, "create-owner", "--email", "ines@office.example", "--name", "Ines")
    for password in ("", " ", "nobody has this password", PASSWORD):
        browser = house.browser()
        browser.get("/office/sign-in")
        answer = browser.send("/office/sign-in", email="ines@office.example", password=password, follow=False)
        assert answer.status_code == 422


def test_the_link_may_leave_by_email(db: Database, tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        door = open_door(db, tmp_path, smtp_port=mailbox.smtp_port)
        code, output = run(door.house, "create-owner", "--email", "otis@office.example", "--name", "Otis",
                           "--business", door.business.slug, "--by-email")
        assert code == 0 and "http" not in output
        link = door.link_of_newest_email(mailbox)
    assert door.browser().get(link).status_code == 200
    code, output = run(door.house, "create-owner", "--email", "x@office.example", "--name", "X", "--by-email")
    assert code == 1 and "Name one, or print the link" in output


def test_who_has_an_account_keeps_password_and_second_factor(db: Database, tmp_path: Path) -> None:
    door = open_door(db, tmp_path)
    agent = door.hire("agent")
    code, output = run(door.house, "create-owner", "--email", agent.email, "--name", "Whoever", "--business",
                       door.business.slug)
    assert code == 0 and "has an account already" in output
    row = door.row(agent)
    assert (row.name, row.password_hash, row.totp_secret) == (agent.name, agent.password_hash, agent.totp_secret)
    assert door.inside(agent).get("/office/staff").status_code == 200


def test_bad_input_is_told_in_one_line(house: House) -> None:
    for arguments, said in (
            (("--email", "no address", "--name", "Ines"), "one email address"),
            (("--email", "ines@office.example", "--name", " "), "enter a name")):
        code, output = run(house, "create-owner", *arguments)
        assert code == 1 and said in output
    with house.db.reading() as session:
        assert session.query(Staff).count() == 0
    assert house.acts() == []


def test_the_machine_helps_an_owner_who_has_lost_everything(db: Database, tmp_path: Path) -> None:
    door = open_door(db, tmp_path)
    inside = door.inside(door.owner)
    assert run(door.house, "reset-second-factor", "nobody@office.example")[0] == 1
    code, _ = run(door.house, "reset-second-factor", door.owner.email.upper())
    assert code == 0 and door.row(door.owner).totp_secret == ""
    assert inside.get("/office/account", follow=False).status_code == 303
