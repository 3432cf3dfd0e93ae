"""Whom to call and why: each reason, each thing that speaks against it, and an order that can be explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from portal.domain.calls import ORDER, CallFacts, rank, why_not
from portal.words import speak
from portal.words.calls import ADVICE, advice, lead, more

TODAY = date(2026, 11, 10)
LATE = CallFacts(currency="USD", free_minor=300_00, overdue_minor=300_00, days_late=20)
LATELY = TODAY - timedelta(days=2)


def codes(**changes: Any) -> list[str]:
    call = rank(replace(LATE, **changes), TODAY)
    return [code for code, _ in call.reasons] if call else []


@pytest.mark.parametrize(("code", "change"), [
    ("asked_call", {"asked_call_on": LATELY}),
    ("promise_broken", {"promised_on": LATELY, "promise_open": True}),
    ("payment_failed", {"failed_on": LATELY, "failed_minor": 50_00}),
    ("question", {"question_on": LATELY}),
    ("turns", {"days_late": 86}),
    ("opened_and_left", {"opened_on": LATELY}),
    ("no_email", {"reachable_by_email": False}),
    ("wants_no_email", {"wants_no_email": True}),
    ("silent", {"unanswered_emails": 3}),
    ("late", {}),
])
def test_each_reason_decides_when_it_is_the_only_one(code: str, change: dict[str, Any]) -> None:
    assert codes(**change)[0] == code


@pytest.mark.parametrize(("reason", "change"), [
    ("erased", {"erased": True}), ("no_phone", {"has_phone": False}),
    ("put_off", {"call_from": TODAY + timedelta(days=1)}), ("called_today", {"called_on": TODAY}),
    ("nothing_overdue", {"overdue_minor": 0, "free_minor": 0}), ("held", {"free_minor": 0}),
    ("promised", {"promised_on": TODAY, "promise_open": True}),
])
def test_what_speaks_against_a_call(reason: str, change: dict[str, Any]) -> None:
    facts = replace(LATE, **change)
    assert why_not(facts, TODAY) == reason and rank(facts, TODAY) is None
    assert rank(LATE, TODAY) is not None


def test_who_asks_for_a_call_is_called_even_while_all_is_on_hold_but_not_when_put_off() -> None:
    assert codes(asked_call_on=LATELY, free_minor=0)[0] == "asked_call"
    assert codes(asked_call_on=LATELY, call_from=TODAY + timedelta(days=3)) == []


@pytest.mark.parametrize(("change", "first"), [
    ({"call_from": TODAY}, "late"), ({"called_on": TODAY - timedelta(days=1)}, "late"),
    ({"promised_on": TODAY - timedelta(days=1), "promise_open": False}, "late"),
    ({"failed_on": TODAY - timedelta(days=15)}, "late"), ({"opened_on": TODAY - timedelta(days=8)}, "late"),
    ({"unanswered_emails": 2}, "late"), ({"days_late": 7}, "late"),
    ({"days_late": 53}, "turns"), ({"days_late": 52}, "late"), ({"days_late": 60}, "turns"),
    ({"days_late": 61}, "late"),
    ({"days_late": 90}, "turns"), ({"days_late": 91}, "late"),
])
def test_bounds(change: dict[str, Any], first: str) -> None:
    assert codes(**change)[0] == first


def test_a_few_days_late_is_no_reason_for_a_call() -> None:
    assert codes(days_late=6) == []


def test_the_order_is_what_a_call_changes_then_the_larger_sum_and_no_sum_outweighs_a_reason() -> None:
    changes: list[dict[str, Any]] = [
        {"asked_call_on": LATELY}, {"promised_on": LATELY, "promise_open": True}, {"failed_on": LATELY},
        {"question_on": LATELY}, {"days_late": 86}, {"opened_on": LATELY}, {"reachable_by_email": False},
        {"wants_no_email": True},
        {"unanswered_emails": 5}, {}]
    scores = []
    for place, change in enumerate(changes):
        # The weaker the reason, the more is owed.
        call = rank(replace(LATE, overdue_minor=10 ** (place + 4), free_minor=10 ** (place + 4), **change), TODAY)
        assert call is not None and call.reasons[0][0] == ORDER[place]
        scores.append(call.score)
    assert scores == sorted(scores, reverse=True) and max(scores) < 2**31
    small, large = (rank(replace(LATE, overdue_minor=sum_, free_minor=sum_), TODAY) for sum_ in (100_00, 200_00))
    assert small is not None and large is not None and small.score < large.score


def test_yen_do_not_come_first_by_their_digits() -> None:
    dollars = rank(replace(LATE, free_minor=1_000_00, overdue_minor=1_000_00), TODAY)
    yen = rank(replace(LATE, currency="JPY", free_minor=20_000, overdue_minor=20_000), TODAY)
    assert dollars is not None and yen is not None and dollars.score > yen.score


def test_the_rest_of_what_is_known_follows() -> None:
    assert codes(asked_call_on=LATELY, days_late=118, paid_invoices=4, paid_late=1) == [
        "asked_call", "late", "never_called", "paid_before"]


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("code", ORDER)
def test_every_reason_has_its_words(code: str, locale: str) -> None:
    words = speak(locale, "UTC")
    values = {"on": "2026-11-08", "minor": 50_00, "days": 90, "n": 4, "late": 1}
    assert lead(words, code, values, "USD").endswith(".") and advice(words, code)
    assert set(ADVICE) == set(ORDER)
    if code != "asked_call":
        assert more(words, [(code, values)]).endswith(".")
