"""A million schedules of plans, each judged by a checker that knows the promises and shares no line with the rules."""

from __future__ import annotations

import multiprocessing
import os
import random
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import cache

from portal.domain import schedules
from portal.domain.errors import Refusal
from portal.domain.schedules import FREQUENCIES, Frequency, Part
from portal.services.calendars import question
from proofs.harness import Figures, Steps, say

WHOLE, SHORT = 1_050_000, 30_000
CHUNK = 15_000
COUNTRIES = ("US", "GB", "DE", "ES", "FR", "MX", "CO", "JP", "KW", "IS", "CN", "AE", "IL", "IN", "ZZ")
# What each costs at least and in which steps it is paid, written down once more: currency: (smallest, step).
CURRENCIES = {
    "USD": (50, 1), "EUR": (50, 1), "GBP": (30, 1), "MXN": (1000, 1), "CZK": (1500, 1), "HUF": (17500, 1),
    "JPY": (50, 1), "KRW": (2000, 1), "CLP": (1000, 1), "KWD": (1000, 10), "TND": (5000, 10), "ISK": (20000, 100),
    "UGX": (500000, 100),
}
BEGIN, END = date(2024, 1, 1), date(2032, 12, 31)
MOST = 60


def run(quick: bool) -> Figures:
    """Make schedules of every kind from the rules and count those the checker finds fault with."""
    jobs = [(seed, CHUNK) for seed in range((SHORT if quick else WHOLE) // CHUNK)]
    steps = Steps("schedules", len(jobs) * CHUNK)
    figures: dict[str, int] = {"schedule_cases": 0, "schedule_wrong": 0, "schedule_refused": 0, "schedule_custom": 0}
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
        for found, complaint in pool.map(_chunk, jobs):
            for name, count in found.items():
                figures[name] += count
            if complaint:
                say(complaint)
            steps.step(found["schedule_cases"])
    return dict(figures)


def _chunk(job: tuple[int, int]) -> tuple[dict[str, int], str]:
    seed, cases = job
    rng = random.Random(f"schedules {seed}")  # nosec B311
    found = {"schedule_cases": 0, "schedule_wrong": 0, "schedule_refused": 0, "schedule_custom": 0}
    complaint = ""
    for _ in range(cases):
        name, wrong, refused = (_custom if rng.random() < 0.15 else _equal)(rng)
        found["schedule_cases"] += 1
        found["schedule_custom"] += name.startswith("custom")
        found["schedule_refused"] += refused
        if wrong:
            found["schedule_wrong"] += 1
            complaint = complaint or f"{wrong}: {name}"
    return found, complaint


def _equal(rng: random.Random) -> tuple[str, str, bool]:
    """Make one equal plan and judge it; gives what was made, what is wrong with it, and whether it was refused."""
    country, currency = rng.choice(COUNTRIES), rng.choice(list(CURRENCIES))
    smallest, step = CURRENCIES[currency]
    frequency: Frequency = rng.choice(FREQUENCIES)
    count = rng.choice((1, 2, 3, 4, rng.randint(1, MOST)))
    # Whatever the frequency, the last part falls within the years that are looked at.
    first = BEGIN + timedelta(days=rng.randrange((END - BEGIN).days - 31 * count))
    total = _total(rng, smallest, step)
    down = rng.choice((0, 0, 0, total // rng.randint(2, 9) // step * step))
    today = first - timedelta(days=rng.randrange(40))
    name = f"equal {total} {currency} down {down} x{count} {frequency} from {first} in {country}"
    parts_in_all = count + (down > 0)
    payable = (total % step == 0 and (total - down) // step // count * step >= smallest
               and (not down or down >= smallest) and parts_in_all <= 120)
    try:
        parts = schedules.equal(total, currency, frequency, first, count, question(country, frozenset()), down=down,
                                today=today)
    except Refusal as refusal:
        return name, f"refused with {refusal.code}" if payable else "", True
    if not payable:
        return name, "taken", False
    rest = parts[1:] if down else parts
    if down and parts[0] != Part(today, down):
        return name, "another down payment", False
    expected = _moved(_planned(frequency, first)[:count], country)
    return name, _judge(parts, rest, total, smallest, step, expected), False


def _custom(rng: random.Random) -> tuple[str, str, bool]:
    """Make one plan of chosen days and sums and judge it."""
    country, currency = rng.choice(COUNTRIES), rng.choice(list(CURRENCIES))
    smallest, step = CURRENCIES[currency]
    count = rng.randint(1, 12)
    days = [BEGIN + timedelta(days=day) for day in rng.sample(range((END - BEGIN).days), count)]
    amounts = [smallest // step * step + step + rng.randrange(1, 10**rng.randint(1, 6)) * step for _ in days]
    fault = rng.choice(("", "", "", "sum", "small", "twice"))
    total = sum(amounts) + (step if fault == "sum" else 0)
    if fault == "small":
        amounts[0], total = (smallest - 1) // step * step, total - amounts[0] + (smallest - 1) // step * step
    if fault == "twice":
        days.append(days[0])
        amounts.append(amounts[0])
        total += amounts[0]
    wished = [Part(day, minor) for day, minor in zip(days, amounts, strict=True)]
    name = f"custom {fault or 'right'} {total} {currency} {wished} in {country}"
    try:
        parts = schedules.custom(total, currency, wished, question(country, frozenset()))
    except Refusal as refusal:
        return name, "" if fault else f"refused with {refusal.code}", True
    if fault:
        return name, "taken", False
    in_order = sorted(wished, key=lambda part: part.due_on.toordinal())
    if [part.amount_minor for part in parts] != [part.amount_minor for part in in_order]:
        return name, "other sums", False
    return name, _judge(parts, (), total, smallest, step, _moved([p.due_on for p in in_order], country)), False


def _total(rng: random.Random, smallest: int, step: int) -> int:
    total = rng.randrange(smallest, smallest * 10 ** rng.randint(1, 6))
    return total if rng.random() < 0.02 else total // step * step


def _judge(parts: Sequence[Part], equal: Sequence[Part], total: int, smallest: int, step: int,
           expected: Sequence[date]) -> str:
    amounts = [part.amount_minor for part in parts]
    if sum(amounts) != total:
        return "another sum"
    if min(amounts) < smallest or any(minor % step for minor in amounts):
        return "a part that cannot be paid"
    if equal and max(p.amount_minor for p in equal) - min(p.amount_minor for p in equal) > step:
        return "unequal parts"
    days = [part.due_on for part in (equal or parts)]
    if days != list(expected):
        return f"other days: {days} and not {expected}"
    return ""


@cache
def _planned(frequency: Frequency, first: date) -> tuple[date, ...]:
    """List the days of a plan by walking the calendar, one day after another."""
    if frequency in ("weekly", "two_weeks"):
        apart = 7 if frequency == "weekly" else 14
        return tuple(date.fromordinal(first.toordinal() + apart * place) for place in range(MOST))
    wanted = {first.day}
    if frequency == "twice_a_month":
        wanted.add(first.day + 15 if first.day < 16 else first.day - 15)
    found: list[date] = []
    day = first
    while len(found) < MOST:
        tomorrow = day + timedelta(days=1)
        # The last day of a month stands for all that it is too short for.
        if day.day in wanted or (tomorrow.day == 1 and max(wanted) > day.day):
            found.append(day)
        day = tomorrow
    return tuple(found)


@cache
def _open_days(country: str) -> list[int]:
    """List every working day of a country as ordinals, from the library's own words."""
    from holidays import country_holidays

    years = range(BEGIN.year, END.year + 2)
    try:
        known = country_holidays(country, years=years)
        weekend, closed = set(known.weekend), {day.toordinal() for day in known}
    except NotImplementedError:
        weekend, closed = {5, 6}, set()
    every = range(date(years[0], 1, 1).toordinal(), date(years[-1], 12, 31).toordinal())
    return [one for one in every if date.fromordinal(one).weekday() not in weekend and one not in closed]


def _moved(planned: Sequence[date], country: str) -> list[date]:
    days = _open_days(country)
    found: list[date] = []
    last = 0
    for day in planned:
        place = bisect_left(days, max(day.toordinal(), last + 1))
        last = days[place]
        found.append(date.fromordinal(last))
    return found
