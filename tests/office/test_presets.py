"""Presets: data that fits together, shown in plain words before it is kept, and the versions of the terms they make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portal.db import Database
from portal.domain.currencies import SUPPORTED
from portal.domain.policy import Policy
from portal.domain.policy_rules import clashes
from portal.services import policy_presets, setup
from portal.words import policy_chapters
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
