"""What the rules say to a wish for a plan: accepted, the nearest that fits, a person decides, or the law stops it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.domain.errors import Refusal
from portal.domain.plan_rules import Band, Living, PlanRules, contradictions
from portal.domain.plan_terms import Owed, Told, Wish, answer, breaches, least_down
from portal.domain.schedules import FREQUENCIES, Part, every_day
from portal.services.calendars import question

TODAY = date(2026, 11, 23)
OWED = Owed(200_00, "USD", date(2026, 11, 1), consumer=True)
MONTHLY = Wish(frequency="monthly", first_on=date(2026, 12, 1), count=4)
PLAIN = PlanRules()
US = question("US", frozenset())


def told(wish: Wish, owed: Owed = OWED, rules: PlanRules = PLAIN) -> Told:
    return answer(rules, wish, owed, today=TODAY, is_open=US)


def test_what_fits_is_accepted_with_its_schedule() -> None:
    found = told(MONTHLY)
    assert found.answer == "accepted" and not found.why
    assert found.parts == (
        Part(date(2026, 12, 1), 50_00), Part(date(2027, 1, 4), 50_00), Part(date(2027, 2, 1), 50_00),
        Part(date(2027, 3, 1), 50_00))


def test_what_goes_beyond_is_answered_with_the_nearest_that_fits() -> None:
    found = told(replace(MONTHLY, count=6), replace(OWED, consumer=False))
    assert found.answer == "nearest" and ("most", 4) in found.why and found.may_ask
    assert found.nearest is not None and found.nearest.count == 4
    assert told(found.nearest, replace(OWED, consumer=False)).answer == "accepted"


def test_more_than_four_of_a_consumer_are_stopped_or_confirmed_by_the_owner() -> None:
    generous = PlanRules(bands=(Band(most=12, longest_days=400),))
    stopped = told(replace(MONTHLY, count=6), rules=generous)
    assert (stopped.answer, stopped.may_ask, stopped.why[0]) == ("stopped", False, ("law_four", 4))
    assert stopped.nearest is not None and len(stopped.nearest_parts) == 4
    confirmed = told(replace(MONTHLY, count=6), rules=replace(generous, beyond_four="owner"))
    assert (confirmed.answer, confirmed.why) == ("referred", (("law_four", 4),))
    # A company may agree on it at once, and four with a down payment are five.
    assert told(replace(MONTHLY, count=6), replace(OWED, consumer=False), generous).answer == "accepted"
    assert told(replace(MONTHLY, down_minor=20_00), rules=generous).answer == "stopped"


def test_large_sums_go_to_a_person_and_old_ones_begin_with_a_down_payment() -> None:
    large = told(replace(MONTHLY, down_minor=200_00, count=3), replace(OWED, total_minor=2_000_00))
    assert (large.answer, large.why) == ("referred", ())
    # By the smallest charge of the currency 600.00 pounds are as large as 1,000.00 dollars.
    assert told(MONTHLY, replace(OWED, total_minor=600_00, currency="GBP")).answer == "referred"
    old = replace(OWED, oldest_due_on=TODAY - timedelta(days=91))
    found = told(MONTHLY, old)
    assert found.answer == "nearest" and found.nearest is not None and found.nearest.down_minor == 40_00
    assert found.nearest_parts[0] == Part(TODAY, 40_00) and len(found.nearest_parts) == 4
    assert least_down(Band(down_points=1_000), replace(OWED, total_minor=333_33)) == 33_34


def test_a_most_each_time_gives_the_fewest_equal_parts() -> None:
    found = told(Wish(frequency="two_weeks", first_on=date(2026, 12, 1), size_minor=70_00))
    assert [part.amount_minor for part in found.parts] == [66_67, 66_67, 66_66]


def test_days_and_sums_of_ones_own() -> None:
    half = Wish(parts=(Part(TODAY, 100_00), Part(date(2027, 3, 6), 100_00)))
    found = told(half)
    assert found.answer == "accepted"
    # The sixth is a Saturday.
    assert found.parts == (Part(TODAY, 100_00), Part(date(2027, 3, 8), 100_00))
    late = told(Wish(parts=(Part(TODAY, 100_00), Part(date(2027, 6, 7), 100_00))))
    assert late.answer == "nearest" and late.why == (("last", TODAY + timedelta(days=130)),)
    assert sum(part.amount_minor for part in late.nearest_parts) == 200_00


@pytest.mark.parametrize(("wish", "code"), [
    (replace(MONTHLY, first_on=TODAY - timedelta(days=1)), "day_passed"),
    (replace(MONTHLY, first_on=date(2126, 12, 1)), "day_too_far"),
    (replace(MONTHLY, first_on=date(9999, 12, 31)), "day_too_far"),
    (replace(MONTHLY, first_on=None), "first_day_missing"),
    (replace(MONTHLY, count=None), "count_missing"),
    (replace(MONTHLY, count=0), "count_missing"),
    (replace(MONTHLY, count=-3), "count_missing"),
    (replace(MONTHLY, count=1_000), "too_many_parts"),
    (replace(MONTHLY, count=100), "day_too_far"),
    (replace(MONTHLY, count=None, size_minor=0), "size_missing"),
    (replace(MONTHLY, count=None, size_minor=1), "size_too_small"),
    (replace(MONTHLY, down_minor=-1), "down_too_large"),
    (replace(MONTHLY, down_minor=200_00), "down_too_large"),
    (replace(MONTHLY, down_minor=10), "part_too_small"),
    (replace(MONTHLY, first_on=TODAY, down_minor=50_00), "day_passed"),
    (Wish(), "too_few_parts"),
    (Wish(parts=(Part(TODAY, 199_99),)), "sum_differs"),
    (Wish(parts=(Part(TODAY, 100_00), Part(TODAY, 100_00))), "day_twice"),
    (Wish(parts=(Part(TODAY, 199_70), Part(TODAY + timedelta(days=9), 30))), "part_too_small"),
    (Wish(parts=(Part(TODAY - timedelta(days=1), 200_00),)), "day_passed"),
    (Wish(parts=(Part(date(9999, 12, 31), 200_00),)), "day_too_far"),
])
def test_what_no_plan_can_be_is_refused(wish: Wish, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        told(wish)
    assert refused.value.code == code


def test_a_business_that_offers_no_plans_says_so() -> None:
    with pytest.raises(Refusal, match="plans_off"):
        told(MONTHLY, rules=PlanRules(offered=False))


def test_the_nearest_plan_is_always_accepted() -> None:
    rng = random.Random(7)
    seen = set()
    for _ in range(4_000):
        rules = PlanRules(bands=(Band(
            down_points=rng.choice((0, 0, 1_500, 5_000)), most=rng.randint(1, 9), longest_days=rng.randint(20, 400),
            first_within_days=rng.randint(1, 40), smallest={"USD": rng.randint(1, 80_00)},
            frequencies=tuple(rng.sample(FREQUENCIES, rng.randint(1, 4)))),),
            beyond_four=rng.choice(("stop", "owner")))
        owed = Owed(rng.randint(1_00, 900_00), "USD", TODAY, consumer=rng.random() < 0.5)
        wish = Wish(frequency=rng.choice(FREQUENCIES), first_on=TODAY + timedelta(days=rng.randint(0, 60)),
                    count=rng.randint(1, 15), down_minor=rng.choice((0, 0, 50, 10_00)))
        try:
            found = told(wish, owed, rules)
        except Refusal:
            continue
        seen.add(found.answer)
        assert sum(part.amount_minor for part in found.parts) == owed.total_minor
        if found.nearest is not None:
            again = told(found.nearest, owed, rules)
            assert (again.answer, again.parts) == ("accepted", found.nearest_parts), (rules, owed, wish, found)
        if found.answer == "accepted":
            band = rules.band(owed.total_minor, owed.currency, 0)
            assert not breaches(band, wish, found.parts, owed, TODAY)
            assert not owed.consumer or len(found.parts) <= 4
    assert seen == {"accepted", "nearest", "referred", "stopped"}


def test_rules_are_kept_and_read_again() -> None:
    rules = PlanRules(offered=False, bands=(Band({"EUR": 500_00}, 30, 1_000, 6, 200, 20, {"EUR": 30_00},
                                                 ("monthly",), automatic=False),),
                      beyond_four="owner", proposal_days=3, living=Living(1, 2, 3, 4, 5, "last", (1, 2)))
    assert PlanRules.from_data(rules.as_data()) == rules
    assert PlanRules.from_data(None) == PLAIN and contradictions(PLAIN) == ()
    wrong = PlanRules(bands=(Band(most=0, longest_days=3, first_within_days=9, down_points=10_000, frequencies=()),))
    assert contradictions(wrong) == ("plan_no_frequency", "plan_count_wrong", "plan_first_after_last",
                                     "plan_down_wrong")
    assert every_day(TODAY)
