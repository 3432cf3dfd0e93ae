"""Late fees and interest: worked to the day and the cent, rounded down, and never on what is held, paid or beyond."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain import fees
from portal.domain.base_rates import BASE_RATES, MARGIN_POINTS, base_rate, fixed_sum, half_year
from portal.domain.currencies import step
from portal.domain.fees import (
    FLAT,
    NEVER,
    PERCENT,
    Account,
    Charge,
    FeeRule,
    Held,
    add_months,
    free_on,
    look,
    round_down,
)

ALWAYS = date(2000, 1, 1)
DUE = date(2026, 11, 1)
DAY = timedelta(days=1)


def owed(minor: int = 596_50, due_on: date = DUE, *, currency: str = "USD", **more: Any) -> Account:
    return Account(due_on, currency, minor, [(due_on - 30 * DAY, minor)], **more)


def rule(**values: Any) -> FeeRule:
    return FeeRule(by_itself=True, **{"grace_days": 14, **values})


def charge_all(account: Account, rules: fees.Rules, until: date, *, every: int = 1) -> tuple[Account, list[Charge]]:
    """Look as a job does, day by day, and keep what was charged."""
    day, found = account.due_on - 5 * DAY, []
    while day <= until:
        for charge in look(account, rules, day).charges:
            assert charge.amount_minor > 0
            found.append(charge)
            told = date.fromisoformat(charge.step.split(":")[1]) if charge.interest else account.told_until
            account = replace(
                account, charged_minor=account.charged_minor + charge.amount_minor, told_until=told,
                interest_minor=account.interest_minor + (charge.amount_minor if charge.interest else 0),
                once=account.once if charge.interest else account.once | {charge.step})
        day += every * DAY
    return account, found


def test_the_worked_example() -> None:
    rules = [(ALWAYS, rule(percent_points=200, interest_points=900))]
    assert look(owed(), rules, date(2026, 11, 14)).charges == ()
    fee = look(owed(), rules, date(2026, 11, 15))
    assert [(one.step, one.amount_minor) for one in fee.charges] == [(PERCENT, 11_93)]
    assert fee.again_on == date(2026, 12, 15)
    later = replace(owed(), once=frozenset({PERCENT}), charged_minor=11_93)
    (line,) = look(later, rules, date(2026, 12, 15)).charges
    assert (line.amount_minor, line.memo) == (4_41, "interest:900:59650:USD:2026-11-15:2026-12-14")


def test_nothing_is_charged_unless_it_was_switched_on() -> None:
    stated = replace(rule(percent_points=200, flat_minor=5_00, interest_points=900), by_itself=False)
    assert look(owed(), [(ALWAYS, stated)], date(2027, 6, 1)) == fees.Look((), NEVER)
    assert look(owed(), [(ALWAYS, rule())], date(2027, 6, 1)) == fees.Look((), NEVER)
    assert look(owed(), [], date(2027, 6, 1)) == fees.Look((), NEVER)


@pytest.mark.parametrize(("currency", "minor", "points", "fee"), [
    ("JPY", 59_650, 200, 1_193), ("JPY", 99, 200, 1), ("KWD", 596_500, 210, 12_520), ("KWD", 1_000, 90, 0),
    ("ISK", 596_50, 333, 19_00), ("USD", 49, 200, 0), ("USD", 50, 200, 1),
])
def test_a_percentage_is_rounded_down_to_what_can_be_paid(currency: str, minor: int, points: int, fee: int) -> None:
    found = look(owed(minor, currency=currency), [(ALWAYS, rule(percent_points=points))], DUE + 14 * DAY).charges
    assert sum(one.amount_minor for one in found) == fee and fee % step(currency) == 0


def test_a_flat_fee_is_of_the_business_currency_and_comes_once() -> None:
    rules = [(ALWAYS, rule(flat_minor=5_00, currency="USD", grace_days=0))]
    _, found = charge_all(owed(), rules, date(2027, 3, 1))
    assert [(one.step, one.amount_minor) for one in found] == [(FLAT, 5_00)]
    assert look(owed(), rules, DUE).charges == () and look(owed(), rules, DUE + DAY).charges != ()
    assert look(owed(currency="EUR"), rules, DUE + 3 * DAY).charges == ()


def test_the_grace_begins_again_while_something_is_held() -> None:
    held = Held(DUE + 5 * DAY, DUE + 25 * DAY, None)
    rules = [(ALWAYS, rule(percent_points=200))]
    account = owed(holds=(held,))
    # Days 1 to 4 are free, 5 to 24 are held: the fourteenth free day is the tenth from day 25 on, day 34.
    assert look(account, rules, DUE + 33 * DAY).charges == ()
    assert len(look(account, rules, DUE + 34 * DAY).charges) == 1
    assert look(account, rules, DUE + 10 * DAY).again_on == DUE + 17 * DAY


def test_held_parts_bear_neither_fee_nor_interest() -> None:
    account = owed(holds=(Held(DUE, None, 500_00),))
    (fee, line) = look(account, [(ALWAYS, rule(percent_points=1_000, interest_points=3_650, grace_days=1))],
                       DUE + 40 * DAY).charges
    assert (fee.amount_minor, fee.memo) == (9_65, "late_fee:1000:9650:USD:1")
    # 96.50 for 30 days at 36.5 % is a tenth of a percent a day: 2.895.
    assert line.amount_minor == 2_89
    whole = replace(account, holds=(Held(DUE, None, None),))
    assert look(whole, [(ALWAYS, rule(percent_points=1_000))], DUE + 40 * DAY).charges == ()


def test_a_part_payment_makes_two_lines_that_each_tell_their_sum() -> None:
    account = replace(owed(1_000_00), changes=[(DUE - 30 * DAY, 1_000_00), (date(2026, 11, 12), -400_00)])
    lines = look(account, [(ALWAYS, rule(interest_points=730, grace_days=0))], date(2026, 12, 2)).charges
    assert [one.memo for one in lines] == ["interest:730:100000:USD:2026-11-02:2026-11-11",
                                           "interest:730:60000:USD:2026-11-12:2026-12-01"]
    # 0.02 % a day: ten days of 1,000.00 are 2.00, twenty of 600.00 are 2.40.
    assert [one.amount_minor for one in lines] == [2_00, 2_40]


def test_money_noted_late_for_charged_days_is_made_good_and_never_charged_twice() -> None:
    rules = [(ALWAYS, rule(interest_points=730, grace_days=0))]
    account, found = charge_all(owed(1_000_00), rules, date(2026, 12, 2))
    assert [one.amount_minor for one in found] == [6_00]
    paid = replace(account, changes=[*account.changes, (date(2026, 11, 12), -400_00)])
    # Till December 1 it was 4.40, not 6.00; December brings 3.72, of which 1.60 was charged before.
    (line,) = look(paid, rules, date(2027, 1, 2)).charges
    assert (line.amount_minor, line.memo) == (2_12, "interest_rest:USD:2027-01-01")
    gone = replace(account, changes=[*account.changes, (date(2026, 11, 2), -999_99)])
    assert look(gone, rules, date(2027, 1, 2)).charges == ()


def test_a_change_of_the_rules_counts_from_its_own_day() -> None:
    old, new = rule(interest_points=730, grace_days=0), rule(interest_points=365, grace_days=0)
    rules = [(ALWAYS, old), (date(2026, 11, 12), new)]
    lines = look(owed(1_000_00), rules, date(2026, 12, 2)).charges
    assert [(one.amount_minor, one.memo.split(":")[1]) for one in lines] == [(2_00, "730"), (2_00, "365")]
    # A fee is for those whose day comes under the rule; who was late long before is not surprised by it.
    late = [(ALWAYS, FeeRule()), (date(2026, 12, 1), rule(percent_points=200, interest_points=365))]
    found = look(owed(1_000_00), late, date(2026, 12, 20)).charges
    assert [(one.interest, one.memo) for one in found] == [(True, "interest:365:100000:USD:2026-12-01:2026-12-14")]


def test_the_limit_is_kept_and_told() -> None:
    rules = [(ALWAYS, rule(percent_points=200, interest_points=3_650, grace_days=0, cap_points=400))]
    account, found = charge_all(owed(1_000_00), rules, date(2027, 6, 1))
    assert account.charged_minor == 40_00
    assert found[-1].memo == "interest_capped:400:USD"
    assert look(account, rules, date(2027, 7, 1)).again_on == NEVER


def test_statutory_interest_of_the_two_laws() -> None:
    assert (base_rate("uk", date(2024, 3, 1), {}), base_rate("eu", date(2024, 3, 1), {})) == (525, 450)
    assert base_rate("eu", date(2020, 8, 9), {"2020-07-01": 12}) == 12
    assert base_rate("eu", date(2031, 8, 9), {}) is None
    assert [fixed_sum("uk", minor) for minor in (1, 999_99, 1_000_00, 10_000_00)] == [40_00, 40_00, 70_00, 100_00]
    assert fixed_sum("eu", 1) == 40_00
    for table in BASE_RATES.values():
        assert all(half_year(day) == day for day in table) and all(0 <= points <= 2_000 for points in table.values())
    british = owed(5_000_00, date(2023, 6, 10), currency="GBP")
    fixed, *lines = look(british, [(ALWAYS, rule(statutory="uk", grace_days=0))], date(2023, 9, 12)).charges
    assert (fixed.amount_minor, fixed.memo) == (70_00, "late_fixed:uk:500000:GBP")
    # Interest that began in June keeps June's rate, 3.50 and 8, also in August.
    assert {one.memo.split(":")[1] for one in lines} == {"1150"}
    european = replace(british, currency="EUR")
    _, *lines = look(european, [(ALWAYS, rule(statutory="eu", grace_days=0))], date(2023, 9, 12)).charges
    assert [one.memo.split(":")[1] for one in lines] == [str(250 + MARGIN_POINTS), str(400 + MARGIN_POINTS)]


def test_a_rate_nobody_knows_is_waited_for_and_made_up_when_it_is_entered() -> None:
    account = owed(5_000_00, date(2031, 5, 10), currency="EUR", once=frozenset({fees.FIXED}))
    blind = rule(statutory="eu", grace_days=0)
    assert look(account, [(ALWAYS, blind)], date(2031, 8, 11)).charges == ()
    seeing = replace(blind, rates={"2031-01-01": 200})
    (first,) = look(account, [(ALWAYS, seeing)], date(2031, 8, 11)).charges
    assert first.memo.endswith("2031-05-11:2031-06-30")
    told = replace(account, told_until=date(2031, 7, 1), interest_minor=first.amount_minor)
    both = replace(blind, rates={"2031-01-01": 200, "2031-07-01": 300})
    (second,) = look(told, [(ALWAYS, both)], date(2031, 8, 11)).charges
    assert second.memo == "interest:1100:500000:EUR:2031-07-01:2031-08-10"


def test_months_end_where_months_end() -> None:
    assert [add_months(date(2027, 1, 31), n) for n in range(3)] == [
        date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29) and add_months(date(2027, 12, 5), 1).year == 2028
    _, found = charge_all(owed(1_000_00, date(2027, 1, 30)), [(ALWAYS, rule(interest_points=1_200, grace_days=0))],
                          date(2027, 5, 1))
    assert [one.step for one in found] == ["interest:2027-02-28", "interest:2027-03-31", "interest:2027-04-30"]


@pytest.mark.parametrize("year", [2027, 2028])
def test_a_whole_year_costs_the_yearly_rate_leap_year_or_not(year: int) -> None:
    rules = [(ALWAYS, rule(interest_points=1_000, grace_days=0))]
    account, _ = charge_all(owed(1_000_00, date(year - 1, 12, 31)), rules, date(year + 1, 1, 1))
    assert account.interest_minor == 100_00


amounts = st.integers(1, 10**9)
days = st.dates(date(2023, 1, 1), date(2029, 12, 31))
rules_of = st.builds(
    FeeRule, by_itself=st.just(True), flat_minor=st.integers(0, 50_00), currency=st.just("USD"),
    percent_points=st.integers(0, 2_500), interest_points=st.integers(0, 3_000), grace_days=st.integers(0, 40),
    cap_points=st.sampled_from([0, 100, 2_500]))
holds_of = st.lists(st.builds(
    lambda first, length, part: Held(first, None if length is None else first + length * DAY, part),
    days, st.none() | st.integers(1, 60), st.none() | amounts), max_size=3)


@settings(max_examples=150, deadline=None)
@given(total=amounts, due=days, currency=st.sampled_from(["USD", "JPY", "KWD", "ISK"]), one=rules_of, holds=holds_of,
       payments=st.lists(st.tuples(st.integers(0, 200), amounts), max_size=4), length=st.integers(0, 250),
       every=st.sampled_from([1, 3, 30]))
def test_whatever_happens_nobody_is_charged_more_than_the_rule_says(
        total: int, due: date, currency: str, one: FeeRule, holds: list[Held], payments: list[tuple[int, int]],
        length: int, every: int) -> None:
    changes = [(due, total), *((due + at * DAY, -minor) for at, minor in payments)]
    account = Account(due, currency, total, changes, tuple(holds))
    final, found = charge_all(account, [(ALWAYS, one)], due + length * DAY, every=every)
    assert all(type(charge.amount_minor) is int and charge.amount_minor % step(currency) == 0 for charge in found
               if charge.step != FLAT)
    most = sum((Fraction(free_on(account, due + n * DAY) * one.interest_points, 10_000 * 365)
                for n in range(1, length + 1)), Fraction(0))
    assert final.interest_minor <= most
    once = [charge.step for charge in found if not charge.interest]
    assert len(once) == len(set(once)) and len({charge.step for charge in found}) == len(found)
    if one.cap_points:
        assert final.charged_minor <= total * one.cap_points // 10_000
    if all(free_on(account, due + n * DAY) == 0 for n in range(1, length + 1)):
        assert found == []


@settings(max_examples=60, deadline=None)
@given(total=amounts, due=days, one=rules_of, length=st.integers(0, 400))
def test_a_job_that_slept_charges_what_one_that_looked_daily_did(
        total: int, due: date, one: FeeRule, length: int) -> None:
    rules, until = [(ALWAYS, one)], due + length * DAY
    daily, _ = charge_all(Account(due, "USD", total, [(due, total)]), rules, until)
    once = Account(due, "USD", total, [(due, total)])
    slept = sum(charge.amount_minor for charge in look(once, rules, until).charges)
    assert slept == daily.charged_minor


@given(exact=st.fractions(0, 10**9), currency=st.sampled_from(["USD", "JPY", "KWD", "ISK"]))
def test_rounding_down_loses_less_than_one_step(exact: Fraction, currency: str) -> None:
    down = round_down(exact, currency)
    assert down <= exact < down + step(currency) and down % step(currency) == 0
