"""A link that has ended, in whatever way, leads to one page, which mails a fresh one to the address on file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from portal.services import links, not_me
from tests.access.visitor import House
from tests.cast import make_business, make_debtor, make_link, someone_owes


def revoke(house: House, link: object) -> None:
    with house.db.transaction() as session:
        links.revoke(session, house.clock.now, session.merge(link), "staff")


@pytest.mark.parametrize("how", ["expired", "revoked", "altered", "nonsense", "unknown"])
def test_every_way_of_ending_leads_to_the_one_page(house: House, how: str) -> None:
    owed = someone_owes(house.db, 100_00)
    address = house.address(owed.link)
    if how == "expired":
        house.clock.now = owed.link.expires_at
    elif how == "revoked":
        revoke(house, owed.link)
    elif how == "altered":
        address = address[:-1] + ("A" if address[-1] != "A" else "B")
    elif how == "nonsense":
        address = "http://portal.test/l/" + "x" * 3000
    else:
        owed.link.public_id = "x" * 22
        address = house.address(owed.link)
    browser = house.browser()
    answer = browser.get(address)
    assert browser.path == "/link-ended" and answer.status_code == 410
    assert "This link has ended" in browser.words and "Send me a new link" in browser.words
    assert browser.send("/link-ended").status_code == 200 and browser.path == "/link-ended/sent"
    assert len(house.emails("new_link")) == (1 if how in ("expired", "revoked") else 0)


def test_the_fresh_link_works_and_goes_only_to_the_address_on_file(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    house.clock.now = owed.link.expires_at + timedelta(days=3)
    browser = house.browser()
    browser.get(house.address(owed.link))
    browser.send("/link-ended", email="thief@evil.example")
    email = house.emails("new_link")[0]
    assert email.to_address == owed.debtor.email and email.message_class == "essential"
    assert email.link_id is not None and "evil" not in email.body_html
    fresh = house.browser()
    fresh.enter(house.address(house.link(email.link_id)))
    assert fresh.get("/help").status_code == 200
    assert "link.replaced" in house.acts()


def test_the_fresh_link_keeps_the_old_ones_limits_and_takes_its_place(house: House) -> None:
    from portal.services import sessions

    owed = someone_owes(house.db, 100_00, 200_00)
    with house.db.transaction() as session:
        narrow = links.create(session, house.clock.now, owed.debtor, invoice_ids=[owed.invoices[0].id])
    browser = house.browser()
    browser.get(house.address(narrow))
    browser.get("/link-ended")
    browser.send("/link-ended")
    fresh = house.link(house.emails("new_link")[0].link_id or 0)
    assert house.link(narrow.id).revoked_reason == "replaced" and house.link(owed.link.id).revoked_at is None
    with house.db.transaction() as session:
        key = sessions.start(session, house.clock.now, session.merge(fresh), 1, replaces=None)
    visit = sessions.find(house.rt, key)
    assert visit is not None and visit.access.invoice_ids == frozenset({owed.invoices[0].id})


def test_the_answer_is_the_same_whoever_is_behind_the_link(house: House) -> None:
    """With an address, without, bounced, blocked, and asked too often: the same words and the same questions."""
    with house.db.transaction() as session:
        business = make_business(session)
        people = [make_debtor(session, business), make_debtor(session, business, email=None),
                  make_debtor(session, business, email_state="bounced"),
                  make_debtor(session, business, email="blocked@debtor.example")]
        ended = [make_link(session, who, expires_at=house.clock.now) for who in people]
        blocked = not_me.url_of(house.rt.settings, people[3], house.clock.now)
        people[3].email_state = "ok"
    browser = house.browser()
    browser.get(blocked)
    browser.send(blocked.removeprefix("http://portal.test"))
    asked: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute",
                 lambda _c, _cursor, statement, *_rest: asked.append(statement.split("\n")[0]))
    pages, lookups = set(), set()
    for link in ended:
        visitor = house.browser()
        visitor.get(house.address(link))
        asked.clear()
        answer = visitor.send("/link-ended", follow=False)
        pages.add((answer.status_code, answer.headers["Location"], answer.get_data()))
        lookups.add(tuple(one for one in asked[:12] if one.startswith("SELECT"))[:4])
        visitor.get("/link-ended/sent")
        pages.add(("page", visitor.words))
    assert len(pages) == 2 and len(lookups) == 1
    assert len(house.emails("new_link")) == 1


def test_three_fresh_links_a_day_are_the_most(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    house.clock.now = owed.link.expires_at
    for _ in range(6):
        links.send_fresh(house.rt, owed.link.public_id)
    assert len(house.emails("new_link")) == 3
    house.clock.pass_time(hours=24, seconds=1)
    links.send_fresh(house.rt, owed.link.public_id)
    assert len(house.emails("new_link")) == 4


def test_a_link_is_good_until_its_second_and_not_after(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    for seconds, path in ((-1, "/welcome"), (0, "/link-ended"), (1, "/link-ended")):
        house.clock.now = owed.link.expires_at + timedelta(seconds=seconds)
        browser = house.browser()
        browser.get(house.address(owed.link))
        assert browser.path == path, seconds


def test_an_ended_link_that_only_pays_sends_nothing(house: House) -> None:
    with house.db.transaction() as session:
        who = make_debtor(session, make_business(session))
        link = make_link(session, who, purpose="pay_only", currency="USD", amount_minor=50_00,
                         expires_at=house.clock.now)
    browser = house.browser()
    browser.get(house.address(link))
    assert "The person who sent you this link can make a new one." in browser.words
    links.send_fresh(house.rt, link.public_id)
    assert not house.emails("new_link")


def test_links_in_emails_go_by_our_own_address_and_never_by_the_asked_host(house: House) -> None:
    owed = someone_owes(house.db, 100_00)
    browser = house.browser()
    browser.get(house.address(owed.link))
    for headers in ({"Host": "evil.example"}, {"Host": "portal.test:80@evil.example"}):
        answer = browser.client.get("/link-ended", headers=headers)
        assert answer.status_code == 400 and b"evil" not in answer.get_data()
    browser.get("/link-ended")
    browser.post("/link-ended", dict(browser.forms()[0].form_values()),
                 headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    email = house.emails("new_link")[0]
    assert "evil" not in email.body_text + email.body_html
