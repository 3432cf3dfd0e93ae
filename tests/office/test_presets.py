"""Presets: data that fits together, shown in plain words before it is kept, and the versions of the terms they make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.currencies import SUPPORTED
from portal.domain.policy import Policy
from portal.domain.policy_rules import clashes
from portal.domain.settlements import Band, SettlementRules
from portal.routes.admin.setup import MEANINGS
from portal.services import policy_presets, setup
from portal.words import offer_rules, policy_chapters
from portal.words.core import speak
from tests.access.visitor import House
from tests.cast import Clock
from tests.office.books import Desk, open_desk

WORDS = speak("en_US", "UTC")


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Desk:
    return open_desk(db, tmp_path, 100_00)


@pytest.mark.parametrize("name", policy_presets.NAMES)
def test_every_preset_fits_together_in_every_currency_and_says_what_changes(name: str) -> None:
    for currency in SUPPORTED:
        made = policy_presets.applied(Policy(), name, currency)
        assert clashes(made, has_bank_details=True) == () and policy_presets.in_use(made, currency) == name
        assert Policy.from_rules(made.as_rules()) == made
    told = policy_chapters.changes(WORDS, Policy(), made, currency)
    assert told.comes and told.goes and not set(told.comes) & set(told.goes)


# What a rule is changed to; those about a sum by currency and about fees have tests of their own.
OTHERS: dict[str, object] = {
    "link_days": 31, "business_debtors_skip_check": False, "minimum_part": {"USD": 9_00}, "discount_grace_minutes": 46,
    "part_payment_discount": "keeps", "offer_days": 15, "early_pay_basis_points": 200, "bank_transfer": False,
    "transfer_wait_days": 11, "pay_only_link_days": 15, "quiet_from_hour": 20, "quiet_until_hour": 9,
    "reminder_gap_days": 4, "answer_business_days": 3, "deferral_days": 31, "deferral_longest_days": 91,
    "deferrals_a_year": 3, "promise_days": 15, "hardship_review_days": 61, "claim_wait_days": 11,
    "dispute_answer_days": 31, "second_approver_above": {"USD": 9_00}, "limitation_after_days": 1_096,
    "limitation_whom": "nobody", "autopay_notice_days": 4, "check_in_days": 7,
    "settlements": {"offered": True, "days": 9, "bands": [
        {"from_days": 60, "at_once_points": 10_000, "asked_points": 6_000}]},
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_rule_is_said_to_the_owner_and_another_one_otherwise(name: str) -> None:
    def said(policy: Policy) -> set[str]:
        return {one for say in MEANINGS.values() for one in say(WORDS, policy, "USD")}
    plain = replace(Policy(), early_pay_days=10) if name == "early_pay_basis_points" else Policy()
    changed = replace(plain, **{name: OTHERS[name]})
    assert said(changed) - said(plain), f"nothing says what {name} means"


def test_settlements_are_said_by_age_and_size_with_what_is_never_agreed_on() -> None:
    rules = SettlementRules(True, (Band(60, 10_000, 6_000), Band(180, 8_000, 5_000)), {"USD": 700_00}, 9)
    told = " ".join(offer_rules.settlement_sentences(WORDS, Policy().with_settlements(rules), "USD"))
    for part in ("more than 60 days late: from 60% on one of you decides", "nothing is agreed on at once",
                 "more than 180 days late: from 80% on", "younger than that are never", "Above $700.00 one of you",
                 "within 9 days, in one payment"):
        assert part in told


def test_an_owner_looks_first_then_takes_one_and_debtors_read_both_versions(desk: Desk) -> None:
    seat = desk.as_("owner", proven=True)
    version = str(setup.page(desk.rt, desk.access("owner"), "presets").version)
    form = {"preset": "gentle", "version": version, "was-preset": "own"}
    looked = seat.post("/office/set-up/presets/keep", **form, do="look").get_data(as_text=True)
    assert "What would change" in looked and "Up to 45 days of time are given at once" in looked and desk.acts() == []
    assert seat.post("/office/set-up/presets/keep", **form).status_code == 303
    assert desk.acts() == ["setup.changed"]
    assert setup.page(desk.rt, desk.access("owner"), "presets").values["preset"] == "gentle"
    browser = House(desk.app, desk.rt, desk.rt.db, Clock()).browser()
    slug = desk.owed.business.slug
    browser.get(f"/b/{slug}/terms")
    assert "Up to 45 days of time" in browser.words and "All versions" in browser.words
    browser.get(f"/b/{slug}/terms/1")
    assert "Up to 30 days of time" in browser.words and "not in force any more" in browser.words
    browser.get(f"/b/{slug}/terms/9")
    assert browser.page is not None and browser.page.status_code == 404


def test_rules_of_two_sections_that_contradict_each_other_are_refused_in_words(desk: Desk) -> None:
    odd = replace(Policy(), promise_days=60, deferral_longest_days=30)
    assert "promise_beyond_longest" in {one.code for one in clashes(odd, has_bank_details=True)}
    twisted = {**Policy().plan_rules.as_data(), "bands": [{"most": 4, "longest_days": 5, "first_within_days": 60}]}
    assert clashes(replace(Policy(), plans=twisted), has_bank_details=True)[0].first == "plans"
