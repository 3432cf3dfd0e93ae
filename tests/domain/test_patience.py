"""How much time is given by itself, and which arrangement gives way to which."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from portal.domain.arrangements import BESIDE, PRECEDENCE, REPLACES, Standing, gives_way
from portal.domain.errors import Refusal
from portal.domain.patience import Patience, Told, latest_at_once, more_time, promise

RULES = Patience(at_once_days=30, longest_days=90, times_a_year=2, promise_days=14, review_days=60)
TODAY = date(2026, 11, 1)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(("wanted", "granted", "told"), [
    (day(1), 0, Told("accepted", day(1))), (day(30), 1, Told("accepted", day(30))),
    (day(31), 0, Told("countered", day(30))), (day(90), 0, Told("countered", day(30))),
    (day(10), 2, Told("referred", None)),
])
def test_time_is_given_countered_or_decided_by_a_person(wanted: date, granted: int, told: Told) -> None:
    assert more_time(RULES, wanted, today=TODAY, granted=granted) == told


@pytest.mark.parametrize(("wanted", "code"), [(TODAY, "day_passed"), (day(-1), "day_passed"), (day(91), "day_too_far")])
def test_days_that_make_no_sense_are_refused(wanted: date, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        more_time(RULES, wanted, today=TODAY, granted=0)
    assert caught.value.code == code


def test_what_is_offered_at_once_is_what_is_given() -> None:
    for days, granted in product(range(1, 91), range(4)):
        offered = latest_at_once(RULES, TODAY, granted)
        answer = more_time(RULES, day(days), today=TODAY, granted=granted)
        assert (answer.answer == "accepted") == (offered is not None and day(days) <= offered)


def test_a_business_that_gives_nothing_at_once_decides_each_time() -> None:
    none = Patience(0, 90, 2, 0, 60)
    assert more_time(none, day(1), today=TODAY, granted=0) == Told("referred", None)
    with pytest.raises(Refusal) as caught:
        promise(none, day(1), today=TODAY)
    assert caught.value.code == "promises_off"


def test_a_promise_reaches_to_its_last_day_and_no_further() -> None:
    assert promise(RULES, day(14), today=TODAY) == day(14)
    with pytest.raises(Refusal) as caught:
        promise(RULES, day(15), today=TODAY)
    assert caught.value.code == "day_too_far"


KINDS = ("deferral", "hardship", "promise", "settlement", "plan", "dispute", "offer")


def test_the_table_of_precedence_names_every_pair() -> None:
    missing = {pair for pair in product(KINDS, repeat=2) if pair not in PRECEDENCE}
    # A dispute meets another one by its own rules: one open per line.
    assert missing == {("dispute", "dispute")}


@pytest.mark.parametrize(("new", "old", "expected"), [
    ("deferral", "promise", REPLACES), ("promise", "deferral", "time_stands"), ("deferral", "plan", "plan_stands"),
    ("plan", "deferral", REPLACES), ("settlement", "dispute", "dispute_first"), ("dispute", "plan", BESIDE),
    ("offer", "plan", "plan_stands"), ("hardship", "hardship", REPLACES), ("deferral", "dispute", BESIDE),
])
def test_who_gives_way(new: str, old: str, expected: str) -> None:
    if expected in (REPLACES, BESIDE):
        assert gives_way(new, [Standing(7, old)]) == ((7,) if expected == REPLACES else ())
    else:
        with pytest.raises(Refusal) as caught:
            gives_way(new, [Standing(7, old)])
        assert caught.value.code == expected
