"""Signing in: two steps, nobody's address is told, tries are counted first, and sessions end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import SignInAttempt, Staff, StaffSession
from portal.services import sessions, staff_attempts, staff_passwords, staff_sessions
from sandbox.mailbox import Mailbox
from tests.access.visitor import open_house
from tests.cast import Clock
from tests.office.door import Door, hashes_of, open_door
from tests.office.people import PASSWORD, code_at, cookie_of


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Door:
    return open_door(db, tmp_path)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        yield running


def cookie(browser: object) -> str:
    kept = browser.client.get_cookie("portal_office", domain="portal.test")  # type: ignore[attr-defined]
    return kept.value if kept else ""


def test_both_steps_lead_in_and_each_gives_a_new_key(door: Door) -> None:
    browser = door.browser()
    assert door.password(browser, door.owner.email.upper()) == 303
    assert browser.page is not None and browser.page.headers["Location"] == "/office/sign-in/code"
    half = cookie(browser)
    assert browser.get("/office/staff", follow=False).headers["Location"] == "/office/sign-in/code"
    assert door.code(browser, code_at(door.clock())) == 303
    whole = cookie(browser)
    assert half and whole and half.split(".")[0] != whole.split(".")[0]
    assert browser.get("/office/staff").status_code == 200 and door.business.name in browser.words
    # The session of the first step is worth nothing any more.
    other = door.browser()
    other.client.set_cookie("portal_office", half, domain="portal.test")
    assert other.get("/office/staff", follow=False).headers["Location"] == "/office/sign-in"
    assert door.sessions(door.owner) == 1
    assert door.acts() == ["staff.signed_in"]
    assert door.audits()[0].business_id == door.business.id


@pytest.mark.parametrize("page", ["code", "recovery-code"])
def test_the_code_comes_before_the_way_out_in_reading_order(door: Door, page: str) -> None:
    browser = door.browser()
    door.password(browser, door.owner.email)
    browser.get(f"/office/sign-in/{page}")
    assert [form.action for form in browser.forms()] == [f"/office/sign-in/{page}", "/office/sign-out"]
    browser.send("/office/sign-out")
    assert browser.path == "/office/sign-in" and door.sessions(door.owner) == 0


def test_a_session_planted_in_a_browser_never_grows(door: Door) -> None:
    name, planted = cookie_of(door.house.app, door.owner, second_factor=False)
    browser = door.browser()
    browser.client.set_cookie(name, planted, domain="portal.test")
    assert door.code(browser, code_at(door.clock())) == 303
    assert browser.get("/office/account", follow=False).status_code == 200
    stranger = door.browser()
    stranger.client.set_cookie(name, planted, domain="portal.test")
    assert stranger.get("/office/account", follow=False).headers["Location"] == "/office/sign-in"


def test_unknown_address_and_wrong_password_get_the_same_answer_and_the_same_work(door: Door) -> None:
    disabled = door.hire("agent", disabled_at=door.clock())
    answers = []
    for email, password in ((door.owner.email, "wrong wrong wrong"), ("nobody@office.example", "wrong wrong wrong"),
                            (disabled.email, PASSWORD), (door.owner.email, "x" * 5000)):
        browser = door.browser()
        status, spent = hashes_of(lambda b=browser, e=email, p=password: door.password(b, e, p))
        answers.append((status, tuple(spent), browser.words, len(browser.text) - len(email)))
    assert answers[0][:2] == (422, ("verify_secret",)) and len(set(answers)) == 1
    assert door.failed() == 4 and door.acts() == []


def test_tries_are_counted_before_anything_is_hashed(door: Door) -> None:
    for number in range(10):
        staff_attempts.take(door.house.rt, "password", door.owner.email, f"192.0.2.{number + 1}")
    status, spent = hashes_of(lambda: door.password(door.browser(), door.owner.email))
    assert (status, spent) == (429, []), "even the right password waits now, and costs no hash"
    assert door.password(door.browser(), "nobody@office.example") == 422
    for number in range(9):
        staff_attempts.take(door.house.rt, "password", "nobody@office.example", f"192.0.2.{number + 1}")
    assert door.password(door.browser(), "nobody@office.example") == 429, "nobody's address waits like anybody's"
    assert door.count(SignInAttempt) == 20, "knocking on does not prolong the wait"
    door.clock.pass_time(minutes=15, seconds=1)
    assert door.password(door.browser(), door.owner.email) == 303


def test_tries_at_the_same_moment_are_counted_one_by_one(door: Door) -> None:
    rt = door.house.rt

    def knock(number: int) -> bool:
        try:
            staff_attempts.take(rt, "totp", door.owner.email, f"198.51.100.{number}")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(knock, range(24))) <= staff_attempts.CODE_TRIES


def test_one_network_cannot_try_many_addresses(door: Door) -> None:
    for number in range(50):
        staff_attempts.take(door.house.rt, "password", f"person{number}@office.example", f"2001:db8::{number + 1}")
    # The half of an IPv6 address that a household is given counts as one network.
    last = door.browser(REMOTE_ADDR="2001:db8::ffff")
    assert door.password(last, door.owner.email) == 429
    assert door.password(door.browser(REMOTE_ADDR="2001:db8:1::1"), door.owner.email) == 303


def test_a_hash_of_older_settings_is_made_anew(door: Door) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    staff = door.hire("agent", password_hash=old)
    assert door.password(door.browser(), staff.email) == 303
    fresh = door.row(staff).password_hash
    assert fresh != old and fresh.startswith("$argon2id$") and staff_passwords.matches(fresh, PASSWORD)


def test_looking_at_pages_writes_nothing_and_45_quiet_minutes_end_a_session(door: Door) -> None:
    browser = door.inside(door.owner)
    before = door.house.digest()
    for _ in range(4):
        door.clock.pass_time(minutes=44)
        assert browser.get("/office/account", follow=False).status_code == 200
    assert door.house.digest() == before
    door.clock.pass_time(minutes=45)
    answer = browser.get("/office/account", follow=False)
    assert answer.headers["Location"] == "/office/sign-in" and cookie(browser) == ""
    assert "signed out to keep the office safe" in browser.get("/office/sign-in").get_data(as_text=True)


def test_no_session_outlives_twelve_hours(door: Door) -> None:
    browser = door.inside(door.owner)
    for _ in range(17):
        door.clock.pass_time(minutes=42)
        assert browser.get("/office/account", follow=False).status_code == 200
    door.clock.pass_time(minutes=10)
    assert browser.get("/office/account", follow=False).status_code == 303


def test_last_use_is_noted_by_acts_alone(door: Door) -> None:
    browser = door.inside(door.owner)
    began = door.clock()
    door.clock.pass_time(minutes=5)
    browser.get("/office/account")
    assert seen(door) == began
    browser.send("/office/account/details", name="Ines M.", locale="es")
    assert seen(door) == door.clock()


def seen(door: Door) -> object:
    with door.db.reading() as session:
        return session.query(StaffSession).one().seen_at


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(door: Door) -> None:
    browser = door.inside(door.owner)
    copied = cookie(browser)
    browser.get("/office/account")
    browser.send("/office/sign-out")
    assert browser.path == "/office/sign-in" and cookie(browser) == ""
    browser.client.set_cookie("portal_office", copied, domain="portal.test")
    assert browser.get("/office/account", follow=False).status_code == 303
    assert door.acts() == ["staff.signed_out"]


def test_cookies_are_out_of_reach_of_scripts_and_bound_to_the_host(db: Database, tmp_path: Path) -> None:
    door = open_door(db, tmp_path, base_url="https://portal.test")
    browser = door.browser()
    door.password(browser, door.owner.email)
    assert browser.page is not None
    [set_] = [line for line in browser.page.headers.getlist("Set-Cookie") if "portal_office" in line]
    assert set_.startswith("__Host-portal_office=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in set_.split(";")}
    assert "Domain" not in set_


def test_an_altered_or_debtors_cookie_signs_nobody_in(door: Door) -> None:
    rt = door.house.rt
    name, value = cookie_of(door.house.app, door.owner)
    key = staff_sessions.read_cookie(rt, value)
    for forged in (value[:-1] + ("A" if value[-1] != "A" else "B"), key, sessions.cookie(rt, key), ""):
        browser = door.browser()
        browser.client.set_cookie(name, forged, domain="portal.test")
        assert browser.get("/office/account", follow=False).status_code == 303, forged
    browser = door.browser()
    browser.client.set_cookie(name, value, domain="portal.test")
    # No "remember me" of any program stands in the way of our own cookie.
    browser.client.set_cookie("remember_token", "1|made-up", domain="portal.test")
    assert browser.get("/office/account", follow=False).status_code == 200


def test_nobody_chooses_where_signing_in_leads(door: Door) -> None:
    browser = door.browser()
    browser.get("/office/sign-in?next=https://evil.example/")
    assert "evil" not in browser.text
    answer = browser.post("/office/sign-in?next=https://evil.example/", {
        "email": door.owner.email, "password": PASSWORD, "next": "https://evil.example/",
        "csrf_token": browser.forms()[0].fields["csrf_token"]}, follow=False)
    assert answer.headers["Location"] == "/office/sign-in/code"


def test_on_an_empty_installation_the_page_says_which_command_begins(db: Database, tmp_path: Path) -> None:
    browser = open_house(db, tmp_path, Clock()).browser()
    browser.get("/office/sign-in")
    assert "flask --app wsgi create-owner" in browser.words and not browser.forms()
    assert browser.get("/office/account").status_code == 200 and "create-owner" in browser.words


def test_a_forgotten_password_is_chosen_by_an_emailed_link_once(
        db: Database, tmp_path: Path, mailbox: Mailbox) -> None:
    door = open_door(db, tmp_path, smtp_port=mailbox.smtp_port)
    elsewhere = door.inside(door.owner)
    browser = door.browser()
    answers = []
    for email in (door.owner.email, "nobody@office.example"):
        browser.get("/office/forgotten-password")
        browser.send("/office/forgotten-password", email=email)
        answers.append((browser.path, browser.words))
    assert answers[0] == answers[1]
    [message] = door.emails()
    assert "choose-password" not in message.body_text + message.body_html, "no stored email opens anything"
    link = door.link_of_newest_email(mailbox)
    before = door.house.digest()
    browser.get(link)
    assert door.owner.email in browser.text and door.house.digest() == before
    path = browser.path
    browser.send(path, new="short", again="short")
    assert "12 characters" in browser.words
    browser.send(path, new="seven grey herons wait", again="seven grey herons wade")
    assert "not the same" in browser.words
    assert browser.send(path, new="seven grey herons wait", again="seven grey herons wait").status_code == 200
    assert browser.path == "/office/sign-in" and "new password is kept" in browser.words
    # The link is used up, every session ended, and the second factor is still asked for.
    assert browser.get(link).status_code == 410
    assert elsewhere.get("/office/account", follow=False).status_code == 303
    assert door.password(browser, door.owner.email) == 422
    assert door.password(browser, door.owner.email, "seven grey herons wait") == 303
    assert browser.page is not None and browser.page.headers["Location"] == "/office/sign-in/code"
    assert door.acts() == ["staff.password_link_sent", "staff.password_chosen"]


def test_a_link_for_a_password_ends_after_thirty_minutes(db: Database, tmp_path: Path, mailbox: Mailbox) -> None:
    door = open_door(db, tmp_path, smtp_port=mailbox.smtp_port)
    browser = door.browser()
    browser.get("/office/forgotten-password")
    browser.send("/office/forgotten-password", email=door.owner.email)
    link = door.link_of_newest_email(mailbox)
    door.clock.pass_time(minutes=29, seconds=59)
    assert browser.get(link).status_code == 200
    door.clock.pass_time(seconds=1)
    assert browser.get(link).status_code == 410
    assert browser.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 410


@pytest.mark.parametrize("password", [
    "short", "password2026!", "aaaaaaaaaaaaaaa", "abcabcabcabc", "123456789012345", "Qwertyuiop99!", "503555019912",
    "marsh & daughter", "MarshDaughter1", "x" * 201])
def test_passwords_that_are_guessed_first_are_refused(door: Door, password: str) -> None:
    browser = door.inside(door.owner)
    browser.get("/office/account")
    answer = browser.send("/office/account/password", old=PASSWORD, new=password, again=password)
    assert answer.status_code == 422 and door.row(door.owner).password_hash == door.owner.password_hash
    assert "aria-invalid" in browser.text


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(door: Door) -> None:
    browser, other = door.inside(door.owner), door.inside(door.owner)
    browser.get("/office/account")
    new = "nine slow green barges"
    assert browser.send("/office/account/password", old="wrong wrong wrong", new=new, again=new).status_code == 422
    assert "not your present password" in browser.words
    browser.send("/office/account/password", old=PASSWORD, new=new, again=new)
    assert browser.path == "/office/account" and "every other device is signed out" in browser.words
    assert other.get("/office/account", follow=False).status_code == 303
    assert door.password(door.browser(), door.owner.email, new) == 303
    assert door.acts() == ["staff.password_changed"]


def test_changing_the_password_and_signing_in_have_tries_of_their_own(door: Door) -> None:
    browser, new = door.inside(door.owner), "seven grey herons wait"
    for number in range(staff_attempts.PASSWORD_TRIES):
        staff_attempts.take(door.house.rt, "password", door.owner.email, f"192.0.2.{number + 1}")
    assert door.password(door.browser(), door.owner.email) == 429, "strangers have used up the door's tries"
    browser.get("/office/account")
    for _ in range(staff_attempts.PASSWORD_TRIES):
        assert browser.send("/office/account/password", old="wrong wrong wrong", new=new, again=new).status_code == 422
    status, spent = hashes_of(lambda: browser.send("/office/account/password", old=PASSWORD, new=new, again=new))
    assert (status.status_code, spent) == (429, []), "guesses at an open desk are counted, too"
    door.clock.pass_time(minutes=16)
    for _ in range(staff_attempts.PASSWORD_TRIES):
        assert browser.send("/office/account/password", old="wrong wrong wrong", new=new, again=new).status_code == 422
    assert door.password(door.browser(), door.owner.email) == 303


def test_devices_are_listed_and_ended_one_by_one_or_all(door: Door) -> None:
    stranger = door.hire("agent")
    theirs = door.inside(stranger)
    browser, second, third = door.browser(), door.inside(door.owner), door.inside(door.owner)
    door.enter(browser, door.owner)
    browser.get("/office/account")
    assert "Firefox on Linux" in browser.words and browser.words.count("Test on Linux") >= 2
    ends = [form.action for form in browser.forms() if form.action.endswith("/end")]
    assert len(ends) == 2
    browser.send(ends[0])
    assert door.sessions(door.owner) == 2
    with door.db.reading() as session:
        foreign = session.query(StaffSession).filter_by(staff_id=stranger.id).one().public_id
    token = browser.forms()[-1].fields["csrf_token"]
    assert browser.post(f"/office/account/sessions/{foreign}/end", {"csrf_token": token}).status_code == 404
    browser.get("/office/account")
    browser.send("/office/account/sessions/end-others")
    assert "1 other device is signed out" in browser.words
    assert [one.get("/office/account", follow=False).status_code for one in (second, third)] == [303, 303]
    assert theirs.get("/office/account", follow=False).status_code == 200
    assert door.acts()[1:] == ["staff.session_ended", "staff.session_ended"]


def test_forms_without_their_proof_are_refused(door: Door) -> None:
    answer = door.browser().post("/office/sign-in", {"email": door.owner.email, "password": PASSWORD})
    assert answer.status_code == 400 and door.count(SignInAttempt) == 0


def test_names_and_languages_are_the_persons_own(door: Door) -> None:
    browser = door.inside(door.owner)
    browser.get("/office/account")
    browser.send("/office/account/details", name="  Inés   Marlow ", locale="es")
    assert door.row(door.owner).name == "Inés Marlow" and 'lang="es"' in browser.text
    assert browser.send("/office/account/details", name=" ", locale="es").status_code == 422
    assert browser.send("/office/account/details", name="Ines", locale="xx").status_code == 422
    assert isinstance(door.row(door.owner), Staff) and door.acts() == ["staff.details_changed"]
