"""The gate alone: a table of what goes, waits or is skipped, and the quiet hours of people in other places."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.domain.gate import COLLECTING, COURTESY, ESSENTIAL, QuietHours, Situation, decide, next_loud_moment
from portal.services.gatekeeping import zones_of

OREGON = ZoneInfo("America/Los_Angeles")
NIGHT = QuietHours(21, 8)
NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
CLEAR = Situation(COLLECTING, "daniel@mail.example", (OREGON,), NIGHT)


@pytest.mark.parametrize(("change", "reason"), [
    ({"address": None}, "no_address"), ({"address": ""}, "no_address"),
    ({"address_state": "bounced"}, "bounced"), ({"address_state": "wrong_person"}, "wrong_person"),
    ({"blocked": True}, "blocked"), ({"useless_after": NOON}, "expired"),
])
@pytest.mark.parametrize("message_class", [ESSENTIAL, COLLECTING, COURTESY])
def test_nothing_at_all_goes_to_an_address_that_is_not_theirs(
        message_class: str, change: dict[str, object], reason: str) -> None:
    decision = decide(replace(CLEAR, message_class=message_class, **change), NOON)  # type: ignore[arg-type]
    assert (decision.verdict, decision.reason) == ("skip", reason)


@pytest.mark.parametrize(("change", "essential", "courtesy", "collecting"), [
    ({"opted_out": True}, "essential", "opted_out", "opted_out"),
    ({"owes": False}, "essential", "clear", "nothing_left"),
    ({"askable": False, "unaskable_reason": "held"}, "essential", "clear", "held"),
    ({"askable": False, "unaskable_reason": "on_its_way"}, "essential", "clear", "on_its_way"),
    ({"taken_days": frozenset({date(2026, 11, 10)})}, "essential", "clear", "one_a_day"),
    ({}, "essential", "clear", "clear"),
])
def test_what_stops_a_request_for_money_does_not_stop_a_receipt(
        change: dict[str, object], essential: str, courtesy: str, collecting: str) -> None:
    said = [decide(replace(CLEAR, message_class=kind, **change), NOON).reason  # type: ignore[arg-type]
            for kind in (ESSENTIAL, COURTESY, COLLECTING)]
    assert said == [essential, courtesy, collecting]


@pytest.mark.parametrize(("local", "verdict"), [
    ((7, 59, 59), "hold"), ((8, 0, 0), "send"), ((20, 59, 59), "send"), ((21, 0, 0), "hold"), ((0, 0, 0), "hold"),
])
def test_nobody_is_asked_for_money_at_night_where_they_are(local: tuple[int, int, int], verdict: str) -> None:
    now = datetime(2026, 11, 10, *local, tzinfo=OREGON).astimezone(UTC)
    decision = decide(CLEAR, now)
    assert decision.verdict == verdict
    assert decision.at.astimezone(OREGON).hour == (8 if verdict == "hold" else local[0])
    assert decide(replace(CLEAR, message_class=ESSENTIAL), now).verdict == "send"


def test_a_late_evening_counts_for_the_day_on_which_it_will_be_sent() -> None:
    late = datetime(2026, 11, 10, 22, 0, tzinfo=OREGON).astimezone(UTC)
    today, tomorrow = date(2026, 11, 10), date(2026, 11, 11)
    assert decide(replace(CLEAR, taken_days=frozenset({today})), late).local_day == tomorrow
    assert decide(replace(CLEAR, taken_days=frozenset({tomorrow})), late).reason == "one_a_day"


def test_nothing_asks_on_a_closed_day_and_monday_comes_after_the_weekend() -> None:
    weekdays = replace(CLEAR, is_open=lambda day: day.weekday() < 5)
    saturday = datetime(2026, 11, 14, 10, 0, tzinfo=OREGON).astimezone(UTC)
    decision = decide(weekdays, saturday)
    assert (decision.verdict, decision.reason) == ("hold", "closed_day")
    assert decision.at.astimezone(OREGON) == datetime(2026, 11, 16, 8, 0, tzinfo=OREGON)
    assert decision.local_day == date(2026, 11, 16)
    assert decide(replace(weekdays, message_class=COURTESY), saturday).verdict == "send"
    assert decide(replace(weekdays, message_class=ESSENTIAL), saturday).verdict == "send"
    friday_night = datetime(2026, 11, 13, 22, 0, tzinfo=OREGON).astimezone(UTC)
    assert decide(weekdays, friday_night).local_day == date(2026, 11, 16)


def test_a_calendar_without_an_open_day_lets_the_planned_day_count() -> None:
    assert decide(replace(CLEAR, is_open=lambda _day: False), NOON).verdict == "send"


@pytest.mark.parametrize(("last", "gap", "day", "reason"), [
    (9, 1, 10, "clear"), (9, 3, 12, "too_soon"), (7, 3, 10, "clear"), (8, 3, 11, "too_soon"), (9, 14, 23, "too_soon")])
def test_two_emails_that_ask_keep_their_distance(last: int, gap: int, day: int, reason: str) -> None:
    decision = decide(replace(CLEAR, taken_days=frozenset({date(2026, 11, last)}), gap_days=gap), NOON)
    assert (decision.reason, decision.local_day) == (reason, date(2026, 11, day))
    assert decision.at.astimezone(OREGON).hour == (12 if reason == "clear" else 8)
    courtesy = replace(CLEAR, message_class=COURTESY, taken_days=frozenset({date(2026, 11, last)}), gap_days=gap)
    assert decide(courtesy, NOON).verdict == "send"


def test_the_gap_ends_on_an_open_day_and_that_day_may_be_taken() -> None:
    taken = frozenset({date(2026, 11, 9)})
    waiting = replace(CLEAR, taken_days=taken, gap_days=5, is_open=lambda day: day.weekday() < 5)
    assert decide(waiting, NOON).local_day == date(2026, 11, 16), "the fourteenth is a Saturday"
    full = replace(waiting, taken_days=taken | {date(2026, 11, 16)})
    assert decide(full, NOON).reason == "one_a_day"


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_the_days_on_which_clocks_are_set_have_their_morning_too(day: date) -> None:
    for until_hour in (2, 3, 8):
        situation = replace(CLEAR, quiet=QuietHours(21, until_hour))
        midnight = datetime(day.year, day.month, day.day, 0, 30, tzinfo=OREGON).astimezone(UTC)
        decision = decide(situation, midnight)
        local = decision.at.astimezone(OREGON)
        # At two in the night in March there is no two o'clock: the first hour there is counts.
        assert decision.local_day == local.date() == day and local.hour in (until_hour, until_hour + 1)
        assert decide(situation, decision.at).verdict == "send"


def test_unsure_where_someone_is_every_zone_they_may_be_in_must_be_awake() -> None:
    zones = zones_of(None, "US", "America/Los_Angeles")
    assert zones[0] == OREGON and len(zones) > 10
    # Nine in New York is three in Honolulu.
    at = next_loud_moment(datetime(2026, 11, 10, 14, 0, tzinfo=UTC), zones, NIGHT)
    assert all(8 <= at.astimezone(zone).hour < 21 for zone in zones)
    assert at.astimezone(ZoneInfo("Pacific/Honolulu")).hour == 8


@pytest.mark.parametrize("unknown", ["Mars/Olympus", "", None, "../../etc/passwd", "x" * 60])
def test_an_unknown_timezone_falls_back_to_the_country_and_then_to_the_business(unknown: str | None) -> None:
    assert zones_of(unknown, None, "America/Los_Angeles") == (OREGON,)
    assert ZoneInfo("Europe/Berlin") in zones_of(unknown, "DE", "America/Los_Angeles")
    assert OREGON not in zones_of(unknown, "DE", "America/Los_Angeles")
    assert zones_of(unknown, "ZZ", "also/unknown") == (ZoneInfo("UTC"),)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
PLACES = st.lists(st.sampled_from([
    "America/Los_Angeles", "America/New_York", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Gaza",
    "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana", "UTC"]).map(ZoneInfo), min_size=1, max_size=4)


@example(datetime(2026, 2, 1, tzinfo=UTC), [ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")], 0, 18)
@given(MOMENTS, PLACES, st.integers(0, 23), st.integers(0, 23))
def test_the_next_loud_moment_is_loud_and_never_far(
        now: datetime, zones: list[ZoneInfo], from_hour: int, until_hour: int) -> None:
    quiet = QuietHours(from_hour, until_hour)
    at = next_loud_moment(now, zones, quiet)
    assert now <= at < now + timedelta(days=8)
    assert not quiet.covers(at.astimezone(zones[0]))
    if any(all(not quiet.covers((now + timedelta(minutes=15 * step)).astimezone(zone)) for zone in zones)
           for step in range(96)):
        assert not any(quiet.covers(at.astimezone(zone)) for zone in zones)
