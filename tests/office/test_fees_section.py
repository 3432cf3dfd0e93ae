"""Setting late fees: what they mean is shown first, switching on is an owner's act, and the terms tell the rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portal.db import Database
from portal.domain.fees import FeeRule
from portal.domain.policy import Policy
from portal.models import Business
from portal.services import policies
from tests.access.visitor import open_house
from tests.account.conftest import inside
from tests.cast import Clock, someone_owes
from tests.office.books import Desk, open_desk
from tests.office.test_setup import keep

SETS = {"consumer_percent": "2", "consumer_grace": "14", "consumer_cap": "10"}


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path)


def rule(desk: Desk, kind: str) -> FeeRule:
    with desk.rt.db.reading() as session:
        return policies.in_force(session, desk.owed.business.id).fee_rule(kind)


def test_nothing_is_charged_by_default_and_what_it_would_mean_is_shown_first(desk: Desk) -> None:
    seat = desk.as_("manager")
    page = seat.get("/office/set-up/fees")
    assert page.text.count("We add no late fee and no interest.") == 2
    looked = keep(seat, "fees", **SETS, consumer_interest="7.3", do="look")
    assert "A late fee of 2% of what is unpaid may be added once, 14 days after the due date." in looked.text
    # 20.00 and a month of 1,000.00 at 0.02 % a day.
    assert "$1,000.00 that nobody pays for 60 days are charged $26.20." in looked.text
    assert "This is only stated; nothing is added by itself." in looked.text and desk.acts() == []
    assert keep(seat, "fees", **SETS).status_code == 303
    assert rule(desk, "consumer") == FeeRule(percent_points=200, grace_days=14, cap_points=1_000)
    assert rule(desk, "business") == FeeRule() and desk.acts() == ["setup.changed"]
    audit = desk.as_("owner").get("/office/audit")
    assert audit.status_code == 200 and "late fees and interest" in audit.text


def test_switching_on_is_an_owners_act_with_a_fresh_proof(desk: Desk) -> None:
    assert "Only an owner" in keep(desk.as_("manager", proven=True), "fees", **SETS, consumer_on="y").text
    asked = keep(desk.as_("owner"), "fees", **SETS, consumer_on="y")
    assert asked.status_code == 422 and "authenticator" in asked.text and not rule(desk, "consumer").by_itself
    owner = desk.as_("owner", proven=True)
    assert keep(owner, "fees", **SETS, consumer_on="y").status_code == 303
    assert rule(desk, "consumer").by_itself and not rule(desk, "business").by_itself
    assert "This is added by itself" in owner.get("/office/set-up/fees").text
    # Who may not switch it on may switch it off.
    assert keep(desk.as_("manager"), "fees", consumer_on=None).status_code == 303
    assert not rule(desk, "consumer").by_itself


@pytest.mark.parametrize(("typed", "said"), [
    ({"consumer_percent": "26"}, "from 0 to 25"), ({"business_interest": "31"}, "from 0 to 30"),
    ({"consumer_flat": "five"}, "digits only"), ({"business_grace": "121"}, "from 0 to 120"),
    ({"consumer_grace": "-1"}, "from 0 to 120"), ({"law": "eu"}, "needs invoices in EUR"),
    ({"law": "fr"}, "enter something"), ({"law": "uk", "business_percent": "2"}, "not both"),
    ({"consumer_on": "y"}, "nothing would be added"), ({"rates": "2026-02-01: 2"}, "first day of a half-year"),
    ({"rates": "soon: 2"}, "first day of a half-year"), ({"rates": "2026-01-01: high"}, "from 0 to 30"),
    ({"rates": "\n".join(f"{year}-01-01: 2" for year in range(2030, 2072))}, "first day of a half-year"),
])
def test_what_cannot_be_is_said(desk: Desk, typed: dict[str, Any], said: str) -> None:
    answer = keep(desk.as_("owner", proven=True), "fees", **typed)
    assert answer.status_code == 422 and said in answer.text and desk.acts() == []


def test_the_law_of_europe_with_rates_of_ones_own(desk: Desk) -> None:
    with desk.rt.db.transaction() as session:
        session.get_one(Business, desk.owed.business.id).currency = "EUR"
    seat = desk.as_("owner", proven=True)
    answer = keep(seat, "fees", law="eu", business_on="y", business_grace="0", rates="2026-07-01: 2.15\n")
    assert answer.status_code == 303
    assert rule(desk, "business") == FeeRule(
        by_itself=True, statutory="eu", grace_days=0, rates={"2026-07-01": 215})
    page = seat.get("/office/set-up/fees").text
    assert "European Central Bank" in page and "2026-07-01: 2.15" in page and "selected>European law" in page


def test_the_public_terms_tell_the_rules_and_their_version(db: Database, tmp_path: Path) -> None:
    house = open_house(db, tmp_path, Clock())
    policy = Policy().with_fees("consumer", FeeRule(percent_points=200)).with_fees(
        "business", FeeRule(flat_minor=5_00, currency="USD", interest_points=900, grace_days=0, cap_points=1_000))
    owed = someone_owes(db, 100_00, policy=policy)
    browser = inside(house, owed.link)
    browser.get(f"/b/{owed.business.slug}/terms")
    for said in ("For people", "2% of what is unpaid", "For businesses", "A late fee of $5.00 may be added once",
                 "Interest is 9% a year", "never more than 10% of the invoice", "Version 1"):
        assert said in browser.words, said
    plain = someone_owes(db, 100_00)
    browser.get(f"/b/{plain.business.slug}/terms")
    assert "We add no late fee and no interest." in browser.words and "For people" not in browser.words


def test_what_an_earlier_version_stated_still_stands_and_nothing_is_added_by_itself() -> None:
    stated = Policy.from_rules({"late_fee_basis_points": 200, "late_fee_grace_days": 10})
    for kind in ("consumer", "business"):
        assert stated.fee_rule(kind) == FeeRule(percent_points=200, grace_days=10)
    assert Policy.from_rules(stated.as_rules()) == stated
    assert Policy.from_rules({"late_fee_basis_points": 0}).fees is None
