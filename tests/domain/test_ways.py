"""The ways side by side: each stands there only while the rules that enforce it would take it, with their own sums."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.domain.hand_overs import HandedTo
from portal.domain.patience import Patience
from portal.domain.plan_rules import PlanRules
from portal.domain.quotes import OpenInvoice, OpenOffer
from portal.domain.ways import Bound, Facts, Way, open_ways

NOW = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
TODAY = NOW.date()
OFFER = OpenOffer(1, "early_pay", 33_64, 200, NOW + timedelta(days=3))
LATE = OpenInvoice(1, "a", "MG-1", "", TODAY - timedelta(60), TODAY - timedelta(23), "USD", 608_43, 608_43)
DUE = OpenInvoice(2, "b", "MG-2", "", TODAY - timedelta(5), TODAY + timedelta(26), "USD", 1_681_80, 1_681_80, OFFER)
SMALL = replace(LATE, id=3, public_id="c", left_minor=200_00, total_minor=200_00)
PATIENCE = Patience(30, 90, 2, 14, 60)
FACTS = Facts("USD", (LATE, DUE), (), NOW, TODAY, 5_00, PATIENCE, 0, PlanRules(), True, lambda _day: True)


def bound(kind: str, state: str = "active", **changes: object) -> Bound:
    one = Bound(9, kind, state, "USD", 0, TODAY + timedelta(days=10), "x", frozenset({1, 2}), state == "active")
    return replace(one, **changes)  # type: ignore[arg-type]


def kinds(facts: Facts) -> list[str]:
    return [way.kind for way in open_ways(facts)]


def way(facts: Facts, kind: str) -> Way:
    return next(one for one in open_ways(facts) if one.kind == kind)


def test_a_bookkeeper_can_check_every_sum() -> None:
    now, part = way(FACTS, "pay_now"), way(FACTS, "pay_part")
    assert (now.total_minor, now.saving_minor, now.last, now.lost) == (2_256_59, 33_64, OFFER.deadline, "discount")
    assert (part.total_minor, part.first_minor, part.lost) == (2_290_23, 5_00, "part_discount")
    plan = way(replace(FACTS, invoices=(SMALL,)), "plan")
    assert (plan.total_minor, plan.first_minor, plan.count, plan.saving_minor) == (200_00, 50_00, 4, 0)
    assert plan.last == date(2027, 3, 8)
    assert way(FACTS, "later").last == TODAY + timedelta(days=30) and way(FACTS, "promise").last == date(2026, 11, 24)
    assert kinds(FACTS) == ["pay_now", "pay_part", "plan", "later", "promise"]


@pytest.mark.parametrize(("facts", "expected"), [
    (replace(FACTS, arranged=(bound("plan"),)), ["pay_now", "pay_part"]),
    (replace(FACTS, arranged=(bound("hardship"),)), ["pay_now", "pay_part", "plan"]),
    (replace(FACTS, arranged=(bound("deferral"),)), ["pay_now", "pay_part", "plan", "later"]),
    (replace(FACTS, plans=PlanRules(offered=False)), ["pay_now", "pay_part", "later", "promise"]),
    (replace(FACTS, patience=replace(PATIENCE, promise_days=0)), ["pay_now", "pay_part", "plan", "later"]),
    (replace(FACTS, invoices=(replace(LATE, on_its_way=True), replace(DUE, on_its_way=True))), []),
    (replace(FACTS, invoices=(replace(LATE, handed_to=HandedTo("agency", "A", "", "")),)), []),
    (replace(FACTS, invoices=(replace(LATE, held_minor=608_43),)), []),
    (replace(FACTS, invoices=()), [])])
def test_what_would_be_refused_is_not_there(facts: Facts, expected: list[str]) -> None:
    assert kinds(facts) == expected


def test_nobody_is_told_unprompted_that_less_might_do() -> None:
    assert "settle" not in kinds(FACTS)
    asked = bound("settlement", "asked", amount_minor=1_500_00, until=None)
    assert way(replace(FACTS, arranged=(asked,)), "settle").by_person
    countered = bound("settlement", "countered", amount_minor=1_800_00)
    offered = way(replace(FACTS, arranged=(countered,)), "settle")
    assert (offered.total_minor, offered.saving_minor, offered.last) == (1_800_00, 490_23, TODAY + timedelta(days=10))
    over = replace(countered, until=TODAY - timedelta(days=1))
    assert "settle" not in kinds(replace(FACTS, arranged=(over,)))


def test_after_two_times_a_person_decides_about_time() -> None:
    later = way(replace(FACTS, granted=2), "later")
    assert later.by_person and later.last == TODAY + timedelta(days=90)
