"""The second factor: set up once with a code, each code once, recovery codes, and the proof before weighty acts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyotp
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from portal.db import Database
from portal.domain.errors import Refusal
from portal.models import RecoveryCode, SignInAttempt, Staff
from portal.services import staff_codes, staff_proof, staff_recovery, staff_sessions
from tests.access.visitor import Browser
from tests.cast import make_settings
from tests.office.door import Door, codes_on, open_door
from tests.office.people import SECRET, code_at, cookie_of


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Door:
    return open_door(db, tmp_path)


def secret_on(browser: Browser) -> str:
    form = next(form for form in browser.forms() if form.action == "/office/second-factor")
    text = browser.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    assert form.fields["sealed"] and text not in form.fields["sealed"]
    return text


def test_the_first_sign_in_sets_the_second_factor_up_and_shows_ten_codes_once(door: Door) -> None:
    new = door.hire("agent", second_factor=False)
    browser = door.browser()
    door.password(browser, new.email)
    before = door.house.digest()
    browser.get("/office/second-factor")
    assert "data:image/svg+xml" in browser.text and door.house.digest() == before
    assert browser.get("/office/staff", follow=False).headers["Location"] == "/office/second-factor"
    browser.get("/office/second-factor")
    secret = secret_on(browser)
    browser.send("/office/second-factor", code="000000")
    assert "That code is not right" in browser.words and secret_on(browser) == secret, "the scanned one still counts"
    browser.send("/office/second-factor", code=pyotp.TOTP(secret).at(door.clock()))
    codes = codes_on(browser.text)
    assert len(set(codes)) == 10
    stored = door.row(new).totp_secret
    assert secret not in stored and staff_codes.unseal(door.house.rt.settings, stored) == secret
    with door.db.reading() as session:
        hashes = set(session.scalars(select(RecoveryCode.code_hash)))
    assert len(hashes) == 10 and not hashes & set(codes)
    assert browser.get("/office/account").status_code == 200 and codes[0] not in browser.text
    assert door.acts() == ["staff.second_factor_set"]


def test_a_secret_of_somebody_else_is_not_taken(door: Door) -> None:
    one, other = door.hire("agent", second_factor=False), door.hire("agent", second_factor=False)
    mine, theirs = door.browser(), door.browser()
    door.password(mine, one.email)
    door.password(theirs, other.email)
    theirs.get("/office/second-factor")
    secret = secret_on(theirs)
    sealed = next(form for form in theirs.forms() if form.action == "/office/second-factor").fields["sealed"]
    mine.get("/office/second-factor")
    answer = mine.send("/office/second-factor", sealed=sealed, code=pyotp.TOTP(secret).at(door.clock()))
    assert answer.status_code == 410 and door.row(one).totp_secret == ""


def test_a_password_alone_never_replaces_a_second_factor(door: Door) -> None:
    browser = door.browser()
    door.password(browser, door.owner.email)
    assert browser.get("/office/second-factor", follow=False).headers["Location"] == "/office/sign-in/code"
    new = door.hire("agent", second_factor=False)
    first, second = door.browser(), door.browser()
    for one in (first, second):
        door.password(one, new.email)
        one.get("/office/second-factor")
    secret = secret_on(second)
    first.send("/office/second-factor", code=pyotp.TOTP(secret_on(first)).at(door.clock()))
    assert codes_on(first.text)
    answer = second.send("/office/second-factor", code=pyotp.TOTP(secret).at(door.clock()))
    assert not codes_on(second.text) and answer.status_code in (200, 409)
    assert staff_codes.unseal(door.house.rt.settings, door.row(new).totp_secret) != secret


def test_each_code_counts_once_and_one_step_early_or_late(door: Door) -> None:
    now = door.clock()
    first = door.browser()
    door.password(first, door.owner.email)
    assert door.code(first, code_at(now, later=-2)) == 422
    assert door.code(first, code_at(now, later=2)) == 422
    assert door.code(first, code_at(now, later=-1)) == 303
    second = door.browser()
    door.password(second, door.owner.email)
    assert door.code(second, code_at(now, later=-1)) == 422
    assert "already been used" in second.words
    assert door.code(second, code_at(now, later=1)) == 303


def test_one_code_lets_one_browser_in_however_many_try_at_once(door: Door) -> None:
    rt = door.house.rt
    with ThreadPoolExecutor(4) as pool:
        def spend(_: int) -> bool:
            with rt.db.transaction() as session:
                return staff_codes.spend(session, door.owner.id, 77)
        assert sorted(pool.map(spend, range(8))) == [False] * 7 + [True]


def test_five_wrong_codes_and_then_a_wait_over_all_kinds(door: Door) -> None:
    browser = door.browser()
    door.password(browser, door.owner.email)
    for left in (4, 3, 2):
        assert door.code(browser, "000000") == 422
        assert f"{left} tries left" in browser.words
    for _ in range(2):
        browser.get("/office/sign-in/recovery-code")
        assert browser.send("/office/sign-in/recovery-code", code="aaaa-bbbb-cccc-dddd").status_code == 422
    assert door.code(browser, code_at(door.clock())) == 429, "even the right one waits now"
    door.clock.pass_time(minutes=15, seconds=1)
    assert door.code(browser, code_at(door.clock())) == 303


def test_a_recovery_code_signs_in_once_and_a_warning_comes_in_time(door: Door) -> None:
    rt = door.house.rt
    with rt.db.transaction() as session:
        codes = staff_recovery.renew(session, rt, door.clock(), door.owner.id)
    for number, code in enumerate(codes[:7]):
        browser = door.browser()
        door.password(browser, door.owner.email)
        browser.get("/office/sign-in/recovery-code")
        # As people copy it: capitals, spaces, no dashes.
        browser.send("/office/sign-in/recovery-code", code=code.upper().replace("-", " "), follow=False)
        browser.get("/office/account")
        assert ("Make new ones in your account" in browser.words) == (number == 6)
    again = door.browser()
    door.password(again, door.owner.email)
    again.get("/office/sign-in/recovery-code")
    assert again.send("/office/sign-in/recovery-code", code=codes[0]).status_code == 422
    other = door.hire("agent")
    foreign = door.browser()
    door.password(foreign, other.email)
    foreign.get("/office/sign-in/recovery-code")
    assert foreign.send("/office/sign-in/recovery-code", code=codes[9]).status_code == 422


def test_new_recovery_codes_need_a_proof_and_end_the_old_ones(door: Door) -> None:
    rt = door.house.rt
    with rt.db.transaction() as session:
        old = staff_recovery.renew(session, rt, door.clock(), door.owner.id)
    browser = door.inside(door.owner)
    browser.get("/office/account")
    assert browser.send("/office/account/recovery-codes", proof="123456").status_code == 422
    assert not codes_on(browser.text)
    browser.send("/office/account/recovery-codes", proof=code_at(door.clock()))
    fresh = codes_on(browser.text)
    assert len(fresh) == 10 and not set(fresh) & set(old)
    with rt.db.transaction() as session:
        assert not staff_recovery.spend(session, rt, door.clock(), door.owner.id, old[3])
    assert door.acts() == ["staff.recovery_codes_made"]


def test_another_app_needs_a_proof_by_the_present_one(door: Door) -> None:
    elsewhere, browser = door.inside(door.owner), door.inside(door.owner)
    browser.get("/office/second-factor")
    secret = secret_on(browser)
    fresh = pyotp.TOTP(secret).at(door.clock())
    assert browser.send("/office/second-factor", code=fresh, proof="").status_code == 422
    assert browser.send("/office/second-factor", code=fresh, proof=code_at(door.clock())).status_code == 200
    assert len(codes_on(browser.text)) == 10 and browser.get("/office/account").status_code == 200
    assert elsewhere.get("/office/account", follow=False).status_code == 303
    assert staff_codes.unseal(door.house.rt.settings, door.row(door.owner).totp_secret) == secret


def test_a_proof_holds_ten_minutes_and_wrong_ones_are_counted(door: Door) -> None:
    browser = door.inside(door.owner)
    browser.get("/office/account")
    for _ in range(5):
        assert browser.send("/office/account/recovery-codes", proof="000000").status_code == 422
    browser.send("/office/account/recovery-codes", proof=code_at(door.clock()))
    assert "Too many tries" in browser.words and door.count(SignInAttempt) == 5
    door.clock.pass_time(minutes=15, seconds=1)
    browser.get("/office/account")
    browser.send("/office/account/recovery-codes", proof=code_at(door.clock()))
    assert codes_on(browser.text)
    door.clock.pass_time(minutes=9, seconds=59)
    browser.get("/office/account")
    assert 'name="proof"' not in browser.text
    door.clock.pass_time(seconds=1)
    browser.get("/office/account")
    assert 'name="proof"' in browser.text


def test_a_recovery_code_proves_too_and_is_used_up_by_it(door: Door) -> None:
    rt, app = door.house.rt, door.house.app
    with rt.db.transaction() as session:
        codes = staff_recovery.renew(session, rt, door.clock(), door.owner.id)
    visit = staff_sessions.find(rt, staff_sessions.read_cookie(rt, held(app, door.owner)))
    assert visit is not None

    def prove() -> object:
        return staff_proof.prove(rt, staff_id=visit.staff.id, session_id=visit.session_id, email=visit.staff.email,
                                 typed=codes[0], network="192.0.2.1")

    assert prove() == door.clock()
    with pytest.raises(Refusal, match="proof_wrong"):
        prove()


def held(app: Flask, staff: Staff) -> str:
    return cookie_of(app, staff)[1]


def test_an_old_key_still_opens_secrets_after_a_new_one_comes_first(door: Door) -> None:
    old = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    rotated = make_settings(encryption_keys=f"{Fernet.generate_key().decode()},{old}")
    foreign = make_settings(encryption_keys=Fernet.generate_key().decode())
    sealed = door.row(door.owner).totp_secret
    assert staff_codes.unseal(rotated, sealed) == SECRET and staff_codes.unseal(foreign, sealed) == ""
    assert staff_codes.step_of("", "123456", door.clock()) is None
