"""Cadences: friendly before firm, never sooner than the series says, and never on a closed day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.cadences import PRESETS, TONES, Audience, Planned, Step, firmest, mistakes, next_step

DUE = date(2026, 11, 2)


def always(_day: date) -> bool:
    return True


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def series(preset: str) -> list[Step]:
    return [Step(number, day, tone, channel) for number, (day, tone, channel) in enumerate(PRESETS[preset], 1)]


def taken(preset: str, first_seen: date, last_day: date) -> list[Planned]:
    """Every step an invoice comes to when each is taken on its day."""
    steps, found, last = series(preset), list[Planned](), None
    today = first_seen
    while (planned := next_step(steps, due_on=DUE, today=today, last=last.step if last else None,
                                last_on=last.on if last else None, is_open=weekdays)) and planned.on <= last_day:
        found.append(planned)
        last, today = planned, planned.on
    return found


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_no_mistakes(preset: str) -> None:
    assert mistakes(series(preset)) == []


def test_a_cadence_from_before_the_due_date_to_the_final_notice() -> None:
    found = taken("standard", DUE - timedelta(days=20), DUE + timedelta(days=99))
    days = [(planned.on - DUE).days for planned in found]
    assert days[0] == -3 and days == sorted(days) and len(days) == 7


def test_who_is_met_late_is_met_kindly_and_in_the_same_rhythm() -> None:
    found = taken("standard", DUE + timedelta(days=90), DUE + timedelta(days=300))
    assert [planned.step.tone for planned in found] == ["friendly", "friendly", "firm", "firm", "formal", "final"]
    assert (found[1].on - found[0].on).days >= 7


def test_a_note_before_the_due_date_has_no_use_after_it() -> None:
    planned = next_step(series("gentle"), due_on=DUE, today=DUE, last=None, last_on=None, is_open=always)
    assert planned is not None and planned.step.tone == "friendly"


def test_a_closed_day_moves_a_step_to_the_next_open_one() -> None:
    # November 7, 2026 is a Saturday.
    steps = [Step(1, 5, "friendly", "email")]
    planned = next_step(steps, due_on=DUE, today=DUE, last=None, last_on=None, is_open=weekdays)
    assert planned == Planned(steps[0], date(2026, 11, 9))


def test_a_calendar_without_open_days_stops_nobody() -> None:
    planned = next_step([Step(1, 5, "friendly", "email")], due_on=DUE, today=DUE, last=None, last_on=None,
                        is_open=lambda _day: False)
    assert planned is not None and planned.on == DUE + timedelta(days=5)


def test_one_email_speaks_in_the_firmest_tone_of_the_day() -> None:
    friendly, firm = Step(1, 9, "friendly", "email"), Step(2, 18, "firm", "email")
    assert firmest([friendly, firm, friendly]) == firm


def test_mistakes_are_named() -> None:
    assert mistakes([Step(1, 3, "firm", "email"), Step(2, 3, "friendly", "email"), Step(3, 500, "note", "email")]) == [
        "day_out_of_bounds", "two_on_one_day", "harsher_before_milder", "no_friendly_before_firm", "note_after_due"]


def test_whom_a_cadence_is_for() -> None:
    large_repeat = Audience("business", "repeat", 500_00)
    assert large_repeat.fits(kind="business", repeat=True, amount_minor=500_00)
    assert not large_repeat.fits(kind="business", repeat=True, amount_minor=499_99)
    assert not large_repeat.fits(kind="consumer", repeat=True, amount_minor=900_00)
    assert not large_repeat.fits(kind="business", repeat=False, amount_minor=900_00)


@given(preset=st.sampled_from(sorted(PRESETS)), seen=st.integers(-30, 200),
       delays=st.lists(st.integers(0, 40), max_size=9))
def test_no_history_meets_a_step_twice_or_too_soon(preset: str, seen: int, delays: list[int]) -> None:
    steps, last, today = series(preset), None, DUE + timedelta(days=seen)
    found: list[Planned] = []
    for delay in delays:
        planned = next_step(steps, due_on=DUE, today=today, last=last.step if last else None,
                            last_on=last.on if last else None, is_open=weekdays)
        if planned is None:
            break
        assert planned.on >= today and planned.on.weekday() < 5
        # Held for some days before it could be taken.
        last = Planned(planned.step, planned.on + timedelta(days=delay))
        today = last.on
        found.append(last)
    assert len({planned.step.id for planned in found}) == len(found)
    for before, after in pairwise(found):
        assert (after.on - before.on).days >= after.step.day - before.step.day
        assert TONES.index(after.step.tone) >= TONES.index(before.step.tone)
