"""Stopping emails, from every email and by one click; and telling that someone else was meant."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from portal.models import BlockedAddress
from portal.services import links, not_me, opt_out
from tests.access.visitor import House
from tests.cast import Owed, someone_owes


def stop_address(house: House, owed: Owed) -> str:
    return opt_out.url_of(house.rt.settings, owed.debtor, house.clock.now)


def test_one_press_stops_and_one_press_brings_them_back(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address = stop_address(house, owed)
    browser = house.browser()
    before = house.digest()
    browser.get(address)
    assert "Stop these emails from Marsh & Daughter?" in browser.words and house.digest() == before
    path = address.removeprefix("http://portal.test")
    browser.send(path)
    assert "These emails are stopped" in browser.words
    assert house.debtor(owed.debtor.id).opted_out_at == house.clock.now
    browser.send(path + "/resume")
    assert house.debtor(owed.debtor.id).opted_out_at is None
    assert house.acts() == ["email.stopped", "email.resumed"]


def test_mail_programs_stop_them_with_one_click_and_no_form(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    program = house.app.test_client()
    path = stop_address(house, owed).removeprefix("http://portal.test")
    for _ in range(2):
        answer = program.post(path, data={"List-Unsubscribe": "One-Click"}, base_url="http://portal.test")
        assert answer.status_code == 303
    assert house.debtor(owed.debtor.id).opted_out_at == house.clock.now
    assert house.acts() == ["email.stopped"], "a second click changes nothing"


def test_essential_emails_still_come(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.get(stop_address(house, owed))
    browser.send(stop_address(house, owed).removeprefix("http://portal.test"))
    links.send_fresh(house.rt, owed.link.public_id)
    assert house.emails("new_link")[0].state == "queued"


def test_stop_still_works_years_later_and_altered_ones_never(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address = stop_address(house, owed)
    house.clock.pass_time(days=700)
    assert house.browser().get(address).status_code == 200
    assert house.browser().get(address[:-1] + ("A" if address[-1] != "A" else "B")).status_code == 404
    assert house.app.test_client().post("/stop/x", base_url="http://portal.test").status_code == 404
    portal_token = house.address(owed.link).rsplit("/", 1)[1]
    assert house.browser().get(f"http://portal.test/stop/{portal_token}").status_code == 404


def test_not_me_blocks_the_address_and_ends_every_link_and_page(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    reader = house.browser()
    reader.enter(house.address(owed.link))
    address = not_me.url_of(house.rt.settings, owed.debtor, house.clock.now)
    path = address.removeprefix("http://portal.test")
    stranger = house.browser()
    before = house.digest()
    stranger.get(address)
    assert house.digest() == before, "looking at the page says nothing yet"
    stranger.send(path)
    assert "Thank you for telling us" in stranger.words
    debtor = house.debtor(owed.debtor.id)
    assert debtor.email_state == "wrong_person" and house.link(owed.link.id).revoked_reason == "not_me"
    assert reader.get("/help", follow=False).status_code == 303
    with house.db.reading() as session:
        assert not_me.is_blocked(session, house.rt.settings, owed.business.id, (owed.debtor.email or "").upper())
        assert not not_me.is_blocked(session, house.rt.settings, owed.business.id + 1, owed.debtor.email)
        hashed = session.scalars(select(BlockedAddress.address_hash)).one()
    assert owed.debtor.email not in hashed
    links.send_fresh(house.rt, owed.link.public_id)
    assert not house.emails("new_link") and house.acts()[-1] == "debtor.not_me"


def test_an_address_corrected_in_the_meantime_is_not_blocked(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address = not_me.url_of(house.rt.settings, owed.debtor, house.clock.now)
    with house.db.transaction() as session:
        session.merge(owed.debtor).email = "the.right.one@debtor.example"
    stranger = house.browser()
    stranger.get(address)
    stranger.send(address.removeprefix("http://portal.test"))
    assert house.debtor(owed.debtor.id).email_state == "ok" and house.link(owed.link.id).revoked_at is None
    with house.db.reading() as session:
        assert not_me.is_blocked(session, house.rt.settings, owed.business.id, owed.debtor.email)
        assert not not_me.is_blocked(session, house.rt.settings, owed.business.id, "the.right.one@debtor.example")


def test_pressing_not_me_twice_is_no_error(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address = not_me.url_of(house.rt.settings, owed.debtor, house.clock.now)
    for _ in range(2):
        stranger = house.browser()
        stranger.get(address)
        assert stranger.send(address.removeprefix("http://portal.test")).status_code == 200
    with house.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(BlockedAddress)) == 1


def test_not_me_works_long_after_the_email(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    address = not_me.url_of(house.rt.settings, owed.debtor, house.clock.now)
    house.clock.now += timedelta(days=700)
    assert house.browser().get(address).status_code == 200
