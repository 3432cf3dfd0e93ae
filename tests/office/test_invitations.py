"""Invitations: by an emailed link, for seven days, once; a known person only accepts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from portal.db import Database
from portal.models import Business, Invitation, Membership, Staff
from sandbox.mailbox import Mailbox
from tests.access.visitor import Browser
from tests.cast import make_business
from tests.office.door import Door, codes_on, open_door
from tests.office.people import code_at, make_staff

NEW = "Wren.Castillo@Office.Example"
CHOSEN = "seven grey herons wait"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as running:
        yield running


@pytest.fixture
def door(db: Database, tmp_path: Path, mailbox: Mailbox) -> Door:
    return open_door(db, tmp_path, smtp_port=mailbox.smtp_port)


def invite(door: Door, email: str = NEW, role: str = "agent") -> Browser:
    browser = door.inside(door.owner, proven=True)
    browser.get("/office/staff")
    browser.send("/office/staff/invite", email=email, role=role)
    return browser


def test_somebody_new_joins_by_the_link_and_sets_everything_up(door: Door, mailbox: Mailbox) -> None:
    owner = invite(door)
    assert NEW.lower() in owner.words and "on its way" in owner.words
    link = door.link_of_newest_email(mailbox)
    assert mailbox.messages()[0]["to"] == NEW.lower()
    before = door.house.digest()
    browser = door.browser()
    browser.get(link)
    assert door.business.name in browser.words and "agent" in browser.words and door.house.digest() == before
    path = browser.path
    assert browser.send(path, name="Wren", new="wren castillo", again="wren castillo").status_code == 422
    # The address is that of the invitation, whatever else is sent along.
    browser.send(path, name="Wren Castillo", new=CHOSEN, again=CHOSEN, email="other@office.example", role="owner")
    assert browser.path == "/office/second-factor"
    secret = browser.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    browser.send("/office/second-factor", code=pyotp.TOTP(secret).at(door.clock()))
    assert len(codes_on(browser.text)) == 10
    assert browser.get("/office/account").status_code == 200 and door.business.name in browser.words
    assert browser.get("/office/staff").status_code == 403
    assert browser.get(link).status_code == 410, "the link works once"
    with door.db.reading() as session:
        joined = session.query(Staff).filter_by(email=NEW.lower()).one()
        membership = session.get_one(Membership, (door.business.id, joined.id))
    assert membership.role == "agent"
    assert door.acts() == ["staff.invited", "staff.joined", "staff.second_factor_set"]


def test_a_known_person_signs_in_and_accepts(door: Door, mailbox: Mailbox) -> None:
    with door.db.transaction() as session:
        other = make_business(session, name="Oak Lane Dental")
        known = make_staff(session, other, "manager")
    invite(door, known.email, "viewer")
    link = door.link_of_newest_email(mailbox)
    browser = door.browser()
    browser.get(link)
    assert f"There is an account for {known.email}" in browser.words
    assert 'type="password"' not in browser.text
    door.password(browser, known.email)
    assert door.code(browser, code_at(door.clock())) == 303
    assert browser.page is not None and browser.page.headers["Location"] == "/office/businesses"
    browser.get("/office/businesses")
    action = next(form.action for form in browser.forms() if form.action.endswith("/accept"))
    browser.send(action, follow=False)
    browser.get("/office/account")
    assert door.business.name in browser.words and "viewer" in browser.words
    assert door.acts() == ["staff.invited", "staff.signed_in", "staff.invitation_accepted"]
    assert browser.get(link).status_code == 410
    token = browser.get("/office/account") and browser.forms()[-1].fields["csrf_token"]
    assert browser.post(action, {"csrf_token": token}).status_code == 404


def test_nobody_accepts_what_was_meant_for_another(door: Door, mailbox: Mailbox) -> None:
    stranger = door.hire("agent")
    invite(door)
    link = door.link_of_newest_email(mailbox)
    browser = door.inside(stranger)
    browser.get(link)
    assert "/accept" not in browser.text
    with door.db.reading() as session:
        invitation = session.query(Invitation).one().public_id
    token = browser.forms()[-1].fields["csrf_token"]
    assert browser.post(f"/office/invitations/{invitation}/accept", {"csrf_token": token}).status_code == 404


def test_an_invitation_ends_after_seven_days_and_is_renewed_by_asking_again(door: Door, mailbox: Mailbox) -> None:
    invite(door)
    first = door.link_of_newest_email(mailbox)
    door.clock.pass_time(days=6, hours=23, minutes=59)
    assert door.browser().get(first).status_code == 200
    door.clock.pass_time(minutes=1)
    assert door.browser().get(first).status_code == 410
    owner = invite(door, role="manager")
    assert "manager" in owner.words and door.count(Invitation) == 1
    assert door.browser().get(door.link_of_newest_email(mailbox)).status_code == 200


def test_a_known_person_cannot_accept_too_late(door: Door) -> None:
    with door.db.transaction() as session:
        known = make_staff(session, make_business(session), "manager")
    invite(door, known.email)
    door.clock.pass_time(days=6, hours=23, minutes=30)
    browser = door.inside(known)
    browser.get("/office/businesses")
    action = next(form.action for form in browser.forms() if form.action.endswith("/accept"))
    door.clock.pass_time(minutes=30)
    assert browser.send(action, follow=False).status_code == 410
    browser.get("/office/businesses")
    assert "/accept" not in browser.text and door.acts() == ["staff.invited"]


def test_a_withdrawn_invitation_opens_nothing(door: Door, mailbox: Mailbox) -> None:
    owner = invite(door)
    link = door.link_of_newest_email(mailbox)
    action = next(form.action for form in owner.forms() if form.action.endswith("/withdraw"))
    owner.send(action)
    assert NEW.lower() not in owner.words
    browser = door.browser()
    assert browser.get(link).status_code == 410 and "invitation has ended" in browser.words
    token = owner.forms()[-1].fields["csrf_token"]
    assert owner.post(action, {"csrf_token": token}).status_code == 404
    assert door.acts() == ["staff.invited", "staff.invitation_withdrawn"]


@pytest.mark.parametrize(("email", "role", "said"), [
    ("not an address", "agent", "one email address"), ("", "agent", "enter their email"),
    ("a@b.example\r\nBcc: x@y.example", "agent", "one email address"),
    ("wren@office.example", "king", "one of the roles"),
])
def test_bad_input_is_told_and_invites_nobody(door: Door, email: str, role: str, said: str) -> None:
    browser = invite(door, email, role)
    assert browser.page is not None and browser.page.status_code == 422 and said in browser.words
    assert door.count(Invitation) == 0 and door.emails() == [] and door.acts() == []


def test_who_works_here_already_is_not_invited(door: Door) -> None:
    agent = door.hire("agent")
    browser = invite(door, agent.email.upper())
    assert browser.page is not None and browser.page.status_code == 409 and "works here already" in browser.words


def test_inviting_needs_a_proof(door: Door) -> None:
    browser = door.inside(door.owner)
    browser.get("/office/staff")
    assert browser.send("/office/staff/invite", email=NEW, role="owner", proof="").status_code == 422
    assert door.count(Invitation) == 0 and NEW in browser.text, "what was typed is still there"


def test_who_was_let_go_may_be_invited_again(door: Door, mailbox: Mailbox) -> None:
    gone = door.hire("manager", ended=True)
    browser = door.inside(gone)
    browser.get("/office/businesses")
    assert "work for no business" in browser.words
    token = browser.forms()[-1].fields["csrf_token"]
    assert browser.get("/office/first-run", follow=False).headers["Location"] == "/office/businesses"
    assert browser.post("/office/first-run/business", {
        "csrf_token": token, "name": "Mine", "slug": "mine", "currency": "USD", "country": "US", "timezone": "UTC",
        "locale": "en", "contact_email": "m@mine.example", "contact_phone": "+15035550111",
        "postal_address": "1 Mine Road"}).status_code == 403, "nobody takes a corner of the installation for themselves"
    assert door.count(Business) == 1
    invite(door, gone.email, "viewer")
    browser.get("/office/businesses")
    browser.send(next(form.action for form in browser.forms() if form.action.endswith("/accept")), follow=False)
    browser.get("/office/account")
    assert door.business.name in browser.words and "viewer" in browser.words
