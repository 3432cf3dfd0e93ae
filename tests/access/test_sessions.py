"""Sessions: a new secret at each level, fifteen idle minutes, two hours at most, and an end that is one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.models import DebtorSession
from portal.routes.shared.guard import current_visit, require_level
from portal.services import identity, links, sessions
from tests.access.visitor import Browser, House
from tests.cast import make_business, make_debtor, make_link, someone_owes

VISIT = "portal_visit"


def rows(house: House) -> list[DebtorSession]:
    with house.db.reading() as session:
        return list(session.scalars(select(DebtorSession).order_by(DebtorSession.id)))


def is_in(browser: Browser) -> bool:
    return browser.get("/help", follow=False).status_code == 200


def test_fifteen_idle_minutes_close_the_page_and_reading_starts_them_again(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    for _ in range(3):
        house.clock.pass_time(minutes=14, seconds=59)
        assert is_in(browser)
    house.clock.pass_time(minutes=15)
    away = browser.get("/help", follow=False)
    assert away.status_code == 303 and away.headers["Location"] == "/link-ended"
    browser.get("/link-ended")
    assert "Your page has closed" in browser.words and "Nothing was lost" in browser.words
    browser.enter(house.address(owed.link))
    assert is_in(browser)


def test_two_hours_are_the_most_however_busy(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    for _ in range(11):
        house.clock.pass_time(minutes=10)
        assert is_in(browser)
    house.clock.pass_time(minutes=9, seconds=59)
    assert is_in(browser)
    house.clock.pass_time(seconds=1)
    assert not is_in(browser)


def test_a_level_gained_on_the_way_does_not_stretch_the_two_hours(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        first = sessions.start(session, house.clock.now, owed.link, 1, replaces=None)
    house.clock.pass_time(minutes=100)
    identity.send_code(house.rt, owed.link.public_id, "sign")
    new = identity.enter_code(house.rt, owed.link.public_id, "sign", house.newest_code(), replaces=first)
    assert sessions.find(house.rt, first) is None, "the session before is over"
    house.clock.pass_time(minutes=19, seconds=59)
    assert sessions.find(house.rt, new.key) is not None
    house.clock.pass_time(seconds=1)
    assert sessions.find(house.rt, new.key) is None


def test_every_level_gets_a_new_secret_and_a_planted_one_never_grows(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    attacker = house.browser()
    attacker.enter(house.address(owed.link))
    planted = attacker.client.get_cookie(VISIT, domain="portal.test")
    assert planted is not None
    victim = house.browser()
    victim.client.set_cookie(VISIT, planted.value, domain="portal.test")
    victim.enter(house.address(owed.link))
    fresh = victim.client.get_cookie(VISIT, domain="portal.test")
    assert fresh is not None and fresh.value != planted.value
    assert is_in(victim) and not is_in(attacker), "the planted session ended when the new one began"


def test_the_secret_of_a_session_is_not_in_its_row(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    with house.db.transaction() as session:
        key = sessions.start(session, house.clock.now, owed.link, 1, replaces=None)
    assert key not in rows(house)[0].token_hash and len(rows(house)[0].token_hash) == 64


def test_leaving_ends_the_row_and_the_cookie(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    stolen = browser.client.get_cookie(VISIT, domain="portal.test")
    browser.get("/help")
    answer = browser.send("/leave", follow=False)
    assert answer.headers["Location"] == "/left" and answer.headers["Clear-Site-Data"] == '"cache"'
    assert rows(house)[0].ended_at == house.clock.now
    assert browser.client.get_cookie(VISIT, domain="portal.test") is None
    assert browser.client.get_cookie("portal_link", domain="portal.test") is None
    assert stolen is not None
    other = house.browser()
    other.client.set_cookie(VISIT, stolen.value, domain="portal.test")
    assert not is_in(other)
    assert house.acts()[-1] == "session.left"


def test_revoking_a_link_ends_its_living_sessions_at_once(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    with house.db.transaction() as session:
        links.revoke(session, house.clock.now, session.merge(owed.link), "staff")
    assert not is_in(browser)
    assert rows(house)[0].ended_at is not None


def test_a_link_that_expires_ends_its_living_sessions_too(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    house.clock.now = owed.link.expires_at
    house.clock.pass_time(minutes=-2)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    house.clock.pass_time(minutes=2, seconds=-1)
    assert is_in(browser)
    house.clock.pass_time(seconds=1)
    assert not is_in(browser)


def test_opening_another_debtors_link_ends_the_session_of_the_first(house: House) -> None:
    mine, other = someone_owes(house.db, 100_00), someone_owes(house.db, 200_00)
    browser = house.browser()
    browser.enter(house.address(mine.link))
    browser.get("/help")
    old_form = dict(browser.forms()[0].form_values())
    browser.get(house.address(other.link))
    assert browser.path == "/welcome" and not is_in(browser)
    browser.get("/welcome")
    browser.send("/continue", follow=False)
    browser.get("/check")
    browser.send("/check", fact="97301", follow=False)
    first, second = rows(house)
    assert first.ended_at is not None and first.debtor_id == mine.debtor.id
    assert second.ended_at is None and second.debtor_id == other.debtor.id
    assert browser.post("/leave", old_form, follow=False).status_code == 400, "an old form"
    assert rows(house)[1].ended_at is None


def test_opening_the_same_link_again_keeps_the_page_open(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    browser.get(house.address(owed.link))
    assert browser.send("/continue", follow=False).headers["Location"] == "/balance"
    assert is_in(browser) and len(rows(house)) == 1


def test_a_double_press_of_continue_makes_one_standing_session(house: House) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session), kind="business")
        link = make_link(session, who)
    browser = house.browser()
    browser.get(house.address(link))
    form = dict(browser.forms()[0].form_values())
    assert browser.post("/continue", form, follow=False).status_code == 303
    assert browser.post("/continue", form, follow=False).status_code in (303, 400)
    assert is_in(browser) and len([row for row in rows(house) if row.ended_at is None]) == 1


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "🍪", "x" * 5000])
def test_cookies_that_are_not_ours_open_nothing_and_break_nothing(house: House, cookie: str) -> None:
    browser = house.browser()
    for name in (VISIT, "portal_link", "portal_forms"):
        browser.client.set_cookie(name, cookie, domain="portal.test")
    assert browser.get("/help").status_code == 410
    assert browser.get("/welcome").status_code == 410


def test_an_act_that_needs_a_code_asks_for_it_and_one_code_is_for_one_act(house: House) -> None:
    @require_level(2, act="sign")
    def signing() -> str:
        return f"signing at level {current_visit().access.level}"

    house.app.add_url_rule("/test-signing", "test_signing", signing)

    @require_level(2, act="change")
    def changing() -> str:
        return "changing"

    house.app.add_url_rule("/test-changing", "test_changing", changing)
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.enter(house.address(owed.link))
    assert browser.get("/test-signing", follow=False).headers["Location"] == "/code?for=sign"
    browser.get("/code?for=sign")
    browser.send("/code/send")
    assert "h•••••@debtor.example" in browser.words
    assert browser.send("/code", code=house.newest_code(), follow=False).headers["Location"] == "/agreements"
    assert browser.get("/test-signing").get_data(as_text=True) == "signing at level 2"
    assert browser.get("/test-changing", follow=False).headers["Location"] == "/code?for=change"
    assert browser.get("/code?for=https://evil.example").status_code == 404


def test_no_code_for_a_binding_act_before_the_check(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.open(house.address(owed.link))
    assert browser.get("/code?for=sign", follow=False).headers["Location"] == "/link-ended"


def test_a_session_says_it_was_seen_at_most_once_a_minute(house: House) -> None:
    owed = someone_owes(house.db, 100_00)

    @require_level(1)
    def doing() -> str:
        return "done"

    house.app.add_url_rule("/test-doing", "test_doing", doing, methods=["POST"])
    browser = house.browser()
    browser.enter(house.address(owed.link))
    browser.get("/help")
    form = dict(browser.forms()[0].form_values())
    house.clock.pass_time(seconds=30)
    assert browser.post("/test-doing", form).status_code == 200
    assert rows(house)[0].seen_at == rows(house)[0].created_at
    house.clock.pass_time(seconds=31)
    browser.post("/test-doing", form)
    assert rows(house)[0].seen_at == house.clock.now
