"""The people of a business: roles decide, owners decide about roles, and nobody leaves a business without an owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.errors import Refusal
from portal.domain.roles import StaffAccess
from portal.models import Assignment, Membership, Staff
from portal.services import staff_team
from sandbox.mailbox import Mailbox
from tests.cast import make_business, make_debtor
from tests.office.door import Door, open_door
from tests.office.people import code_at, join, make_staff


@pytest.fixture
def door(db: Database, tmp_path: Path) -> Door:
    return open_door(db, tmp_path)


def decide(door: Door, browser: object, staff: Staff, what: str, **fields: str) -> int:
    browser.get(f"/office/staff/{staff.public_id}")  # type: ignore[attr-defined]
    answer = browser.send(f"/office/staff/{staff.public_id}/{what}", **fields)  # type: ignore[attr-defined]
    return int(answer.status_code)


def role_of(door: Door, staff: Staff) -> str:
    with door.db.reading() as session:
        membership = session.get(Membership, (door.business.id, staff.id))
        assert membership is not None
        return "" if membership.ended_at else membership.role


def test_a_role_counts_from_the_next_click_on(door: Door) -> None:
    agent = door.hire("agent")
    theirs, browser = door.inside(agent), door.inside(door.owner, proven=True)
    assert theirs.get("/office/staff").status_code == 403
    assert decide(door, browser, agent, "role", role="owner") == 200
    assert theirs.get("/office/staff").status_code == 200
    assert decide(door, browser, agent, "role", role="viewer") == 200
    assert theirs.get("/office/staff").status_code == 403
    assert decide(door, browser, agent, "role", role="emperor") == 422
    assert [(one.act, one.details) for one in door.audits()] == [
        ("staff.role_changed", {"before": "agent", "after": "owner"}),
        ("staff.role_changed", {"before": "owner", "after": "viewer"})]


def test_every_decision_about_people_asks_who_it_is_and_loses_nothing_on_a_wrong_code(door: Door) -> None:
    agent, browser = door.hire("agent"), door.inside(door.owner)
    assert decide(door, browser, agent, "role", role="manager", proof="000000") == 422
    assert role_of(door, agent) == "agent" and door.acts() == []
    [chosen] = [form for form in browser.forms() if form.action.endswith("/role")]
    assert dict(chosen.form_values())["role"] == "manager", "what was chosen is still chosen"
    assert decide(door, browser, agent, "role", role="manager", proof=code_at(door.clock())) == 200
    assert role_of(door, agent) == "manager" and door.acts() == ["staff.role_changed"]
    owner = StaffAccess(door.business.id, door.owner.id, door.owner.public_id, "owner", 1)
    for act in (lambda: staff_team.change_role(door.house.rt, owner, agent.public_id, "agent"),
                lambda: staff_team.end_membership(door.house.rt, owner, agent.public_id),
                lambda: staff_team.reset_second_factor(door.house.rt, owner, agent.public_id)):
        with pytest.raises(Refusal, match="prove_first"):
            act()


def test_the_last_owner_stays(door: Door) -> None:
    browser = door.inside(door.owner, proven=True)
    assert decide(door, browser, door.owner, "role", role="manager") == 409
    assert "Somebody must own the business" in browser.words
    assert decide(door, browser, door.owner, "end") == 409
    # An owner who cannot sign in is none to count on.
    door.hire("owner", disabled_at=door.clock())
    assert decide(door, browser, door.owner, "end") == 409
    door.hire("owner")
    assert decide(door, browser, door.owner, "role", role="manager") == 403, "and then the page is not theirs any more"
    assert role_of(door, door.owner) == "manager"


def test_two_owners_who_end_each_other_at_once_leave_one(door: Door) -> None:
    rt, second = door.house.rt, door.hire("owner")
    pairs = ((door.owner, second), (second, door.owner))

    def end(pair: tuple[Staff, Staff]) -> str:
        who, whom = pair
        access = StaffAccess(door.business.id, who.id, who.public_id, "owner", 1, door.clock())
        try:
            staff_team.end_membership(rt, access, whom.public_id)
        except Refusal as refusal:
            return refusal.code
        return "ended"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(end, pairs)) == ["ended", "last_owner"]


def test_who_leaves_is_signed_out_of_this_business_at_once_and_keeps_the_other(door: Door) -> None:
    agent = door.hire("agent")
    with door.db.transaction() as session:
        other = make_business(session, name="Oak Lane Dental")
        join(session, session.get_one(Staff, agent.id), other, "manager")
        debtor = make_debtor(session, door.business)
        session.add(Assignment(debtor_id=debtor.id, business_id=door.business.id, staff_id=agent.id, at=door.clock()))
    here, there = door.inside(agent), door.browser()
    door.enter(there, agent)
    there.get("/office/businesses")
    there.send(f"/office/businesses/{other.public_id}", follow=False)
    browser = door.inside(door.owner, proven=True)
    assert decide(door, browser, agent, "end") == 200
    assert here.get("/office/account", follow=False).headers["Location"] == "/office/sign-in"
    assert there.get("/office/account").status_code == 200 and "Oak Lane Dental" in there.words
    assert door.count(Assignment) == 0 and role_of(door, agent) == ""
    there.get("/office/businesses")
    assert door.business.name not in there.words
    assert door.acts()[-1] == "staff.membership_ended" and door.audits()[-1].details["debtors"] == 1


def test_a_lost_phone_is_told_to_its_owner(db: Database, tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        door = open_door(db, tmp_path, smtp_port=mailbox.smtp_port)
        agent = door.hire("agent", locale="es")
        theirs, browser = door.inside(agent), door.inside(door.owner, proven=True)
        assert decide(door, browser, agent, "reset-second-factor") == 200
        assert door.row(agent).totp_secret == "" and theirs.get("/office/account", follow=False).status_code == 303
        link = door.link_of_newest_email(mailbox)
        [told] = mailbox.messages()
    assert told["to"] == agent.email and link.endswith("/office/sign-in") and "segundo factor" in told["text"]
    assert door.password(theirs, agent.email) == 303
    assert theirs.page is not None and theirs.page.headers["Location"] == "/office/second-factor"
    own = door.inside(door.owner, proven=True)
    own.get(f"/office/staff/{door.owner.public_id}")
    assert "reset-second-factor" not in own.text
    access = StaffAccess(door.business.id, door.owner.id, door.owner.public_id, "owner", 1, door.clock())
    with pytest.raises(Refusal, match="not_for_yourself"):
        staff_team.reset_second_factor(door.house.rt, access, door.owner.public_id)
    assert door.acts() == ["staff.second_factor_reset"]


def test_people_of_other_businesses_are_not_there(door: Door) -> None:
    with door.db.transaction() as session:
        stranger = make_staff(session, make_business(session), "owner")
    browser = door.inside(door.owner, proven=True)
    browser.get("/office/staff")
    token = browser.forms()[-1].fields["csrf_token"]
    assert stranger.email not in browser.text
    assert browser.get(f"/office/staff/{stranger.public_id}").status_code == 404
    for what in ("role", "end", "reset-second-factor"):
        answer = browser.post(f"/office/staff/{stranger.public_id}/{what}", {"csrf_token": token, "role": "viewer"})
        assert answer.status_code == 404
    assert door.acts() == []


def test_the_switcher_offers_ones_own_businesses_and_no_others(door: Door) -> None:
    with door.db.transaction() as session:
        second, foreign = make_business(session, name="Oak Lane Dental"), make_business(session, name="Foreign Firm")
        join(session, session.get_one(Staff, door.owner.id), second, "viewer")
        make_staff(session, foreign, "owner")
        ended = make_business(session, name="Long Ago")
        join(session, session.get_one(Staff, door.owner.id), ended, "owner", ended=True)
    browser = door.inside(door.owner)
    browser.get("/office/businesses")
    assert "Oak Lane Dental" in browser.words and "Foreign Firm" not in browser.words
    token = browser.forms()[-1].fields["csrf_token"]
    for other in (foreign, ended):
        assert browser.post(f"/office/businesses/{other.public_id}", {"csrf_token": token}).status_code == 404
    browser.get("/office/businesses")
    browser.send(f"/office/businesses/{second.public_id}", follow=False)
    assert browser.get("/office/staff").status_code == 403, "there the role is another one"
    fresh = door.browser()
    door.enter(fresh, door.owner)
    fresh.get("/office/account")
    assert "Oak Lane Dental" in fresh.words, "the next session begins where the last one was"
    assert door.acts()[0] == "staff.business_chosen" and door.audits()[0].business_id == second.id
